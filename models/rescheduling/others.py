"""Appointments that are not displaced and may be moved to make room."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, exists, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from models.arrays import among
from models.base import ends
from models.booking import BookingRequest, RequestStatus
from models.people import Patient
from models.rescheduling.history import Wish, wishes_of
from models.rescheduling.inputs import Policy
from models.rescheduling.tables import Fate, FormerHour, Reschedule, RescheduledAppointment, RescheduleStatus
from models.schedule import Appointment, AppointmentStatus
from planner.problem import Period

UNDECIDED = (RequestStatus.QUEUED, RequestStatus.PLANNING)


@dataclass(frozen=True, slots=True)
class Other:
    """An appointment that may move to an hour within `window`; `wish` is what its booking request asked for."""

    row: Appointment
    window: Period
    wish: Wish | None


def read_others(
    session: Session,
    job: Reschedule | None,
    policy: Policy,
    window: Period,
    now: dt.datetime,
    doctors: Collection[uuid.UUID],
    displaced: Sequence[Appointment],
) -> dict[uuid.UUID, Other]:
    """The appointments of `doctors` that may move within `window`, by their ids; where a `job` asks, those at the
    hospitals that it concerns.

    Of each patient one at most, the earliest, so that nobody is moved twice; and none of a patient who is displaced, or
    whom a reschedule has moved within the policy's quiet days. Left alone is also what another reschedule holds or left
    standing in lost hours, which are nobody else's, and what a booking request is about to move.
    """
    rows = session.scalars(_eligible(job, policy, window, now, doctors, displaced)).all()
    wishes = wishes_of(session, [each.id for each in rows])
    reach = dt.timedelta(days=policy.others_within_days)
    windows = {each.id: _window(each, window, reach, wishes.get(each.id)) for each in rows}
    return {
        each.id: Other(each, room, wishes.get(each.id)) for each in rows if (room := windows[each.id]).start < room.end
    }


def _eligible(
    job: Reschedule | None,
    policy: Policy,
    window: Period,
    now: dt.datetime,
    doctors: Collection[uuid.UUID],
    displaced: Sequence[Appointment],
) -> Select[Appointment]:
    quiet_since = now - dt.timedelta(days=policy.quiet_days)
    theirs = aliased(Appointment)
    held = exists().where(
        RescheduledAppointment.appointment_id == Appointment.id,
        RescheduledAppointment.held,
        RescheduledAppointment.reschedule_id != (job.id if job else None),
    )
    left = exists().where(
        RescheduledAppointment.appointment_id == Appointment.id,
        RescheduledAppointment.during == Appointment.during,
        RescheduledAppointment.fate == Fate.LEFT,
        Reschedule.id == RescheduledAppointment.reschedule_id,
        Reschedule.status == RescheduleStatus.APPLIED,
    )
    moving = exists().where(BookingRequest.moves == Appointment.id, BookingRequest.status.in_(UNDECIDED))
    moved = exists().where(
        FormerHour.appointment_id == theirs.id,
        theirs.patient_id == Appointment.patient_id,
        FormerHour.reschedule_id.is_not(None),
        FormerHour.left_at > quiet_since,
    )
    start = func.lower(Appointment.during)
    return (
        select(Appointment)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            Appointment.status == AppointmentStatus.BOOKED,
            among(Appointment.doctor_id, doctors),
            among(Appointment.hospital_id, job.hospitals) if job and job.hospitals is not None else true(),
            start >= window.start,
            start < window.end,
            ~among(Appointment.id, {each.id for each in displaced}),
            ~among(Appointment.patient_id, {each.patient_id for each in displaced}),
            Patient.active,
            ~held,
            ~left,
            ~moving,
            ~moved,
        )
        .ext(distinct_on(Appointment.patient_id))
        .order_by(Appointment.patient_id, start, Appointment.id)
    )


def _window(row: Appointment, window: Period, reach: dt.timedelta, wish: Wish | None) -> Period:
    """Where a new hour must lie: near the old one, where any new hour must, and where its patient wanted it."""
    start, end = ends(row.during)
    wanted = (wish.earliest, wish.latest) if wish else (window.start, window.end)
    return Period(max(start - reach, window.start, wanted[0]), min(end + reach, window.end, wanted[1]))
