"""Appointments at an exact hour: booked at once or refused with the reasons, and what becomes of them."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterator, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import outbox
from models.access.reach import whole
from models.appointment_messages import BOOKED, Hour, appointment_message
from models.base import new_ids, period
from models.booking import BookingRequest, JsonObject, RequestStatus
from models.explaining import WantedHour, explain
from models.faults import Fault, Refusal, Refused, refuse_if
from models.inputs import AppointmentIn
from models.references import check_reference, find_doctors, find_hospitals, find_patients, lock_to_change
from models.rescheduling.leftovers import give_up, hold_kept
from models.schedule import Appointment, AppointmentStatus
from planner.problem import HOUR


def book_appointments(session: Session, rows: Sequence[AppointmentIn], now: dt.datetime) -> list[uuid.UUID]:
    """Book appointments, all or none. Returns their ids, in order. An hour before `now` can be booked, to record it.

    Raises
    ------
    Refused
        naming those that name nobody or start off the hour (invalid), or those whose hour cannot be had (clash), each
        with the reason and the alternatives that a conflict would have.

    """
    return book_hours(session, _look_up(session, rows), now)


def book_hours(session: Session, wanted: Sequence[WantedHour], now: dt.datetime) -> list[uuid.UUID]:
    """Book hours that have been looked up; as `book_appointments` in all else."""
    if not wanted:
        return []
    try:
        with session.begin_nested():
            booked = _insert(session, wanted)
            # Whoever got nothing clashes with a standing appointment, or with another of these, which stands as yet.
            refuse_if(explain(session, [hour for hour in wanted if hour.row not in booked], now), Refusal.CLASH)
    except IntegrityError:  # an hour outside its doctor's availability
        with session.begin_nested():
            refuse_if(_every_fault(session, wanted, now), Refusal.CLASH)
        raise
    outbox.tell(session, BOOKED, (_booked_message(booked[hour.row], hour) for hour in wanted))
    return [booked[hour.row] for hour in wanted]


def change_status(
    session: Session, appointment_id: uuid.UUID, status: AppointmentStatus, version: int | None = None
) -> None:
    """Let a booked appointment be cancelled, completed or a no-show. `version`: what the caller saw; None: any.

    Raises
    ------
    Refused
        where it does not exist, has changed since, or is booked no longer.

    """
    with whole(session):  # what was kept for it may be at a hospital where it is not any more
        hold_kept(session, [appointment_id])
    appointment = lock_to_change(session, Appointment, appointment_id, version)
    refuse_unless_booked(appointment)
    message = appointment_message(appointment_id, appointment.version + 1, Hour.of(appointment))
    session.execute(
        update(Appointment)
        .where(Appointment.id == appointment_id)
        .values(status=status, version=Appointment.version + 1)
    )
    with whole(session):
        give_up(session, [appointment_id])
    outbox.tell(session, f"appointment.{status}", [message])


def refuse_unless_booked(appointment: Appointment) -> None:
    """Raise `Refused` where an appointment has been cancelled, completed or missed: it changes no more."""
    if appointment.status is not AppointmentStatus.BOOKED:
        message = f"The appointment is {appointment.status} already; only a booked one changes."
        raise Refused(Refusal.CLASH, [Fault("appointment_not_booked", "status", appointment.status, message)])


def being_moved(session: Session, appointments: Collection[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Those of the appointments that an undecided booking request is to move."""
    undecided = [RequestStatus.QUEUED, RequestStatus.PLANNING]
    moves = select(BookingRequest.moves).where(
        BookingRequest.moves.in_(appointments), BookingRequest.status.in_(undecided)
    )
    with whole(session):  # whoever has asked for it
        return frozenset(id_ for id_ in session.scalars(moves) if id_)


def off_the_hour(start: dt.datetime, timezone: str, row: int = 0) -> Iterator[Fault]:
    """No fault, or the one of a start that is not on the hour by the clocks of `timezone`."""
    local = start.astimezone(ZoneInfo(timezone))
    if local.minute or local.second or local.microsecond:
        before = start - dt.timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        nearest = [instant.astimezone(ZoneInfo(timezone)).isoformat() for instant in (before, before + HOUR)]
        yield Fault(
            "off_the_hour",
            "start",
            start.isoformat(),
            f"An appointment starts on the hour by the hospital's clock ({timezone}), where this is"
            f" {local:%H:%M}; the nearest hours are {nearest[0]} and {nearest[1]}.",
            row,
            facts={"nearest": nearest},
        )


def _look_up(session: Session, rows: Sequence[AppointmentIn]) -> list[WantedHour]:
    patients = find_patients(session, (row.patient for row in rows), to_book=True)
    doctors = find_doctors(session, (row.doctor for row in rows))
    hospitals = find_hospitals(session, (row.hospital for row in rows))
    faults: list[Fault] = []
    for number, row in enumerate(rows):
        faults += check_reference(patients, "patient", "patient", row.patient, number)
        faults += check_reference(doctors, "doctor", "doctor", row.doctor, number)
        faults += check_reference(hospitals, "hospital", "hospital", row.hospital, number)
        if row.hospital in hospitals:
            faults += off_the_hour(row.start, hospitals[row.hospital].timezone, number)
    refuse_if(faults)
    return [
        WantedHour(number, patients[row.patient], doctors[row.doctor], hospitals[row.hospital], row.start)
        for number, row in enumerate(rows)
    ]


def _insert(session: Session, wanted: Sequence[WantedHour]) -> dict[int, uuid.UUID]:
    """Write what can be written and return the ids by row; an hour that somebody has is left out."""
    if not wanted:
        return {}
    # In one order, so that two who want the same hours wait for each other and never in a ring.
    ordered = sorted(wanted, key=lambda hour: (hour.start, hour.doctor.id, hour.patient.id))
    ids = new_ids(session, len(ordered))
    values = [
        {
            "id": id_,
            "patient_id": hour.patient.id,
            "doctor_id": hour.doctor.id,
            "hospital_id": hour.hospital.id,
            "timezone": hour.hospital.timezone,
            "during": period(hour.start, hour.start + HOUR),
            "booking_request_id": hour.request,
        }
        for id_, hour in zip(ids, ordered, strict=True)
    ]
    written = set(session.scalars(insert(Appointment).on_conflict_do_nothing().returning(Appointment.id), values))
    return {hour.row: id_ for id_, hour in zip(ids, ordered, strict=True) if id_ in written}


def _every_fault(session: Session, wanted: Sequence[WantedHour], now: dt.datetime) -> list[Fault]:
    """What the schedule has against some hours, and what those that it has nothing against have against each other."""
    faults = list(explain(session, wanted, now))
    refused = {fault.row for fault in faults}
    rest = [hour for hour in wanted if hour.row not in refused]
    booked = _insert(session, rest)
    return faults + list(explain(session, [hour for hour in rest if hour.row not in booked], now))


def _booked_message(appointment: uuid.UUID, hour: WantedHour) -> JsonObject:
    return appointment_message(appointment, 1, Hour(hour.doctor.id, hour.hospital.id, hour.start), request=hour.request)
