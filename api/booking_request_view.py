"""How booking requests are shown: what was wished for, how it stands, and the appointment or the reason there is none.

Instants are written in the offset of the request's hospitals where these share one time zone, and in UTC otherwise;
`timezone` says which. An appointment and an alternative have the offset of their own hospital.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.appointment_view import AppointmentOut, select_appointments
from api.appointment_view import shown as appointments_shown
from api.conflict_view import ConflictOut, Names
from api.named import HospitalName, PersonName
from api.times import UTC, InstantOut, local
from models.booking import (
    BookingRequest,
    BookingRequestDoctor,
    BookingRequestHospital,
    Conflict,
    RequestStatus,
)
from models.hospitals import Hospital
from models.people import Patient, User
from models.schedule import Appointment
from models.withholding import Told, Withholding
from planner.problem import Priority


class BookingRequestOut(BaseModel):
    """A patient's wish for one hour, and what became of it."""

    id: uuid.UUID
    status: RequestStatus = Field(description="queued and planning are undecided; the others are decided")
    patient: PersonName
    priority: Priority
    doctors: list[PersonName] | None = Field(description="Acceptable doctors, best first; null: any")
    specialty: str | None
    hospitals: list[HospitalName] | None = Field(description="Acceptable hospitals; null: any")
    timezone: str = Field(description="Whose offset the instants below have", examples=["Europe/Lisbon"])
    earliest: InstantOut
    latest: InstantOut
    preferred: InstantOut | None
    moves: uuid.UUID | None = Field(description="The appointment it moves")
    batch: uuid.UUID | None
    batch_line: int | None = Field(description="Its place in the batch, from 1")
    created_at: InstantOut
    decided_at: InstantOut | None
    appointment: AppointmentOut | None = Field(description="Where booked")
    conflict: ConflictOut | None = Field(description="Where there is no booking")
    failure: str | None = Field(description="Where it could not be planned at all, why")


@dataclass(frozen=True, slots=True)
class _Belongings:
    """What belongs to some requests, by request."""

    doctors: Mapping[uuid.UUID, list[PersonName]]
    hospitals: Mapping[uuid.UUID, list[HospitalName]]
    appointments: Mapping[uuid.UUID, AppointmentOut]
    conflicts: Mapping[uuid.UUID, ConflictOut]


def shown(session: Session, requests: Sequence[BookingRequest]) -> list[BookingRequestOut]:
    """Requests as answers give them, in order, with a fixed number of queries however many there are."""
    ids = [request.id for request in requests]
    patients = _patients(session, requests)
    belongings = _Belongings(
        doctors=_doctors(session, ids),
        hospitals=_hospitals(session, ids),
        appointments=_appointments(session, requests),
        conflicts=_conflicts(session, requests),
    )
    return [_shown(request, patients[request.patient_id], belongings) for request in requests]


def _shown(request: BookingRequest, patient: PersonName, belongings: _Belongings) -> BookingRequestOut:
    hospitals = belongings.hospitals.get(request.id)
    zones = {hospital.timezone for hospital in hospitals or ()}
    zone = ZoneInfo(zones.pop()) if len(zones) == 1 else UTC
    return BookingRequestOut(
        id=request.id,
        status=request.status,
        patient=patient,
        priority=request.priority,
        doctors=belongings.doctors.get(request.id),
        specialty=request.specialty,
        hospitals=hospitals,
        timezone=zone.key,
        earliest=local(request.earliest, zone),
        latest=local(request.latest, zone),
        preferred=request.preferred and local(request.preferred, zone),
        moves=request.moves,
        batch=request.batch_id,
        batch_line=request.batch_line,
        created_at=local(request.created_at, zone),
        decided_at=request.decided_at and local(request.decided_at, zone),
        appointment=belongings.appointments.get(request.id),
        conflict=belongings.conflicts.get(request.id),
        failure=request.failure,
    )


def _patients(session: Session, requests: Sequence[BookingRequest]) -> dict[uuid.UUID, PersonName]:
    ids = {request.patient_id for request in requests}
    rows = session.execute(select(Patient.id, Patient.external_id, Patient.name).where(Patient.id.in_(ids)))
    return {row.id: PersonName.model_validate(row, from_attributes=True) for row in rows}


def _doctors(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[PersonName]]:
    of: dict[uuid.UUID, list[PersonName]] = {}
    rows = session.execute(
        select(BookingRequestDoctor.booking_request_id.label("request"), User.id, User.external_id, User.name)
        .join(User, User.id == BookingRequestDoctor.doctor_id)
        .where(BookingRequestDoctor.booking_request_id.in_(ids))
        .order_by(BookingRequestDoctor.position)
    )
    for row in rows:
        of.setdefault(row.request, []).append(PersonName.model_validate(row, from_attributes=True))
    return of


def _hospitals(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[HospitalName]]:
    of: dict[uuid.UUID, list[HospitalName]] = {}
    columns = Hospital.id, Hospital.external_id, Hospital.name, Hospital.timezone
    rows = session.execute(
        select(BookingRequestHospital.booking_request_id.label("request"), *columns)
        .join(Hospital, Hospital.id == BookingRequestHospital.hospital_id)
        .where(BookingRequestHospital.booking_request_id.in_(ids))
        .order_by(Hospital.name, Hospital.id)
    )
    for row in rows:
        of.setdefault(row.request, []).append(HospitalName.model_validate(row, from_attributes=True))
    return of


def _appointments(session: Session, requests: Sequence[BookingRequest]) -> dict[uuid.UUID, AppointmentOut]:
    """The appointment of every booked request: the one made for it, or the one it has moved."""
    booked = {request.id: request for request in requests if request.status is RequestStatus.BOOKED}
    if not booked:
        return {}
    moved = {request.moves: request.id for request in booked.values() if request.moves}
    rows = session.execute(
        select_appointments().where(or_(Appointment.booking_request_id.in_(booked), Appointment.id.in_(moved)))
    ).all()
    of: dict[uuid.UUID, AppointmentOut] = {}
    for appointment in appointments_shown(rows):
        if appointment.id in moved:
            of[moved[appointment.id]] = appointment
        if appointment.booking_request in booked:
            of.setdefault(appointment.booking_request, appointment)
    return of


def _conflicts(session: Session, requests: Sequence[BookingRequest]) -> dict[uuid.UUID, ConflictOut]:
    refused = [request.id for request in requests if request.status is RequestStatus.CONFLICT]
    if not refused:
        return {}
    conflicts = session.scalars(select(Conflict).where(Conflict.booking_request_id.in_(refused))).all()
    withholding = Withholding(session, ([each.facts, each.certificate, each.alternatives] for each in conflicts))
    told = {each.booking_request_id: (each.kind, _told(withholding, each)) for each in conflicts}
    names = Names.of(session, [[each.facts, each.alternatives] for _, each in told.values()])
    return {
        request: ConflictOut(
            kind=kind,
            message=each.message,
            facts=each.facts,
            certificate=each.certificate,
            alternatives=names.alternatives(each.alternatives),
            names=names.named_in(each.facts),
        )
        for request, (kind, each) in told.items()
    }


def _told(withholding: Withholding, conflict: Conflict) -> Told:
    return withholding.of(conflict.kind, conflict.message, conflict.facts, conflict.certificate, conflict.alternatives)
