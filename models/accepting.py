"""A patient agrees to another hour than the one asked for: a request in conflict is booked after all."""

import datetime as dt
import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.appointments import book_hours, off_the_hour
from models.booking import BookingRequest, RequestStatus
from models.explaining import WantedHour
from models.faults import Fault, Refusal, Refused, refuse_if
from models.inputs import AppointmentMove, ExactHour
from models.moving import move_appointment
from models.people import Patient
from models.references import Found, check_reference, find_doctors, find_hospitals, inactive, missing
from models.requests import tell_decided

_REMEDIES = {
    RequestStatus.QUEUED: "wait until it is planned",
    RequestStatus.PLANNING: "wait until it is planned",
    RequestStatus.BOOKED: "move its appointment instead",
    RequestStatus.CANCELLED: "queue a new one, or book the hour at once",
    RequestStatus.FAILED: "queue a new one, or book the hour at once",
}
"""What to do with a request that is not in conflict."""


def accept_hour(session: Session, request_id: uuid.UUID, hour: ExactHour, now: dt.datetime) -> uuid.UUID:
    """Book an hour for a request in conflict: one of its alternatives, or any other that the patient agrees to.

    A request that was to move an appointment moves that one. The conflict is kept, as the record of why the hour is
    another than the one asked for. Returns the id of the appointment.

    Raises
    ------
    Refused
        where the request does not exist or is not in conflict (any more); where the hour names nobody or starts off
        the hour (invalid); and where it cannot be had (clash), with the reason and the alternatives there are now.

    """
    with session.begin_nested():
        request = _decide(session, request_id, now)
        wanted = _look_up(session, request, hour)
        if request.moves:
            to = AppointmentMove(doctor=hour.doctor, hospital=hour.hospital, start=hour.start)
            move_appointment(session, request.moves, to, None, now, request_id)
            appointment = request.moves
        else:
            (appointment,) = book_hours(session, [wanted], now)
        tell_decided(session, request_id, RequestStatus.BOOKED)
    return appointment


def _decide(session: Session, request_id: uuid.UUID, now: dt.datetime) -> BookingRequest:
    """Let a request in conflict be booked; of two who accept an hour for it, the second finds it booked."""
    request: BookingRequest | None = session.scalar(
        update(BookingRequest)
        .where(BookingRequest.id == request_id, BookingRequest.status == RequestStatus.CONFLICT)
        .values(status=RequestStatus.BOOKED, decided_at=now)
        .returning(BookingRequest)
    )
    if request:
        return request
    status = session.scalar(select(BookingRequest.status).where(BookingRequest.id == request_id))
    if status is None:
        raise missing(BookingRequest, request_id)
    message = f"The request is {status}, and only one in conflict takes another hour; {_REMEDIES[status]}."
    raise Refused(Refusal.CLASH, [Fault("request_not_in_conflict", "status", status, message)])


def _look_up(session: Session, request: BookingRequest, hour: ExactHour) -> WantedHour:
    doctors, hospitals = find_doctors(session, [hour.doctor]), find_hospitals(session, [hour.hospital])
    patient = session.get_one(  # whom nobody erases until it is done
        Patient, request.patient_id, with_for_update={"read": True, "key_share": True}, populate_existing=True
    )
    faults = [] if patient.active else [inactive("patient", "", patient.external_id)]
    faults += check_reference(doctors, "doctor", "doctor", hour.doctor)
    faults += check_reference(hospitals, "hospital", "hospital", hour.hospital)
    if hour.hospital in hospitals:
        faults += off_the_hour(hour.start, hospitals[hour.hospital].timezone)
    refuse_if(faults)
    known = Found(patient.id, patient.name, patient.active)
    return WantedHour(0, known, doctors[hour.doctor], hospitals[hour.hospital], hour.start, request.id)
