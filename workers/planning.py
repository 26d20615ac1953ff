"""One round of planning: claim, read, solve, verify, commit. No database session is open while it solves."""

from datetime import datetime, timedelta
from functools import partial
from time import perf_counter

import structlog
from sqlalchemy.orm import Session

from models.session import transaction
from models.settings import Settings
from models.snapshot import Snapshot, read_snapshot
from planner.plan import Plan
from workers.bell import ring
from workers.claim import Claim, Terms, claim, is_anything_queued
from workers.commit import LeaseLost, Outcome, commit_plan
from workers.keeping import Clock, LeaseKept
from workers.leases import fail_run, renew
from workers.partition import Limits
from workers.retrying import retrying
from workers.solving import make_plan

LONGEST_ERROR = 500
"""How many characters of an error are kept with a run."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def plan_next(chosen: Settings, *, worker: str, clock: Clock) -> Outcome | None:
    """Do one round. None where nothing could be claimed, or where the round was lost and its requests queued again.

    Rings the bell for what is left queued, before it solves (so that other workers start) and after.
    """
    claimed = _claim(chosen, worker=worker, now=clock())
    if claimed is None:
        return None
    with structlog.contextvars.bound_contextvars(run=str(claimed.run)):
        try:
            return _carry_out(claimed, chosen, clock)
        except LeaseLost as lost:
            log.warning("work dropped", reason=str(lost))
        except Exception as error:  # noqa: BLE001  # whatever it is, the requests must go back to the queue
            _give_back(claimed, error, chosen, now=clock())
        finally:
            ring_if_queued()
    return None


def ring_if_queued() -> None:
    """Ring the bell where requests wait."""
    if retrying(_is_anything_queued):
        ring()


def _is_anything_queued() -> bool:
    with transaction() as session:
        return is_anything_queued(session)


def _claim(chosen: Settings, *, worker: str, now: datetime) -> Claim | None:
    terms = Terms(
        lease=timedelta(seconds=chosen.lease),
        # A live run may still explain its plan when its time to solve is over.
        patience=timedelta(seconds=2 * chosen.plan_time_limit),
        limits=Limits(chosen.plan_batch_size, chosen.max_attempts),
    )
    with transaction() as session:
        return claim(session, terms, worker=worker, now=now)


def _carry_out(claimed: Claim, chosen: Settings, clock: Clock) -> Outcome:
    log.info("claimed", requests=len(claimed.requests))
    ring_if_queued()
    began = perf_counter()
    snapshot = retrying(lambda: _read(claimed, chosen, clock()))
    read = perf_counter()
    # Explaining a thousand refusals can take longer than finding the plan.
    with LeaseKept(partial(_renew, claimed), lease=chosen.lease, clock=clock):
        plan = make_plan(snapshot.problem, snapshot.names, time_limit=chosen.plan_time_limit)
    solved = perf_counter()
    outcome = retrying(lambda: _commit(claimed, snapshot, plan, clock()))
    log.info(
        "committed",
        booked=outcome.booked,
        conflicts=outcome.conflicts,
        requeued=outcome.requeued,
        plan=plan.status,
        seconds_reading=round(read - began, 3),
        seconds_planning=round(solved - read, 3),
        seconds_committing=round(perf_counter() - solved, 3),
    )
    return outcome


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
