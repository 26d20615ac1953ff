"""How full the doctors' days are: of the hours that could be booked, how many are."""

import datetime as dt
import uuid
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from models.base import period
from models.people import User
from models.schedule import Appointment, AppointmentStatus, Availability
from planner.instants import HOUR_US, LocalClock, join, micros
from planner.problem import HOUR

_HELD = (AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW)

Starts = Mapping[uuid.UUID, set[int]]
"""The hours of each doctor, by their starts in microseconds."""


class LocalDay(NamedTuple):
    """The instants `[start, end)` that belong to a local date. Days follow each other without gap or overlap."""

    date: dt.date
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True, slots=True)
class Use:
    """How many hours are booked, of how many that can be."""

    booked: int
    bookable: int

    @property
    def share(self) -> float | None:
        """The part that is booked, from 0 to 1; None where nothing can be."""
        return self.booked / self.bookable if self.bookable else None


@dataclass(frozen=True, slots=True)
class DayUse(Use):
    """The hours of one day."""

    date: dt.date


@dataclass(frozen=True, slots=True)
class DoctorUse:
    """A doctor's days, in the order of the days that were asked for."""

    id: uuid.UUID
    external_id: str
    name: str
    days: tuple[DayUse, ...]

    @property
    def total(self) -> Use:
        """All days together."""
        return _together(self.days)


@dataclass(frozen=True, slots=True)
class Utilisation:
    """All doctors together, day by day, and the days of every doctor who has anything in them, by name."""

    days: tuple[DayUse, ...]
    doctors: tuple[DoctorUse, ...]

    @property
    def total(self) -> Use:
        """All doctors and all days together."""
        return _together(self.days)


def utilisation(
    session: Session, hospital_id: uuid.UUID, timezone: str, days: Sequence[LocalDay], now: dt.datetime
) -> Utilisation:
    """How full `days` (one at least) are at a hospital whose clock shows `timezone`.

    Bookable are the whole hours by that clock inside availabilities, touching ones joined. An hour is booked while an
    appointment stands in it; one that has begun by `now` stays so when the appointment is completed or the patient
    did not come. Such an hour was bookable, even where the availability was withdrawn afterwards. An hour belongs to
    the day in which it starts.
    """
    booked = _booked(session, hospital_id, days, now)
    bookable = _bookable(session, hospital_id, timezone, days)
    people = session.execute(
        select(User.id, User.external_id, User.name)
        .where(User.id.in_(booked.keys() | bookable.keys()))
        .order_by(User.name, User.id)
    )
    doctors = tuple(
        DoctorUse(id_, external_id, name, _by_day(booked.get(id_, set()), bookable.get(id_, set()), days))
        for id_, external_id, name in people
    )
    together = (_together(doctor.days[place] for doctor in doctors) for place in range(len(days)))
    return Utilisation(
        tuple(DayUse(use.booked, use.bookable, day.date) for use, day in zip(together, days, strict=True)), doctors
    )


def next_hours(session: Session, hospital_id: uuid.UUID, since: dt.datetime) -> dt.datetime | None:
    """When somebody is first available at a hospital from `since` on; None where nobody ever is."""
    start: dt.datetime | None = session.scalar(
        select(func.min(func.lower(Availability.during))).where(
            Availability.hospital_id == hospital_id,
            Availability.during.overlaps(Range(since, None, bounds="[)")),
        )
    )
    return start and max(start, since)


def _booked(session: Session, hospital_id: uuid.UUID, days: Sequence[LocalDay], now: dt.datetime) -> Starts:
    start = func.lower(Appointment.during)
    first, last = days[0].start, days[-1].end
    rows = session.execute(
        select(Appointment.doctor_id, func.array_agg(start.distinct()))
        .where(
            Appointment.hospital_id == hospital_id,
            Appointment.during.overlaps(period(first, last)),
            start >= first,
            or_(
                Appointment.status == AppointmentStatus.BOOKED,
                and_(Appointment.status.in_(_HELD), start <= now),
            ),
        )
        .group_by(Appointment.doctor_id)
    )
    return {doctor: {micros(each) for each in starts} for doctor, starts in rows}


def _bookable(session: Session, hospital_id: uuid.UUID, timezone: str, days: Sequence[LocalDay]) -> Starts:
    first, last = days[0].start, days[-1].end
    clock = LocalClock(timezone)
    rows = session.execute(
        select(Availability.doctor_id, func.lower(Availability.during), func.upper(Availability.during)).where(
            Availability.hospital_id == hospital_id,
            Availability.during.overlaps(period(first, last + HOUR)),  # the last hour may end on the next day
        )
    )
    available: dict[uuid.UUID, list[tuple[int, int]]] = {}
    for doctor, start, end in rows:
        available.setdefault(doctor, []).append((micros(start), micros(end)))
    since, until = micros(first), micros(last) + HOUR_US
    hours = {
        doctor: {
            start
            for begin, end in join(periods)
            for start in clock.full_hours(max(begin, since), min(end, until))
            if start < until - HOUR_US
        }
        for doctor, periods in available.items()
    }
    return {doctor: starts for doctor, starts in hours.items() if starts}


def _by_day(booked: set[int], bookable: set[int], days: Sequence[LocalDay]) -> tuple[DayUse, ...]:
    begins = [micros(day.start) for day in days]
    taken = Counter(bisect_right(begins, start) - 1 for start in booked)
    there = Counter(bisect_right(begins, start) - 1 for start in booked | bookable)
    return tuple(DayUse(taken[place], there[place], day.date) for place, day in enumerate(days))


def _together(uses: Iterable[Use]) -> Use:
    parts = list(uses)
    return Use(sum(use.booked for use in parts), sum(use.bookable for use in parts))
