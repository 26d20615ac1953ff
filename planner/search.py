"""The best plan for some candidates: the stages from bound to decision, in their order."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from planner.budget import Budget
from planner.columns import Candidates
from planner.goals import Score, Weights, booked_within, booking_gain, score, upheaval_gain
from planner.hours import Bools, Ints, Moments
from planner.model import Solver, decide
from planner.prices import few_best, price
from planner.relaxation import Assignment, relax
from planner.rounding import rounded
from planner.rules import RULES
from planner.task import Floor, Task

CONFIRM_PER_SEEKER = 3
"""How many candidates of each seeker the solver sees where the relaxation has proved its plan the best already."""


@dataclass(frozen=True, slots=True)
class Found:
    """The chosen candidates (a mask), and a score that no plan exceeds."""

    plan: Bools
    bound: Score


def search(candidates: Candidates, moments: Moments, solver: Solver, budget: Budget) -> Found:
    """The best plan; if the budget runs out, the best found.

    Parts that share no doctor's hour and no patient's hour are planned apart. That is exact: scores of parts add up,
    and a sum is lexicographically greatest when every summand is.
    """
    part_of = parts(candidates, moments)
    with budget.stage("relaxation"):
        plan = _easy(candidates, moments, part_of)
    easy = np.isin(part_of, np.unique(part_of[plan]), assume_unique=False) if plan.any() else plan
    bound = score(candidates, plan)
    if easy.any():
        at = np.flatnonzero(easy)
        task = Task(candidates, moments, Weights.of(candidates).gain(candidates)).take(at)
        plan[at], _ = _best(task, plan[at], task.gained(plan[at]), solver, budget)
    for part in np.unique(part_of[~easy]):
        at = np.flatnonzero(part_of == part)
        found = _search_part(candidates.take(at), moments, solver, budget)
        plan[at] = found.plan
        bound = bound.plus(found.bound)
    return Found(plan, bound)


def parts(candidates: Candidates, moments: Moments) -> Ints:
    """A number for each candidate: different where candidates share no row of any rule, not even through others."""
    total, begin = len(candidates), len(candidates)
    edges = []
    for rule in RULES:
        rows = rule(candidates, moments)
        edges.append((rows.candidate, rows.row + begin))
        begin += rows.count
    ends = tuple(np.concatenate(side) for side in zip(*edges, strict=True))
    graph = csr_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(begin, begin))
    return np.asarray(connected_components(graph, directed=False)[1][:total], dtype=np.int64)


def _easy(candidates: Candidates, moments: Moments, part_of: Ints) -> Bools:
    """The plan of the parts in which an assignment that knows only two of the rules obeys all: nothing beats it."""
    plan = np.zeros(len(candidates), dtype=np.bool_)
    weights = Weights.of(candidates)
    if not weights.fits(candidates):
        return plan
    plan = Assignment(candidates, moments).solve(weights.gain(candidates))
    for rule in RULES:
        rows = rule(candidates, moments)
        hard = part_of[rows.candidate[np.isin(rows.row, rows.broken(plan))]]
        plan &= ~np.isin(part_of, hard)
    return plan


def _search_part(candidates: Candidates, moments: Moments, solver: Solver, budget: Budget) -> Found:
    weights = Weights.of(candidates)
    if not weights.fits(candidates):
        return _in_two_steps(candidates, moments, solver, budget)
    task = Task(candidates, moments, weights.gain(candidates))
    plan, bound = _relaxed_then_best(task, solver, budget)
    return Found(plan, weights.score_within(bound, candidates))


def _in_two_steps(candidates: Candidates, moments: Moments, solver: Solver, budget: Budget) -> Found:
    """The goals one after the other, where weights for all of them at once would not fit into 64 bits."""
    booking = booking_gain(candidates)
    plan, most = _relaxed_then_best(Task(candidates, moments, booking), solver, budget)
    booked = int(booking[plan].sum())
    upheaval = Task(candidates, moments, upheaval_gain(candidates), (Floor(booking, booked),))
    plan, least = _best(upheaval, plan, 0, solver, budget)
    if booked < most:
        return Found(plan, booked_within(most, candidates))
    reached = score(candidates, plan)
    moved, inconvenience = divmod(-least, Weights.of(candidates).move)
    return Found(plan, reached._replace(moved=moved, inconvenience=inconvenience))


def _relaxed_then_best(task: Task, solver: Solver, budget: Budget) -> tuple[Bools, int]:
    with budget.stage("relaxation"):
        relaxed = relax(task, solver.seed, budget)
    return _best(task, relaxed.plan, relaxed.bound, solver, budget)


def _best(task: Task, plan: Bools, bound: int, solver: Solver, budget: Budget) -> tuple[Bools, int]:
    """From a plan and a bound to a better plan and bound: prices say which candidates matter, CP-SAT decides."""
    if budget.left() <= 0:
        return plan, bound
    core, sufficient = few_best(task, CONFIRM_PER_SEEKER), False
    if task.gained(plan) < bound:
        with budget.stage("prices"):
            priced = price(task, task.gained(plan), budget)
        if priced is not None:
            plan = plan if priced.plan is None else priced.plan
            bound = min(bound, priced.bound)
            if task.gained(plan) < bound:
                with budget.stage("rounding"):
                    plan = rounded(task, plan, priced, budget)
            # A better plan cannot afford candidates that lose more than the gap.
            core, sufficient = priced.loss <= priced.bound - task.gained(plan), True
    at = np.flatnonzero(core | plan)
    with budget.stage("solve"):
        decision = decide(task.take(at), plan[at], bound, solver, budget)
    best = np.zeros(len(task.gain), dtype=np.bool_)
    best[at[decision.plan]] = True
    return best, max(decision.bound if sufficient else bound, task.gained(best))
