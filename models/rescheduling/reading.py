"""What a reschedule is about and what it would do, for whoever shows it: counts, appointments, history."""

import datetime as dt
import statistics
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, func, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from models.base import ends
from models.booking import JsonObject
from models.hospitals import Hospital
from models.people import Patient, User
from models.rescheduling.tables import (
    Fate,
    Reschedule,
    RescheduledAppointment,
    RescheduleEvent,
    RescheduleStatus,
)
from models.schedule import Appointment, AppointmentStatus
from planner.plan import ConflictKind
from planner.problem import HOUR, Priority

SHIFTS = (0, 1, 5, 25, 73, 169)
"""Where the classes of shifts begin, in whole hours: the same hour, up to 4 hours, a day, three days, a week, more."""


class Kind(StrEnum):
    """Which appointments of a reschedule."""

    DISPLACED = "displaced"
    PLACED = "placed"
    UNPLACED = "unplaced"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many appointments of a reschedule there are. `others` move to make room; `left` still have to be seen to."""

    displaced: int = 0
    placed: int = 0
    others: int = 0
    left: int = 0

    @property
    def unplaced(self) -> int:
        return self.displaced - self.placed


@dataclass(frozen=True, slots=True)
class Day:
    """How many appointments of a reschedule lie on a local day before it and after it."""

    date: dt.date
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class ShiftBin:
    """How many appointments get an hour `first` to `last` whole hours from their old one (None: or more)."""

    first: int
    last: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A proposal in numbers. Shifts are in whole hours, rounded down, of all who move."""

    counts: Counts
    doctor_changes: int
    hospital_changes: int
    shift_total: int
    shift_median: float
    shift_longest: int
    days: tuple[Day, ...]
    shifts: tuple[ShiftBin, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody, or some hospital (`timezone`)."""

    id: uuid.UUID
    external_id: str
    name: str
    timezone: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A doctor's hour at a hospital; `start` has the hospital's offset."""

    doctor: Named
    hospital: Named
    start: dt.datetime


@dataclass(frozen=True, slots=True)
class Item:
    """One appointment of a reschedule. `after` None: no hour could be found, and `conflict` says why.

    `status` is the appointment's own, as it is now; `seen_to` whether one that was left standing no longer stands
    there.
    """

    appointment: uuid.UUID
    patient: Named
    before: Place
    after: Place | None
    displaced: bool
    priority: Priority | None
    moved_before: bool
    conflict_kind: ConflictKind | None
    conflict: JsonObject | None
    fate: Fate | None
    status: AppointmentStatus
    seen_to: bool

    @property
    def shift(self) -> int | None:
        """Whole hours between the old hour and the new one, rounded down."""
        return None if self.after is None else abs(self.after.start - self.before.start) // HOUR


def counts(session: Session, reschedules: Collection[uuid.UUID]) -> dict[uuid.UUID, Counts]:
    """How many appointments each of some reschedules has."""
    table = RescheduledAppointment
    rows = session.execute(
        select(
            table.reschedule_id,
            func.count().filter(table.displaced),
            func.count().filter(table.displaced, table.to_during.is_not(None)),
            func.count().filter(~table.displaced),
            func.count().filter(_is_left()),
        )
        .join(Reschedule, Reschedule.id == table.reschedule_id)
        .join(Appointment, Appointment.id == table.appointment_id)
        .where(table.reschedule_id.in_(reschedules))
        .group_by(table.reschedule_id)
    )
    found = {id_: Counts(*numbers) for id_, *numbers in rows}
    return {id_: found.get(id_, Counts()) for id_ in reschedules}


def summary(session: Session, reschedule_id: uuid.UUID) -> Summary:
    """A proposal in numbers; before there is one, everybody counts as unplaced."""
    table, hospital, new_hospital = RescheduledAppointment, aliased(Hospital), aliased(Hospital)
    rows = session.execute(
        select(table, hospital.timezone, new_hospital.timezone)
        .join(hospital, hospital.id == table.hospital_id)
        .outerjoin(new_hospital, new_hospital.id == table.to_hospital_id)
        .where(table.reschedule_id == reschedule_id)
    ).all()
    before: Counter[dt.date] = Counter()
    after: Counter[dt.date] = Counter()
    shifts, doctors, hospitals = [], 0, 0
    for row, timezone, new_timezone in rows:
        old = ends(row.during)[0]
        before[_local_date(old, timezone)] += 1
        if row.to_during:
            new = ends(row.to_during)[0]
            after[_local_date(new, new_timezone)] += 1
            shifts.append(abs(new - old) // HOUR)
            doctors += row.to_doctor_id != row.doctor_id
            hospitals += row.to_hospital_id != row.hospital_id
    return Summary(
        counts=counts(session, [reschedule_id])[reschedule_id],
        doctor_changes=doctors,
        hospital_changes=hospitals,
        shift_total=sum(shifts),
        shift_median=statistics.median(shifts) if shifts else 0,
        shift_longest=max(shifts, default=0),
        days=tuple(Day(date, before[date], after[date]) for date in sorted(before | after)),
        shifts=_binned(shifts),
    )


def items(
    session: Session,
    reschedule_id: uuid.UUID,
    *,
    kind: Kind | None = None,
    after: tuple[dt.datetime, uuid.UUID] | None = None,
    limit: int | None = None,
) -> Sequence[Item]:
    """Appointments of a reschedule in the order of their old hours, those after the one that `after` names by its old
    start and its id.
    """
    table = RescheduledAppointment
    order = (func.lower(table.during), table.appointment_id)
    rows = (
        select(table, Appointment, Patient.external_id, Patient.name)
        .join(Appointment, Appointment.id == table.appointment_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(table.reschedule_id == reschedule_id, _of(kind))
        .order_by(*order)
        .limit(limit)
    )
    if after:
        rows = rows.where(tuple_(*order) > tuple_(*after))
    found = session.execute(rows).all()
    named = _names(session, (row.RescheduledAppointment for row in found))
    return [_item(row, named) for row in found]


def history(session: Session, reschedule_id: uuid.UUID) -> Sequence[RescheduleEvent]:
    """What happened to a reschedule, oldest first."""
    events = select(RescheduleEvent).where(RescheduleEvent.reschedule_id == reschedule_id)
    return session.scalars(events.order_by(RescheduleEvent.id)).all()


def _is_left() -> ColumnElement[bool]:
    """Whether an appointment that was left standing stands there still."""
    table = RescheduledAppointment
    stands = (Appointment.status == AppointmentStatus.BOOKED) & (Appointment.version == table.appointment_version)
    return (table.fate == Fate.LEFT) & (Reschedule.status == RescheduleStatus.APPLIED) & stands


def _of(kind: Kind | None) -> ColumnElement[bool]:
    table = RescheduledAppointment
    conditions: dict[Kind | None, ColumnElement[bool]] = {
        None: true(),
        Kind.DISPLACED: table.displaced.is_(true()),
        Kind.PLACED: table.displaced & table.to_during.is_not(None),
        Kind.UNPLACED: table.displaced & table.to_during.is_(None),
        Kind.OTHERS: ~table.displaced,
    }
    return conditions[kind]


def _item(row: Row[RescheduledAppointment, Appointment, str, str], named: Mapping[uuid.UUID, Named]) -> Item:
    planned, appointment, external_id, name = row
    new = None
    if planned.to_doctor_id and planned.to_hospital_id and planned.to_during:
        new = _place(named, planned.to_doctor_id, planned.to_hospital_id, ends(planned.to_during)[0])
    stands = appointment.status is AppointmentStatus.BOOKED and appointment.version == planned.appointment_version
    return Item(
        appointment=appointment.id,
        patient=Named(appointment.patient_id, external_id, name),
        before=_place(named, planned.doctor_id, planned.hospital_id, ends(planned.during)[0]),
        after=new,
        displaced=planned.displaced,
        priority=planned.priority,
        moved_before=planned.moved_before,
        conflict_kind=planned.conflict_kind,
        conflict=planned.conflict,
        fate=planned.fate,
        status=appointment.status,
        seen_to=planned.fate is Fate.LEFT and not stands,
    )


def _place(named: Mapping[uuid.UUID, Named], doctor: uuid.UUID, hospital: uuid.UUID, start: dt.datetime) -> Place:
    there = named[hospital]
    return Place(named[doctor], there, start.astimezone(ZoneInfo(there.timezone)))


def _names(session: Session, rows: Iterable[RescheduledAppointment]) -> dict[uuid.UUID, Named]:
    doctors: set[uuid.UUID | None] = set()
    hospitals: set[uuid.UUID | None] = set()
    for row in rows:
        doctors |= {row.doctor_id, row.to_doctor_id}
        hospitals |= {row.hospital_id, row.to_hospital_id}
    people = session.execute(select(User.id, User.external_id, User.name).where(User.id.in_(doctors - {None})))
    places = session.execute(
        select(Hospital.id, Hospital.external_id, Hospital.name, Hospital.timezone).where(
            Hospital.id.in_(hospitals - {None})
        )
    )
    return {row[0]: Named(*row) for row in [*people, *places]}


def _local_date(instant: dt.datetime, timezone: str) -> dt.date:
    return instant.astimezone(ZoneInfo(timezone)).date()


def _binned(shifts: Sequence[int]) -> tuple[ShiftBin, ...]:
    edges = [*SHIFTS, None]
    return tuple(
        ShiftBin(
            first,
            None if following is None else following - 1,
            sum(first <= shift and (following is None or shift < following) for shift in shifts),
        )
        for first, following in pairwise(edges)
        if first is not None
    )
