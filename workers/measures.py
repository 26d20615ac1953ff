"""What workers count and time. Nothing here bears an id or a name: there would be no end of them."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from celery.signals import task_postrun, task_prerun, worker_process_init, worker_process_shutdown, worker_ready
from sqlalchemy import event
from sqlalchemy.orm import Session

from models.booking import RequestStatus, RunStatus
from models.deliveries.tables import Channel
from models.seeing import traces
from models.seeing.measuring import Counted, Counter, Gauge, Histogram, tell
from models.settings import settings
from planner.plan import ConflictKind, Objective, Plan, PlanStatus
from planner.problem import Priority
from workers.app import QUEUES, app

_SHORT = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 20.0, 30.0, 60.0, 300.0)
_LONG = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)

PLAN_REQUESTS = Histogram(
    "slotwise_plan_requests", "Booking requests in a planning run", buckets=(1, 3, 10, 30, 100, 300, 1000, 3000, 10000)
)
PLAN_SECONDS = Histogram("slotwise_plan_seconds", "What the steps of a planning run take", ["step"], buckets=_SHORT)
PLANS = Counter("slotwise_plans_total", "Plans, by how well they are proved", ["status"])
BOUND_GAP = Histogram(
    "slotwise_plan_bound_gap",
    "How far a plan is from its bound, as a part of it, in the first goal in which they differ; 0: proved",
    buckets=(0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
)
DECIDED = Counter("slotwise_requests_decided_total", "Booking requests that workers decided", ["outcome"])
DECISION_SECONDS = Histogram(
    "slotwise_decision_seconds", "From queueing a booking request to its decision", ["priority"], buckets=_LONG
)
CONFLICTS = Counter("slotwise_conflicts_total", "Booking requests that could not be booked, by the reason", ["kind"])
LOST_RACES = Counter("slotwise_lost_races_total", "Booking requests that lost their hours to a race: planned again")
RUNS_LOST = Counter("slotwise_runs_lost_total", "Planning runs that were lost", ["how"])
RENEWALS_FAILED = Counter(
    "slotwise_lease_renewals_failed_total",
    "Leases not renewed: the database was away, or the work was not ours",
    ["why"],
)
TOLD = Counter("slotwise_deliveries_total", "Attempts to tell others what happened", ["channel", "outcome"])
TASK_SECONDS = Histogram("slotwise_task_seconds", "Tasks of the workers", ["task", "outcome"], buckets=_SHORT)
LAST_SWEEP = Gauge(
    "slotwise_last_sweep_timestamp_seconds", "When beat's bell was last heard and heeded", multiprocess_mode="max"
)
WORKER_PROCESSES = Gauge(
    "slotwise_worker_processes", "Processes that take tasks of a queue", ["queue"], multiprocess_mode="livesum"
)

MOOT = "moot"
"""What became of requests that failed since there was nothing left to plan; the others that failed were given up."""

OUTCOMES = (RequestStatus.BOOKED, RequestStatus.CONFLICT, RequestStatus.FAILED, MOOT)


def _begin_at_zero() -> None:
    """Make what is counted rarely known from the start: what appears with its first count has not grown by it."""
    for counter, values in (
        (PLANS, PlanStatus),
        (DECIDED, OUTCOMES),
        (CONFLICTS, ConflictKind),
        (RUNS_LOST, (RunStatus.EXPIRED, RunStatus.FAILED)),
        (RENEWALS_FAILED, ("away", "lost")),
        (DECISION_SECONDS, Priority),
    ):
        for value in values:
            counter.labels(value)
    for queue in QUEUES:
        WORKER_PROCESSES.labels(queue).set(0)
    for channel in Channel:
        for outcome in ("delivered", "failed", "dead"):
            TOLD.labels(channel, outcome)


def gap(objective: Objective, bound: Objective) -> float:
    """How far a plan is from its bound: 0 where it reaches it, else as a part of the first number in which it does not,
    in [0, 1].
    """
    pairs = [(bound.booked.get(each, 0), objective.booked.get(each, 0)) for each in Priority]
    pairs += [(objective.moved, bound.moved), (objective.inconvenience, bound.inconvenience)]
    return next(((more - less) / more for more, less in pairs if more != less), 0.0)


class Steps:
    """How long the steps of one planning run take, one after the other. Some are taken more than once."""

    def __init__(self, first: str) -> None:
        self._took: defaultdict[str, float] = defaultdict(float)
        self._step, self._began = first, time.perf_counter()

    def begin(self, step: str) -> None:
        """End the step before, and begin the next one."""
        now = time.perf_counter()
        self._took[self._step] += now - self._began
        self._step, self._began = step, now

    def end(self) -> Mapping[str, float]:
        """End the last step. The seconds that each took, all its times together."""
        self.begin(self._step)
        for step, seconds in self._took.items():
            PLAN_SECONDS.labels(step).observe(seconds)
        return self._took


def planned(requests: int, plan: Plan, requeued: int) -> None:
    """Count a plan that was committed."""
    PLAN_REQUESTS.observe(requests)
    PLANS.labels(plan.status).inc()
    BOUND_GAP.observe(gap(plan.objective, plan.bound))
    LOST_RACES.inc(requeued)


def decided(session: Session, outcome: str, requests: list[tuple[Priority, datetime]], now: datetime) -> None:
    """Count requests (their priorities, and when they were queued) as decided, once the transaction is committed."""

    def count() -> None:
        DECIDED.labels(outcome).inc(len(requests))
        for priority, queued_at in requests:
            DECISION_SECONDS.labels(priority).observe(max(0.0, (now - queued_at).total_seconds()))

    once_committed(session, count)


def refused(session: Session, kinds: Iterable[ConflictKind]) -> None:
    """Count conflicts, once the transaction is committed."""

    def count() -> None:
        for kind in kinds:
            CONFLICTS.labels(kind).inc()

    once_committed(session, count)


def lost(session: Session, how: RunStatus, runs: int, failed: int) -> None:
    """Count runs that were lost, and the requests that failed by it, once the transaction is committed."""

    def count() -> None:
        RUNS_LOST.labels(how).inc(runs)
        DECIDED.labels(RequestStatus.FAILED).inc(failed)

    once_committed(session, count)


def once_committed(session: Session, count: Callable[[], None]) -> None:
    """Count something as soon as it is true: what is rolled back has not happened."""
    event.listen(session, "after_commit", lambda _session: count(), once=True)


_begin_at_zero()

_began: dict[str, float] = {}


@task_prerun.connect  # type: ignore[untyped-decorator]  # Celery ships no types
def _task_begins(task_id: str, **_: Any) -> None:  # Any: Celery's signals pass what they like
    _began[task_id] = time.perf_counter()


@task_postrun.connect  # type: ignore[untyped-decorator]
def _task_ends(task_id: str, task: Any, state: str | None, **_: Any) -> None:  # Any: as above
    outcome = "done" if state == "SUCCESS" else "failed"
    name = task.name.removeprefix("slotwise.")
    TASK_SECONDS.labels(name, outcome).observe(time.perf_counter() - _began.pop(task_id, time.perf_counter()))


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _takes_tasks(**_: Any) -> None:  # Any: as above
    traces.begin("slotwise-worker")
    for queue in app.amqp.queues.consume_from:
        WORKER_PROCESSES.labels(queue).set(1)


@worker_ready.connect  # type: ignore[untyped-decorator]
def _tells(**_: Any) -> None:  # Any: as above
    tell(settings().metrics_host, settings().metrics_port, Counted())


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _takes_none_any_more(**_: Any) -> None:  # Any: as above
    traces.end()
