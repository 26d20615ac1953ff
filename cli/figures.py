"""What runs and how far it is, read from the database in one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.booking import BookingRequest, Conflict, PlanningRun, RequestStatus, RunStatus
from models.deliveries.listing import Counts, count_deliveries
from models.migrate import alembic_config
from models.rescheduling.tables import Reschedule
from models.validation.reading import last_finished, tally_standing
from planner.problem import Priority

_RUNS_SHOWN = 5
_LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The undecided requests of a priority. `oldest` is how long the first has waited, in seconds."""

    queued: int
    planning: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """A planning run. `seconds` from claim to commit, or until now; `plan` says whether it was proved optimal."""

    started_at: datetime
    status: str
    plan: str | None
    requests: int
    booked: int | None
    conflicts: int | None
    requeued: int | None
    seconds: float
    error: str | None


@dataclass(frozen=True, slots=True)
class Validated:
    """What validations found and stands: how many of each severity, the worst that nobody has acknowledged.

    `last`: when the last one was finished; None where there was none.
    """

    last: datetime | None
    severities: Mapping[str, int]
    acknowledged: int
    worst: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it. `decided` by status, `conflicts` by kind, `messages` by channel; lost runs are of the last day.

    `reschedules` by status, without questions.
    """

    waiting: Mapping[str, Waiting]
    decided: Mapping[str, int]
    conflicts: Mapping[str, int]
    runs: tuple[Run, ...]
    expired_runs: int
    failed_runs: int
    messages: Mapping[str, Counts]
    reschedules: Mapping[str, int]
    validated: Validated


def pending_migrations(session: Session, database_url: str) -> int:
    """How many migrations the database lacks."""
    scripts = ScriptDirectory.from_config(alembic_config(database_url))
    applied = MigrationContext.configure(session.connection()).get_current_heads()
    return sum(1 for _ in scripts.iterate_revisions("heads", applied or "base"))


def read_figures(session: Session, now: datetime) -> Figures:
    """The figures at `now`; no migration may be pending."""
    return Figures(
        waiting=_waiting(session, now),
        decided=_counts(session, BookingRequest.status, BookingRequest.decided_at.is_not(None)),
        conflicts=_counts(session, Conflict.kind),
        runs=_runs(session, now),
        expired_runs=_lost(session, RunStatus.EXPIRED, now),
        failed_runs=_lost(session, RunStatus.FAILED, now),
        messages={channel.value: counts for channel, counts in count_deliveries(session, now).items()},
        reschedules=_counts(session, Reschedule.status, Reschedule.what_if.is_(False)),
        validated=_validated(session, now),
    )


def _validated(session: Session, now: datetime) -> Validated:
    last, standing = last_finished(session), tally_standing(session, now)
    return Validated(
        last=last.finished_at if last else None,
        severities={severity.value: number for severity, number in standing.severities.items()},
        acknowledged=standing.acknowledged,
        worst=standing.worst and standing.worst.value,
    )


def _waiting(session: Session, now: datetime) -> dict[str, Waiting]:
    rows = session.execute(
        select(
            BookingRequest.priority,
            func.count().filter(BookingRequest.status == RequestStatus.QUEUED),
            func.count().filter(BookingRequest.status == RequestStatus.PLANNING),
            func.min(BookingRequest.created_at),
        )
        .where(BookingRequest.decided_at.is_(None))
        .group_by(BookingRequest.priority)
    )
    found = {
        priority: Waiting(queued, planning, (now - oldest).total_seconds())
        for priority, queued, planning, oldest in rows
    }
    return {priority.value: found.get(priority, Waiting(0, 0, None)) for priority in Priority}


def _counts(session: Session, column: Any, *where: Any) -> dict[str, int]:  # Any: SQLAlchemy's column expressions
    rows = session.execute(select(column, func.count()).where(*where).group_by(column).order_by(func.count().desc()))
    return {value.value: number for value, number in rows}


def _runs(session: Session, now: datetime) -> tuple[Run, ...]:
    runs = session.scalars(select(PlanningRun).order_by(PlanningRun.started_at.desc()).limit(_RUNS_SHOWN))
    return tuple(
        Run(
            started_at=run.started_at,
            status=run.status.value,
            plan=(run.outcome or {}).get("status"),
            requests=run.requests,
            booked=run.booked,
            conflicts=run.conflicts,
            requeued=run.requeued,
            seconds=round(((run.finished_at or now) - run.started_at).total_seconds(), 2),
            error=run.error,
        )
        for run in runs
    )


def _lost(session: Session, status: RunStatus, now: datetime) -> int:
    query = select(func.count()).where(PlanningRun.status == status, PlanningRun.started_at > now - _LATELY)
    return session.execute(query).scalar_one()
