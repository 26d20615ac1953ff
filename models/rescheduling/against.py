"""What stands against giving appointments the hours that were meant for them: everything that has changed since."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, TableValuedAlias, Uuid, select
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Session

from models.arrays import among, table_of
from models.base import ends
from models.faults import Fault
from models.hospitals import Hospital
from models.people import Patient, User
from models.rescheduling.changes import Changes
from models.rescheduling.lost import Lost, overlapping
from models.rescheduling.reaching import is_within
from models.rescheduling.remaining import Span, without
from models.schedule import Appointment, AppointmentStatus, Availability
from planner.instants import is_full_hour, join
from planner.wording import spoken

Hospitals = Mapping[uuid.UUID, Hospital]

Told = Collection[uuid.UUID] | None
"""The hospitals of which somebody may be told (None: all). Of what stands elsewhere they hear that it is elsewhere."""

_ENDED = {
    AppointmentStatus.CANCELLED: "has been cancelled",
    AppointmentStatus.COMPLETED: "has been completed",
    AppointmentStatus.NO_SHOW: "has been missed",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The hour that an appointment is to have."""

    appointment: uuid.UUID
    patient: uuid.UUID
    doctor: uuid.UUID
    hospital: uuid.UUID
    during: Range[dt.datetime]

    @property
    def start(self) -> dt.datetime:
        """When it begins."""
        return ends(self.during)[0]

    @property
    def facts(self) -> dict[str, str]:
        """What a fault tells of it."""
        ids = {"appointment": self.appointment, "doctor": self.doctor, "hospital": self.hospital}
        return {name: str(id_) for name, id_ in ids.items()} | {"start": self.start.isoformat()}

    @property
    def as_lost(self) -> Lost:
        """The same hour, to find what overlaps it."""
        return Lost(self.hospital, self.doctor, self.during)


def when(start: dt.datetime, timezone: str) -> str:
    """An instant by a clock: `Tue 1 Dec 2026 10:00 (Europe/Lisbon)`."""
    return f"{spoken(start.astimezone(ZoneInfo(timezone)))} ({timezone})"


def elsewhere(appointment: Appointment, expected: Wanted, told: Told = None) -> Iterator[Fault]:
    """No fault, or the one of an appointment that has not got the hour any more that it is expected to have."""
    had = Wanted(
        appointment.id, appointment.patient_id, appointment.doctor_id, appointment.hospital_id, appointment.during
    )
    if appointment.status is not AppointmentStatus.BOOKED:
        facts = {"appointment": str(appointment.id), "status": appointment.status.value}
        yield fault("appointment_ended", appointment.id, f"{_ENDED[appointment.status]} since", facts)
    elif not is_within([had.hospital], told):
        facts = {"appointment": str(appointment.id)}
        yield fault("appointment_moved", appointment.id, "has been moved since, to another hospital", facts)
    elif had != expected:
        place = when(had.start, appointment.timezone)
        yield fault("appointment_moved", appointment.id, f"has been moved since, to {place}", had.facts)


def against(
    session: Session,
    wanted: Sequence[Wanted],
    hospitals: Hospitals,
    *,
    leaving: Collection[uuid.UUID],
    changes: Changes,
    told: Told = None,
) -> Iterator[Fault]:
    """What stands against some hours, once the appointments `leaving` have left theirs and `changes` are made."""
    if wanted:
        yield from _taken(session, wanted, hospitals, leaving, told)
        yield from _nobody_there(session, wanted, hospitals, changes)
        yield from _off_the_hour(wanted, hospitals)
        yield from _inactive(session, wanted)


def too_near(wanted: Sequence[Wanted], since: dt.datetime, hospitals: Hospitals, limit: str) -> Iterator[Fault]:
    """The hours that begin before an instant; `limit` is what is said of them."""
    for each in wanted:
        if each.start < since:
            message = f"was to go to {place(each, hospitals)}, which {limit}"
            yield fault("hour_too_near", each.appointment, message, each.facts)


def _taken(
    session: Session,
    wanted: Sequence[Wanted],
    hospitals: Hospitals,
    leaving: Collection[uuid.UUID],
    told: Told,
) -> Iterator[Fault]:
    """The hours whose doctor or patient has another appointment by now."""
    by_id = {each.appointment: each for each in wanted}
    hours = table_of(
        "wanted",
        appointment=(Uuid, [each.appointment for each in wanted]),
        patient=(Uuid, [each.patient for each in wanted]),
        doctor=(Uuid, [each.doctor for each in wanted]),
        during=(TSTZRANGE, [each.during for each in wanted]),
    )
    for code, whose, who in (
        ("hour_taken_since", Appointment.doctor_id == hours.c.doctor, "the doctor"),
        ("patient_busy_since", Appointment.patient_id == hours.c.patient, "the patient"),
    ):
        for appointment, other, hospital in session.execute(_standing(hours, whose, leaving)):
            each = by_id[appointment]
            goes = place(each, hospitals)
            if is_within([hospital], told):
                message = f"was to go to {goes}, and {who} has the appointment {other} then"
                yield fault(code, appointment, message, each.facts | {"taken_by": str(other)})
            else:
                message = f"was to go to {goes}, and {who} has an appointment at another hospital then"
                yield fault(code, appointment, message, each.facts)


def _standing(
    hours: TableValuedAlias, whose: ColumnElement[bool], leaving: Collection[uuid.UUID]
) -> Select[uuid.UUID, uuid.UUID, uuid.UUID]:
    return (
        select(hours.c.appointment, Appointment.id, Appointment.hospital_id)
        .where(whose, Appointment.occupies.bool_op("&&")(hours.c.during), ~among(Appointment.id, leaving))
        .order_by(hours.c.appointment, Appointment.id)
    )


def _nobody_there(
    session: Session, wanted: Sequence[Wanted], hospitals: Hospitals, changes: Changes
) -> Iterator[Fault]:
    """The hours in which the doctor will not be available at the hospital."""
    near = overlapping(Availability, [each.as_lost for each in wanted])
    rows = session.scalars(
        select(Availability).where(Availability.id.in_(select(near.c.id))).execution_options(populate_existing=True)
    )
    replaced = {each.id for each in changes.before}
    there: defaultdict[tuple[uuid.UUID, uuid.UUID], list[Span]] = defaultdict(list)
    for row in rows:
        if row.id not in replaced:
            there[row.doctor_id, row.hospital_id].append(ends(row.during))
    for piece in changes.after:
        if piece.stands is None:
            there[piece.doctor, piece.hospital].append((piece.start, piece.end))
    periods = {key: join(spans) for key, spans in there.items()}
    for each in wanted:
        if any(without(*ends(each.during), periods.get((each.doctor, each.hospital), ()))):
            goes = place(each, hospitals)
            message = f"was to go to {goes}, and the doctor is not available there for all of that hour any more"
            yield fault("hour_unavailable_since", each.appointment, message, each.facts)


def _off_the_hour(wanted: Sequence[Wanted], hospitals: Hospitals) -> Iterator[Fault]:
    for each in wanted:
        zone = ZoneInfo(hospitals[each.hospital].timezone)
        if not is_full_hour(each.start, zone):
            message = f"was to go to {place(each, hospitals)}, which is off the hour by the clock"
            yield fault("clock_changed_since", each.appointment, f"{message} that the hospital has now", each.facts)


def _inactive(session: Session, wanted: Sequence[Wanted]) -> Iterator[Fault]:
    doctors = set(session.scalars(select(User.id).where(among(User.id, {each.doctor for each in wanted}), User.active)))
    patients = set(
        session.scalars(select(Patient.id).where(among(Patient.id, {each.patient for each in wanted}), Patient.active))
    )
    for each in wanted:
        if each.doctor not in doctors:
            message = f"was to go to the doctor {each.doctor}, who is no longer active"
            yield fault("doctor_left_since", each.appointment, message, each.facts)
        if each.patient not in patients:
            message = "is of a patient who is no longer active; cancel it"
            yield fault("patient_left_since", each.appointment, message, each.facts)


def place(wanted: Wanted, hospitals: Hospitals) -> str:
    """When an hour begins, by the clock of its hospital."""
    return when(wanted.start, hospitals[wanted.hospital].timezone)


def fault(code: str, appointment: uuid.UUID, what: str, facts: Mapping[str, str]) -> Fault:
    """What has changed about one appointment; `what` follows its name."""
    return Fault(code, "", str(appointment), f"The appointment {appointment} {what}.", facts=facts)
