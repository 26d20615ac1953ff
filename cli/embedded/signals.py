"""What signals do to a process that supervises others: the first unwinds it, and nothing disturbs the unwinding."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def unwinding() -> Iterator[None]:
    """Inside the block SIGTERM and SIGHUP raise KeyboardInterrupt as Ctrl-C does, so that `with` blocks end properly.

    A signal that is ignored (SIGHUP below `nohup`) stays ignored.
    """
    with _handling(signal.default_int_handler):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Inside the block SIGINT, SIGTERM and SIGHUP do nothing: an impatient second Ctrl-C leaves no orphans."""
    with _handling(lambda _number, _frame: None):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # where Python allows no handlers
        yield
        return
    before = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
    for number, old in before.items():
        if old is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
