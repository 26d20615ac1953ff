"""One round of planning: claim, read, solve, verify, commit. No database session is open while it solves."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from time import time_ns
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.booking import BookingRequest
from models.seeing import traces
from models.session import transaction
from models.settings import Settings
from models.snapshot import Snapshot, read_snapshot
from planner.plan import Plan
from workers import measures
from workers.acting import at_work_on
from workers.bell import ring
from workers.claim import Claim, Terms, claim, is_anything_queued
from workers.commit import LeaseLost, Outcome, commit_plan
from workers.draining import handed_back_by
from workers.keeping import Clock, LeaseKept
from workers.leases import fail_run, hand_back, renew
from workers.partition import Limits
from workers.retrying import retrying
from workers.solving import CHECK, plan_all_standing

MOST_TOLD = 20
"""The most HTTP requests that a run names of those which asked for what it has claimed."""

LONGEST_ERROR = 500
"""How many characters of an error are kept with a run."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def plan_next(chosen: Settings, *, worker: str, clock: Clock) -> Outcome | None:
    """Do one round. None where nothing could be claimed, or where the round was lost and its requests queued again.

    Requests that were left out so that the appointments which they move could stand (`plan_all_standing`) are queued
    again, and planned by themselves right after. Among others they could be left out for ever.

    Rings the bell for what is left queued, before it solves (so that other workers start) and after.
    """
    outcome, left_out = _round(chosen, worker, clock)
    while left_out:
        _, left_out = _round(chosen, worker, clock, alone=left_out)
    return outcome


def _round(
    chosen: Settings, worker: str, clock: Clock, alone: Collection[UUID] = ()
) -> tuple[Outcome | None, Collection[UUID]]:
    """What became of a round, of the requests `alone` where given, and the requests that were left out of it."""
    began = time_ns()
    claimed = _claim(chosen, worker=worker, now=clock(), alone=alone)
    if claimed is None:
        return None, ()
    with at_work_on(run=claimed.run), handed_back_by(partial(_hand_back, claimed, clock)):
        try:
            _tell_whose(claimed, since=began)
            return _carry_out(claimed, chosen, clock)
        except LeaseLost as lost:
            log.warning("work dropped", reason=str(lost))
        except Exception as error:  # noqa: BLE001  # whatever it is, the requests must go back to the queue
            _give_back(claimed, error, chosen, now=clock())
        finally:
            ring_if_queued()
    return None, ()


def ring_if_queued() -> None:
    """Ring the bell where requests wait."""
    if retrying(_is_anything_queued):
        ring()


def _is_anything_queued() -> bool:
    with transaction() as session:
        return is_anything_queued(session)


def _claim(chosen: Settings, *, worker: str, now: datetime, alone: Collection[UUID]) -> Claim | None:
    terms = Terms(
        lease=timedelta(seconds=chosen.lease),
        # A live run may still explain its plan when its time to solve is over.
        patience=timedelta(seconds=2 * chosen.plan_time_limit),
        limits=Limits(chosen.plan_batch_size, chosen.max_attempts),
    )
    with transaction() as session:
        return claim(session, terms, worker=worker, now=now, alone=alone)


def _asked_in(claimed: Claim) -> list[str]:
    rows = select(BookingRequest.asked_in).where(
        BookingRequest.planning_run_id == claimed.run, BookingRequest.asked_in.is_not(None)
    )
    with transaction() as session:
        return [each for each in session.scalars(rows.distinct().order_by(BookingRequest.asked_in)) if each]


def _tell_whose(claimed: Claim, *, since: int) -> None:
    """Let the log, and a span that began at `since`, name the HTTP requests that asked for what a run has claimed."""
    asked_in = retrying(lambda: _asked_in(claimed))
    with traces.span("claim", since=since, because_of=asked_in[:MOST_TOLD]):
        more = {"and_more": len(asked_in) - MOST_TOLD} if len(asked_in) > MOST_TOLD else {}
        log.info("claimed", requests=len(claimed.requests), asked_in=asked_in[:MOST_TOLD], **more)


def _carry_out(claimed: Claim, chosen: Settings, clock: Clock) -> tuple[Outcome, Collection[UUID]]:
    steps = measures.Steps("read")
    # Reading a large network can outlast it on a busy machine, and explaining a thousand refusals finding the plan. The
    # commit does without: it holds the run's row.
    with LeaseKept(partial(_renew, claimed), lease=chosen.lease, clock=clock):
        ring_if_queued()
        with traces.span("read"):
            snapshot = retrying(lambda: _read(claimed, chosen, clock()))
        steps.begin("solve")
        _, plan, left_out = plan_all_standing(
            snapshot.problem,
            snapshot.names,
            time_limit=chosen.plan_time_limit,
            progress=lambda stage: steps.begin("verify" if stage == CHECK else "solve"),
        )
    steps.begin("commit")
    with traces.span("commit"):
        outcome = retrying(lambda: _commit(claimed, snapshot, plan, clock()))
    took = steps.end()
    measures.planned(len(claimed.requests), plan, max(0, outcome.requeued - len(left_out)))
    log.info(
        "committed",
        booked=outcome.booked,
        conflicts=outcome.conflicts,
        requeued=outcome.requeued,
        left_out=len(left_out),
        plan=plan.status,
        seconds_reading=round(took["read"], 3),
        seconds_planning=round(took["solve"] + took["verify"], 3),
        seconds_committing=round(took["commit"], 3),
    )
    return outcome, [UUID(each) for each in left_out]


def _renew(claimed: Claim, session: Session, until: datetime) -> bool:
    return renew(session, claimed.run, claimed.fencing_token, until=until)


def _read(claimed: Claim, chosen: Settings, now: datetime) -> Snapshot:
    with transaction() as session:
        return read_snapshot(session, claimed.requests, now=now, reach=timedelta(days=chosen.plan_reach_days))


def _commit(claimed: Claim, snapshot: Snapshot, plan: Plan, now: datetime) -> Outcome:
    with transaction() as session:
        return commit_plan(session, claimed, snapshot, plan, now=now)


def _give_back(claimed: Claim, error: Exception, chosen: Settings, *, now: datetime) -> None:
    """Queue the requests of a failed run again, each with one more lost run on its account."""
    told = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
    log.error("planning failed", error=told, exc_info=error)

    def give_back() -> None:
        with transaction() as session:
            fail_run(session, claimed.run, error=told, now=now, max_attempts=chosen.max_attempts)

    retrying(give_back)


def _hand_back(claimed: Claim, clock: Clock) -> None:
    """Queue the requests of a run again whose worker is told to end."""

    def step() -> bool:
        with transaction() as session:
            return hand_back(session, claimed.run, now=clock())

    if retrying(step):
        ring()
