"""What lies in some days of a hospital, read with a fixed number of queries: the rows behind `api.schedule`.

A day here is a working day: a period that runs past midnight belongs whole to the day on which it starts, so the day
ends when its last period does and the next begins there. Days follow each other without gap or overlap, and every
appointment is in exactly one of them.
"""

import datetime as dt
import uuid
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Session

from api.named import specialties_of
from models.base import ends, period
from models.hospitals import MINUTES_OF_A_DAY, Hospital, Opening, OperatingException, OperatingHours
from models.hours import instant_of
from models.people import Patient, User
from models.schedule import Appointment, AppointmentStatus, Availability
from planner.instants import HOUR_US, LocalClock, instant, join, micros
from planner.problem import HOUR


@dataclass(frozen=True, slots=True)
class Day:
    """The working day `[start, end)` of a local date. `exception` is what keeps its weekly hours from holding."""

    date: dt.date
    start: dt.datetime
    end: dt.datetime
    exception: OperatingException | None


class Available(NamedTuple):
    """An availability `[start, end)`. Columns rather than objects of the mapper: there are thousands in a week."""

    id: uuid.UUID
    doctor_id: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    version: int


class Standing(NamedTuple):
    """An appointment `[start, end)` and its patient."""

    id: uuid.UUID
    doctor_id: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    status: AppointmentStatus
    booking_request_id: uuid.UUID | None
    version: int
    patient_id: uuid.UUID
    patient_external_id: str
    patient_name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose days are read: of `doctors` (none: of all that have anything there), those of the `specialty`; and in any
    case those of the doctors in `also`.
    """

    doctors: Sequence[uuid.UUID] = ()
    specialty: str | None = None
    also: Sequence[uuid.UUID] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """What lies in some days. Availabilities and appointments a little outside are there too: hours may reach out."""

    openings: Sequence[Range[dt.datetime]]
    availabilities: Sequence[Available]
    standing: Sequence[Standing]
    doctors: Sequence[User]
    specialties: Mapping[uuid.UUID, list[str]]


@dataclass(frozen=True, slots=True)
class Column:
    """One doctor's part of some days: what lies in them, and the starts of the hours that can be booked."""

    doctor: User
    specialties: Sequence[str]
    availabilities: Sequence[Available]
    standing: Sequence[Standing]
    free: Sequence[dt.datetime]


def working_days(session: Session, hospital: Hospital, first: dt.date, count: int) -> list[Day]:
    """The working days of `count` local dates from `first` on."""
    zone = ZoneInfo(hospital.timezone)
    before = first - dt.timedelta(days=1)
    week = dict(
        session.execute(
            select(OperatingHours.weekday, OperatingHours.hours).where(OperatingHours.hospital_id == hospital.id)
        ).all()
    )
    exceptions = {
        row.date: row
        for row in session.scalars(
            select(OperatingException).where(
                OperatingException.hospital_id == hospital.id,
                OperatingException.date.between(before, first + dt.timedelta(days=count)),
            )
        )
    }

    def end_of(date: dt.date) -> dt.datetime:
        exception = exceptions.get(date)
        return _end_of(date, week.get(date.isoweekday()) if exception is None else exception.hours, zone)

    dates = [first + dt.timedelta(days=number) for number in range(count)]
    return [Day(date, end_of(date - dt.timedelta(days=1)), end_of(date), exceptions.get(date)) for date in dates]


def _end_of(date: dt.date, hours: MultiRange[int] | None, zone: ZoneInfo) -> dt.datetime:
    closes = max((span.upper or 0 for span in hours or ()), default=0)
    if closes > MINUTES_OF_A_DAY:
        return instant_of(date, closes, zone, closing=True)
    return instant_of(date, MINUTES_OF_A_DAY, zone)


def read_rows(session: Session, hospital_id: uuid.UUID, days: Sequence[Day], wanted: Wanted) -> Rows:
    """What lies in `days` at a hospital, of the doctors that are wanted; doctors by name."""
    first, last = days[0].start, days[-1].end
    wide = period(first - HOUR, last + HOUR)
    openings = session.scalars(
        select(Opening.during)
        .where(Opening.hospital_id == hospital_id, Opening.during.overlaps(period(first, last)))
        .order_by(Opening.during)
    ).all()
    named = {*wanted.doctors, *wanted.also} if wanted.doctors else set[uuid.UUID]()
    available = _available(session, hospital_id, wide, named)
    standing = _standing(session, hospital_id, wide, named)
    seen = {each.doctor_id for each in available if each.start < last and each.end > first}
    seen |= {each.doctor_id for each in standing if each.start < last and each.end > first}
    specialties = specialties_of(session, {*(wanted.doctors or seen), *wanted.also})
    if wanted.specialty is not None:
        specialties = {
            id_: names for id_, names in specialties.items() if wanted.specialty in names or id_ in wanted.also
        }
    users = session.scalars(select(User).where(User.id.in_(specialties.keys())).order_by(User.name, User.id)).all()
    return Rows(openings, available, standing, users, specialties)


def columns(rows: Rows, zone: ZoneInfo, days: Sequence[Day], now: dt.datetime) -> list[Column]:
    """The rows by doctor, cut to the days; hours are free from `now` on."""
    available: dict[uuid.UUID, list[Available]] = {}
    standing: dict[uuid.UUID, list[Standing]] = {}
    for each in rows.availabilities:
        available.setdefault(each.doctor_id, []).append(each)
    for appointment in rows.standing:
        standing.setdefault(appointment.doctor_id, []).append(appointment)
    first, last = days[0].start, days[-1].end
    return [
        Column(
            doctor=doctor,
            specialties=rows.specialties[doctor.id],
            availabilities=[each for each in available.get(doctor.id, ()) if each.start < last and each.end > first],
            standing=[each for each in standing.get(doctor.id, ()) if first <= each.start < last],
            free=free_hours(available.get(doctor.id, ()), standing.get(doctor.id, ()), zone, max(now, first), last),
        )
        for doctor in rows.doctors
    ]


def _available(
    session: Session, hospital_id: uuid.UUID, during: Range[dt.datetime], doctors: Collection[uuid.UUID]
) -> list[Available]:
    start, end = func.lower(Availability.during), func.upper(Availability.during)
    rows = (
        select(Availability.id, Availability.doctor_id, start, end, Availability.version)
        .where(Availability.hospital_id == hospital_id, Availability.during.overlaps(during))
        .order_by(start)
    )
    if doctors:
        rows = rows.where(Availability.doctor_id.in_(doctors))
    return [Available(*row) for row in session.execute(rows)]


def _standing(
    session: Session, hospital_id: uuid.UUID, during: Range[dt.datetime], doctors: Collection[uuid.UUID]
) -> list[Standing]:
    start, end = func.lower(Appointment.during), func.upper(Appointment.during)
    rows = (
        select(
            Appointment.id,
            Appointment.doctor_id,
            start,
            end,
            Appointment.status,
            Appointment.booking_request_id,
            Appointment.version,
            Patient.id,
            Patient.external_id,
            Patient.name,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            Appointment.hospital_id == hospital_id,
            Appointment.during.overlaps(during),
            Appointment.status != AppointmentStatus.CANCELLED,
        )
        .order_by(start, Appointment.id)
    )
    if doctors:
        rows = rows.where(Appointment.doctor_id.in_(doctors))
    return [Standing(*row) for row in session.execute(rows)]


def within(periods: Iterable[Range[dt.datetime]], day: Day) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The parts of periods that lie in a day."""
    for each in periods:
        start, end = ends(each)
        if start < day.end and end > day.start:
            yield max(start, day.start), min(end, day.end)


def free_hours(
    available: Iterable[Available],
    standing: Iterable[Standing],
    zone: ZoneInfo,
    since: dt.datetime,
    until: dt.datetime,
) -> list[dt.datetime]:
    """The starts in `[since, until)` of the hours in which one doctor, of whom all of these are, can be booked."""
    first, last = micros(since), micros(until)
    taken = sorted(micros(each.start) for each in standing if each.status is AppointmentStatus.BOOKED)
    joined = join([(micros(each.start), micros(each.end)) for each in available])
    return [
        instant(start)
        for begin, end in joined
        for start in _clock(zone.key).full_hours(max(begin, first), min(end, last + HOUR_US))
        if start < last and not overlaps(start, taken)
    ]


def overlaps(start: int, taken: Sequence[int]) -> bool:
    """Whether the hour from `start` overlaps one of the hours that start at `taken`, ascending."""
    place = bisect_right(taken, start - HOUR_US)
    return place < len(taken) and taken[place] < start + HOUR_US


@cache
def _clock(timezone: str) -> LocalClock:
    return LocalClock(timezone)
