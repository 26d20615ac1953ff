"""Claiming a reschedule, and taking it away from workers that were lost: with a lease and a fencing token, as
`workers.claim` and `workers.leases` do for booking requests.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.rescheduling.jobs import end
from models.rescheduling.tables import Reschedule, RescheduleEvent, RescheduleStatus
from workers.leases import LEASE_RAN_OUT

READING = "reading"
"""The first stage of planning."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class JobLost(Exception):  # noqa: N818  # named for what went wrong
    """The job is no longer this worker's: its lease ran out, or somebody discarded it. Drop the work."""


@dataclass(frozen=True, slots=True)
class JobClaim:
    """A reschedule that one worker plans."""

    job: UUID
    fencing_token: int


def claim_job(session: Session, *, worker: str, now: datetime, until: datetime) -> JobClaim | None:
    """Claim the next reschedule until its lease runs out at `until`; None where none is queued.

    The oldest first, but those that were lost after all others: what sinks every worker holds up nothing else.
    """
    job = session.scalar(
        select(Reschedule)
        .where(Reschedule.status == RescheduleStatus.QUEUED)
        .order_by(Reschedule.attempts, Reschedule.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if job is None:
        return None
    job.status, job.stage = RescheduleStatus.PLANNING, READING
    job.fencing_token += 1
    job.version += 1
    job.worker, job.lease_expires_at = worker, until
    session.add(RescheduleEvent(reschedule_id=job.id, status=RescheduleStatus.PLANNING, at=now))
    return JobClaim(job.id, job.fencing_token)


def is_any_job_queued(session: Session) -> bool:
    """Whether any reschedule waits for a worker."""
    return bool(session.scalar(select(select(Reschedule.id).filter_by(status=RescheduleStatus.QUEUED).exists())))


def renew_job(session: Session, claim: JobClaim, *, until: datetime, stage: str) -> bool:
    """Let a worker have its job until `until`, and tell what it does. False where it has the job no longer."""
    renewed = session.execute(
        update(Reschedule)
        .where(
            Reschedule.id == claim.job,
            Reschedule.fencing_token == claim.fencing_token,
            Reschedule.status == RescheduleStatus.PLANNING,
        )
        .values(lease_expires_at=until, stage=stage)
        .returning(Reschedule.id)
    )
    return renewed.first() is not None


def hold_job(session: Session, claim: JobClaim, now: datetime) -> Reschedule | None:
    """Lock a worker's job, so that nobody takes it away while it is committed.

    None where it has been proposed already: only we can have done it, in a transaction of which the answer was lost.

    Raises
    ------
    JobLost
        where the worker has it no longer.

    """
    job = session.get(Reschedule, claim.job, with_for_update=True, populate_existing=True)
    if job is None:
        raise JobLost("there is no such job")
    if job.fencing_token != claim.fencing_token:
        raise JobLost(f"it is {job.status} under the fencing token {job.fencing_token}")
    if job.lease_expires_at is None:
        if job.status in (RescheduleStatus.PROPOSED, RescheduleStatus.APPLIED):
            return None
        raise JobLost(f"it is {job.status}")
    if job.lease_expires_at <= now:
        raise JobLost(f"its lease ran out at {job.lease_expires_at.isoformat()}")
    return job


def expire_overdue_jobs(session: Session, *, now: datetime, max_attempts: int) -> int:
    """Take every job from its worker whose lease has run out by `now`. Returns how many.

    One that is committing at this moment holds its row's lock and is passed over: it will have let go by itself.
    """
    overdue = session.scalars(
        select(Reschedule)
        .where(Reschedule.status == RescheduleStatus.PLANNING, Reschedule.lease_expires_at <= now)
        .order_by(Reschedule.id)
        .with_for_update(skip_locked=True)
    ).all()
    for job in overdue:
        lose(session, job, LEASE_RAN_OUT, now=now, max_attempts=max_attempts)
    return len(overdue)


def hand_back_job(session: Session, claim: JobClaim, now: datetime) -> None:
    """Queue a job again, since its worker is told to end; that does not count as a lost run.

    Raises as `hold_job` does.
    """
    job = hold_job(session, claim, now)
    if job:
        end(session, job, RescheduleStatus.QUEUED, "It is planned again, because its worker was told to end.", now)
        log.info("handed back")


def lose(session: Session, job: Reschedule, error: str, *, now: datetime, max_attempts: int) -> None:
    """Queue a job, whose row is locked, again; after so many lost runs it fails."""
    job.attempts += 1
    if job.attempts >= max_attempts:
        fail(session, job, f"It was planned {job.attempts} times in vain; the last time, because {error}.", now)
        return
    log.warning("reschedule lost", reschedule=str(job.id), error=error, attempts=job.attempts)
    end(session, job, RescheduleStatus.QUEUED, f"It is planned again, because {error}.", now)


def fail(session: Session, job: Reschedule, reason: str, now: datetime) -> None:
    """End a job, whose row is locked, without a proposal."""
    log.error("reschedule failed", reschedule=str(job.id), reason=reason)
    job.failure = reason
    end(session, job, RescheduleStatus.FAILED, reason, now)
