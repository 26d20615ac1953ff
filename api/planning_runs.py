"""What the planners have been doing: their latest runs, with size, seconds and proof."""

import uuid

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api.named import gone
from api.pages import ById, Page
from api.problems import documented
from api.times import UTC, InstantOut, local
from models.booking import JsonObject, PlanningRun, RunStatus
from models.overview.runs import Goal, proof, seconds
from models.session import transaction

router = APIRouter(prefix="/planning-runs", tags=["Planning runs"])


class ProofOut(BaseModel):
    """What was proved of a plan: that it is the best, or how far from the best it may be."""

    model_config = ConfigDict(from_attributes=True)

    best: bool = Field(description="Whether no plan is better")
    goal: Goal | None = Field(description="The first goal in which a better plan was not ruled out; null: it is best")
    reached: int = Field(description="What the plan reaches in that goal")
    bound: int = Field(description="What no plan goes beyond there")
    gap: float = Field(description="The difference between the two over the larger one, from 0 to 1")


class PlanningRunOut(BaseModel):
    """One worker's claim on some requests, and what came of it."""

    id: uuid.UUID
    status: RunStatus
    worker: str
    started_at: InstantOut
    finished_at: InstantOut | None
    seconds: float | None = Field(description="From the claim to the commit")
    requests: int
    booked: int | None
    conflicts: int | None
    requeued: int | None = Field(
        description="Requests that were queued again: they lost their hours to a race, or are to be planned alone"
    )
    proof: ProofOut | None = Field(description="null: there is no plan, as yet or at all")
    outcome: JsonObject | None = Field(description="The plan's status, objective, bound and receipt")
    error: str | None


@router.get("", summary="List planning runs")
def list_runs(asked: ById) -> Page[PlanningRunOut]:
    """Planning runs, newest first."""
    runs = select(PlanningRun).order_by(PlanningRun.id.desc()).limit(asked.limit + 1)
    if asked.after:
        runs = runs.where(PlanningRun.id < asked.after)
    with transaction() as session:
        rows = session.scalars(runs).all()
    return asked.page(rows, lambda row: (row.id,), lambda page: [_shown(row) for row in page])


@router.get("/{run_id}", summary="Read a planning run", responses=documented(not_found=["unknown_planning_run"]))
def read_run(run_id: uuid.UUID) -> PlanningRunOut:
    """One planning run."""
    with transaction() as session:
        run = session.get(PlanningRun, run_id)
    if run is None:
        raise gone("planning_run", run_id)
    return _shown(run)


def _shown(run: PlanningRun) -> PlanningRunOut:
    return PlanningRunOut(
        id=run.id,
        status=run.status,
        worker=run.worker,
        started_at=local(run.started_at, UTC),
        finished_at=run.finished_at and local(run.finished_at, UTC),
        seconds=seconds(run),
        requests=run.requests,
        booked=run.booked,
        conflicts=run.conflicts,
        requeued=run.requeued,
        proof=proof(run.outcome),
        outcome=run.outcome,
        error=run.error,
    )
