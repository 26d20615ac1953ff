"""Who acts, and how far they reach, while one piece of work is done.

Both are told once, where work comes in (the API's gate, a worker's task, a command), and every transaction of that work
carries them: the actor into the audit, the reach into every statement (`models.access.reach`).
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What acts."""

    USER = "user"  # somebody who signed in
    TOKEN = "token"  # noqa: S105  # a system, by its access token
    WORKER = "worker"
    OPERATOR = "operator"  # somebody at a terminal of the server


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, as the audit tells it. `id` is a user's or a token's; `name` says it to people.

    `request_id` is that of the HTTP request and of its log lines, `address` where the request came from.
    """

    kind: ActorKind
    name: str
    id: uuid.UUID | None = None
    request_id: str | None = None
    address: str | None = None

    @property
    def setting(self) -> str:
        """As the database is told of it (`slotwise.actor`)."""
        told = {
            "kind": self.kind.value,
            "id": str(self.id) if self.id else None,
            "name": self.name,
            "request_id": self.request_id,
            "address": self.address,
        }
        return json.dumps({name: value for name, value in told.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody can see at all; the rest does not exist for them. None: no bound of that kind.

    `hospitals` are those where they act, `doctor` the only one whose schedule they see, and `requests_of` the actor
    whose booking requests and batches are the only ones they see.
    """

    hospitals: frozenset[uuid.UUID] | None = None
    doctor: uuid.UUID | None = None
    requests_of: uuid.UUID | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether anything is out of reach."""
        return not (self.hospitals is None and self.doctor is None and self.requests_of is None)


EVERYTHING = Reach()
NOTHING = Reach(hospitals=frozenset())
"""No hospital, and so nothing of any: what is in force until somebody has said who they are."""

_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)
_reach: ContextVar[Reach] = ContextVar("reach", default=EVERYTHING)


def actor() -> Actor | None:
    """Who acts; None: nobody has said."""
    return _actor.get()


def reach() -> Reach:
    """How far whoever acts reaches."""
    return _reach.get()


def act(who: Actor | None, how_far: Reach) -> None:
    """Say who acts from here on, and how far they reach, in this task or thread and what it starts."""
    _actor.set(who)
    _reach.set(how_far)


@contextmanager
def acting(who: Actor | None, how_far: Reach = EVERYTHING) -> Iterator[None]:
    """Say who acts, and how far they reach, for the length of a block."""
    before = _actor.set(who), _reach.set(how_far)
    try:
        yield
    finally:
        _actor.reset(before[0])
        _reach.reset(before[1])
