"""The last planning runs, and how good their plans are known to be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.booking import JsonObject, PlanningRun
from planner.plan import PlanStatus
from planner.problem import Priority


class Goal(StrEnum):
    """What a plan strives for, in this order: the most bookings by priority, the fewest moves, the least trouble."""

    URGENT = "urgent"
    SOON = "soon"
    ROUTINE = "routine"
    MOVED = "moved"
    INCONVENIENCE = "inconvenience"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved of a plan. `goal` is the first in which a better plan was not ruled out; None: it is the best.

    The plan reached `reached` there, and no plan goes beyond `bound`.
    """

    goal: Goal | None = None
    reached: int = 0
    bound: int = 0

    @property
    def best(self) -> bool:
        """Whether there is no better plan."""
        return self.goal is None

    @property
    def gap(self) -> float:
        """How far from the best the plan may be in its goal, from 0 to 1: the difference over the larger number."""
        return abs(self.bound - self.reached) / max(self.bound, self.reached, 1)


def last_runs(session: Session, limit: int) -> Sequence[PlanningRun]:
    """The last `limit` runs, newest first."""
    return session.scalars(select(PlanningRun).order_by(PlanningRun.id.desc()).limit(limit)).all()


def seconds(run: PlanningRun) -> float | None:
    """How long a run took from the claim to the commit, or until it was lost; None while it plans."""
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at else None


def proof(outcome: JsonObject | None) -> Proof | None:
    """What a run's outcome (`PlanningRun.outcome`) says was proved; None where it says nothing."""
    if not outcome:
        return None
    if outcome["status"] == PlanStatus.OPTIMAL:
        return Proof()
    for goal, reached, bound in zip(Goal, _goals(outcome["objective"]), _goals(outcome["bound"]), strict=True):
        if reached != bound:
            return Proof(goal, reached, bound)
    return Proof()


def _goals(reached: JsonObject) -> Iterator[int]:
    yield from (reached["booked"][priority.value] for priority in Priority)
    yield from (reached["moved"], reached["inconvenience"])
