"""The best plan for some candidates: the stages from bound to decision, in their order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from planner.budget import Budget
from planner.candidates import Candidates
from planner.decision import Proposal, decided
from planner.goals import Score, Weights, score
from planner.hours import Bools, Ints, Moments
from planner.model import Solver
from planner.network import Network, Tariff
from planner.program import program
from planner.proof import Prices
from planner.pruning import NOTHING, LeftOut
from planner.relaxation import expected_seconds, relax
from planner.repair import plain_plan, repair
from planner.tighten import tighten

MANY = 0.15
"""Clashes for more than this share of the seekers are not repaired one by one."""
TOGETHER = 50_000
"""Independent parts are planned apart, but small ones together up to about so many candidates."""


@dataclass(frozen=True, slots=True)
class Found:
    """The chosen candidates (a mask), a score that no plan exceeds, and prices that prove it or nearly so.

    There are no prices where weights for all goals together do not fit into 64 bits.
    """

    plan: Bools
    bound: Score
    prices: Prices | None


def search(
    candidates: Candidates,
    moments: Moments,
    seekers: int,
    solver: Solver,
    budget: Budget,
    left_out: LeftOut | None = None,
) -> Found:
    """The best plan; if the budget runs out, the best found. `seekers` counts all, also those without candidates.

    Nor does any plan with candidates that were `left_out` exceed the bound, and the prices cover these, too.
    """
    weights = Weights.of(candidates, None if left_out is None else int(left_out.dearest.sum()))
    if not weights.fit():
        return _in_two_steps(candidates, moments, seekers, solver, budget)
    best = best_under(candidates, moments, seekers, weights, solver, budget)
    prices = best.prices if left_out is None else _covering(best.prices, left_out)
    return Found(best.plan, weights.score_within(best.bound, candidates), prices)


def _covering(prices: Prices, left_out: LeftOut) -> Prices:
    """Prices that cover what was left out as well: those of seekers raised as far as that takes."""
    worth = prices.unit * (prices.weights.of_rank[left_out.rank] - left_out.cheapest)
    uncovered = (left_out.cheapest != NOTHING) & (prices.seeker < worth)
    return replace(prices, seeker=np.where(uncovered, worth, prices.seeker))


class Best(NamedTuple):
    """A plan (a mask), a gain that no plan exceeds, and prices."""

    plan: Bools
    bound: int
    prices: Prices


def best_under(
    candidates: Candidates, moments: Moments, seekers: int, weights: Weights, solver: Solver, budget: Budget
) -> Best:
    """The best plan under the weights. Independent parts are planned apart: gains, bounds and prices add up."""
    parts = list(_independent(candidates))
    proposals = []
    for part in parts:
        own = candidates if len(parts) == 1 else candidates.take(part)
        proposals.append(_proposed(Network.of(own, moments, weights), budget))
    with budget.stage("solve"):
        decisions = decided(proposals, solver, budget)
    plan = np.zeros(len(candidates), dtype=np.bool_)
    for part, decision in zip(parts, decisions, strict=True):
        plan[part] = decision.plan
    prices = [proposal.tariff.prices(proposal.network, seekers) for proposal in proposals]
    return Best(plan, sum(decision.bound for decision in decisions), Prices.together(weights, seekers, prices))


def _proposed(network: Network, budget: Budget) -> Proposal:
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
    return Proposal(network, plan, tariff)


def _plain(network: Network) -> Proposal:
    """A plan by simple means, for want of time. What everybody would gain, being alone, bounds every plan."""
    tariff = Tariff.none(network)
    tariff.cover(network)
    return Proposal(network, plain_plan(network, np.zeros(len(network), dtype=np.bool_)), tariff)


def _independent(candidates: Candidates) -> Iterator[Ints]:
    """The candidates, divided so that no doctor and no patient is in two parts; each part ascending.

    Parts are found by whom seekers share, which is far less to look at than which hours.
    """
    seeker, doctor, patient = candidates.seeker, candidates.doctor, candidates.patient
    if not len(seeker):
        return
    fresh = np.ones(len(seeker), dtype=np.bool_)
    fresh[1:] = (seeker[1:] != seeker[:-1]) | (doctor[1:] != doctor[:-1])
    at = np.flatnonzero(fresh)
    doctors, patients = int(doctor.max()) + 1, int(patient.max()) + 1
    nodes = doctors + patients + int(seeker.max()) + 1
    who = doctors + patients + seeker[at]
    ends = (np.concatenate([who, who]), np.concatenate([doctor[at], doctors + patient[at]]))
    graph = csr_array((np.ones(2 * len(at), dtype=np.int8), ends), shape=(nodes, nodes))
    component = connected_components(graph, directed=False)[1][doctors + patients :]
    begins = candidates.begins
    sizes = np.zeros(nodes, dtype=np.int64)
    np.add.at(sizes, component[seeker[begins]], np.diff(begins, append=len(seeker)))
    group = ((np.cumsum(sizes) - sizes) // TOGETHER)[component]
    groups = np.unique(group[seeker[begins]]).tolist()
    if len(groups) == 1:
        yield np.arange(len(seeker))
        return
    group_of = group[seeker]
    for number in groups:
        yield np.flatnonzero(group_of == number)


def _in_two_steps(candidates: Candidates, moments: Moments, seekers: int, solver: Solver, budget: Budget) -> Found:
    """The bookings first, then all goals with priorities a single step apart.

    Where the second plan books as many as the first proved possible, it is the best: of the plans that book as many it
    gains the most. Priorities a step apart nearly always do so (see `planner.relaxation`); where they do not, the
    better plan is answered, with what is proved.
    """
    counted = replace(candidates, cost=np.zeros_like(candidates.cost), moves=np.zeros_like(candidates.moves))
    weights = Weights.of(counted)
    first = best_under(counted, moments, seekers, weights, solver, budget)
    bound = weights.score_within(first.bound, counted)
    plans = [first.plan]
    weights = Weights.of(candidates).a_step_apart()
    if weights.fit():
        second = best_under(candidates, moments, seekers, weights, solver, budget)
        reached = score(candidates, second.plan)
        if sum(weights.gain(candidates)[second.plan].tolist()) == second.bound and reached[:3] == bound[:3]:
            return Found(second.plan, reached, None)
        plans.append(second.plan)
    best = max(plans, key=lambda plan: score(candidates, plan).key)
    return Found(best, Score(*bound[:3]), None)
