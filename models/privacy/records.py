"""Forgetting the record: what was asked for, planned, booked and moved, once it need not be kept any more.

Each function forgets at most `limit` rows that were over `kept` before `now` and returns how many. The audit tells of
it in one entry for each slice (`slices.tell_together`).
"""

import datetime as dt
import uuid
from collections.abc import Iterator

from sqlalchemy import ColumnElement, any_, delete, exists, func, literal, null, or_, select, update
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased
from sqlalchemy.sql.dml import ReturningUpdate

from models.booking import BookingBatch, BookingRequest, Conflict, PlanningRun
from models.hospitals import Hospital, Opening
from models.privacy.slices import delete_slice, held_slice, tell_together
from models.rescheduling.tables import FormerHour, Reschedule, RescheduledAppointment, RescheduleStatus
from models.schedule import Appointment, Availability

_UNFINISHED = (RescheduleStatus.QUEUED, RescheduleStatus.PLANNING)


def empty_runs(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget how good the plans of runs were and who made them how: most of what a run is. Its numbers stay."""
    old = select(PlanningRun.id).where(PlanningRun.finished_at < now - kept, PlanningRun.outcome.is_not(null()))
    held = held_slice(old, PlanningRun, limit).cte("held")
    emptied = update(PlanningRun).where(PlanningRun.id.in_(select(held))).values(outcome=null())
    return _written(session, emptied.returning(PlanningRun.id))


def forget_runs(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget runs that decided nothing that is kept: no request and no conflict names them."""
    old = select(PlanningRun.id).where(
        PlanningRun.finished_at < now - kept,
        ~exists().where(BookingRequest.planning_run_id == PlanningRun.id),
        ~exists().where(Conflict.planning_run_id == PlanningRun.id),
    )
    return delete_slice(session, PlanningRun, (PlanningRun.id,), old, limit)


def forget_requests(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget requests that are decided and whose time is over, with their conflicts.

    One that an appointment came from stays as long as that.
    """
    tell_together(session)
    old = select(BookingRequest.id).where(
        BookingRequest.decided_at < now - kept,
        BookingRequest.latest < now,
        ~exists().where(Appointment.booking_request_id == BookingRequest.id),
    )
    return delete_slice(session, BookingRequest, (BookingRequest.id,), old, limit)


def forget_batches(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget batches of which no request is left."""
    tell_together(session)
    old = select(BookingBatch.id).where(
        BookingBatch.created_at < now - kept, ~exists().where(BookingRequest.batch_id == BookingBatch.id)
    )
    return delete_slice(session, BookingBatch, (BookingBatch.id,), old, limit)


def empty_reschedules(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget the problems and plans of reschedules as files, by which anyone could verify them. The proposals stay."""
    files = or_(Reschedule.problem_json.is_not(None), Reschedule.plan_json.is_not(None))
    old = select(Reschedule.id).where(Reschedule.planned_at < now - kept, Reschedule.status.not_in(_UNFINISHED), files)
    held = held_slice(old, Reschedule, limit).cte("held")
    emptied = update(Reschedule).where(Reschedule.id.in_(select(held))).values(problem_json=None, plan_json=None)
    return _written(session, emptied.returning(Reschedule.id))


def forget_reschedules(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget reschedules whose hours are over, with what they proposed.

    One that moved an appointment stays as long as that tells where it was before, and one that another was planned in
    place of stays as long as the other.
    """
    tell_together(session)
    other = aliased(Reschedule)
    to_come = func.upper(RescheduledAppointment.during) >= now - kept
    old = select(Reschedule.id).where(
        Reschedule.created_at < now - kept,
        Reschedule.status.not_in(_UNFINISHED),
        ~exists().where(RescheduledAppointment.reschedule_id == Reschedule.id, to_come),
        ~exists().where(FormerHour.reschedule_id == Reschedule.id),
        ~exists().where(other.replaces == Reschedule.id),
    )
    return delete_slice(session, Reschedule, (Reschedule.id,), old, limit)


def forget_appointments(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget appointments with the hours they had before, what rescheduled them, and the requests they came from and
    were moved by. One that such a request was decided of only lately, or not yet, stays.
    """
    tell_together(session)
    not_over = or_(BookingRequest.decided_at.is_(None), BookingRequest.decided_at >= now - kept)
    old = select(Appointment.id, Appointment.booking_request_id).where(
        *_ended(Appointment.hospital_id, Appointment.during, now - kept),
        ~exists().where(BookingRequest.id == Appointment.booking_request_id, not_over),
        ~exists().where(BookingRequest.moves == Appointment.id, not_over),
    )
    held = session.execute(held_slice(old, Appointment, limit)).all()
    ids, requests = [row.id for row in held], [row.booking_request_id for row in held if row.booking_request_id]
    for gone in (
        delete(BookingRequest).where(BookingRequest.moves.in_(ids)),
        delete(Appointment).where(Appointment.id.in_(ids)),
        delete(BookingRequest).where(BookingRequest.id.in_(requests)),
    ):
        session.execute(gone.execution_options(synchronize_session=False))
    return len(held)


def forget_availabilities(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget availabilities in which no appointment stands any more."""
    tell_together(session)
    stands = exists().where(
        Appointment.doctor_id == Availability.doctor_id, Appointment.occupies.overlaps(Availability.during)
    )
    old = select(Availability.id).where(*_ended(Availability.hospital_id, Availability.during, now - kept), ~stands)
    return delete_slice(session, Availability, (Availability.id,), old, limit)


def forget_openings(session: Session, now: dt.datetime, limit: int, *, kept: dt.timedelta) -> int:
    """Forget openings in which no availability lies any more."""
    lies = exists().where(Availability.hospital_id == Opening.hospital_id, Availability.during.overlaps(Opening.during))
    old = select(Opening.id).where(*_ended(Opening.hospital_id, Opening.during, now - kept), ~lies)
    return delete_slice(session, Opening, (Opening.id,), old, limit)


def _ended(
    hospital_id: InstrumentedAttribute[uuid.UUID],
    during: InstrumentedAttribute[Range[dt.datetime]],
    before: dt.datetime,
) -> Iterator[ColumnElement[bool]]:
    """What periods at hospitals are that ended before an instant. Their index has the hospital first."""
    yield hospital_id == any_(func.array(select(Hospital.id).scalar_subquery()))
    yield during.bool_op("<<")(literal(Range(before, None, bounds="[)"), TSTZRANGE))


def _written(session: Session, change: ReturningUpdate[uuid.UUID]) -> int:
    return len(session.execute(change.execution_options(synchronize_session=False)).all())
