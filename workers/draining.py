"""Ending a worker: what it does is finished if that can be done in time, and handed back otherwise.

Celery ends a worker that is told to (SIGTERM, Ctrl-C) once its tasks have ended, however long that takes, and is killed
by whoever waits no longer; what it held is lost to a lease that has to run out, and counted as lost. Here the worker
says until when it goes on (`DRAIN_SECONDS`). Each task is carried out in a thread of its own, so that its process can
let go of it at that instant even where it is inside the solver or waits for somebody's server: it hands back what the
task holds, and ends. Told a second time, or by SIGQUIT, it does so at once.
"""

import ctypes
import mmap
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from threading import Event, Lock, Thread
from typing import Any

import structlog
from billiard import active_children  # type: ignore[import-untyped]
from celery import Task
from celery.platforms import EX_FAILURE, EX_OK
from celery.signals import worker_ready, worker_shutting_down
from celery.worker import state

from models.settings import settings
from workers.bell import ring

LOOK_EVERY = 0.1
"""Seconds between two looks whether it is time to let go."""

LETTING_GO = 5.0
"""Seconds that processes have to hand back what they hold; those that have not ended by then are killed."""

GONE = 3.0
"""Seconds in which the worker ends, once its processes are gone."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_memory = mmap.mmap(-1, ctypes.sizeof(ctypes.c_double))
_until = ctypes.c_double.from_buffer(_memory)
"""When tasks are let go of, by the monotonic clock; 0: the worker goes on. Processes that are forked share it."""


class Drained(BaseException):
    """What was about to be worked on has been handed back. No Exception: no work may take it for its own failure."""


def begun() -> bool:
    """Whether this worker is about to end, so that nothing new should be begun."""
    return _until.value > 0


def begin(seconds: float) -> None:
    """Let tasks go on for so many seconds and no longer; never later than somebody said before."""
    until = time.monotonic() + seconds
    _until.value = min(_until.value or until, until)


def _is_over() -> bool:
    return 0 < _until.value <= time.monotonic()


class DrainedTask(Task):  # type: ignore[misc]  # Celery ships no types
    """A task that its worker lets go of in time."""

    abstract = True

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # Any: as Celery calls it
        """Carry it out; what comes while the worker ends is left to others."""
        if begun():
            ring(self.name)
            return None
        return _Work(lambda: self.run(*arguments, **named)).finish()


class _Work:
    """One task, carried out in a thread of its own."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._held: list[Callable[[], None]] = []
        self._letting_go, self._let_go = Lock(), False
        self._ended = Event()
        self._result: Any = None
        self._error: Exception | None = None

    def finish(self) -> Any:  # Any: what the task returns
        """What the work comes to; None where it was let go of."""
        Thread(target=copy_context().run, args=(self._run,), name="task", daemon=True).start()
        while not self._ended.wait(LOOK_EVERY):
            if _is_over():
                self._hand_back()
                return None
        if self._error:
            raise self._error
        return self._result

    def _run(self) -> None:
        _current.set(self)
        try:
            self._result = self._work()
        except Drained:
            pass
        except Exception as error:  # noqa: BLE001  # raised where it is waited for
            self._error = error
        finally:
            self._ended.set()

    def _hand_back(self) -> None:
        with self._letting_go:
            self._let_go = True
            held = bool(self._held)
            for hand_back in self._held:
                hand_back()
        if not held:  # perhaps it is about to hold something, which it then hands back itself
            self._ended.wait(LETTING_GO / 2)

    @contextmanager
    def holding(self, hand_back: Callable[[], None]) -> Iterator[None]:
        in_context = copy_context()

        def step() -> None:
            in_context.run(hand_back)

        with self._letting_go:
            if self._let_go:
                step()
                raise Drained
            self._held.append(step)
        try:
            yield
        finally:
            with self._letting_go:
                self._held.remove(step)


_current: ContextVar[_Work | None] = ContextVar("work", default=None)


@contextmanager
def handed_back_by(hand_back: Callable[[], None]) -> Iterator[None]:
    """Have what is held in the block handed back if the worker ends before the block does.

    `hand_back` is called from another thread while the block may still be at work, so it has to leave alone what has
    been committed meanwhile, and the block to notice that it holds nothing any more.

    Raises
    ------
    Drained
        where it was too late to begin: it has been handed back.

    """
    work = _current.get()
    if work is None:  # nobody's task, so no worker ends it
        yield
    else:
        with work.holding(hand_back):
            yield


@worker_shutting_down.connect  # type: ignore[untyped-decorator]  # Celery ships no types
def _told_to_end(sig: str, **_: Any) -> None:  # Any: Celery's signals pass what they like
    """Called in a signal handler of the worker's main process, each time that it is told."""
    _end(0 if begun() else settings().drain_seconds)
    if sig == "SIGINT":
        signal.signal(signal.SIGINT, _hurry)  # for the second Ctrl-C; Celery would kill the processes


@worker_ready.connect  # type: ignore[untyped-decorator]
def _heed_sigquit(**_: Any) -> None:  # Any: as above
    signal.signal(signal.SIGQUIT, _hurry)  # as above


def _hurry(*_: object) -> None:
    _end(0)
    state.should_stop = EX_OK


def _end(seconds: float) -> None:
    is_first = not begun()
    begin(seconds)
    if is_first:
        Thread(target=_insist, name="insist", daemon=True).start()


def _insist() -> None:
    """End the worker in time whatever hangs: a process that does not let go, or the broker."""
    log.info("ending", seconds=round(max(0.0, _until.value - time.monotonic()), 1))
    while time.monotonic() < _until.value + LETTING_GO:
        time.sleep(LOOK_EVERY)
    for process in active_children():
        log.error("killed: it has not ended in time; what it may hold waits for its lease", process=process.pid)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    time.sleep(GONE)
    os._exit(EX_FAILURE)
