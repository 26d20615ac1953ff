"""How the audit is told: who did what to what, when and from where."""

import uuid

from pydantic import BaseModel, Field

from api.times import UTC, InstantOut, local
from models.audit.searching import Told
from models.booking import JsonObject


class ActorOut(BaseModel):
    """Who acted, as their transaction said."""

    kind: str = Field(
        description="user, token, worker, operator (at a terminal of the server), nobody (trying to sign in), or"
        " database (a hand, by the database's own role)",
        examples=["user"],
    )
    id: uuid.UUID | None = Field(description="A user's or a token's")
    name: str = Field(examples=["Ana Sousa"])


class WordsOut(BaseModel):
    """What a patient was called."""

    before: JsonObject | None
    after: JsonObject | None


class AuditEntryOut(BaseModel):
    """One change, reading or sign-in."""

    id: int
    at: InstantOut
    actor: ActorOut
    action: str = Field(
        description="insert, update, delete, read, sign_in, sign_in_attempt, sign_out or erase", examples=["update"]
    )
    kind: str = Field(description="What kind of thing it was done to", examples=["appointment"])
    subjects: list[uuid.UUID] = Field(description="The ids of all that it concerns")
    before: JsonObject | None = Field(description="As it was; of a change, what changed of it and its key")
    after: JsonObject | None = Field(description="As it is since")
    words: WordsOut | None = Field(description="What a patient was called; null: nothing of it, or they were erased")
    request_id: str | None = Field(description="The HTTP request's, or the planner's run, as log lines have it")
    address: str | None = Field(description="Where the request came from")
    database_role: str = Field(description="The role of the database that it was written by", examples=["slotwise_app"])


def shown(told: Told) -> AuditEntryOut:
    """An entry as it is told."""
    entry, detail = told.entry, told.detail
    return AuditEntryOut(
        id=entry.id,
        at=local(entry.at, UTC),
        actor=ActorOut(kind=entry.actor_kind, id=entry.actor_id, name=entry.actor_name),
        action=entry.action,
        kind=entry.kind,
        subjects=entry.subjects,
        before=entry.before,
        after=entry.after,
        words=WordsOut(before=detail.before, after=detail.after) if detail else None,
        request_id=entry.request_id,
        address=entry.address,
        database_role=entry.database_role,
    )
