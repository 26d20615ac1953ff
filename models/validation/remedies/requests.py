"""Remedies for booking requests that are stuck, out of date, or say other than their appointments."""

import datetime as dt
import uuid
from collections.abc import Mapping

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from models import outbox
from models.accepting import accept_hour
from models.booking import BookingRequest, Conflict, PlanningRun, RequestStatus, RunStatus
from models.faults import Fault, Refusal, Refused
from models.inputs import ExactHour
from models.references import missing
from models.requests import cancel_request, tell_decided
from models.schedule import Appointment
from models.validation.remedies.kinds import BookRequest, CancelRequest, QueueRequest, SettleRequest


def queue(session: Session, remedy: QueueRequest, now: dt.datetime) -> Mapping[str, str]:
    """Put a request back into the queue that no live run plans, that is booked without an appointment, or that is in
    conflict without a reason.

    Raises
    ------
    Refused
        where it is none of these (any more).

    """
    lost = (BookingRequest.status == RequestStatus.PLANNING) & ~_planned_by_a_live_run(now)
    queued = {"status": RequestStatus.QUEUED, "planning_run_id": None, "decided_at": None}
    again = {"attempts": 0, "queued_at": now}
    undecided = or_(lost, booked_without_appointment(), _conflict_without_reason())
    _change(session, remedy.booking_request, undecided, queued | again)
    outbox.tell(session, "booking_request.queued", [{"booking_requests": [str(remedy.booking_request)], "count": 1}])
    return {}


def cancel(session: Session, remedy: CancelRequest, now: dt.datetime) -> Mapping[str, str]:
    """Take a request back. Raises as `models.requests.cancel_request` does."""
    cancel_request(session, remedy.booking_request, now)
    return {}


def settle(session: Session, remedy: SettleRequest, now: dt.datetime) -> Mapping[str, str]:
    """Let a request be booked that has an appointment, or cancelled that has none though it is booked.

    Raises
    ------
    Refused
        where that is not so (any more).

    """
    booked = remedy.status is RequestStatus.BOOKED
    so = _has_appointment_unbooked() if booked else booked_without_appointment()
    _change(session, remedy.booking_request, so, {"status": remedy.status, "decided_at": now, "failure": None})
    tell_decided(session, remedy.booking_request, remedy.status)
    return {}


def book(session: Session, remedy: BookRequest, now: dt.datetime) -> Mapping[str, str]:
    """Book an hour for a request in conflict. Raises as `models.accepting.accept_hour` does."""
    hour = ExactHour(doctor=str(remedy.doctor), hospital=str(remedy.hospital), start=remedy.start)
    return {"appointment": str(accept_hour(session, remedy.booking_request, hour, now))}


def booked_without_appointment() -> ColumnElement[bool]:
    """Whether a request is booked and no appointment bears it. One that moved an appointment is borne by none."""
    borne = exists().where(Appointment.booking_request_id == BookingRequest.id)
    return (BookingRequest.status == RequestStatus.BOOKED) & BookingRequest.moves.is_(None) & ~borne


def _conflict_without_reason() -> ColumnElement[bool]:
    told = exists().where(Conflict.booking_request_id == BookingRequest.id)
    return (BookingRequest.status == RequestStatus.CONFLICT) & ~told


def _has_appointment_unbooked() -> ColumnElement[bool]:
    """Whether a request is not booked and its patient has an appointment all the same that bears it."""
    has = exists().where(
        Appointment.booking_request_id == BookingRequest.id, Appointment.patient_id == BookingRequest.patient_id
    )
    return (BookingRequest.status != RequestStatus.BOOKED) & has


def _planned_by_a_live_run(now: dt.datetime) -> ColumnElement[bool]:
    return exists().where(
        PlanningRun.id == BookingRequest.planning_run_id,
        PlanningRun.status == RunStatus.PLANNING,
        PlanningRun.lease_expires_at > now,
    )


def _change(session: Session, id_: uuid.UUID, so: ColumnElement[bool], values: Mapping[str, object]) -> None:
    """Change a request of which something is so."""
    changed = session.scalar(
        update(BookingRequest)
        .where(BookingRequest.id == id_, so)
        .values(values)
        .returning(BookingRequest.id)
        .execution_options(synchronize_session=False)
    )
    if changed:
        return
    status = session.scalar(select(BookingRequest.status).where(BookingRequest.id == id_))
    if status is None:
        raise missing(BookingRequest, id_)
    message = f"The request is {status}, and what was wrong with it no longer is."
    raise Refused(Refusal.CLASH, [Fault("request_changed_since", "status", status, message)])
