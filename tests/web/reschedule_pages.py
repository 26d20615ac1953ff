"""Reschedules to read about, and proposals written as a planner would write them."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from models.base import period
from models.people import Doctor, User
from models.rescheduling.jobs import end
from models.rescheduling.tables import Reschedule, RescheduledAppointment, RescheduleStatus
from models.schedule import Appointment
from planner.problem import HOUR
from tests.api.town import MONDAY, Town, at

NOBODY: dict[str, Any] = {
    "conflict_kind": "hours_taken",
    "conflict": {"message": "Every hour is taken.", "facts": {}, "certificate": {}, "alternatives": []},
}


class Hour(NamedTuple):
    """A new hour at the town's hospital."""

    doctor: str
    start: str


def lost(town: Town, *, doctor: str = "d1", day: dt.date = MONDAY, **more: Any) -> str:
    """Ask for a reschedule of a doctor's day; returns its id."""
    scope = {"doctors": [doctor], "start": at("00:00", day), "end": at("00:00", day + dt.timedelta(days=1))}
    return town.post("/reschedules", cause="doctor_unavailable", scope=scope, **more)["id"]


def proposed(
    session: Session,
    job: str,
    moves: Mapping[str, Hour],
    others: Mapping[str, Hour] | None = None,
    extra: Mapping[str, Any] | None = None,
    gap: int = 0,
) -> None:
    """Write what a planner would: new hours by appointment; whom it leaves out gets none."""
    row = session.get_one(Reschedule, uuid.UUID(job))
    for id_, hour in (others or {}).items():
        _make_room(session, row, uuid.UUID(id_), hour)
    for each in session.query(RescheduledAppointment).filter_by(reschedule_id=row.id, displaced=True):
        hour = moves.get(str(each.appointment_id))
        if hour:
            each.to_doctor_id, each.to_hospital_id = _doctor(session, hour.doctor), each.hospital_id
            each.to_during = _hour(hour)
        else:
            each.conflict_kind, each.conflict = NOBODY["conflict_kind"], NOBODY["conflict"]
    reached = {"booked": {"urgent": 0, "soon": 0, "routine": len(moves)}, "moved": len(others or {})}
    row.plan = {
        "status": "feasible" if gap else "optimal",
        "objective": reached | {"inconvenience": 40},
        "bound": reached | {"inconvenience": 40 - gap},
        "receipt": {"seconds": {"solving": 0.1}},
    }
    row.extra_hours = dict(extra) if extra else None
    row.planned_at = row.created_at + dt.timedelta(seconds=2)
    end(session, row, RescheduleStatus.PROPOSED, None, row.planned_at)


def failed(session: Session, job: str, reason: str) -> None:
    """Let planning fail, as a worker does that has tried often enough."""
    row = session.get_one(Reschedule, uuid.UUID(job))
    row.failure = reason
    end(session, row, RescheduleStatus.FAILED, reason, row.created_at)


def at_work(session: Session, job: str, stage: str) -> None:
    """Let a worker be planning it."""
    values = {"status": RescheduleStatus.PLANNING, "stage": stage, "lease_expires_at": dt.datetime.now(dt.UTC) + HOUR}
    session.execute(update(Reschedule).where(Reschedule.id == uuid.UUID(job)).values(values))


def extra_hour(town: Town, appointment: str, doctor: str = "d1", start: str = "16:00") -> dict[str, str]:
    """An extra hour that would place an appointment."""
    doctors = {each["external_id"]: each["id"] for each in town.get("/doctors")["items"]}
    place = town.get("/hospitals/central")["id"]
    day = MONDAY + dt.timedelta(days=1)
    return {"doctor": doctors[doctor], "hospital": place, "start": at(start, day), "appointment": appointment}


def _make_room(session: Session, job: Reschedule, appointment: uuid.UUID, hour: Hour) -> None:
    stands = session.get_one(Appointment, appointment)
    session.execute(
        insert(RescheduledAppointment).values(
            reschedule_id=job.id,
            appointment_id=appointment,
            displaced=False,
            held=not job.what_if,
            moved_before=False,
            appointment_version=stands.version,
            doctor_id=stands.doctor_id,
            hospital_id=stands.hospital_id,
            during=stands.during,
            to_doctor_id=_doctor(session, hour.doctor),
            to_hospital_id=stands.hospital_id,
            to_during=_hour(hour),
        )
    )


def _doctor(session: Session, external_id: str) -> uuid.UUID:
    return session.query(Doctor.id).join(User, User.id == Doctor.id).filter(User.external_id == external_id).scalar()


def _hour(hour: Hour) -> Any:
    start = dt.datetime.fromisoformat(hour.start).astimezone(dt.UTC)
    return period(start, start + HOUR)
