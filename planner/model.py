"""The CP-SAT model, which decides every plan: a boolean per candidate, a constraint per row of every rule."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from ortools.sat.python import cp_model

from planner.budget import Budget
from planner.hours import Bools
from planner.rules import RULES, Rows
from planner.task import Task

LEAST_SECONDS = 0.05
"""What CP-SAT gets even when the time is over, so that it can confirm what is proved already."""


@dataclass(frozen=True, slots=True)
class Solver:
    """How CP-SAT runs. With more than one worker they take turns in a fixed order, so that runs can be repeated."""

    seed: int = 0
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Decision:
    """The chosen candidates (a mask), and what no choice among the same candidates can exceed."""

    plan: Bools
    bound: int


class SolverRefusedError(RuntimeError):
    """CP-SAT calls the model invalid or without solution: a defect of the planner, since the hint is a solution."""

    def __init__(self, status: str) -> None:
        super().__init__(f"CP-SAT answered {status} to a model that has a solution")
        self.status = status


def decide(task: Task, hint: Bools, bound: int, solver: Solver, budget: Budget) -> Decision:
    """The best choice for the task, starting from `hint`, which obeys every rule and floor.

    `bound` is a gain known to be out of reach to exceed; where the hint attains it, the model only confirms.
    If the budget does not suffice, the best choice found, with CP-SAT's own bound.
    """
    model = cp_model.CpModel()
    variables = [model.new_bool_var("") for _ in range(len(task.gain))]
    for rule in RULES:
        _add(model, variables, rule(task.candidates, task.moments))
    for floor in task.floors:
        model.add(cp_model.LinearExpr.weighted_sum(variables, floor.gain.tolist()) >= floor.least)
    model.maximize(cp_model.LinearExpr.weighted_sum(variables, task.gain.tolist()))
    # CP-SAT minimises -gain. The proved bound belongs in the objective's domain: as a constraint it slows the search.
    model.proto.objective.domain.extend([-bound, -task.gained(hint)])
    for variable, value in zip(variables, hint.tolist(), strict=True):
        model.add_hint(variable, value)
    cp = _solver(solver, budget.left(), searches=task.gained(hint) < bound)
    status = cp.solve(model)
    if status == cp_model.UNKNOWN:
        return Decision(hint, bound)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise SolverRefusedError(cp.status_name(status))
    plan = np.array(cp.values(variables), dtype=np.bool_)
    proved = task.gained(plan) if status == cp_model.OPTIMAL else _next_whole(cp.best_objective_bound)
    return Decision(plan, min(bound, proved))


def _add(model: cp_model.CpModel, variables: list[cp_model.IntVar], rows: Rows) -> None:
    ends = np.searchsorted(rows.row, np.arange(rows.count + 1)).tolist()
    members = rows.candidate.tolist()
    for begin, end in pairwise(ends):
        row = [variables[i] for i in members[begin:end]]
        if rows.exactly:
            model.add_exactly_one(row)
        elif len(row) > 1:
            model.add_at_most_one(row)


def _solver(solver: Solver, seconds: float, *, searches: bool) -> cp_model.CpSolver:
    """CP-SAT set up to search, or only to confirm that the hint attains the bound."""
    cp = cp_model.CpSolver()
    cp.parameters.random_seed = solver.seed
    cp.parameters.num_workers = solver.workers
    cp.parameters.interleave_search = solver.workers > 1
    cp.parameters.max_time_in_seconds = max(seconds, LEAST_SECONDS)
    # Presolve can lose the hint and takes longer than confirming it.
    cp.parameters.cp_model_presolve = searches
    # All rows in the linear relaxation: a gap that prices leave is a matter of fractions, which this closes in a second
    # where the default takes minutes.
    cp.parameters.linearization_level = 2 if searches else 1
    return cp


def _next_whole(bound: float) -> int:
    """A whole number at least as great as the bound, which CP-SAT tells in floating point."""
    return int(np.nextafter(bound, np.inf)) + 1
