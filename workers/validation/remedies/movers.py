"""Which appointments would have to move so that the schedule keeps its rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from models.appointments import being_moved
from models.arrays import among
from models.rescheduling.tables import RescheduledAppointment
from models.schedule import Appointment, AppointmentStatus
from models.validation.codes import Code
from models.validation.found import Kind
from workers.validation.remedies.findings import seen, subjects

MOVING = (
    Code.OUTSIDE_AVAILABILITY,
    Code.OFF_THE_HOUR,
    Code.NOT_ONE_HOUR,
    Code.DOCTOR_DOUBLE_BOOKED,
    Code.PATIENT_DOUBLE_BOOKED,
)
"""What another hour mends."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A finding that another hour would mend, and the booked appointments that it is about."""

    finding: UUID
    appointments: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Movable:
    """A booked appointment that nobody else is about to move and that has not begun."""

    id: UUID
    hospital: UUID
    start: datetime
    created_at: datetime


def broken(session: Session, report: UUID) -> list[Broken]:
    """What a report has seen and another hour would mend."""
    rows = seen(session, report, MOVING, "move_appointment")
    return [Broken(id_, tuple(subjects(key, Kind.APPOINTMENT))) for id_, key in rows]


def movers(session: Session, findings: Sequence[Broken], now: datetime) -> dict[UUID, Movable]:
    """The appointment that is to move, by finding; none where none can.

    Of two that overlap it is the one that is to move in any case, or else the one that was booked later: whoever came
    first keeps the hour.
    """
    movable = _movable(session, {id_ for each in findings for id_ in each.appointments}, now)
    alone = {each.appointments[0] for each in findings if len(each.appointments) == 1}
    return dict(_chosen(findings, movable, alone))


def _chosen(
    findings: Iterable[Broken], movable: Mapping[UUID, Movable], alone: set[UUID]
) -> Iterator[tuple[UUID, Movable]]:
    for each in findings:
        able = [movable[id_] for id_ in each.appointments if id_ in movable]
        if able:
            yield each.finding, max(able, key=lambda one: (one.id in alone, one.created_at, one.id))


def _movable(session: Session, appointments: set[UUID], now: datetime) -> dict[UUID, Movable]:
    held = exists().where(RescheduledAppointment.appointment_id == Appointment.id, RescheduledAppointment.held)
    start = func.lower(Appointment.during)
    rows = session.execute(
        select(Appointment.id, Appointment.hospital_id, start, Appointment.created_at).where(
            among(Appointment.id, appointments),
            Appointment.status == AppointmentStatus.BOOKED,
            ~held,
            and_(start >= now, func.isfinite(start), func.isfinite(func.upper(Appointment.during))),
        )
    )
    moving = being_moved(session, appointments)
    return {id_: Movable(id_, *rest) for id_, *rest in rows if id_ not in moving}
