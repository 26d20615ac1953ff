"""Claiming what is queued: one short transaction that makes a planning run, with a lease and a fencing token."""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from models.booking import BookingRequest, BookingRequestDoctor, PlanningRun, RequestStatus, RunStatus
from models.hospitals import Hospital
from models.locks import AdvisoryLock
from models.people import Doctor, DoctorSpecialty
from planner.problem import Priority
from workers.leases import expire_overdue
from workers.partition import Limits, Wish, choose
from workers.turns import in_turn, note_served

TAKE_TURN = text(f"SELECT pg_advisory_xact_lock({AdvisoryLock.CLAIMING.value})")
"""Claims take turns, so that each sees the runs begun before it and keeps clear of them. Row locks would do to claim
nothing twice."""

FORESIGHT = 4
"""How many batches of the queue a claim looks through."""

_DOCTORS: Select[Any] = (  # Any: the driver's list of ids
    select(func.array_agg(aggregate_order_by(BookingRequestDoctor.doctor_id, BookingRequestDoctor.position)))
    .where(BookingRequestDoctor.booking_request_id == BookingRequest.id)
    .correlate(BookingRequest)
)

_WISH = select(
    BookingRequest.id,
    BookingRequest.patient_id,
    BookingRequest.attempts,
    _DOCTORS.scalar_subquery(),
    BookingRequest.specialty,
    BookingRequest.share,
)


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


def claim(session: Session, terms: Terms, *, worker: str, now: datetime, alone: Collection[UUID] = ()) -> Claim | None:
    """Claim requests for a new run, or nothing where nothing is queued that does not touch what others plan.

    Where requests are given, those of `alone` that are queued are claimed, whatever they touch, and nothing else.
    """
    session.execute(TAKE_TURN)
    expire_overdue(session, now=now, max_attempts=terms.limits.max_attempts)
    if alone:
        held = _lock(session, alone)
        return _begin(session, held, terms, worker=worker, now=now) if held else None
    queue = _queue(session, terms.limits.batch_size * FORESIGHT)
    if not queue:
        return None
    live = select(PlanningRun.id).where(
        PlanningRun.status == RunStatus.PLANNING, PlanningRun.started_at > now - terms.patience
    )
    planning = _wishes(
        session,
        _WISH.where(BookingRequest.status == RequestStatus.PLANNING, BookingRequest.planning_run_id.in_(live)),
    )
    chosen = choose(queue, planning, _specialists(session, [*queue, *planning]), terms.limits)
    held = _lock(session, chosen)
    if not held:
        return None
    shares = {wish.request: wish.share for wish in queue}
    note_served(session, [shares[request] for request in chosen], now)
    return _begin(session, held, terms, worker=worker, now=now)


def is_anything_queued(session: Session) -> bool:
    """Whether any request waits for a run."""
    return bool(session.scalar(select(select(BookingRequest.id).filter_by(status=RequestStatus.QUEUED).exists())))


def _lock(session: Session, requests: Collection[UUID]) -> list[UUID]:
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


def _queue(session: Session, most: int) -> list[Wish]:
    """The first `most` requests of the queue: by urgency, then hospitals in turn, then by age."""
    shares = 1 + (session.scalar(select(func.count()).select_from(Hospital)) or 0)
    queue: list[Wish] = []
    for priority in Priority:
        if wanted := most - len(queue):
            equal = math.ceil(wanted / shares)
            found = _in_turn(session, priority, wanted, of_each=equal)
            if len(found) < wanted and equal in Counter(wish.share for wish in found).values():
                found = _in_turn(session, priority, wanted, of_each=wanted)  # some share has more than an equal part
            queue += found
    return queue


def _in_turn(session: Session, priority: Priority, most: int, of_each: int) -> list[Wish]:
    line = in_turn(priority, most, of_each)
    return _wishes(session, _WISH.join(line, line.c.id == BookingRequest.id).order_by(line.c.turn))


def _wishes(session: Session, rows: Select[Any]) -> list[Wish]:  # Any: the columns of `_WISH`
    return [
        Wish(id_, patient, attempts, None if doctors is None else tuple(doctors), specialty, share)
        for id_, patient, attempts, doctors, specialty, share in session.execute(rows)
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
