"""Hours that the hospital's clock shows otherwise than people were told: by Python's time-zone database or by
PostgreSQL's.

What people were told stands beside each hour (`models.schedule.WallClock`). A clock that changes moves no hour against
another: what besides lies where it may not was moved by hand, and is told of as that.
"""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Interval,
    Select,
    String,
    Uuid,
    and_,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.selectable import FromClause

from models.arrays import table_of
from models.base import period
from models.hospitals import Opening
from models.schedule import Appointment, AppointmentStatus, Availability
from models.validation.clocks import Clocks

SANE = Range(dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(9000, 1, 1, tzinfo=dt.UTC), bounds="[)")
"""Periods beyond are malformed or a slip of the pen; other checks tell of them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An instant, the wall clock that people were told of it, and what it shows by either database."""

    at: dt.datetime
    told: dt.datetime
    postgresql: dt.datetime
    python: dt.datetime

    @property
    def shifted(self) -> bool:
        """Whether a clock shows something else than was told."""
        return self.told != self.postgresql or self.told != self.python

    @property
    def later(self) -> dt.timedelta:
        """How much later than told it is by Python's clock, which openings are projected by."""
        return self.python - self.told


@dataclass(frozen=True, slots=True)
class ShiftedAppointment:
    """A booked appointment of a hospital that people were told another time of."""

    id: uuid.UUID
    patient: uuid.UUID
    doctor: uuid.UUID
    hospital: uuid.UUID
    version: int
    start: Shown


@dataclass(frozen=True, slots=True)
class ShiftedAvailability:
    """An availability that was planned for other times. An end that has passed is None: it is history."""

    id: uuid.UUID
    doctor: uuid.UUID
    hospital: uuid.UUID
    version: int
    during: Range[dt.datetime]
    start: Shown | None
    end: Shown


def shifted_appointments(
    session: Session, clocks: Clocks, since: dt.datetime, *within: ColumnElement[bool]
) -> Iterator[ShiftedAppointment]:
    """The booked appointments, not begun at `since`, that the clock of their hospital shows at another time than told.

    By their ids. `within` are conditions on `Appointment`. Left out are those whose own zone is not their hospital's,
    and those that lie outside their availability or overlap another.
    """
    clock = _clock_table(clocks)
    start, shown = func.lower(Appointment.during), _shown(clocks, clock, func.lower(Appointment.during))
    told = _sane(Appointment.local_start)
    found = (
        select(
            Appointment.id,
            Appointment.patient_id,
            Appointment.doctor_id,
            Appointment.hospital_id,
            Appointment.version,
            Appointment.during,
            start.label("start"),
            told.label("told"),
            *shown.labelled("start"),
        )
        .join(clock, and_(clock.c.hospital == Appointment.hospital_id, clock.c.timezone == Appointment.timezone))
        .outerjoin(shown.disagreement, shown.there)
        .where(
            Appointment.id.is_not(None),  # a row without one is a finding of its own
            Appointment.status == AppointmentStatus.BOOKED,
            *whole(Appointment.during),
            start >= since,
            shown.differs(told),
            *within,
        )
        .cte("shifted")
        .prefix_with("MATERIALIZED")
    )
    for row in session.execute(_moved_by_nobody(found)):
        shows = Shown(row.start, row.told, row.start_postgresql, row.start_python)
        yield ShiftedAppointment(row.id, row.patient_id, row.doctor_id, row.hospital_id, row.version, shows)


def shifted_availabilities(
    session: Session, clocks: Clocks, since: dt.datetime, *within: ColumnElement[bool]
) -> Iterator[ShiftedAvailability]:
    """The availabilities whose start or end from `since` on the clock shows at another time than it was planned for.

    By their ids. `within` are conditions on `Availability`. Left out are those that lie outside the openings, overlap
    another, or have left an appointment behind.
    """
    clock = _clock_table(clocks)
    start, end = func.lower(Availability.during), func.upper(Availability.during)
    shown_start, shown_end = _shown(clocks, clock, start), _shown(clocks, clock, end)
    told_start, told_end = _sane(Availability.local_start), _sane(Availability.local_end)
    found = (
        select(
            Availability.id,
            Availability.doctor_id,
            Availability.hospital_id,
            Availability.version,
            Availability.during,
            clock.c.timezone,
            start.label("start"),
            end.label("end"),
            told_start.label("told_start"),
            told_end.label("told_end"),
            *shown_start.labelled("start"),
            *shown_end.labelled("end"),
        )
        .join(clock, clock.c.hospital == Availability.hospital_id)
        .outerjoin(shown_start.disagreement, shown_start.there)
        .outerjoin(shown_end.disagreement, shown_end.there)
        .where(
            Availability.id.is_not(None),
            *whole(Availability.during),
            end > since,
            told_start.is_not(None),
            told_end.is_not(None),
            or_(and_(start >= since, shown_start.differs(told_start)), shown_end.differs(told_end)),
            *within,
        )
        .cte("shifted")
        .prefix_with("MATERIALIZED")
    )
    for row in session.execute(_left_where_it_was(found)):
        begins = Shown(row.start, row.told_start, row.start_postgresql, row.start_python)
        ends = Shown(row.end, row.told_end, row.end_postgresql, row.end_python)
        yield ShiftedAvailability(
            row.id,
            row.doctor_id,
            row.hospital_id,
            row.version,
            row.during,
            begins if row.start >= since else None,
            ends,
        )


@dataclass(frozen=True, slots=True)
class _Showing:
    """What the clock of a hospital shows at an instant, by either database, as SQL."""

    postgresql: ColumnElement[Any]  # Any: a time without a zone, reckoned by functions of PostgreSQL
    python: ColumnElement[Any]
    # To be joined where it is true; there is at most one of them at any instant.
    disagreement: FromClause
    there: ColumnElement[bool]

    def differs(self, told: ColumnElement[Any]) -> ColumnElement[bool]:
        return or_(told != self.postgresql, told != self.python)

    def labelled(self, name: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        return self.postgresql.label(f"{name}_postgresql"), self.python.label(f"{name}_python")


def _clock_table(clocks: Clocks) -> FromClause:
    places = list(clocks.places.values())
    return table_of(
        "clock", hospital=(Uuid, [each.id for each in places]), timezone=(String, [each.timezone for each in places])
    )


def _shown(clocks: Clocks, clock: FromClause, at: ColumnElement[Any]) -> _Showing:
    """Python's clock is PostgreSQL's and what the two differ by: so one pass over the rows is enough."""
    differing = [each for zone in clocks.disagreements.values() for each in zone]
    rows = table_of(
        "disagreement",
        timezone=(String, [each.timezone for each in differing]),
        during=(TSTZRANGE, [period(each.start, each.end) for each in differing]),
        later=(Interval, [each.later for each in differing]),
    ).alias()
    there = and_(rows.c.timezone == clock.c.timezone, rows.c.during.bool_op("@>")(at))
    postgresql = func.timezone(clock.c.timezone, at, type_=DateTime())
    return _Showing(postgresql, postgresql + func.coalesce(rows.c.later, literal(dt.timedelta(0))), rows, there)


def whole(during: Any) -> tuple[ColumnElement[bool], ...]:  # Any: a column of ranges
    """The conditions of a period that can be read: neither empty nor infinite."""
    return ~func.isempty(during), during.bool_op("<@")(literal(SANE, TSTZRANGE))


def _sane(told: Any) -> ColumnElement[Any]:  # Any: a column of wall clocks
    first, last = (each.replace(tzinfo=None) for each in (SANE.lower, SANE.upper) if each)
    return func.nullif(func.greatest(func.least(told, last), first), last, type_=DateTime())


def _moved_by_nobody(found: CTE) -> Select[Any]:
    other = aliased(Appointment)
    booked = and_(other.id != found.c.id, other.status == AppointmentStatus.BOOKED)
    overlapping = (
        _any(other.doctor_id == found.c.doctor_id, other.during.bool_op("&&")(found.c.during), booked),
        # A patient has few, which are found without an index of periods.
        _any(other.patient_id == found.c.patient_id, ~func.isempty(other.during.op("*")(found.c.during)), booked),
    )
    covered = _covered(found.c.doctor_id, found.c.hospital_id, found.c.during)
    return select(found).where(covered, *(~each for each in overlapping)).order_by(found.c.id)


def _left_where_it_was(found: CTE) -> Select[Any]:
    other, left = aliased(Availability), aliased(Appointment)
    openings = select(func.range_agg(Opening.during)).where(
        Opening.hospital_id == found.c.hospital_id, Opening.during.bool_op("&&")(found.c.during)
    )
    within = func.coalesce(openings.scalar_subquery().bool_op("@>")(found.c.during), literal(value=False))
    elsewhere = _any(
        other.doctor_id == found.c.doctor_id, other.id != found.c.id, other.during.bool_op("&&")(found.c.during)
    )
    told = [func.timezone(found.c.timezone, each) for each in (found.c.told_start, found.c.told_end)]
    day = literal(dt.timedelta(days=1))
    about = func.tstzrange(func.least(*told) - day, func.greatest(*told) + day)
    behind = _any(
        left.doctor_id == found.c.doctor_id,
        left.hospital_id == found.c.hospital_id,
        left.status == AppointmentStatus.BOOKED,
        left.during.bool_op("&&")(about),
        left.local_start >= found.c.told_start,
        left.local_start < found.c.told_end,
        ~_covered(left.doctor_id, left.hospital_id, left.during),
    )
    return select(found).where(within, ~elsewhere, ~behind).order_by(found.c.id)


def _any(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is such a row: asked for each row by an index, where EXISTS may be planned as a join of whole
    tables, which compares all appointments of a doctor with each other.
    """
    return func.coalesce(select(true()).where(*where).limit(1).scalar_subquery(), literal(value=False))


def _covered(doctor: Any, hospital: Any, during: Any) -> ColumnElement[bool]:  # Any: columns of either table
    """Whether the availabilities of a doctor at a hospital cover a period."""
    theirs = select(func.range_agg(Availability.during)).where(
        Availability.doctor_id == doctor,
        Availability.hospital_id == hospital,
        Availability.during.bool_op("&&")(during),
    )
    return func.coalesce(theirs.scalar_subquery().bool_op("@>")(during), literal(value=False))
