"""The last hour, minute by minute: what was asked, what was decided, what waited, and for how long.

Ids begin with the millisecond in which their row was made, so what is recent is found by the primary keys.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from models.base import first_id
from models.booking import BookingRequest, PlanningRun, RequestStatus

MINUTES = 60
"""How far back is looked."""

_SPAN = dt.timedelta(minutes=MINUTES)
_LONGEST_RUN = dt.timedelta(hours=1)
"""A run that decided something in the last hour was begun at most so long before it; it is given up far sooner."""
_LONGEST_QUEUED = dt.timedelta(days=1)
"""What was cancelled after it had waited for longer is left out of what waited."""


@dataclass(frozen=True, slots=True)
class Lately:
    """The last hour. `asked`, `decided`, `undecided`: one number for each minute, the oldest first.

    `decided` is what planners decided; `undecided`, how many waited at the end of the minute. `half` and `nearly_all`:
    the seconds within which 50 % and 95 % of what planners decided was; None where they decided nothing.
    `a_second`: how much was decided in the last minute.
    """

    asked: tuple[int, ...]
    decided: tuple[int, ...]
    undecided: tuple[int, ...]
    half: float | None
    nearly_all: float | None
    a_second: float


def read_lately(session: Session, now: dt.datetime, undecided: int) -> Lately:
    """The hour before `now`, when so many are undecided."""
    begin = now - _SPAN
    asked = _by_minute(
        session, BookingRequest.created_at, now, BookingRequest.id >= first_id(begin), BookingRequest.created_at > begin
    )
    runs = select(PlanningRun.id).where(PlanningRun.id >= first_id(begin - _LONGEST_RUN))
    by_planners = BookingRequest.planning_run_id.in_(runs), BookingRequest.decided_at > begin
    decided = _by_minute(session, BookingRequest.decided_at, now, *by_planners)
    cancelled = _by_minute(
        session,
        BookingRequest.decided_at,
        now,
        BookingRequest.status == RequestStatus.CANCELLED,
        BookingRequest.planning_run_id.is_(None),
        BookingRequest.id >= first_id(begin - _LONGEST_QUEUED),
        BookingRequest.decided_at > begin,
    )
    waiting = [undecided]
    for came, went, left in zip(asked[:0:-1], decided[:0:-1], cancelled[:0:-1], strict=True):  # back in time
        waiting.append(max(waiting[-1] + went + left - came, 0))
    half, nearly_all = _waited(session, *by_planners)
    return Lately(asked, decided, tuple(reversed(waiting)), half, nearly_all, round(decided[-1] / 60, 2))


def _by_minute(
    session: Session, at: Any, now: dt.datetime, *where: ColumnElement[bool]
) -> tuple[int, ...]:  # Any: SQLAlchemy's column
    """How many requests there are by the minute of a column, `at`."""
    ago = cast(func.floor(func.extract("epoch", now - at) / 60), Integer)
    rows = session.execute(select(ago, func.count()).where(*where, at <= now).group_by(ago))
    found = {minute: count for minute, count in rows}  # noqa: C416  # dict() takes a result for a mapping
    return tuple(found.get(minute, 0) for minute in reversed(range(MINUTES)))


def _waited(session: Session, *where: ColumnElement[bool]) -> tuple[float | None, float | None]:
    seconds = func.extract("epoch", BookingRequest.decided_at - BookingRequest.created_at)
    shares = literal([0.5, 0.95], ARRAY(Float))
    found = session.scalar(select(func.percentile_cont(shares).within_group(seconds)).where(*where))
    return (round(found[0], 3), round(found[1], 3)) if found else (None, None)
