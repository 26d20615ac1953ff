"""Committing a plan: one short transaction that writes everything it decides, if the run still holds its requests.

Locks are taken in one order everywhere: the run, its requests, availabilities, hospitals, appointments; rows of one
kind by their ids.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import outbox
from models.appointment_messages import BOOKED, MOVED, Hour, appointment_message
from models.booking import (
    BookingRequest,
    Conflict,
    PlanningRun,
    RequestStatus,
    RunStatus,
    conflict_json,
    outcome_json,
)
from models.rescheduling.leftovers import give_up
from models.schedule import Appointment, AppointmentStatus
from models.snapshot import Snapshot
from planner import plan as planned
from planner.plan import Plan
from planner.problem import Priority
from workers import measures
from workers.claim import Claim
from workers.ground import Placement, hold_ground
from workers.placing import book, move

TOO_LATE = "The window had passed before the request could be planned."


class LeaseLost(Exception):  # noqa: N818  # named for what went wrong
    """The run no longer holds its requests: its lease ran out, or another has expired it. Drop the work."""

    def __init__(self, claim: Claim, found: str) -> None:
        super().__init__(f"Run {claim.run} (fencing token {claim.fencing_token}) has lost its lease: {found}.")
        self.run = claim.run


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many requests of a run ended how. `requeued` ones lost their hours, or their reasons, to a race, or the plan
    knows nothing of them."""

    booked: int
    conflicts: int
    requeued: int


def commit_plan(session: Session, claim: Claim, snapshot: Snapshot, plan: Plan, *, now: datetime) -> Outcome:
    """Write what `plan` decides for the requests of `claim`.

    A request that was cancelled meanwhile is left alone. One whose hour is gone, or whose ground is (see
    `workers.ground`), and one that was left out of the plan is queued again; that does not count as a lost run.

    Raises
    ------
    LeaseLost
        where the run no longer holds its requests; nothing is written then.

    """
    if earlier := _hold_run(session, claim, now):
        return earlier
    wanted = _hold_requests(session, claim)
    placements = [each for each in _placements(snapshot, plan) if each.request is None or each.request in wanted]
    timezones = {UUID(each.id): each.timezone for each in snapshot.problem.hospitals}
    firm = hold_ground(session, placements, timezones)
    left = _hold_appointments(session, firm)
    # Whose best hour is the one they have is neither moved nor told of it.
    staying = {each for each in firm if each.appointment in left and left[each.appointment][1] == _hour(each)}
    moved = move(session, [each for each in firm if each.appointment and each not in staying])
    booked = book(session, [each for each in firm if not each.appointment])
    give_up(session, [each.appointment for each in moved if each.appointment])

    settled = booked.keys() | {each.request for each in [*moved, *staying] if each.request}
    withdrawn = {UUID(each.request) for each in plan.bookings} - settled
    conflicts = [each for each in plan.conflicts if UUID(each.request) in wanted and not _rests_on(each, withdrawn)]
    refused = {UUID(each.request) for each in conflicts}
    failures = {request: reason for request, reason in snapshot.moot.items() if request in wanted}
    lost = wanted - settled - refused - failures.keys()

    _decide(session, claim, settled, RequestStatus.BOOKED, now)
    _decide(session, claim, refused, RequestStatus.CONFLICT, now)
    for request, reason in failures.items():
        _decide(session, claim, {request}, RequestStatus.FAILED, now, failure=reason)
    _queue_again(session, claim, lost)
    _write_conflicts(session, claim, snapshot, conflicts, now)
    _tell(session, firm, booked, moved, left)
    outcome = Outcome(len(settled), len(refused), len(lost))
    _finish_run(session, claim, outcome, plan, now)
    return outcome


def _hold_run(session: Session, claim: Claim, now: datetime) -> Outcome | None:
    """Lock the run, so that nobody expires it while we commit.

    Where it is committed already, only we can have done it, in a transaction of which the answer was lost; its outcome
    is returned.
    """
    run = session.get(PlanningRun, claim.run, with_for_update=True, populate_existing=True)
    if run is None:
        raise LeaseLost(claim, "there is no such run")
    if run.fencing_token == claim.fencing_token and run.status is RunStatus.COMMITTED:
        return Outcome(run.booked or 0, run.conflicts or 0, run.requeued or 0)
    if run.fencing_token != claim.fencing_token or run.status is not RunStatus.PLANNING:
        raise LeaseLost(claim, f"it is {run.status} under fencing token {run.fencing_token}")
    if run.lease_expires_at <= now:
        raise LeaseLost(claim, f"it ran out at {run.lease_expires_at.isoformat()}")
    return None


def _hold_requests(session: Session, claim: Claim) -> set[UUID]:
    """Lock the requests that still want what the run planned; who cancelled theirs is not among them."""
    return set(
        session.scalars(
            select(BookingRequest.id)
            .where(BookingRequest.planning_run_id == claim.run, BookingRequest.status == RequestStatus.PLANNING)
            .order_by(BookingRequest.id)
            .with_for_update()
        )
    )


def _hold_appointments(session: Session, placements: Iterable[Placement]) -> dict[UUID, tuple[int, Hour]]:
    """Lock the booked ones of the appointments that are to move. Returns the version and the hour that each has until
    then.
    """
    rows = session.scalars(
        select(Appointment)
        .where(
            Appointment.id.in_([each.appointment for each in placements if each.appointment]),
            Appointment.status == AppointmentStatus.BOOKED,
        )
        .order_by(Appointment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: (row.version, Hour.of(row)) for row in rows}


def _placements(snapshot: Snapshot, plan: Plan) -> Iterable[Placement]:
    requests = {each.id: each for each in snapshot.problem.requests}
    appointments = {each.id: each for each in snapshot.problem.appointments}
    for booking in plan.bookings:
        request = requests[booking.request]
        yield Placement(
            request=UUID(request.id),
            appointment=UUID(request.moves) if request.moves else None,
            patient=UUID(request.patient),
            doctor=UUID(booking.doctor),
            hospital=UUID(booking.hospital),
            start=booking.start,
        )
    for each in plan.moved:
        yield Placement(
            request=None,
            appointment=UUID(each.appointment),
            patient=UUID(appointments[each.appointment].patient),
            doctor=UUID(each.doctor),
            hospital=UUID(each.hospital),
            start=each.start,
        )


def _rests_on(conflict: planned.Conflict, withdrawn: Collection[UUID]) -> bool:
    """Whether a conflict names winners who did not get their hours after all, so that it has to be told anew."""
    return any(UUID(winner["request"]) in withdrawn for winner in conflict.facts.get("winners", ()))


def _decide(
    session: Session,
    claim: Claim,
    requests: Collection[UUID],
    status: RequestStatus,
    now: datetime,
    failure: str | None = None,
) -> None:
    changed = _change(session, claim, requests, {"status": status, "decided_at": now, "failure": failure})
    outcome = measures.MOOT if failure else status
    measures.decided(session, outcome, [(each.priority, each.queued_at) for each in changed], now)
    outbox.tell(
        session,
        "booking_request.decided",
        ({"booking_request": str(id_), "status": status} for id_ in sorted(requests)),
    )


def _queue_again(session: Session, claim: Claim, requests: Collection[UUID]) -> None:
    _change(session, claim, requests, {"status": RequestStatus.QUEUED, "planning_run_id": None})


def _change(
    session: Session, claim: Claim, requests: Collection[UUID], values: Mapping[str, object]
) -> Sequence[Row[UUID, Priority, datetime]]:
    changed = session.execute(
        update(BookingRequest)
        .where(
            BookingRequest.id.in_(requests),
            BookingRequest.planning_run_id == claim.run,
            BookingRequest.status == RequestStatus.PLANNING,
        )
        .values(values)
        .returning(BookingRequest.id, BookingRequest.priority, BookingRequest.queued_at)
    ).all()
    if len(changed) != len(requests):
        raise LeaseLost(claim, f"it holds {len(changed)} of {len(requests)} requests")
    return changed


def _write_conflicts(
    session: Session, claim: Claim, snapshot: Snapshot, conflicts: Sequence[planned.Conflict], now: datetime
) -> None:
    if not conflicts:
        return
    measures.refused(session, [each.kind for each in conflicts])
    too_late = {each.id for each in snapshot.problem.requests if each.latest <= snapshot.now}
    statement = insert(Conflict)
    written = ("planning_run_id", "kind", "message", "facts", "certificate", "alternatives", "created_at")
    session.execute(
        # A request that was in conflict and was queued again has an older one.
        statement.on_conflict_do_update(
            index_elements=[Conflict.booking_request_id], set_={name: statement.excluded[name] for name in written}
        ),
        [
            {
                "booking_request_id": UUID(each.request),
                "planning_run_id": claim.run,
                "kind": each.kind,
                **conflict_json(
                    replace(each, message=f"{TOO_LATE} {each.message}") if each.request in too_late else each
                ),
                "created_at": now,
            }
            for each in conflicts
        ],
    )


def _tell(
    session: Session,
    placements: Iterable[Placement],
    booked: Mapping[UUID, UUID],
    moved: Iterable[Placement],
    left: Mapping[UUID, tuple[int, Hour]],
) -> None:
    hours = {each.request: _hour(each) for each in placements}
    outbox.tell(
        session,
        BOOKED,
        (
            appointment_message(appointment, 1, hours[request], request=request)
            for request, appointment in sorted(booked.items())
        ),
    )
    outbox.tell(
        session,
        MOVED,
        (
            appointment_message(
                each.appointment,
                left[each.appointment][0] + 1,
                _hour(each),
                left=left[each.appointment][1],
                request=each.request,
            )
            for each in moved
            if each.appointment
        ),
    )


def _hour(placement: Placement) -> Hour:
    return Hour(placement.doctor, placement.hospital, placement.start)


def _finish_run(session: Session, claim: Claim, outcome: Outcome, plan: Plan, now: datetime) -> None:
    session.execute(
        update(PlanningRun)
        .where(PlanningRun.id == claim.run)
        .values(
            status=RunStatus.COMMITTED,
            finished_at=now,
            booked=outcome.booked,
            conflicts=outcome.conflicts,
            requeued=outcome.requeued,
            outcome=outcome_json(plan),
        )
    )
