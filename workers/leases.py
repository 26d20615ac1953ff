"""Taking requests away from planning runs that were lost: the worker died, took too long, or failed.

A lost run is never continued. Its requests are queued again, each with one more lost run on its account, until they
have been in so many that they fail, with the reason.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import case, literal, select, update
from sqlalchemy.orm import Session

from models import outbox
from models.booking import BookingRequest, PlanningRun, RequestStatus, RunStatus
from workers import measures

LEASE_RAN_OUT = "its lease ran out (the worker died, or took too long)"

HANDED_BACK = "handed back: its worker was told to end"

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def expire_overdue(session: Session, *, now: datetime, max_attempts: int) -> int:
    """End every run whose lease has run out by `now`. Returns how many.

    A run that is committing at this moment holds its row's lock and is passed over: it will have let go by itself.
    """
    overdue = session.scalars(
        select(PlanningRun.id)
        .where(PlanningRun.status == RunStatus.PLANNING, PlanningRun.lease_expires_at <= now)
        .order_by(PlanningRun.id)
        .with_for_update(skip_locked=True)
    ).all()
    if overdue:
        _let_go(session, overdue, RunStatus.EXPIRED, LEASE_RAN_OUT, now=now, max_attempts=max_attempts)
    return len(overdue)


def renew(session: Session, run: UUID, fencing_token: int, *, until: datetime) -> bool:
    """Let a run hold its requests until `until`. False where it has let go of them, and there is nothing to renew."""
    renewed = session.execute(
        update(PlanningRun)
        .where(
            PlanningRun.id == run,
            PlanningRun.fencing_token == fencing_token,
            PlanningRun.status == RunStatus.PLANNING,
        )
        .values(lease_expires_at=until)
        .returning(PlanningRun.id)
    )
    return renewed.first() is not None


def fail_run(session: Session, run: UUID, *, error: str, now: datetime, max_attempts: int) -> bool:
    """End a run that failed with `error`. False where it had let go of its requests already."""
    if not _is_planning(session, run):
        return False
    _let_go(session, [run], RunStatus.FAILED, error, now=now, max_attempts=max_attempts)
    return True


def hand_back(session: Session, run: UUID, *, now: datetime) -> bool:
    """Queue what a run holds again, since its worker is told to end; that does not count as a lost run.

    The run is committed: it has put back all that it held. False where it had let go of its requests already.
    """
    if not _is_planning(session, run):
        return False
    held = _held(session, [run])
    queued = {"status": RequestStatus.QUEUED, "planning_run_id": None}
    session.execute(update(BookingRequest).where(BookingRequest.id.in_(held)).values(queued))
    came_to = {"booked": 0, "conflicts": 0, "requeued": len(held), "error": HANDED_BACK}
    session.execute(
        update(PlanningRun).where(PlanningRun.id == run).values(status=RunStatus.COMMITTED, finished_at=now, **came_to)
    )
    log.info("handed back", requests=len(held))
    return True


def _is_planning(session: Session, run: UUID) -> bool:
    """Whether a run holds its requests still; then its row is locked."""
    planning = select(PlanningRun.id).where(PlanningRun.id == run, PlanningRun.status == RunStatus.PLANNING)
    return session.scalar(planning.with_for_update()) is not None


def _held(session: Session, runs: Sequence[UUID]) -> Sequence[UUID]:
    """The requests that some runs hold; their rows are locked."""
    return session.scalars(
        select(BookingRequest.id)
        .where(BookingRequest.planning_run_id.in_(runs), BookingRequest.status == RequestStatus.PLANNING)
        .order_by(BookingRequest.id)
        .with_for_update()
    ).all()


def _let_go(
    session: Session, runs: Sequence[UUID], status: RunStatus, error: str, *, now: datetime, max_attempts: int
) -> None:
    """End runs, whose rows are locked, and queue their requests again or let them fail."""
    held = _held(session, runs)
    last = BookingRequest.attempts + 1 >= max_attempts
    failure = f"{max_attempts} planning runs were lost with this request in them; the last one, because {error}."
    fates = session.execute(
        update(BookingRequest)
        .where(BookingRequest.id.in_(held))
        .values(
            attempts=BookingRequest.attempts + 1,
            status=case((last, RequestStatus.FAILED), else_=RequestStatus.QUEUED),
            planning_run_id=case((last, BookingRequest.planning_run_id)),
            decided_at=case((last, now)),
            failure=case((last, literal(failure))),
        )
        .returning(BookingRequest.id, BookingRequest.status)
    ).all()
    failed = [id_ for id_, fate in fates if fate is RequestStatus.FAILED]
    measures.lost(session, status, len(runs), len(failed))
    outbox.tell(
        session,
        "booking_request.decided",
        ({"booking_request": str(id_), "status": RequestStatus.FAILED} for id_ in failed),
    )
    session.execute(
        update(PlanningRun).where(PlanningRun.id.in_(runs)).values(status=status, finished_at=now, error=error)
    )
    log.log(
        logging.ERROR if failed else logging.WARNING,
        "runs lost",
        runs=[str(run) for run in runs],
        error=error,
        queued_again=len(fates) - len(failed),
        failed=[str(id_) for id_ in failed],
    )
