"""What the outbox tells of appointments: ids and instants as of the change, which no later change alters.

Whoever hears of two quick changes can tell each as it was: `version` says which is the later one. Who the patient is
stands nowhere in them.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Self

from models.base import ends
from models.booking import JsonObject
from models.schedule import Appointment

BOOKED, MOVED, CANCELLED = "appointment.booked", "appointment.moved", "appointment.cancelled"
"""The topics of what a patient wants to know."""


@dataclass(frozen=True, slots=True)
class Hour:
    """A doctor's hour at a hospital: 60 minutes from `start`."""

    doctor: uuid.UUID
    hospital: uuid.UUID
    start: dt.datetime

    @classmethod
    def of(cls, appointment: Appointment) -> Self:
        """The hour that an appointment has."""
        return cls(appointment.doctor_id, appointment.hospital_id, ends(appointment.during)[0])


def appointment_message(
    appointment: uuid.UUID,
    version: int,
    hour: Hour,
    *,
    left: Hour | None = None,
    request: uuid.UUID | None = None,
    reschedule: uuid.UUID | None = None,
) -> JsonObject:
    """What a topic `appointment.…` tells: the appointment's version, and its hour, as the change has made them.

    `left` is the hour that it had before a move; `former_doctor` and `former_hospital` are told where those are others.
    `request` is the booking request, `reschedule` the reschedule that asked for the change, if any did.
    """
    told: JsonObject = {
        "appointment": str(appointment),
        "version": version,
        "doctor": str(hour.doctor),
        "hospital": str(hour.hospital),
        "start": _written(hour.start),
    }
    if left:
        told["former_start"] = _written(left.start)
        if left.doctor != hour.doctor:
            told["former_doctor"] = str(left.doctor)
        if left.hospital != hour.hospital:
            told["former_hospital"] = str(left.hospital)
    if request:
        told["booking_request"] = str(request)
    if reschedule:
        told["reschedule"] = str(reschedule)
    return told


def told_hours(payload: JsonObject) -> tuple[Hour, Hour | None]:
    """The hour that a message tells, and the one that was left for it, if it tells of a move."""
    hour = Hour(uuid.UUID(payload["doctor"]), uuid.UUID(payload["hospital"]), _read(payload["start"]))
    if "former_start" not in payload:
        return hour, None
    doctor, hospital = payload.get("former_doctor", hour.doctor), payload.get("former_hospital", hour.hospital)
    return hour, Hour(uuid.UUID(str(doctor)), uuid.UUID(str(hospital)), _read(payload["former_start"]))


def _written(start: dt.datetime) -> str:
    return start.astimezone(dt.UTC).isoformat()


def _read(start: str) -> dt.datetime:
    return dt.datetime.fromisoformat(start)
