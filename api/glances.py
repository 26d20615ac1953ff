"""Looking at something that may not answer, without waiting for it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

T = TypeVar("T")

FRESH = 2.0
"""Seconds for which what was seen is told again: several may ask at once."""

STALE = 30.0
"""Seconds after which what was seen is told no more, where nothing else has been seen since."""


class Glances(Generic[T]):
    """What `look` has seen last. It is called by one thread at most, as often as anybody asks.

    `nothing` is told until something has been seen, and `gone` where for too long nothing has been.
    """

    def __init__(self, look: Callable[[], T], *, patience: float, nothing: T, gone: T) -> None:
        self._look = look
        self._patience = patience
        self._gone = gone
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="glance")
        self._asking = threading.Lock()
        self._looking: Future[tuple[T, float]] | None = None
        self._seen = nothing
        self._seen_at: float | None = None

    def latest(self) -> T:
        """What is seen now, or was a short while ago where looking takes longer than the patience."""
        with self._asking:
            self._take()
            began = time.monotonic()
            if self._seen_at is None:
                self._seen_at = began - FRESH
            if began - self._seen_at >= FRESH:
                self._looking = self._looking or self._thread.submit(self._timed)
                wait([self._looking], self._patience)
                self._take()
            return self._seen if time.monotonic() - self._seen_at < STALE else self._gone

    def close(self) -> None:
        """Look no more."""
        self._thread.shutdown(wait=False)

    def _take(self) -> None:
        if self._looking and self._looking.done():
            looked, self._looking = self._looking, None
            self._seen, self._seen_at = looked.result()

    def _timed(self) -> tuple[T, float]:
        return self._look(), time.monotonic()
