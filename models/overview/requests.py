"""What waits, how soon those who were booked are seen, and why the others were refused."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Float, Interval, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from models.booking import BookingRequest, Conflict, RequestStatus
from models.schedule import Appointment, AppointmentStatus
from planner.plan import ConflictKind
from planner.problem import Priority

UNDECIDED = (RequestStatus.QUEUED, RequestStatus.PLANNING)


class AgeBand(StrEnum):
    """How long a request has waited; each band begins where the one before it ends, which it does not reach."""

    UNDER_1_MINUTE = "under_1_minute"
    FROM_1_MINUTE = "from_1_minute"
    FROM_5_MINUTES = "from_5_minutes"
    FROM_1_HOUR = "from_1_hour"
    FROM_1_DAY = "from_1_day"


class DelayBand(StrEnum):
    """How long after asking somebody is seen; bands as in `AgeBand`."""

    UNDER_1_DAY = "under_1_day"
    FROM_1_DAY = "from_1_day"
    FROM_3_DAYS = "from_3_days"
    FROM_1_WEEK = "from_1_week"
    FROM_2_WEEKS = "from_2_weeks"
    FROM_4_WEEKS = "from_4_weeks"


_AGES = [dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(hours=1), dt.timedelta(days=1)]
_DELAYS = [dt.timedelta(days=days) for days in (1, 3, 7, 14, 28)]
_A_DAY = 86_400.0
"""Seconds; a day of the calendar may be longer or shorter, but here it is a measure."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The undecided requests of a priority. The first of them has waited for `oldest_seconds`."""

    priority: Priority
    by_age: Mapping[AgeBand, int]
    oldest_seconds: float | None

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_age.values())


@dataclass(frozen=True, slots=True)
class Delays:
    """How many days (of 24 hours) lie between asking and the hour, over `requests` booked ones; `priority` None: all.

    Half of them do not exceed `median_days`, nine of ten not `ninetieth_days`; None where there are none.
    """

    priority: Priority | None
    requests: int = 0
    median_days: float | None = None
    ninetieth_days: float | None = None
    by_delay: Mapping[DelayBand, int] = field(default_factory=lambda: dict.fromkeys(DelayBand, 0))


@dataclass(frozen=True, slots=True)
class Refusals:
    """The requests that were refused for a reason. `standing` of them are still in conflict: no alternative has been
    taken, nobody has asked anew or given up.
    """

    kind: ConflictKind
    by_priority: Mapping[Priority, int]
    standing: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_priority.values())


def waiting(session: Session, now: dt.datetime) -> tuple[Waiting, ...]:
    """What is queued or being planned at `now`, by priority and by the time since it was asked for."""
    band = func.width_bucket(literal(now) - BookingRequest.created_at, literal(_AGES, ARRAY(Interval)))
    rows = session.execute(
        select(BookingRequest.priority, band, func.count(), func.min(BookingRequest.created_at))
        .where(BookingRequest.status.in_(UNDECIDED))
        .group_by(BookingRequest.priority, band)
    ).all()

    def of(priority: Priority) -> Waiting:
        mine = [row for row in rows if row[0] is priority]
        counts = {place: number for _, place, number, _ in mine}
        oldest = min((since for *_, since in mine), default=None)
        return Waiting(
            priority,
            {each: counts.get(place, 0) for place, each in enumerate(AgeBand)},
            None if oldest is None else max((now - oldest).total_seconds(), 0.0),
        )

    return tuple(of(priority) for priority in Priority)


def delays(session: Session, since: dt.datetime) -> tuple[Delays, ...]:
    """How soon the patients of requests that were booked from `since` on are seen: by priority, then all together.

    Counted is the hour that the appointment has now, also where it was moved; cancelled ones are left out, and so are
    requests to move an appointment.
    """
    delay = func.lower(Appointment.during) - BookingRequest.created_at
    days = cast(func.extract("epoch", delay), Float) / _A_DAY
    band = func.width_bucket(delay, literal(_DELAYS, ARRAY(Interval)))
    rows = session.execute(
        select(
            BookingRequest.priority,
            func.count(),
            func.percentile_cont(literal([0.5, 0.9], ARRAY(Float))).within_group(days),
            *(func.count().filter(band == place) for place in range(len(DelayBand))),
        )
        .join(Appointment, Appointment.booking_request_id == BookingRequest.id)
        .where(
            BookingRequest.status == RequestStatus.BOOKED,
            BookingRequest.decided_at >= since,
            Appointment.status != AppointmentStatus.CANCELLED,
        )
        .group_by(func.grouping_sets(tuple_(BookingRequest.priority), tuple_()))
        .having(func.count() > 0)  # the set of all is there even where nothing is in it
    )
    found = {
        priority: Delays(priority, requests, median, ninetieth, dict(zip(DelayBand, bands, strict=True)))
        for priority, requests, (median, ninetieth), *bands in rows
    }
    return tuple(found.get(priority, Delays(priority)) for priority in (*Priority, None))


def refusals(session: Session, since: dt.datetime) -> tuple[Refusals, ...]:
    """Why requests were refused from `since` on, by kind of conflict and priority."""
    rows = session.execute(
        select(
            Conflict.kind,
            BookingRequest.priority,
            func.count(),
            func.count().filter(BookingRequest.status == RequestStatus.CONFLICT),
        )
        .join(BookingRequest, BookingRequest.id == Conflict.booking_request_id)
        .where(Conflict.created_at >= since)
        .group_by(Conflict.kind, BookingRequest.priority)
    ).all()
    counts = {(kind, priority): number for kind, priority, number, _ in rows}
    return tuple(
        Refusals(
            kind,
            {priority: counts.get((kind, priority), 0) for priority in Priority},
            sum(standing for of, *_, standing in rows if of is kind),
        )
        for kind in ConflictKind
    )
