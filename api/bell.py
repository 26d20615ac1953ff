"""Ringing for the planners: "look again", after the commit, and never at the caller's expense.

A bell carries no state. One that is lost costs seconds, since beat rings for whatever is left queued; so a broker that
is away is noted and not waited for. Bursts are rung once at their start and once after their end.
"""

import threading
import time
from collections.abc import Callable
from typing import Annotated

import structlog
from celery import Celery
from fastapi import Depends, Request

from models.redis_urls import for_celery
from models.seeing.counts import BELLS_NOT_RUNG

TASK = "slotwise.plan_queued"
"""`workers.bell.PLAN_QUEUED`, said again since the API knows no workers."""

_PAUSE = 0.1
"""Seconds between two bells: what is queued meanwhile is planned together anyway."""

_COMPLAIN_EVERY = 60.0
"""Seconds between two log lines about a broker that is away."""

_TIMEOUT = 1.0
"""Seconds to reach the broker, and to hear from it."""

_log = structlog.get_logger("slotwise.api")


class Bell:
    """Rings from a thread of its own, which starts at the first ring (so after any fork)."""

    def __init__(self, broker_url: Callable[[], str]) -> None:
        self._broker_url = broker_url
        self._changed = threading.Condition()
        self._wanted = False
        self._closing = False
        self._thread: threading.Thread | None = None
        self._complained = -_COMPLAIN_EVERY

    def ring(self) -> None:
        """Have the bell rung soon. Returns at once, whatever state the broker is in."""
        with self._changed:
            if self._closing:
                return
            self._wanted = True
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Ring what is still wanted, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join(timeout=3 * _TIMEOUT)

    def _run(self) -> None:
        app = producer(for_celery(self._broker_url()))
        try:
            while self._is_wanted():
                self._ring(app)
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, timeout=_PAUSE)
        finally:
            app.close()

    def _is_wanted(self) -> bool:
        """Wait until the bell is to be rung; False once it never will be again."""
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or self._closing)
            wanted = self._wanted
            # Lowered before the bell rings: whoever commits from here on raises it again, and is rung for.
            self._wanted = False
            return wanted

    def _ring(self, app: Celery) -> None:
        try:
            app.send_task(TASK, retry=False, ignore_result=True)
        except Exception as error:  # noqa: BLE001  # whatever ails the broker, the request is in the database
            BELLS_NOT_RUNG.inc()
            now = time.monotonic()
            if now - self._complained >= _COMPLAIN_EVERY:
                self._complained = now
                _log.warning("bell_not_rung", reason=type(error).__name__, remedy="beat rings later")


def producer(broker_url: str) -> Celery:
    """A Celery application that only ever sends."""
    app = Celery("slotwise-api", broker=broker_url, set_as_current=False)
    app.conf.update(
        broker_connection_retry=False,
        broker_transport_options={
            "socket_timeout": _TIMEOUT,
            "socket_connect_timeout": _TIMEOUT,
            "retry_on_timeout": False,
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0,
            "interval_max": 0,
        },
    )
    return app


async def _bell(request: Request) -> Bell:
    bell: Bell = request.app.state.bell
    return bell


RungBell = Annotated[Bell, Depends(_bell)]
"""The application's bell."""
