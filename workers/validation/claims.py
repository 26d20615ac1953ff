"""Claiming a validation report, and taking it away from workers that were lost: with a lease and a fencing token, as
`workers.reschedule_claims` does for reschedules.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.validation.jobs import tell
from models.validation.tables import ReportStatus, ValidationReport

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class ReportLost(Exception):  # noqa: N818  # named for what went wrong
    """The report is no longer this worker's: its lease ran out. Drop the work."""


@dataclass(frozen=True, slots=True)
class ReportClaim:
    """A report that one worker makes. `since` is the instant that it is about."""

    report: UUID
    fencing_token: int
    hospital: UUID | None
    since: datetime


def claim_report(session: Session, *, worker: str, now: datetime, until: datetime) -> ReportClaim | None:
    """Claim the next report until its lease runs out at `until`; None where none is queued.

    One that somebody asked for goes before those of the night; lost ones go last.
    """
    report = session.scalar(
        select(ValidationReport)
        .where(ValidationReport.status == ReportStatus.QUEUED)
        .order_by(ValidationReport.attempts, ValidationReport.night.is_not(None), ValidationReport.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if report is None:
        return None
    report.status = ReportStatus.RUNNING
    report.fencing_token += 1
    report.worker, report.lease_expires_at = worker, until
    report.started_at = report.started_at or now
    session.flush()
    tell(session, report.id, ReportStatus.RUNNING)
    return ReportClaim(report.id, report.fencing_token, report.hospital_id, report.started_at)


def is_any_report_queued(session: Session) -> bool:
    """Whether any report waits for a worker."""
    queued = select(ValidationReport.id).where(ValidationReport.status == ReportStatus.QUEUED)
    return bool(session.scalar(select(queued.exists())))


def renew_report(session: Session, claim: ReportClaim, *, until: datetime) -> bool:
    """Let a worker have its report until `until`. False where it has it no longer."""
    renewed = session.execute(
        update(ValidationReport)
        .where(
            ValidationReport.id == claim.report,
            ValidationReport.fencing_token == claim.fencing_token,
            ValidationReport.status == ReportStatus.RUNNING,
        )
        .values(lease_expires_at=until)
        .returning(ValidationReport.id)
    )
    return renewed.first() is not None


def hold_report(session: Session, claim: ReportClaim, now: datetime) -> ValidationReport:
    """Lock a worker's report, so that nobody takes it away while it is written.

    Raises
    ------
    ReportLost
        where the worker has it no longer.

    """
    report = session.get(ValidationReport, claim.report, with_for_update=True, populate_existing=True)
    if report is None:
        raise ReportLost("there is no such report")
    if report.fencing_token != claim.fencing_token or report.lease_expires_at is None:
        raise ReportLost(f"it is {report.status} under the fencing token {report.fencing_token}")
    if report.lease_expires_at <= now:
        raise ReportLost(f"its lease ran out at {report.lease_expires_at.isoformat()}")
    return report


def expire_overdue_reports(session: Session, *, now: datetime, max_attempts: int) -> int:
    """Take every report from its worker whose lease has run out by `now`. Returns how many."""
    overdue = session.scalars(
        select(ValidationReport)
        .where(ValidationReport.status == ReportStatus.RUNNING, ValidationReport.lease_expires_at <= now)
        .order_by(ValidationReport.id)
        .with_for_update(skip_locked=True)
    ).all()
    for report in overdue:
        lose_report(session, report, "its lease ran out", now=now, max_attempts=max_attempts)
    return len(overdue)


def hand_back_report(session: Session, claim: ReportClaim, now: datetime) -> None:
    """Queue a report again, to go on where it was, since its worker is told to end; that does not count as lost.

    Raises
    ------
    ReportLost
        where the worker has it no longer.

    """
    report = hold_report(session, claim, now)
    report.status, report.lease_expires_at = ReportStatus.QUEUED, None
    session.flush()
    tell(session, report.id, report.status)
    log.info("handed back")


def lose_report(session: Session, report: ValidationReport, error: str, *, now: datetime, max_attempts: int) -> None:
    """Queue a report, whose row is locked, again, to go on where it was; after so many lost runs it fails."""
    report.attempts += 1
    report.lease_expires_at = None
    if report.attempts >= max_attempts:
        report.status, report.finished_at = ReportStatus.FAILED, now
        report.failure = f"It was begun {report.attempts} times in vain; the last time, because {error}."
        log.error("validation failed", report=str(report.id), reason=report.failure)
    else:
        report.status = ReportStatus.QUEUED
        log.warning("validation lost", report=str(report.id), error=error, attempts=report.attempts)
    session.flush()
    tell(session, report.id, report.status)
