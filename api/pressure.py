"""What happens when too much comes: it is put off with `Retry-After`, before it can hurt what was acknowledged.

`QueueBound` bounds what waits to be decided, over all processes; `InFlight` what one process answers at once.
"""

import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import Depends, Request, Response
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from models.faults import Fault, Refusal, Refused
from models.queue_length import count_undecided, decided_per_second

COUNT_EVERY = 1.0
"""Seconds for which a count of the queue is good. What this process has added since is added to it."""

_AT_MOST_A = 0.05
"""The part of the time that may be spent on counting."""

SOONEST, LATEST = 5, 300
"""Seconds, the bounds of `Retry-After` for a queue that is full."""

_UNCOUNTED = frozenset({"/healthz", "/readyz", "/metrics", "/app/live"})
"""What has to answer under any load, and streams, which are open for hours."""

_TELL_EVERY = 10.0
"""Seconds between two log lines about requests that were put off."""

_PLACE = "slotwise.place"

_log = structlog.get_logger("slotwise.api")


class PutOff(problems.Halt):
    """There is no room for what was to be queued; there should be, after `Retry-After`."""

    def told_by(self, page: Response, request: Request) -> Response:
        """A page that shows this in its own way, with the header and the name that other answers carry."""
        page.headers.update(self.headers)
        request.scope["problem"] = self.code  # for `api.measuring`
        return page


class _Added:
    """Requests that this process has added, or is about to."""

    def __init__(self, of_share: Counter[uuid.UUID | None]) -> None:
        self.of_share = of_share
        self.done_at = math.inf


class QueueBound:
    """Lets requests into the queue while there is room.

    Every process counts for itself, from time to time. So it can let in more than there is room for, but no more than
    the other processes have let in since it counted last.
    """

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._good_until = -math.inf
        self._added: list[_Added] = []
        self._undecided: Counter[uuid.UUID | None] = Counter()
        self._hospitals = 0

    def admit(self, session: Session, wanted: Counter[uuid.UUID | None]) -> None:
        """Take room for so many requests of each share, which the transaction of `session` is about to queue.

        Raises
        ------
        PutOff
            `queue_full`, or `share_full` where one share has half of all there is and there are others.
        Refused
            where there would be no room for so many if the queue were empty.

        """
        if not wanted:
            return
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._count(session)
            self._check(session, wanted)
            added = _Added(wanted)
            self._added.append(added)
            self._undecided.update(wanted)
        _when_over(session, lambda: setattr(added, "done_at", time.monotonic()))

    def _count(self, session: Session) -> None:
        began = time.monotonic()
        counted = count_undecided(session)
        # What was committed before the count began is in it.
        self._added = [each for each in self._added if each.done_at >= began]
        self._undecided = sum((each.of_share for each in self._added), counted.of_share)
        self._hospitals = counted.hospitals
        took = time.monotonic() - began
        self._good_until = began + max(COUNT_EVERY, took / _AT_MOST_A)

    def _check(self, session: Session, wanted: Counter[uuid.UUID | None]) -> None:
        most, undecided = self._most(), self._undecided
        _refuse_if_too_many(wanted.total(), most)
        if (excess := undecided.total() + wanted.total() - most) > 0:
            detail = f"{undecided.total():,} booking requests are undecided already, and {most:,} may be"
            raise _put_off("queue_full", detail, excess, session)
        if self._hospitals > 1:
            half = math.ceil(most / 2)
            for share, count in wanted.items():
                _refuse_if_too_many(count, half)
                if (excess := undecided[share] + count - half) > 0:
                    whose = "of this hospital" if share else "for any hospital"
                    detail = f"{undecided[share]:,} booking requests {whose} are undecided already, and {half:,} may be"
                    raise _put_off("share_full", detail, excess, session)


def _refuse_if_too_many(count: int, most: int) -> None:
    if count > most:
        message = f"These are {count:,} requests, and at most {most:,} may be undecided at a time; divide them."
        raise Refused(Refusal.INVALID, [Fault("too_many", "", None, message)])


def _put_off(code: str, detail: str, excess: int, session: Session) -> PutOff:
    rate = decided_per_second(session, datetime.now(UTC))
    seconds = min(max(math.ceil(excess / rate), SOONEST), LATEST) if rate else LATEST
    detail += f"; nothing of this was queued. There should be room in {seconds} seconds: send it again then."
    return PutOff(code, detail, {"Retry-After": str(seconds)})


def _when_over(session: Session, then: Callable[[], None]) -> None:
    """Call `then` as soon as the present transaction of a session is committed or rolled back, and only then."""

    def ended(_session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            then()

    event.listen(session, "after_transaction_end", ended)


class InFlight:
    """ASGI middleware: one process answers so many requests at once, and puts off the others.

    Those who are put off cost time that the others need: nothing of theirs is read, traced or counted against anybody,
    and the log has one line about many of them.
    """

    def __init__(self, app: ASGIApp, *, most: int, shown: problems.Shown) -> None:
        self.app = app
        self.most = most
        self.shown = shown
        self.count = 0
        self._put_off = 0
        self._told_at = -math.inf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or put it off."""
        if scope["type"] != "http" or scope["path"] in _UNCOUNTED:
            await self.app(scope, receive, send)
            return
        if self.count >= self.most:
            detail = f"This server is answering {self.most} requests already; send it again in a moment."
            told = problems.protocol("overloaded", detail, {"Retry-After": "1"})
            self._note()
            await told.response(Request(scope), self.shown)(scope, receive, send)
            return
        scope[_PLACE] = self
        self.count += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.count -= 1

    def _note(self) -> None:
        self._put_off += 1
        if (now := time.monotonic()) - self._told_at >= _TELL_EVERY:
            _log.warning("put_off", requests=self._put_off, remedy="start more API processes")
            self._put_off, self._told_at = 0, now


@contextmanager
def held_open(request: Request) -> Iterator[None]:
    """Not to count, for the length of a block, as a request that is being answered: it only waits."""
    place: InFlight | None = request.scope.get(_PLACE)
    if place is None:
        yield
        return
    place.count -= 1
    try:
        yield
    finally:
        place.count += 1


async def _bound(request: Request) -> QueueBound:
    bound: QueueBound = request.app.state.queue_bound
    return bound


Bounded = Annotated[QueueBound, Depends(_bound)]
"""The application's bound of the queue."""
