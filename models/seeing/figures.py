"""What runs and how far it is, read from the database in one snapshot."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models.audit.tables import AuditEntry, AuditUnsealed
from models.base import first_id
from models.booking import BookingRequest, Conflict, PlanningRun, RequestStatus, RunStatus
from models.deliveries.listing import Counts, count_deliveries
from models.deliveries.tables import Delivery
from models.hospitals import Hospital
from models.operations import OutboxMessage
from models.rescheduling.tables import Reschedule
from models.seeing.lately import Lately, read_lately
from models.validation.reading import last_finished, tally_standing
from models.validation.remedies.messages import undelivered
from planner.problem import Priority

_RUNS_SHOWN = 5
_TABLES_SHOWN = 5
_SHARES_SHOWN = 5
_UNDECIDED = BookingRequest.status.in_((RequestStatus.QUEUED, RequestStatus.PLANNING))
_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The undecided requests of a priority. `oldest` is how long the first has waited, in seconds, since it was queued
    (again).
    """

    queued: int
    planning: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """A planning run. `seconds` from claim to commit, or until now; `plan` says whether it was proved optimal."""

    started_at: dt.datetime
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

    last: dt.datetime | None
    severities: Mapping[str, int]
    acknowledged: int
    worst: str | None


@dataclass(frozen=True, slots=True)
class Unsealed:
    """Entries of the audit that no seal holds as yet. `oldest`: the age of the first in seconds, None: none is left."""

    entries: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """A hospital: since when it is known, and the first local day from which on it has no openings."""

    external_id: str
    known_since: dt.datetime
    projected_until: dt.date


@dataclass(frozen=True, slots=True)
class Share:
    """The undecided requests that count for a hospital's turn (None: for that of no hospital in particular)."""

    hospital: str | None
    undecided: int
    oldest: float


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table with its indexes. `rows` as PostgreSQL estimates them; None: it has not counted yet."""

    name: str
    rows: int | None
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it. `decided` by status, `conflicts` by kind, `messages` by channel,
    `reschedules` by status without questions.

    `expired_runs`, `failed_runs`: of the last day; `lost_lately`, `failed_lately`: runs lost, and requests given up by
    it, in the last hour. `worth_sending`: how many messages were given up that are still worth sending. `hospitals`:
    those whose openings end first come first. `shares`, `tables`: the largest ones.
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
    lately: Lately
    lost_lately: int
    failed_lately: int
    worth_sending: int
    unsealed: Unsealed
    hospitals: tuple[Place, ...]
    tables: tuple[TableSize, ...]
    shares: tuple[Share, ...]

    @property
    def undecided(self) -> int:
        """How many requests are queued or planning."""
        return sum(each.queued + each.planning for each in self.waiting.values())

    @property
    def oldest(self) -> float | None:
        """For how many seconds the first of them has waited; None where there are none."""
        return max((each.oldest for each in self.waiting.values() if each.oldest is not None), default=None)


def read_figures(session: Session, now: dt.datetime) -> Figures:
    """The figures at `now`; no migration may be pending."""
    waiting = _waiting(session, now)
    undecided = sum(each.queued + each.planning for each in waiting.values())
    return Figures(
        waiting=waiting,
        decided=_counts(session, BookingRequest.status, BookingRequest.decided_at.is_not(None)),
        conflicts=_counts(session, Conflict.kind),
        runs=_runs(session, now),
        expired_runs=_lost(session, now, _DAY, RunStatus.EXPIRED),
        failed_runs=_lost(session, now, _DAY, RunStatus.FAILED),
        messages={channel.value: counts for channel, counts in count_deliveries(session, now).items()},
        reschedules=_counts(session, Reschedule.status, Reschedule.what_if.is_(False)),
        validated=_validated(session, now),
        lately=read_lately(session, now, undecided),
        lost_lately=_lost(session, now, _HOUR, RunStatus.EXPIRED, RunStatus.FAILED),
        failed_lately=_failed(session, now),
        worth_sending=_worth_sending(session, now),
        unsealed=_unsealed(session, now),
        hospitals=_hospitals(session),
        tables=_tables(session),
        shares=_shares(session, now),
    )


def _validated(session: Session, now: dt.datetime) -> Validated:
    last, standing = last_finished(session), tally_standing(session, now)
    return Validated(
        last=last.finished_at if last else None,
        severities={severity.value: number for severity, number in standing.severities.items()},
        acknowledged=standing.acknowledged,
        worst=standing.worst and standing.worst.value,
    )


def _waiting(session: Session, now: dt.datetime) -> dict[str, Waiting]:
    rows = session.execute(
        select(
            BookingRequest.priority,
            func.count().filter(BookingRequest.status == RequestStatus.QUEUED),
            func.count().filter(BookingRequest.status == RequestStatus.PLANNING),
            func.min(BookingRequest.queued_at),
        )
        .where(_UNDECIDED)
        .group_by(BookingRequest.priority)
    )
    found = {
        priority: Waiting(queued, planning, (now - oldest).total_seconds())
        for priority, queued, planning, oldest in rows
    }
    return {priority.value: found.get(priority, Waiting(0, 0, None)) for priority in Priority}


def _shares(session: Session, now: dt.datetime) -> tuple[Share, ...]:
    count = func.count()
    rows = session.execute(
        select(Hospital.external_id, count, func.min(BookingRequest.queued_at))
        .select_from(BookingRequest)
        .outerjoin(Hospital, Hospital.id == BookingRequest.share)
        .where(_UNDECIDED)
        .group_by(Hospital.external_id)
        .order_by(count.desc(), Hospital.external_id)
        .limit(_SHARES_SHOWN)
    )
    return tuple(Share(hospital, number, (now - oldest).total_seconds()) for hospital, number, oldest in rows)


def _counts(session: Session, column: Any, *where: Any) -> dict[str, int]:  # Any: SQLAlchemy's column expressions
    rows = session.execute(select(column, func.count()).where(*where).group_by(column).order_by(func.count().desc()))
    return {value.value: number for value, number in rows}


def _runs(session: Session, now: dt.datetime) -> tuple[Run, ...]:
    runs = session.scalars(select(PlanningRun).order_by(PlanningRun.id.desc()).limit(_RUNS_SHOWN))
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


def _lost(session: Session, now: dt.datetime, span: dt.timedelta, *statuses: RunStatus) -> int:
    """Runs that were lost at most `span` ago. None lasts for an hour before it is."""
    return (
        session.scalar(
            select(func.count()).where(
                PlanningRun.id >= first_id(now - span - _HOUR),
                PlanningRun.status.in_(statuses),
                PlanningRun.finished_at > now - span,
            )
        )
        or 0
    )


def _failed(session: Session, now: dt.datetime) -> int:
    """Requests that were given up. A run that is committed says of those that fail by it that they are moot."""
    failed = BookingRequest.status == RequestStatus.FAILED
    moot = select(PlanningRun.id).where(
        PlanningRun.id == BookingRequest.planning_run_id, PlanningRun.status == RunStatus.COMMITTED
    )
    lately = BookingRequest.decided_at > now - _HOUR
    return session.scalar(select(func.count()).where(failed, lately, ~moot.exists())) or 0


def _worth_sending(session: Session, now: dt.datetime) -> int:
    dead = select(Delivery.id).join(OutboxMessage, OutboxMessage.id == Delivery.message_id).where(undelivered(now))
    return session.scalar(select(func.count()).select_from(dead.subquery())) or 0


def _unsealed(session: Session, now: dt.datetime) -> Unsealed:
    entries, first = session.execute(select(func.count(), func.min(AuditUnsealed.entry_id))).one()
    written = session.scalar(select(AuditEntry.at).where(AuditEntry.id == first))
    return Unsealed(entries, max((now - written).total_seconds(), 0.0) if written else None)


def _hospitals(session: Session) -> tuple[Place, ...]:
    rows = select(Hospital.external_id, Hospital.created_at, Hospital.projected_until)
    return tuple(Place(*row) for row in session.execute(rows.order_by(Hospital.projected_until, Hospital.external_id)))


def _tables(session: Session) -> tuple[TableSize, ...]:
    rows = session.execute(
        text("""
            SELECT relname, CASE WHEN reltuples >= 0 THEN reltuples::bigint END, pg_total_relation_size(oid) AS size
            FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            ORDER BY size DESC, relname LIMIT :shown
        """),
        {"shown": _TABLES_SHOWN},
    )
    return tuple(TableSize(*row) for row in rows)
