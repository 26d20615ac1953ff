"""Letting go of callers that are kept waiting, as soon as this process is told to end.

A server that is told to end takes no more connections and waits for the answers that it has begun. Polls that are held
open and streams of changes would make it wait until it breaks them off; so they end by themselves, as if their time
were over, and their callers ask another process.
"""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Ending:
    """Whether this process is told to end."""

    def __init__(self) -> None:
        self._told = asyncio.Event()

    @property
    def begun(self) -> bool:
        """Whether it is."""
        return self._told.is_set()

    async def wait(self) -> None:
        """Wait until it is."""
        await self._told.wait()

    async def within(self, seconds: float) -> bool:
        """Sleep for so many seconds, and no longer than until it is. Whether it is."""
        try:
            await asyncio.wait_for(self.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def begin(self) -> None:
        """Say that it is, in the loop of those who wait."""
        self._told.set()

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Begin when a signal says so; the server, whose handlers are there already, hears it, too."""
        if threading.current_thread() is not threading.main_thread():  # where Python allows no handlers
            yield
            return
        loop = asyncio.get_running_loop()
        before = {each: signal.getsignal(each) for each in SIGNALS}

        def told(number: int, frame: object) -> None:
            loop.call_soon_threadsafe(self.begin)
            if callable(handler := before[signal.Signals(number)]):
                handler(number, frame)  # type: ignore[arg-type]  # the frame that Python gave us

        for each in SIGNALS:
            signal.signal(each, told)
        yield
        for each, handler in before.items():
            signal.signal(each, handler)
