"""Why an exact hour cannot be had, in the words and with the facts of a conflict."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.base import period
from models.faults import Fault
from models.hospitals import Opening
from models.references import Found
from models.schedule import Appointment, Availability
from planner.plan import ConflictKind
from planner.problem import HOUR


@dataclass(frozen=True, slots=True)
class WantedHour:
    """An hour that someone wants, everything in it looked up. `row` is its place among what was sent."""

    row: int
    patient: Found
    doctor: Found
    hospital: Found
    start: dt.datetime


def explain(session: Session, wanted: Sequence[WantedHour], now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """The faults of those hours that cannot be had as the schedule stands in this transaction."""
    for hour in wanted:
        yield from _explain(session, hour)


def _explain(session: Session, hour: WantedHour) -> Iterator[Fault]:
    during = period(hour.start, hour.start + HOUR)
    when = f"{hour.start.astimezone(ZoneInfo(hour.hospital.timezone)):%a %-d %b %Y %H:%M} ({hour.hospital.timezone})"

    def fault(kind: ConflictKind, message: str, **facts: object) -> Fault:
        return Fault(kind, "start", hour.start.isoformat(), message, hour.row, facts)

    covers = func.range_agg(Opening.during).op("@>")(during)
    if not session.scalar(select(covers).where(Opening.hospital_id == hour.hospital.id)):
        yield fault(ConflictKind.HOSPITAL_CLOSED, f"{hour.hospital.name} is not open for the hour of {when}.")
        return
    covers = func.range_agg(Availability.during).op("@>")(during)
    here = select(covers).where(Availability.doctor_id == hour.doctor.id, Availability.hospital_id == hour.hospital.id)
    if not session.scalar(here):
        message = f"{hour.doctor.name} is not available at {hour.hospital.name} for the hour of {when}."
        yield fault(ConflictKind.NO_AVAILABILITY, message)
        return
    standing = session.execute(
        select(Appointment.id, Appointment.doctor_id).where(
            Appointment.occupies.op("&&")(during),
            or_(Appointment.doctor_id == hour.doctor.id, Appointment.patient_id == hour.patient.id),
        )
    ).all()
    taken = [str(id_) for id_, doctor in standing if doctor == hour.doctor.id]
    if taken:
        message = f"{hour.doctor.name} has another appointment at {when}."
        yield fault(ConflictKind.HOURS_TAKEN, message, appointments=taken)
    elif standing:
        message = f"The patient has another appointment at {when}."
        yield fault(ConflictKind.PATIENT_BUSY, message, appointments=[str(id_) for id_, _ in standing])
