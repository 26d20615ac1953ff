"""`Idempotency-Key`: whoever sends a POST twice gets the first answer twice, and the work is done once.

The answer is stored in the transaction that does the work, so that a crash leaves both or neither. The key is held by
an advisory lock of that transaction, so "in flight" needs no row and ends with the connection, however it ends.
"""

import hashlib
import json
import string
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from api import outages, problems
from api.access.gate import caller_of
from models.faults import Fault, Refusal, Refused
from models.operations import IdempotencyKey
from models.session import transaction

_PRINTABLE = frozenset(string.ascii_letters + string.digits + string.punctuation + " ")
_LONGEST_KEY = 255
_REPLAYED = {"Idempotent-Replayed": "true"}
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a POST came to."""

    status: int
    body: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)


Work = Callable[[Session], Answer]


class Post:
    """One POST, done at most once for its key."""

    def __init__(self, request: Request, key: str | None, body: bytes) -> None:
        self._request = request
        self._key = key
        self._body = body

    def once(self, work: Work, *, items: str | None = None, then: Callable[[], None] | None = None) -> Response:
        """Do `work` in one transaction and answer; call `then` after the commit of what was not refused.

        It is done once more where the database undid it for others to go on, as it does to end a deadlock.

        `items` names the list in the body whose rows the faults of a refusal count.
        """
        try:
            response = self._attempted(work, items)
        except DBAPIError as error:
            if not outages.was_rolled_back_for_others(error):
                raise
            response = self._attempted(work, items)
        if then and response.status_code < problems.LEAST_REFUSAL:
            then()
        return response

    def _attempted(self, work: Work, items: str | None) -> Response:
        if self._key is None:
            return self._plainly(work, items)
        with transaction() as session:
            return self._with_key(session, self._key, work, items)

    def _plainly(self, work: Work, items: str | None) -> Response:
        try:
            with transaction() as session:
                return _respond(work(session))
        except Refused as refusal:
            return problems.refused(refusal, items).response(self._request)

    def _with_key(self, session: Session, key: str, work: Work, items: str | None) -> Response:
        route, caller = f"POST {self._request.url.path}", caller_of(self._request).id
        if not _is_free(session, f"{caller} {route}", key):
            detail = "A request with this Idempotency-Key is still being worked on; send it again in a moment."
            raise problems.Halt("key_in_flight", detail, {"Retry-After": "1"})
        fingerprint = _fingerprint(self._body, self._request.url.query)
        # A statement of its own, after the lock was had: so it sees what the holder before us has committed.
        stored = session.get(IdempotencyKey, (route, key, caller))
        if stored is not None:
            if stored.body_sha256 != fingerprint:
                detail = "This Idempotency-Key was used with another body; choose a new key for a new request."
                raise problems.Halt("key_reused", detail)
            return Response(stored.body, stored.status_code, {**stored.headers, **_REPLAYED})
        response = self._done_or_refused(session, work, items)
        session.execute(
            insert(IdempotencyKey).values(
                route=route,
                key=key,
                caller=caller,
                body_sha256=fingerprint,
                status_code=response.status_code,
                headers=_kept(response),
                body=bytes(response.body).decode(),  # as text, so that it is given again byte for byte
            )
        )
        return response

    def _done_or_refused(self, session: Session, work: Work, items: str | None) -> Response:
        """A refusal undoes the work and is an answer like any other: asked again, it is given again."""
        try:
            with session.begin_nested():
                answer = work(session)
                session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        except Refused as refusal:
            return problems.refused(refusal, items).response(self._request)
        except IntegrityError as error:
            told = problems.of_database(error)
            if told is None:
                raise
            return told.response(self._request)
        return _respond(answer)


def _is_free(session: Session, route: str, key: str) -> bool:
    """Take the key for this transaction; False where another holds it."""
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"{route} {key}", 0))
    return bool(session.scalar(select(lock)))


def _respond(answer: Answer) -> Response:
    return Response(answer.body.model_dump_json(), answer.status, dict(answer.headers), media_type=_JSON)


def _kept(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "content-length"}


def _fingerprint(body: bytes, query: str) -> str:
    """The same for two bodies that are the same JSON, however they are spaced and ordered. A file has its parameters
    in the query of its address, which counts as part of it.
    """
    with suppress(ValueError, RecursionError):  # no body, or one that the route does not read
        body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(body + f"\n?{query}".encode() if query else body).hexdigest()


async def _post(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Send the same key again, with the same body, to get the first answer again",
            examples=["5f0c1c1e-6a3b-4d55-9d9e-0b7c1d2e3f40"],
        ),
    ] = None,
) -> Post:
    if idempotency_key is not None and not (
        0 < len(idempotency_key) <= _LONGEST_KEY and _PRINTABLE.issuperset(idempotency_key)
    ):
        message = f"Idempotency-Key is not 1 to {_LONGEST_KEY} printable ASCII characters; a random UUID will do."
        raise problems.QueryRefused(Refusal.INVALID, [Fault("unreadable_key", "Idempotency-Key", None, message)])
    return Post(request, idempotency_key, await request.body() if idempotency_key is not None else b"")


Posted = Annotated[Post, Depends(_post)]
"""The POST being answered, with its key."""
