"""Planning a reschedule: claim, read, solve, verify, propose. No database session is open while it solves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from models.faults import Refused
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.problem import ReschedulingProblem, read_problem
from models.rescheduling.proposal import HeldElsewhere, Overtaken, Proposal, write_proposal
from models.rescheduling.reaching import as_its_readers
from models.rescheduling.tables import Reschedule, RescheduleEvent
from models.session import transaction
from models.settings import Settings
from planner.plan import Conflict
from workers import solving
from workers.acting import at_work_on
from workers.bell import PLAN_RESCHEDULE, ring
from workers.draining import handed_back_by
from workers.extra_hours import look_for_extra_hours
from workers.keeping import Clock, LeaseKept
from workers.planning import LONGEST_ERROR
from workers.reschedule_claims import (
    READING,
    JobClaim,
    JobLost,
    claim_job,
    fail,
    hand_back_job,
    hold_job,
    is_any_job_queued,
    lose,
    renew_job,
)
from workers.retrying import retrying, retrying_unless

ROUNDS = 5
"""How often a job is planned anew, at one go, because the schedule changed meanwhile."""

MOST_REASONS = 4
"""How many reasons not to apply a proposal its history tells; applying it again tells all."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Progress:
    """What a worker is doing, for people; writes it down with the lease."""

    def __init__(self, claimed: JobClaim, chosen: Settings, clock: Clock) -> None:
        self.claimed = claimed
        self.stage = READING
        self.lease = LeaseKept(self._renew, lease=chosen.lease, clock=clock)

    def __call__(self, stage: str) -> None:
        """Begin a stage.

        Raises
        ------
        JobLost
            where the job was taken away or discarded, so that all further work is in vain.

        """
        if self.lease.lost:
            raise JobLost("it was taken away or discarded while it was planned")
        self.stage = stage
        self.lease.renew_now()

    def _renew(self, session: Session, until: datetime) -> bool:
        return renew_job(session, self.claimed, until=until, stage=self.stage)


def plan_next_reschedule(chosen: Settings, *, worker: str, clock: Clock) -> bool:
    """Plan one reschedule; False where none was queued. Rings the bell for those that still are."""
    claimed = _claim(chosen, worker=worker, now=clock())
    if claimed is None:
        return False
    with at_work_on(reschedule=claimed.job), handed_back_by(partial(_hand_back, claimed, clock)):
        try:
            ring_if_any_job_queued()
            _carry_out(claimed, chosen, clock)
        except JobLost as lost:
            log.info("work dropped", reason=str(lost))
        except HeldElsewhere as held:
            _give_up(claimed, str(held), now=clock())
        except Exception as error:  # noqa: BLE001  # whatever it is, the job must not stay with us
            _give_back(claimed, error, chosen, now=clock())
        finally:
            ring_if_any_job_queued()
    return True


def ring_if_any_job_queued() -> None:
    """Ring the bell where reschedules wait."""
    if retrying(_is_any_job_queued):
        ring(PLAN_RESCHEDULE)


def _is_any_job_queued() -> bool:
    with transaction() as session:
        return is_any_job_queued(session)


def _claim(chosen: Settings, *, worker: str, now: datetime) -> JobClaim | None:
    with transaction() as session:
        return claim_job(session, worker=worker, now=now, until=now + timedelta(seconds=chosen.lease))


def _carry_out(claimed: JobClaim, chosen: Settings, clock: Clock) -> None:
    progress = Progress(claimed, chosen, clock)
    with progress.lease:
        for turn in range(1, ROUNDS + 1):
            began = perf_counter()
            progress(READING)
            read = retrying(lambda: _read(claimed, clock()))
            made = solve(read, time_limit=chosen.reschedule_time_limit, progress=progress)
            progress("writing the proposal")
            try:
                retrying(lambda made=made: _commit(claimed, made, clock()))  # type: ignore[misc]  # bound in its turn
            except Overtaken as overtaken:
                log.info("planned again", reason=str(overtaken), turn=turn)
                if turn == ROUNDS:
                    raise
                continue
            goals = made.plan.objective
            log.info(
                "proposed",
                displaced=len(read.displaced),
                placed=sum(goals.booked.values()),
                others=goals.moved,
                plan=made.plan.status,
                seconds=round(perf_counter() - began, 3),
            )
            return


def solve(read: ReschedulingProblem, *, time_limit: float, progress: Callable[[str], None]) -> Proposal:
    """Plan what was read, for `time_limit` seconds each time, check the plan, and look what would place the others.

    Appointments that would keep their hours, since no other was found, must not lose those to others of the same
    patient, unless they are to be cancelled.

    Raises
    ------
    workers.solving.PlanRefused
        where the plan breaks a rule.

    """

    def tell(stage: str) -> None:
        progress(f"planning: {stage}")

    problem, left_out = read.problem, dict[str, Conflict]()
    if read.policy.cancel_unplaced:
        plan = solving.make_plan(problem, read.names, time_limit=time_limit, progress=tell)
    else:
        problem, plan, left_out = solving.plan_all_standing(problem, read.names, time_limit=time_limit, progress=tell)
    # Alternatives that were free in a plan that was dropped may not be in the one that came.
    withdrawn = {UUID(id_): replace(each, alternatives=()) for id_, each in left_out.items()}
    progress("looking for extra hours")
    extra = look_for_extra_hours(read, problem, plan, withdrawn, time_limit=time_limit)
    return Proposal(read, problem, plan, withdrawn, extra)


def _read(claimed: JobClaim, now: datetime) -> ReschedulingProblem:
    with transaction() as session:
        return read_problem(session, claimed.job, now)


def _commit(claimed: JobClaim, made: Proposal, now: datetime) -> None:
    with transaction() as session:
        job = hold_job(session, claimed, now)
        if job is None:
            return
        write_proposal(session, job, made, now)
        if not job.dry_run:
            _apply(session, job, now)


def _apply(session: Session, job: Reschedule, now: datetime) -> None:
    """Apply a proposal in the transaction that makes it, so that no worker can die in between.

    Where the schedule has changed in a way that only applying minds, it stays a proposal, and its history says why.
    """
    try:
        with session.begin_nested(), as_its_readers(session, job):
            apply_reschedule(session, job.id, None, now)
    except Refused as refused:
        why = " ".join(fault.message for fault in refused.faults[:MOST_REASONS])
        log.warning("not applied", reasons=[fault.code for fault in refused.faults])
        detail = f"It was not applied as soon as it was proposed. {why}"
        session.add(RescheduleEvent(reschedule_id=job.id, status=job.status, detail=detail, at=now))


def _give_up(claimed: JobClaim, reason: str, *, now: datetime) -> None:
    def give_up() -> None:
        with transaction() as session:
            job = hold_job(session, claimed, now)
            if job:
                fail(session, job, reason, now)

    retrying_unless(JobLost, give_up)


def _give_back(claimed: JobClaim, error: Exception, chosen: Settings, *, now: datetime) -> None:
    """Queue a job whose run failed again, with one more lost run on its account."""
    told = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
    log.error("planning failed", error=told, exc_info=error)

    def give_back() -> None:
        with transaction() as session:
            job = hold_job(session, claimed, now)
            if job:
                lose(session, job, told, now=now, max_attempts=chosen.max_attempts)

    retrying_unless(JobLost, give_back)


def _hand_back(claimed: JobClaim, clock: Clock) -> None:
    """Queue a job again whose worker is told to end."""

    def hand_back() -> None:
        with transaction() as session:
            hand_back_job(session, claimed, clock())

    retrying_unless(JobLost, hand_back)
    ring_if_any_job_queued()
