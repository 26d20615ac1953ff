"""Keeping a lease for as long as work takes, from a thread of its own.

A worker that is killed renews nothing, so a lease need be no longer than what a killed worker held should wait; one
that hangs is killed by Celery's limit.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Self

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.session import transaction
from workers.measures import RENEWALS_FAILED

Clock = Callable[[], datetime]

RENEWALS = 4
"""How often a lease is renewed before it would run out: one renewal may fail, or come late."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class LeaseKept:
    """Renews a lease of `lease` seconds for as long as the block lasts.

    `renew` lets the work hold what it holds until an instant, in the session it is given; False where it has let go.
    """

    def __init__(self, renew: Callable[[Session, datetime], bool], *, lease: float, clock: Clock) -> None:
        self._renew, self._lease, self._clock = renew, lease, clock
        self._due, self._over, self._lost = Event(), Event(), Event()
        self._thread = Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._due.set()
        self._thread.join()

    @property
    def lost(self) -> bool:
        """Whether there was nothing left to renew, so that the work is in vain."""
        return self._lost.is_set()

    def renew_now(self) -> None:
        """Renew before it is time, to write down at once what is written with the lease."""
        self._due.set()

    def _keep(self) -> None:
        while True:
            self._due.wait(self._lease / RENEWALS)
            self._due.clear()
            if self._over.is_set():
                return
            try:
                with transaction() as session:
                    held = self._renew(session, self._clock() + timedelta(seconds=self._lease))
            except OperationalError as error:
                RENEWALS_FAILED.labels("away").inc()
                log.warning("lease not renewed yet", reason=type(error.orig).__name__)
                continue
            if not held:
                RENEWALS_FAILED.labels("lost").inc()
                self._lost.set()
                return
