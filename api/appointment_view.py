"""How appointments are shown, wherever they are."""

import uuid
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from sqlalchemy import Row, Select, select

from api.named import HospitalName, PersonName
from api.times import InstantOut, local
from models.base import ends
from models.hospitals import Hospital
from models.people import Patient, User
from models.schedule import Appointment, AppointmentStatus


class AppointmentOut(BaseModel):
    """A patient's hour with a doctor at a hospital."""

    id: uuid.UUID
    status: AppointmentStatus
    patient: PersonName
    doctor: PersonName
    hospital: HospitalName
    start: InstantOut
    end: InstantOut
    booking_request: uuid.UUID | None = Field(description="The request it was booked for, if any")
    version: int
    created_at: InstantOut


def select_appointments() -> Select[*tuple[Any, ...]]:  # Any: the columns, which `shown` reads by name
    """Appointments with the names of who and where."""
    return (
        select(
            Appointment,
            Patient.external_id.label("patient_external_id"),
            Patient.name.label("patient_name"),
            User.external_id.label("doctor_external_id"),
            User.name.label("doctor_name"),
            Hospital.external_id.label("hospital_external_id"),
            Hospital.name.label("hospital_name"),
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(User, User.id == Appointment.doctor_id)
        .join(Hospital, Hospital.id == Appointment.hospital_id)
    )


def shown(rows: Iterable[Row[Any]]) -> list[AppointmentOut]:  # Any: see `select_appointments`
    """Rows of `select_appointments` as answers give them."""
    return [_shown(row) for row in rows]


def _shown(row: Row[Any]) -> AppointmentOut:
    appointment: Appointment = row.Appointment
    zone = ZoneInfo(appointment.timezone)
    start, end = ends(appointment.during)
    return AppointmentOut(
        id=appointment.id,
        status=appointment.status,
        patient=PersonName(id=appointment.patient_id, external_id=row.patient_external_id, name=row.patient_name),
        doctor=PersonName(id=appointment.doctor_id, external_id=row.doctor_external_id, name=row.doctor_name),
        hospital=HospitalName(
            id=appointment.hospital_id,
            external_id=row.hospital_external_id,
            name=row.hospital_name,
            timezone=appointment.timezone,
        ),
        start=local(start, zone),
        end=local(end, zone),
        booking_request=appointment.booking_request_id,
        version=appointment.version,
        created_at=local(appointment.created_at, zone),
    )
