"""From a problem to a plan: the whole way on one screen. Importing this module loads OR-Tools."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from importlib.metadata import version
from zoneinfo import ZoneInfo

import numpy as np

from planner.budget import Budget
from planner.columns import Columns, columns
from planner.explain import explain
from planner.goals import Score, score, told_bound
from planner.hours import Bools
from planner.instants import instant
from planner.model import Solver
from planner.plan import Booking, Move, Objective, Plan, PlanStatus, ProvedPrices, Receipt
from planner.problem import Priority, Problem
from planner.proof import InstantPrices, Prices
from planner.schemas import problem_sha256
from planner.search import search
from planner.wording import Wording

PLANNER = "slotwise-3"
"""Changes whenever the same problem and seed may give another plan than before."""

EXPLANATION_SECONDS = 5.0
"""How long the linear programs among the certificates may take, all together, beyond the time limit."""


def plan(
    problem: Problem,
    *,
    seed: int = 0,
    time_limit: float = 30.0,
    solver_workers: int | None = None,
    wording: Wording | None = None,
    progress: Callable[[str], None] | None = None,
) -> Plan:
    """The best plan for `problem`, proved so, with every refusal explained.

    `time_limit` is in seconds of wall-clock time for finding the plan; when it runs out, the best plan found comes with
    the status `feasible` and an honest bound. Explaining comes on top. The same problem, version and seed give the same
    plan unless the time runs out. `solver_workers` threads at most solve independent parts (None: one per core).
    `wording` says how ids are called in sentences; `progress` is called with the name of each stage when it begins.

    `problem` must be one that `planner.schemas` would not refuse.
    """
    budget = Budget(time_limit, progress)
    with budget.stage("columns"):
        table = columns(problem)
    solver = Solver(seed, solver_workers or os.cpu_count() or 1)
    found = search(table.candidates, table.moments, len(table.seekers.rank), solver, budget, table.left_out)
    reached = score(table.candidates, found.plan)
    optimal = reached == found.bound
    with budget.stage("explain"):
        conflicts = explain(
            problem,
            table,
            found.plan,
            wording or Wording.of(problem),
            optimal=optimal,
            prices=found.prices,
            budget=Budget(min(EXPLANATION_SECONDS, time_limit)),
        )
    with budget.stage("digest"):
        digest = problem_sha256(problem)
    bookings, moved = carried_out(problem, table, found.plan)
    return Plan(
        status=PlanStatus.OPTIMAL if optimal else PlanStatus.FEASIBLE,
        bookings=bookings,
        moved=moved,
        conflicts=conflicts,
        objective=_objective(reached),
        bound=_objective(told_bound(found.bound, reached, table.candidates)),
        prices=None if found.prices is None else _told(found.prices, table),
        receipt=Receipt(digest, PLANNER, version("ortools"), seed, {"relaxation": 0.0, "solve": 0.0} | budget.spent),
    )


def carried_out(problem: Problem, table: Columns, chosen: Bools) -> tuple[tuple[Booking, ...], tuple[Move, ...]]:
    """The bookings by request id and the moves by appointment id, each start with its hospital's offset."""
    zones = {hospital.id: ZoneInfo(hospital.timezone) for hospital in problem.hospitals}
    local = cache(lambda us, hospital: instant(us, zones[hospital]))  # thousands of bookings share hundreds of hours
    bookings, moved = [], []
    picked = table.candidates.take(np.flatnonzero(chosen))
    rows = (picked.seeker, picked.doctor, picked.hospital, table.moments.start[picked.moment], picked.moves)
    for seeker, doctor, hospital, us, moves in zip(*(row.tolist() for row in rows), strict=True):
        place = (table.doctors[doctor], table.hospitals[hospital], local(us, table.hospitals[hospital]))
        if seeker < len(table.requests):
            bookings.append(Booking(table.requests[seeker].id, *place))
        elif moves:
            moved.append(Move(table.movables[seeker - len(table.requests)].id, *place))
    return tuple(bookings), tuple(moved)


def _told(prices: Prices, table: Columns) -> ProvedPrices:
    """The prices by the ids of requests, appointments, doctors and patients, and by instants in UTC."""
    at = [instant(us) for us in table.moments.start.tolist()]
    seeker = prices.seeker.tolist()
    asked = len(table.requests)

    def by_id(prices: InstantPrices, names: Sequence[str]) -> dict[str, dict[datetime, int]]:
        told: dict[str, dict[datetime, int]] = {}
        for owner, moment, price in zip(
            prices.owner.tolist(), prices.moment.tolist(), prices.price.tolist(), strict=True
        ):
            told.setdefault(names[owner], {})[at[moment]] = price
        return told

    return ProvedPrices(
        weights={name: getattr(prices.weights, name) for name in ("urgent", "soon", "routine", "move")},
        unit=prices.unit,
        requests={request.id: price for request, price in zip(table.requests, seeker[:asked], strict=True) if price},
        appointments={
            movable.id: price for movable, price in zip(table.movables, seeker[asked:], strict=True) if price
        },
        doctors=by_id(prices.doctor, table.doctors),
        patients=by_id(prices.patient, table.patients),
    )


def _objective(reached: Score) -> Objective:
    booked = {Priority.URGENT: reached.urgent, Priority.SOON: reached.soon, Priority.ROUTINE: reached.routine}
    return Objective(booked, reached.moved, reached.inconvenience)
