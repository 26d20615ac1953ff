"""Making a database fit to be worked with that was restored to an earlier time.

What happened after that time is undone in the database and nowhere else: workers may still hold what they claimed, and
other systems have been told of it under numbers that the database would give again. So, before anybody works with it,
everything claimed is let go of, every number goes on beyond whatever was given, and other systems are told.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from models import outbox
from models.access.tables import AccessToken, SignIn
from models.booking import BookingRequest, PlanningRun, RequestStatus, RunStatus
from models.outbox import ERA_BITS, RESTORED
from models.rescheduling.jobs import UNPLANNED, end
from models.rescheduling.tables import Reschedule, RescheduleStatus
from models.validation.jobs import tell
from models.validation.tables import ReportStatus, ValidationReport

WHY = "the database was restored to an earlier time"

_FIRST_ERA = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_ERA = 16
"""Seconds. With so many, and `ERA_BITS`, numbers stay below 2^53, as JSON needs them, until 2088."""

_LOST_CLAIMS = 1_000_000
"""More than a job was claimed in what is undone."""

_OF_ANOTHER_CLUSTER = text("SELECT max(transaction_id) >= pg_current_xact_id() FROM outbox_message")

_SEQUENCES = text("""
    SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences
    WHERE schemaname = 'public' AND coalesce(last_value, 0) < :era AND max_value > :era
""")


class NotThisCluster(Exception):  # noqa: N818  # named for what went wrong
    """The rows come from another cluster (a dump), whose transactions were numbered otherwise."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """What was let go of, and what a person has to look through."""

    requests: int
    reschedules: int
    reports: int
    sign_ins: int
    tokens: int
    """Access tokens that hold: some may have been revoked after that time."""


def resume(session: Session, to: dt.datetime | None, *, now: dt.datetime) -> Resumed:
    """Number beyond what is undone, tell it as an event, let go of everything claimed, and end all sign-ins.

    To be called as the role that owns the tables, before anything else works with the database; twice does no harm.
    `to` is the time that was restored to; None: it is not known.

    Raises
    ------
    NotThisCluster
        where events would be told in no order, and some never.

    """
    if session.scalar(_OF_ANOTHER_CLUSTER):
        raise NotThisCluster
    _number_from(session, int((now - _FIRST_ERA).total_seconds()) // _ERA << ERA_BITS)
    # Of all messages of the era the first: `models.outbox` finds it by its number.
    outbox.tell(session, RESTORED, [{"restored_to": to.isoformat() if to else None}])
    return Resumed(
        requests=_queue_requests(session, now),
        reschedules=_queue_reschedules(session, now),
        reports=_queue_reports(session),
        sign_ins=_end_sign_ins(session, now),
        tokens=session.scalars(select(func.count()).where(AccessToken.revoked_at.is_(None))).one(),
    )


def _number_from(session: Session, era: int) -> None:
    """Let every sequence go on at `era`; one that is there already, where it is."""
    for sequence in session.scalars(_SEQUENCES, {"era": era}).all():
        session.execute(text("SELECT setval(:sequence, :era, false)"), {"sequence": sequence, "era": era})


def _queue_requests(session: Session, now: dt.datetime) -> int:
    """End every planning run; what it held is queued again, with no lost run on its account."""
    queued = session.execute(
        update(BookingRequest)
        .where(BookingRequest.status == RequestStatus.PLANNING)
        .values(status=RequestStatus.QUEUED, planning_run_id=None)
        .returning(BookingRequest.id)
    ).all()
    session.execute(
        update(PlanningRun)
        .where(PlanningRun.status == RunStatus.PLANNING)
        .values(status=RunStatus.EXPIRED, finished_at=now, error=WHY)
    )
    return len(queued)


def _queue_reschedules(session: Session, now: dt.datetime) -> int:
    session.execute(
        update(Reschedule)
        .where(Reschedule.status.in_(UNPLANNED))
        .values(fencing_token=Reschedule.fencing_token + _LOST_CLAIMS)
    )
    held = session.scalars(select(Reschedule).where(Reschedule.status == RescheduleStatus.PLANNING)).all()
    for job in held:
        end(session, job, RescheduleStatus.QUEUED, f"It is planned again, because {WHY}.", now)
    return len(held)


def _queue_reports(session: Session) -> int:
    """The same for validations, which go on where they were."""
    unfinished = (ReportStatus.QUEUED, ReportStatus.RUNNING)
    session.execute(
        update(ValidationReport)
        .where(ValidationReport.status.in_(unfinished))
        .values(fencing_token=ValidationReport.fencing_token + _LOST_CLAIMS)
    )
    held = session.scalars(
        update(ValidationReport)
        .where(ValidationReport.status == ReportStatus.RUNNING)
        .values(status=ReportStatus.QUEUED, lease_expires_at=None)
        .returning(ValidationReport.id)
    ).all()
    for report in held:
        tell(session, report, ReportStatus.QUEUED)
    return len(held)


def _end_sign_ins(session: Session, now: dt.datetime) -> int:
    """Whoever had signed out since, or had been signed out, would be signed in again."""
    ended = session.execute(
        update(SignIn).where(SignIn.ended_at.is_(None)).values(ended_at=now).returning(SignIn.id)
    ).all()
    return len(ended)
