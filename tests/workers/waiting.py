"""Waiting for something to come true, without sleeping longer than it takes."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any, TypeVar

from sqlalchemy import Engine, text

from models.settings import settings

T = TypeVar("T")


def until(condition: Callable[[], T], *, seconds: float = 20, what: str = "") -> T:
    """The first true value of `condition`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what or condition}"
        time.sleep(0.02)
    return value


@contextmanager
def at_work(work: Callable[..., Any]) -> Iterator[None]:
    """A worker of this process, on the database of its settings, that does what is queued: `work` is what it does."""
    ended = Event()

    def keep_working() -> None:
        while not ended.wait(0.05):
            work(settings(), worker="here", clock=lambda: datetime.now(UTC))

    thread = Thread(target=keep_working)
    thread.start()
    yield
    ended.set()
    thread.join()


def blocked(engine: Engine) -> list[int]:
    """The server processes that wait for a lock. Whose they are is no matter: of other roles' processes only their
    locks are told.
    """
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT DISTINCT pid FROM pg_locks WHERE NOT granted ORDER BY pid")))


def while_blocked(engine: Engine, waiter: Callable[[], T], release: Callable[[], Any]) -> T:
    """Run `waiter`, call `release` once it waits for a lock, and return what it came to."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(waiter)
        until(lambda: blocked(engine) or future.done(), what="a lock to be waited for")
        assert not future.done(), "nothing was waited for"
        release()
        return future.result(timeout=20)
