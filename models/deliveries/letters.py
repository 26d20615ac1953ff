"""What a patient is told of an appointment: its hour as the change made it, and the hour that it had before."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.appointment_messages import Hour, told_hours
from models.booking import JsonObject
from models.hospitals import Hospital
from models.people import Patient, User
from models.schedule import Appointment
from planner.problem import HOUR

Named = TypeVar("Named", User, Hospital)


@dataclass(frozen=True, slots=True)
class Visit:
    """An hour `[start, end)` with the names of the doctor and the hospital, and the hospital's clock."""

    doctor: str
    hospital: str
    zone: ZoneInfo
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """To whom it goes, of which version of which appointment, and since when that is so.

    `before` is the hour that was left for `visit`; None where the topic is no move.
    """

    topic: str
    name: str
    address: str
    appointment: uuid.UUID
    version: int
    visit: Visit
    before: Visit | None
    told_at: dt.datetime

    @property
    def last_start(self) -> dt.datetime:
        """When the later of its hours begins; from then on it is no news."""
        return max(visit.start for visit in (self.visit, self.before) if visit)


def read_letter(session: Session, topic: str, payload: JsonObject, told_at: dt.datetime) -> Letter | None:
    """The letter that a message makes; None where its patient has no address any more.

    Hours are those of the message; the names are today's, and so is the address.
    """
    appointment = uuid.UUID(payload["appointment"])
    patient = session.execute(
        select(Patient.name, Patient.email)
        .join(Appointment, Appointment.patient_id == Patient.id)
        .where(Appointment.id == appointment)
    ).one()
    if patient.email is None:
        return None
    hour, left = told_hours(payload)
    hours = [each for each in (hour, left) if each]
    doctors = _by_id(session, User, {each.doctor for each in hours})
    hospitals = _by_id(session, Hospital, {each.hospital for each in hours})
    visit, *before = (_visit(each, doctors, hospitals) for each in hours)
    return Letter(
        topic=topic,
        name=patient.name,
        address=patient.email,
        appointment=appointment,
        version=payload["version"],
        visit=visit,
        before=before[0] if before else None,
        told_at=told_at,
    )


def _visit(hour: Hour, doctors: Mapping[uuid.UUID, User], hospitals: Mapping[uuid.UUID, Hospital]) -> Visit:
    hospital = hospitals[hour.hospital]
    return Visit(doctors[hour.doctor].name, hospital.name, ZoneInfo(hospital.timezone), hour.start, hour.start + HOUR)


def _by_id(session: Session, kind: type[Named], ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Named]:
    return {row.id: row for row in session.scalars(select(kind).where(kind.id.in_(ids)))}
