"""Claiming what is queued: one short transaction that makes a planning run, with a lease and a fencing token."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from models.booking import BookingRequest, BookingRequestDoctor, PlanningRun, RequestStatus, RunStatus
from models.people import Doctor, DoctorSpecialty
from planner.problem import Priority
from workers.leases import expire_overdue
from workers.partition import Limits, Wish, choose

CLAIMING = 7_305_402
"""The advisory lock on which claims take turns, so that each sees the runs begun before it and keeps clear of them.
The number means nothing. Row locks would do to claim nothing twice."""

TAKE_TURN = text("SELECT pg_advisory_xact_lock(:key)")

FORESIGHT = 4
"""How many batches of the queue a claim looks through."""

_BY_URGENCY = case({priority.value: rank for rank, priority in enumerate(Priority)}, value=BookingRequest.priority)


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms requests are claimed: for how long, and how many. `patience` is how long a claim keeps clear of
    what another run touches; a run that is older has probably died, and its lease will tell."""

    lease: timedelta
    patience: timedelta
    limits: Limits


@dataclass(frozen=True, slots=True)
class Claim:
    """A planning run that holds requests until `lease_expires_at`, or until it is expired by whoever sees it then."""

    run: UUID
    fencing_token: int
    lease_expires_at: datetime
    requests: tuple[UUID, ...]


def claim(session: Session, terms: Terms, *, worker: str, now: datetime) -> Claim | None:
    """Claim requests for a new run, or nothing where nothing is queued that does not touch what others plan."""
    session.execute(TAKE_TURN, {"key": CLAIMING})
    expire_overdue(session, now=now, max_attempts=terms.limits.max_attempts)
    queue = _read(session, BookingRequest.status == RequestStatus.QUEUED, terms.limits.batch_size * FORESIGHT)
    if not queue:
        return None
    live = select(PlanningRun.id).where(
        PlanningRun.status == RunStatus.PLANNING, PlanningRun.started_at > now - terms.patience
    )
    planning = _read(
        session, (BookingRequest.status == RequestStatus.PLANNING) & BookingRequest.planning_run_id.in_(live)
    )
    chosen = choose(queue, planning, _specialists(session, [*queue, *planning]), terms.limits)
    held = _lock(session, chosen)
    return _begin(session, held, terms, worker=worker, now=now) if held else None


def is_anything_queued(session: Session) -> bool:
    """Whether any request waits for a run."""
    return bool(session.scalar(select(select(BookingRequest.id).filter_by(status=RequestStatus.QUEUED).exists())))


def _lock(session: Session, requests: Sequence[UUID]) -> list[UUID]:
    """Lock those of `requests` that are still queued; what somebody else has locked, they are about to change."""
    return list(
        session.scalars(
            select(BookingRequest.id)
            .where(BookingRequest.id.in_(requests), BookingRequest.status == RequestStatus.QUEUED)
            .order_by(BookingRequest.id)
            .with_for_update(skip_locked=True)
        )
    )


def _begin(session: Session, requests: Sequence[UUID], terms: Terms, *, worker: str, now: datetime) -> Claim:
    run = session.execute(
        insert(PlanningRun)
        .values(worker=worker, started_at=now, lease_expires_at=now + terms.lease, requests=len(requests))
        .returning(PlanningRun.id, PlanningRun.fencing_token, PlanningRun.lease_expires_at)
    ).one()
    session.execute(
        update(BookingRequest)
        .where(BookingRequest.id.in_(requests))
        .values(status=RequestStatus.PLANNING, planning_run_id=run.id)
    )
    return Claim(run.id, run.fencing_token, run.lease_expires_at, tuple(requests))


def _read(session: Session, which: ColumnElement[bool], limit: int | None = None) -> list[Wish]:
    """The requests for which `which` holds, the most urgent first and among those the oldest."""
    doctors: Select[Any] = (  # Any: the driver's list of ids
        select(func.array_agg(aggregate_order_by(BookingRequestDoctor.doctor_id, BookingRequestDoctor.position)))
        .where(BookingRequestDoctor.booking_request_id == BookingRequest.id)
        .correlate(BookingRequest)
    )
    rows = session.execute(
        select(
            BookingRequest.id,
            BookingRequest.patient_id,
            BookingRequest.attempts,
            doctors.scalar_subquery(),
            BookingRequest.specialty,
        )
        .where(which)
        .order_by(_BY_URGENCY, BookingRequest.queued_at, BookingRequest.id)
        .limit(limit)
    )
    return [
        Wish(id_, patient, attempts, None if doctors is None else tuple(doctors), specialty)
        for id_, patient, attempts, doctors, specialty in rows
    ]


def _specialists(session: Session, wishes: Sequence[Wish]) -> dict[str | None, list[UUID]]:
    wanted = {wish.specialty for wish in wishes if wish.doctors is None}
    found: dict[str | None, list[UUID]] = {}
    if None in wanted:
        found[None] = list(session.scalars(select(Doctor.id)))
    rows = select(DoctorSpecialty.specialty, DoctorSpecialty.doctor_id).where(
        DoctorSpecialty.specialty.in_(wanted - {None})
    )
    for specialty, doctor in session.execute(rows):
        found.setdefault(specialty, []).append(doctor)
    return found
