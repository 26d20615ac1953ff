"""Holding a poll open until there is something to say: `Prefer: wait=N` (RFC 7240).

A waiting poll holds neither a database connection nor a thread: it looks, lets go of both, and sleeps. Only so many
may wait at once; whoever comes after them is answered now, without `Preference-Applied`. All are answered when this
process is told to end.
"""

import re
import time
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.pressure import held_open
from api.settings import api_settings

LONGEST_WAIT = 30
"""Seconds."""

_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,9})(?:$|[,;\s])", re.IGNORECASE)
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5

T = TypeVar("T")


class Waiters:
    """How many polls are being held open by this process."""

    def __init__(self) -> None:
        self.count = 0


class Patience:
    """How long one caller is willing to wait."""

    def __init__(self, request: Request, response: Response, seconds: int) -> None:
        self._request = request
        self._response = response
        self._seconds = min(seconds, LONGEST_WAIT)

    async def until(self, look: Callable[[], T], is_enough: Callable[[T], bool]) -> T:
        """What `look` sees, as soon as it is enough or the wait is over. `look` runs in the thread pool."""
        seen = await run_in_threadpool(look)
        waiters: Waiters = self._request.app.state.waiters
        if not self._seconds or waiters.count >= api_settings().max_waiters:
            return seen
        self._response.headers["Preference-Applied"] = f"wait={self._seconds}"
        waiters.count += 1
        try:
            deadline = time.monotonic() + self._seconds
            pause = _FIRST_PAUSE
            while not is_enough(seen) and (left := deadline - time.monotonic()) > 0:
                with held_open(self._request):
                    ending = await self._request.app.state.ending.within(min(pause, left))
                if ending or await self._request.is_disconnected():
                    break
                seen = await run_in_threadpool(look)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        finally:
            waiters.count -= 1
        return seen


async def _patience(
    request: Request,
    response: Response,
    prefer: Annotated[
        str | None,
        Header(description="`wait=N` holds the answer back up to N seconds (at most 30)", examples=["wait=10"]),
    ] = None,
) -> Patience:
    match = _WAIT.search(prefer or "")
    return Patience(request, response, int(match.group(1)) if match else 0)


Patient = Annotated[Patience, Depends(_patience)]
"""The caller's patience, from the `Prefer` header."""
