"""Moving an appointment to another hour. It keeps its id: whoever refers to it finds it at its new hour."""

import datetime as dt
import uuid

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import outbox
from models.access.reach import whole
from models.appointment_messages import MOVED, Hour, appointment_message
from models.appointments import being_moved, off_the_hour, refuse_unless_booked
from models.base import period
from models.explaining import WantedHour, explain
from models.faults import Fault, Refusal, Refused, refuse_if
from models.inputs import AppointmentMove
from models.people import Patient
from models.references import Found, check_reference, find_doctors, find_hospitals, lock_to_change, missing
from models.rescheduling.leftovers import give_up, kept_for
from models.schedule import Appointment, Availability
from planner.problem import HOUR


def move_appointment(
    session: Session,
    appointment_id: uuid.UUID,
    to: AppointmentMove,
    version: int | None,
    now: dt.datetime,
    request_id: uuid.UUID | None = None,
) -> None:
    """Give a booked appointment another hour; one that has it already stays as it is.

    Its own hour counts as free for it, so that it may move by less than an hour where clocks differ. An hour before
    `now` can be had, to record it. `version`: what the caller saw; None: as it is now. `request_id`: the booking
    request that asked for it, if any.

    Raises
    ------
    Refused
        where it does not exist, has changed since, is booked no longer, or a booking request is about to move it; where
        the new hour names nobody or starts off the hour (invalid); and where the hour cannot be had (clash), with the
        reason and the alternatives that a conflict would have.

    """
    seen = session.get(Appointment, appointment_id)
    if seen is None:
        raise missing(Appointment, appointment_id)
    wanted = _look_up(session, seen, to, request_id)
    _hold_availabilities(session, wanted)
    lock_to_change(session, Appointment, appointment_id, seen.version if version is None else version)
    refuse_unless_booked(seen)
    if being_moved(session, [appointment_id]):
        message = f"A booking request is about to move the appointment {appointment_id}; cancel that one first."
        raise Refused(Refusal.CLASH, [Fault("already_being_moved", "", str(appointment_id), message)])
    if wanted.leaves(str(wanted.doctor.id), str(wanted.hospital.id), wanted.start):
        return
    left, moved = Hour.of(seen), seen.version + 1
    try:
        with session.begin_nested():
            _write(session, wanted, appointment_id)
            with whole(session):  # what was kept for it may be at a hospital where it is not any more
                give_up(session, [appointment_id])
    except IntegrityError:  # somebody has the hour, or nobody is there
        refuse_if(explain(session, [wanted], now), Refusal.CLASH)
        raise
    hour = Hour(wanted.doctor.id, wanted.hospital.id, wanted.start)
    told = appointment_message(appointment_id, moved, hour, left=left, request=request_id)
    outbox.tell(session, MOVED, [told])


def _look_up(session: Session, seen: Appointment, to: AppointmentMove, request_id: uuid.UUID | None) -> WantedHour:
    """The new hour. Where `to` leaves out a doctor or a hospital, the appointment keeps the one it has."""
    doctor, hospital = to.doctor or str(seen.doctor_id), to.hospital or str(seen.hospital_id)
    doctors, hospitals = find_doctors(session, [doctor]), find_hospitals(session, [hospital])
    faults = [*check_reference(doctors, "doctor", "doctor", doctor)]
    faults += check_reference(hospitals, "hospital", "hospital", hospital)
    if hospital in hospitals:
        faults += off_the_hour(to.start, hospitals[hospital].timezone)
    refuse_if(faults)
    patient = session.get_one(Patient, seen.patient_id)
    known = Found(patient.id, patient.name, patient.active)
    return WantedHour(0, known, doctors[doctor], hospitals[hospital], to.start, request_id, moves=seen)


def _hold_availabilities(session: Session, wanted: WantedHour) -> None:
    """Keep availabilities from being changed until the transaction ends: around the new hour, and one kept for the old.

    The database would lock them after the appointment. Whoever changes an availability locks that first and the
    appointments in it second, as the workers do (`workers.commit`); so does this, or the two would wait for each other.
    """
    hour = period(wanted.start, wanted.start + HOUR)
    around = and_(
        Availability.doctor_id == wanted.doctor.id,
        Availability.hospital_id == wanted.hospital.id,
        Availability.during.overlaps(hour),
    )
    with whole(session):
        session.execute(
            select(Availability.id)
            .where(or_(around, Availability.id.in_(kept_for([wanted.moves.id] if wanted.moves else []))))
            .order_by(Availability.id)
            .with_for_update(read=True, key_share=True)
        )


def _write(session: Session, wanted: WantedHour, appointment_id: uuid.UUID) -> None:
    session.execute(
        update(Appointment)
        .where(Appointment.id == appointment_id)
        .values(
            doctor_id=wanted.doctor.id,
            hospital_id=wanted.hospital.id,
            timezone=wanted.hospital.timezone,
            during=period(wanted.start, wanted.start + HOUR),
            version=Appointment.version + 1,
        )
    )
