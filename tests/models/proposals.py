"""Proposals written by hand, and pictures of the schedule to compare."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.base import period
from models.inputs import AppointmentIn
from models.outbox import START, read
from models.rescheduling.inputs import Policy, RescheduleIn, ScopeIn
from models.rescheduling.jobs import create_reschedule, end
from models.rescheduling.tables import Cause, Reschedule, RescheduledAppointment, RescheduleStatus
from models.schedule import Appointment
from planner.plan import ConflictKind
from planner.problem import HOUR
from tests.models.network import NOW, at

Place = tuple[uuid.UUID, uuid.UUID, dt.datetime]
"""A doctor, a hospital and the start of an hour."""


def propose(
    session: Session,
    places: Mapping[uuid.UUID, Place],
    cause: Cause = Cause.DOCTOR_UNAVAILABLE,
    *,
    policy: Policy | None = None,
    now: dt.datetime = NOW,
    label: str | None = None,
    what_if: bool = False,
    **scope: Any,
) -> uuid.UUID:
    """A proposed job: `places` are the new hours; the displaced that are not among them have none."""
    asked = RescheduleIn(
        cause=cause,
        scope=ScopeIn(**scope),
        policy=policy or Policy(notice_hours=0),
        label=label,
        what_if=what_if,
    )
    job = session.get_one(Reschedule, create_reschedule(session, asked, now))
    items = select(RescheduledAppointment).where(RescheduledAppointment.reschedule_id == job.id)
    displaced = {each.appointment_id: each for each in session.scalars(items)}
    for id_, (doctor, hospital, start) in places.items():
        item = displaced.get(id_) or _other(session, job, id_)
        item.to_doctor_id, item.to_hospital_id, item.to_during = doctor, hospital, period(start, start + HOUR)
    for id_ in displaced.keys() - places.keys():
        displaced[id_].conflict_kind, displaced[id_].conflict = ConflictKind.HOURS_TAKEN, {}
    job.planned_at = now
    end(session, job, RescheduleStatus.PROPOSED, None, now)
    session.flush()
    return job.id


def away(session: Session, places: Mapping[uuid.UUID, Place], **values: Any) -> uuid.UUID:
    """A proposal for doctor 1 being away on Tuesday 1 December."""
    return propose(session, places, doctors=["d1"], start=at("00:00"), end=at("23:00"), **values)


def booking(patient: str, doctor: str, start: dt.datetime, hospital: str = "lis") -> AppointmentIn:
    return AppointmentIn(patient=patient, doctor=doctor, hospital=hospital, start=start)


def _other(session: Session, job: Reschedule, appointment: uuid.UUID) -> RescheduledAppointment:
    row = session.get_one(Appointment, appointment)
    item = RescheduledAppointment(
        reschedule_id=job.id,
        appointment_id=row.id,
        displaced=False,
        held=True,
        moved_before=False,
        appointment_version=row.version,
        doctor_id=row.doctor_id,
        hospital_id=row.hospital_id,
        during=row.during,
    )
    session.add(item)
    return item


@dataclass(frozen=True)
class Picture:
    """The schedule: everything that a reschedule may change, without versions."""

    appointments: set[Any]
    availabilities: set[Any]
    openings: set[Any]
    hours: set[Any]


def picture(session: Session) -> Picture:
    def rows(statement: str) -> set[Any]:
        return {tuple(str(value) for value in row) for row in session.execute(text(statement))}

    return Picture(
        rows("SELECT id, patient_id, doctor_id, hospital_id, timezone, during, status FROM appointment"),
        rows("SELECT id, doctor_id, hospital_id, during FROM availability"),
        rows("SELECT hospital_id, during FROM opening"),
        rows(
            "SELECT hospital_id, weekday::text, hours, NULL FROM operating_hours"
            " UNION ALL SELECT hospital_id, date::text, hours, reason FROM operating_exception"
        ),
    )


def told(session: Session, topic: str) -> list[dict[str, Any]]:
    """The payloads of a topic so far; everything has been committed."""
    return [each.payload for each in read(session, START, 10_000) if each.topic == topic]
