"""The CP-SAT model over hour slots: one boolean per candidate, one constraint per row of a rule. It decides every plan."""

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from planner.columns import Candidates
from planner.hours import Bools, Ints, Moments
from planner.prices import Floor
from planner.rules import RULES, Rows

CONFIRM_SECONDS = 0.05


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


def decide(  # noqa: PLR0913  # the model is made of all of these
    candidates: Candidates,
    moments: Moments,
    gain: Ints,
    floors: tuple[Floor, ...],
    hint: Bools,
    bound: int,
    solver: Solver,
    seconds: float,
) -> Decision:
    """The choice of greatest gain that obeys every rule and floor, starting from `hint`, which does.

    `bound` is a gain known to be out of reach to exceed; where the hint attains it, the model only confirms.
    If `seconds` do not suffice, the best choice found, with CP-SAT's own bound.
    """
    model = cp_model.CpModel()
    variables = [model.new_bool_var("") for _ in range(len(candidates))]
    for rule in RULES:
        _add(model, variables, rule(candidates, moments))
    for floor in floors:
        model.add(cp_model.LinearExpr.weighted_sum(variables, floor.gain.tolist()) >= floor.least)
    model.maximize(cp_model.LinearExpr.weighted_sum(variables, gain.tolist()))
    # CP-SAT minimises -gain. The proved bound belongs in the objective's domain: as a constraint it slows the search.
    model.proto.objective.domain.extend([-bound, -int(gain[hint].sum())])
    for variable, value in zip(variables, hint.tolist(), strict=True):
        model.add_hint(variable, value)
    return _solve(model, variables, gain, hint, bound, solver, seconds)


def _add(model: cp_model.CpModel, variables: list[cp_model.IntVar], rows: Rows) -> None:
    ends = np.searchsorted(rows.row, np.arange(rows.count + 1)).tolist()
    members = rows.candidate.tolist()
    for begin, end in zip(ends[:-1], ends[1:], strict=True):
        row = [variables[i] for i in members[begin:end]]
        if rows.exactly:
            model.add_exactly_one(row)
        elif len(row) > 1:
            model.add_at_most_one(row)


def _solve(  # as above
    model: cp_model.CpModel,
    variables: list[cp_model.IntVar],
    gain: Ints,
    hint: Bools,
    bound: int,
    solver: Solver,
    seconds: float,
) -> Decision:
    cp = cp_model.CpSolver()
    cp.parameters.random_seed = solver.seed
    cp.parameters.num_workers = solver.workers
    cp.parameters.interleave_search = solver.workers > 1
    cp.parameters.max_time_in_seconds = max(seconds, CONFIRM_SECONDS)
    # Presolve can lose the hint and takes longer than the proof where the bound is already attained.
    cp.parameters.cp_model_presolve = int(gain[hint].sum()) < bound
    status = cp.solve(model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        plan = np.array(cp.values(variables), dtype=np.bool_)
        gained = int(gain[plan].sum())
        return Decision(plan, gained if status == cp_model.OPTIMAL else min(bound, _rounded(cp.best_objective_bound)))
    if status == cp_model.UNKNOWN:
        return Decision(hint, bound)
    raise SolverRefusedError(cp.status_name(status))


def _rounded(bound: float) -> int:
    """CP-SAT tells its bound as a float; the next whole number above it is a bound, too."""
    return int(np.nextafter(bound, np.inf)) + 1
