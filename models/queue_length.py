"""How long the queue is, and how fast it gets shorter: read from indexes, so that it costs little when it is long."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models.base import first_id
from models.booking import BookingRequest, PlanningRun, RequestStatus

LATELY = timedelta(minutes=1)
"""The time for which decisions are counted."""

_LONGEST_RUN = timedelta(minutes=15)
"""Runs that began before this have ended before `LATELY`, unless something is wrong with them."""

_REQUEST, _RUN = BookingRequest.__table__, PlanningRun.__table__
"""Plain tables: the whole queue is meant, whoever asks."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """How many requests are undecided, of each share (`models.booking.Turn`), and how many hospitals there are."""

    of_share: Counter[uuid.UUID | None]
    hospitals: int

    @property
    def total(self) -> int:
        """Of all shares."""
        return self.of_share.total()


def count_undecided(session: Session) -> Undecided:
    """Count what is queued and what is being planned."""
    of_share: Counter[uuid.UUID | None] = Counter()
    for status in (RequestStatus.QUEUED, RequestStatus.PLANNING):  # one by one: each has an index that will do
        rows = select(_REQUEST.c.share, func.count()).where(_REQUEST.c.status == status).group_by(_REQUEST.c.share)
        of_share.update(dict(session.execute(rows).all()))
    return Undecided(of_share, session.scalar(text("SELECT count(*) FROM hospital")) or 0)


def decided_per_second(session: Session, now: datetime) -> float:
    """How many requests the planners have decided in a second, of late."""
    decided = session.scalar(
        select(func.coalesce(func.sum(_RUN.c.booked + _RUN.c.conflicts), 0)).where(
            _RUN.c.id >= first_id(now - _LONGEST_RUN), _RUN.c.finished_at > now - LATELY
        )
    )
    return float(decided or 0) / LATELY.total_seconds()
