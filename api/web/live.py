"""What changes, told to open pages as it happens: server-sent events.

A page says from where it wants to hear (`since`, the place of its own data in the outbox), so that nothing between its
reading and its listening is missed; a browser that reconnects says it by itself. One watcher per process looks whether
the outbox has grown, and only then is read what is new: once for all listeners who have come equally far.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.access import gate
from api.ending import Ending
from api.pages import checked, decode_numbers, encode
from models import outbox
from models.access import acting
from models.access.acting import EVERYTHING, Reach
from models.access.reach import whole
from models.operations import OutboxMessage
from models.outbox import Position
from models.session import transaction

router = APIRouter()

_LOOK_EVERY = 0.5
"""Seconds between two looks at the outbox."""

_KNOW_EVERY = 5.0
"""Seconds between two looks whether a listener is still signed in."""

_MOST = 1000
"""The most messages that are read at once; more follow at the next look."""

_KINDS = {
    "appointment": "schedule",
    "availability": "schedule",
    "hospital": "schedule",
    "booking_request": "requests",
    "reschedule": "reschedules",
    "validation_report": "validation",
    "finding": "validation",
}
"""What a page hears, by the first word of a message's topic."""


class Watcher:
    """Looks at the outbox while anyone listens, and wakes the listeners when it has grown."""

    def __init__(self) -> None:
        self.listeners = 0
        self._grown = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._readings: dict[Reach, tuple[tuple[Position, Position], asyncio.Task[list[OutboxMessage]]]] = {}
        self.newest: Position | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Look for as long as anyone listens."""
        self.listeners += 1
        if self._task is None:
            self.newest = None
            self._task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self.listeners -= 1
            if not self.listeners:
                self._task.cancel()
                self._task = None
                self._readings.clear()

    async def grown(self, seen: Position) -> Position:
        """How far the outbox goes, once that is further than `seen`."""
        async with self._grown:
            while self.newest is None or self.newest <= seen:
                await self._grown.wait()
            return self.newest

    async def read(self, after: Position, newest: Position, reach: Reach) -> list[OutboxMessage]:
        """The messages in reach after a place, of an outbox that goes as far as `newest`.

        Hundreds of pages want the same ones at the same moment: of those who reach equally far, those who come second
        wait for the first one's.
        """
        wanted = after, newest
        reading = self._readings.get(reach)
        if reading is None or reading[0] != wanted or _failed(reading[1]):
            reading = self._readings[reach] = wanted, asyncio.create_task(run_in_threadpool(_read, after, reach))
        return await asyncio.shield(reading[1])

    async def _look(self) -> None:
        while True:
            with suppress(SQLAlchemyError):  # the database is away: listeners stay, and hear of it when it is back
                newest = await run_in_threadpool(_newest)
                if newest != self.newest:
                    async with self._grown:
                        self.newest = newest
                        self._grown.notify_all()
            await asyncio.sleep(_LOOK_EVERY)


async def _listening(request: Request) -> AsyncIterator[Watcher]:
    """The watcher, until the request ends, however it ends: an answer that is cut off may be left suspended."""
    watcher: Watcher = request.app.state.watcher
    with watcher.listening():
        yield watcher


@router.get("/app/live", response_class=EventSourceResponse)
async def live(
    request: Request,
    watcher: Annotated[Watcher, Depends(_listening)],
    since: Annotated[str, Query(), checked(decode_numbers)],
    hospital: uuid.UUID | None = None,
    last_event_id: Annotated[str | None, Header(), checked(decode_numbers)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Tell of changes after `since` as events `schedule`, `requests`, `reschedules` and `validation`; the id of each is
    its place.

    `hospital`: leave out what happens at others. Who is signed out meanwhile is told so (`signed-out`), and nothing
    more; where they may see something else than before, the stream ends, and the page asks for another.
    """
    position, reach = Position(*decode_numbers(last_event_id or since)), acting.reach()
    caller, known_at = gate.caller_of(request), time.monotonic()
    ending: Ending = request.app.state.ending
    while not ending.begun:
        newest = await _grown_or_not(watcher, position, ending)
        if time.monotonic() - known_at >= _KNOW_EVERY:
            known, known_at = await gate.known_again(request), time.monotonic()
            if known is None:
                yield ServerSentEvent(event="signed-out", raw_data="signed-out")
            if known != caller:
                return
        while position < newest:
            messages = await watcher.read(position, newest, reach)
            position = outbox.place(messages[-1]) if messages else newest
            for kind in _kinds(messages, hospital):
                yield ServerSentEvent(event=kind, raw_data=kind, id=_as_text(position), retry=1000)


async def _grown_or_not(watcher: Watcher, position: Position, ending: Ending) -> Position:
    """How far the outbox goes, once that is further than `position`, it is time to look who listens, or all ends."""
    grown, told = asyncio.create_task(watcher.grown(position)), asyncio.create_task(ending.wait())
    try:
        await asyncio.wait((grown, told), timeout=_KNOW_EVERY, return_when=asyncio.FIRST_COMPLETED)
        return grown.result() if grown.done() else position
    finally:
        grown.cancel()
        told.cancel()


def since(session: Session) -> str:
    """How far the outbox goes now: what a page that reads its data in this transaction listens from."""
    with whole(session):
        return _as_text(outbox.newest(session))


def _as_text(position: Position) -> str:
    return encode(position.transaction_id, position.id)


def _kinds(messages: Iterable[OutboxMessage], hospital: uuid.UUID | None) -> list[str]:
    """What has changed, each kind once; of a message that names hospitals only if it names this one."""
    kinds = {_KINDS.get(message.topic.partition(".")[0]) for message in messages if _concerns(message, hospital)}
    return sorted(kind for kind in kinds if kind)


def _concerns(message: OutboxMessage, hospital: uuid.UUID | None) -> bool:
    named = {message.payload.get(key) for key in ("hospital", "former_hospital")} - {None}
    return hospital is None or not named or str(hospital) in named


def _failed(reading: asyncio.Task[list[OutboxMessage]]) -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)


def _newest() -> Position:
    with acting.acting(None, EVERYTHING), transaction() as session:  # whoever it was that began to listen first
        return outbox.newest(session)


def _read(after: Position, reach: Reach) -> list[OutboxMessage]:
    with acting.acting(None, reach), transaction() as session:
        return list(outbox.read(session, after, _MOST))
