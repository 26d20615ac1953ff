"""The tasks, by the names that the API and beat know. They take nothing, and doing one twice does no harm."""

from datetime import UTC, datetime

from sqlalchemy import select

from models.audit.sealing import MOST, seal
from models.hospitals import Hospital
from models.hours import extend_openings
from models.session import transaction
from models.settings import settings
from models.validation.jobs import queue_nights
from workers import deliveries, forgetting, measures, planning, rescheduling
from workers.acting import process_name
from workers.app import app
from workers.bell import DELIVER, PLAN_QUEUED, PLAN_RESCHEDULE, VALIDATE, ring
from workers.leases import expire_overdue
from workers.reschedule_claims import expire_overdue_jobs
from workers.validation.claims import expire_overdue_reports
from workers.validation.run import ring_if_any_report_queued, validate_next


def utc_now() -> datetime:
    """The present instant. The only clock of the workers; everything below the tasks is told the time."""
    return datetime.now(UTC)


@app.task(name=PLAN_QUEUED)  # type: ignore[untyped-decorator]  # Celery ships no types
def plan_queued() -> None:
    """Do one round of planning. Whoever rang may have meant a reschedule or a validation: others are told of that."""
    rescheduling.ring_if_any_job_queued()
    ring_if_any_report_queued()
    planning.plan_next(settings(), worker=process_name(), clock=utc_now)


@app.task(name=PLAN_RESCHEDULE)  # type: ignore[untyped-decorator]
def plan_reschedule() -> None:
    """Plan one reschedule."""
    rescheduling.plan_next_reschedule(settings(), worker=process_name(), clock=utc_now)


@app.task(name=VALIDATE)  # type: ignore[untyped-decorator]
def validate() -> None:
    """Make one validation report."""
    validate_next(settings(), worker=process_name(), clock=utc_now)


@app.task(name="slotwise.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Expire runs that were lost, ask for the validations of the nights that have come, and ring for what is queued:
    because of that, or because a message was lost.
    """
    measures.LAST_SWEEP.set_to_current_time()
    with transaction() as session:
        expire_overdue(session, now=utc_now(), max_attempts=settings().max_attempts)
    with transaction() as session:
        expire_overdue_jobs(session, now=utc_now(), max_attempts=settings().max_attempts)
    with transaction() as session:
        expire_overdue_reports(session, now=utc_now(), max_attempts=settings().max_attempts)
    with transaction() as session:
        queue_nights(session, settings().night_hour, utc_now())
    planning.ring_if_queued()
    rescheduling.ring_if_any_job_queued()
    ring_if_any_report_queued()


@app.task(name=DELIVER)  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Do one round of telling what happened, and ring for the next where there is more to tell."""
    if deliveries.deliver_due(settings(), clock=utc_now):
        ring(DELIVER)


@app.task(name="slotwise.seal_audit")  # type: ignore[untyped-decorator]
def seal_audit() -> None:
    """Chain what the audit has written."""
    sealed = MOST
    while sealed == MOST:
        with transaction() as session:
            sealed = seal(session, MOST)


@app.task(name="slotwise.extend_openings")  # type: ignore[untyped-decorator]
def project_openings() -> None:
    """Project every hospital's openings as far ahead as is set, one short transaction each.

    Raises
    ------
    ExceptionGroup
        of what went wrong, once the others have been projected.

    """
    with transaction() as session:
        hospitals = session.scalars(select(Hospital.id).order_by(Hospital.id)).all()
    errors = []
    for hospital in hospitals:
        try:
            with transaction() as session:
                extend_openings(session, hospital, utc_now())
        except Exception as error:  # noqa: BLE001  # one hospital's trouble is not the others'
            error.add_note(f"Hospital {hospital}")
            errors.append(error)
    if errors:
        raise ExceptionGroup("openings were not projected", errors)


@app.task(name="slotwise.forget")  # type: ignore[untyped-decorator]
def forget() -> None:
    """Forget what nobody needs any more."""
    forgetting.forget(settings(), utc_now())
