"""The best plan for some candidates: the stages from bound to decision, in their order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from planner.budget import Budget
from planner.columns import Candidates
from planner.goals import Score, Weights, score
from planner.hours import Bools, Ints, Moments
from planner.model import Decision, Solver, decide
from planner.network import Network, Tariff
from planner.program import program
from planner.proof import Prices
from planner.relaxation import expected_seconds, relax
from planner.repair import plain_plan, repair
from planner.tighten import tighten

MANY = 0.15
"""Clashes for more than this share of the seekers are not repaired one by one."""


MODEL_SECONDS = 3e-6
"""About what it takes to build the model, for each candidate."""


@dataclass(frozen=True, slots=True)
class Found:
    """The chosen candidates (a mask), a score that no plan exceeds, and prices that prove it or nearly so.

    There are no prices where weights for all goals together do not fit into 64 bits.
    """

    plan: Bools
    bound: Score
    prices: Prices | None


def search(candidates: Candidates, moments: Moments, seekers: int, solver: Solver, budget: Budget) -> Found:
    """The best plan; if the budget runs out, the best found. `seekers` counts all, also those without candidates."""
    weights = Weights.of(candidates)
    if not weights.fit():
        return _in_two_steps(candidates, moments, solver, budget)
    network = Network.of(candidates, moments, weights)
    best = _best(network, solver, budget)
    return Found(best.plan, weights.score_within(best.bound, candidates), best.tariff.prices(network, seekers))


class _Best(NamedTuple):
    """A plan (a mask), a gain that no plan exceeds, and prices."""

    plan: Bools
    bound: int
    tariff: Tariff


def _best(network: Network, solver: Solver, budget: Budget) -> _Best:
    """An assignment that is blind to crossings bounds every plan. Where it clashes it is repaired, at the least loss,
    and prices say what that loss has to be. Where they leave a gap, linear programs around it close it. Only
    candidates that lose less than what is left can be in a better plan: among these CP-SAT decides. Mostly it confirms.
    """
    with budget.stage("relaxation"):
        if expected_seconds(network) > budget.left():
            return _plain(network)
        assigned, tariff = relax(network)
    if network.clashes(assigned) <= MANY * network.seekers:
        with budget.stage("repair"):
            plan, tariff = repair(network, assigned, tariff, budget)
        with budget.stage("prices"):
            plan, tariff = tighten(network, plan, tariff, budget)
    else:
        with budget.stage("program"):
            plan, tariff = program(network, tariff, budget)
    with budget.stage("solve"):
        plan, bound = _decided(network, plan, tariff, solver, budget)
    return _Best(plan, bound, tariff)


def _plain(network: Network) -> _Best:
    """A plan by simple means, for want of time. What everybody would gain, being alone, bounds every plan."""
    tariff = Tariff.none(network)
    tariff.cover(network)
    return _Best(plain_plan(network, np.zeros(len(network), dtype=np.bool_)), tariff.bound, tariff)


def _decided(network: Network, plan: Bools, tariff: Tariff, solver: Solver, budget: Budget) -> tuple[Bools, int]:
    """CP-SAT's plan, and the gain that no plan exceeds."""
    gap = tariff.gap(network, plan)
    core = np.flatnonzero((tariff.loss(network) <= gap) | plan)
    if budget.left() < MODEL_SECONDS * len(core):
        return plan, tariff.bound
    parts = [core] if gap < tariff.unit else list(_parts(network, plan, tariff, core))

    def decided(part: Ints) -> Decision:
        return decide(network, tariff, part, plan[part], solver.seed, budget)

    with ThreadPoolExecutor(max(1, min(solver.workers, len(parts)))) as threads:
        decisions = list(threads.map(decided, parts))
    best = np.zeros(len(network), dtype=np.bool_)
    best[np.concatenate([decision.chosen for decision in decisions])] = True
    gained = sum(decision.hint_loss - decision.least_loss for decision in decisions)
    return best, network.gained(plan) + gained // tariff.unit


def _parts(network: Network, plan: Bools, tariff: Tariff, core: Ints) -> Iterator[Ints]:
    """The candidates of each part of the core that can be improved, then those of all other parts together.

    Parts share no row, so each is best by itself. And what the plan loses, it loses in parts: in one of them no better
    plan can use a candidate that loses more than the plan loses there.
    """
    loss, prices = tariff.loss(network), tariff.of_rows
    row, of = network.uses(core)
    rows = network.rows
    graph = csr_array((np.ones(len(row), dtype=np.int8), (rows + of, row)), shape=(rows + len(core),) * 2)
    count, part = connected_components(graph, directed=False)
    used = np.zeros(rows, dtype=np.bool_)
    used[row[plan[core[of]]]] = True
    lost = np.bincount(part[:rows], weights=np.where(used, 0, prices), minlength=count)
    lost += np.bincount(part[rows:], weights=np.where(plan[core], loss[core], 0), minlength=count)
    mine = part[rows:]
    improvable = lost >= tariff.unit
    for number in np.unique(mine[improvable[mine]]).tolist():
        yield core[(mine == number) & ((loss[core] <= lost[number]) | plan[core])]
    rest = core[~improvable[mine]]
    if len(rest):
        yield rest


def _in_two_steps(candidates: Candidates, moments: Moments, solver: Solver, budget: Budget) -> Found:
    """The bookings first, then all goals with priorities a single step apart.

    Where the second plan books as many as the first proved possible, it is the best: of the plans that book as many it
    gains the most. Priorities a step apart nearly always do so (see `planner.relaxation`); where they do not, the
    better plan is answered, with what is proved.
    """
    counted = replace(candidates, cost=np.zeros_like(candidates.cost), moves=np.zeros_like(candidates.moves))
    most = Weights.of(counted)
    first = _best(Network.of(counted, moments, most), solver, budget)
    bound = most.score_within(first.bound, counted)
    step = Weights.of(candidates).routine
    weights = Weights.of(candidates)._replace(soon=2 * step, urgent=3 * step)
    plans = [first.plan]
    if weights.fit():
        network = Network.of(candidates, moments, weights)
        second = _best(network, solver, budget)
        reached = score(candidates, second.plan)
        if network.gained(second.plan) == second.bound and reached[:3] == bound[:3]:
            return Found(second.plan, reached, None)
        plans.append(second.plan)
    best = max(plans, key=lambda plan: score(candidates, plan).key)
    return Found(best, Score(*bound[:3]), None)
