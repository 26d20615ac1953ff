"""Who watches by `GET /metrics`, remembered: when the database is away, or answers nobody in time, is just when they
have to see that.
"""

import time
from collections.abc import Callable

import anyio
from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError

from models.access.callers import Caller
from models.access.secrets import digest

_PATIENCE = 0.25
"""Seconds for the database to say who somebody is."""

REMEMBERED = 3600.0
"""Seconds for which whoever was let in is remembered; a token may be revoked meanwhile, and nobody can say so."""

_AT_ONCE = 2
"""The most threads that ask; a database that hangs must not take all there are."""


class Watchers:
    """The callers whom the database has known, by digests of what they showed."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Caller, float]] = {}
        self._threads: CapacityLimiter | None = None

    async def recognised(self, secret: str, ask: Callable[[], Caller | None]) -> Caller | None:
        """Whom `ask` knows; where it does not answer, whom it knew before.

        Raises
        ------
        SQLAlchemyError
            where it does not answer, and nobody is remembered.

        """
        whose = digest(secret)
        self._threads = self._threads or CapacityLimiter(_AT_ONCE)  # of the running event loop
        before, until = self._known.get(whose, (None, 0.0))
        patience = _PATIENCE if time.monotonic() < until else None
        try:
            with anyio.fail_after(patience):
                caller = await to_thread.run_sync(ask, abandon_on_cancel=True, limiter=self._threads)
        except (SQLAlchemyError, TimeoutError):
            if time.monotonic() >= until:
                raise
            return before
        if caller is None:
            self._known.pop(whose, None)
        else:
            self._known[whose] = caller, time.monotonic() + REMEMBERED
        return caller
