"""The last stage: CP-SAT decides over the core, the candidates that a better plan could use."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from planner.budget import Budget
from planner.hours import Bools, Ints
from planner.model import Decision, Solver, decide
from planner.network import Network, Tariff

MODEL_SECONDS = 3e-6
"""About what it takes to build the model, for each candidate."""
CHOICES = 3
"""So many candidates of each seeker make the core of a plan that prices have proved already."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan for a network (a mask) and a tariff that covers every candidate."""

    network: Network
    plan: Bools
    tariff: Tariff


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan (a mask of the network's candidates) and the gain that no plan exceeds."""

    plan: Bools
    bound: int


def decided(proposals: Iterable[Proposal], solver: Solver, budget: Budget) -> list[Decided]:
    """What CP-SAT makes of each proposal; of those for which there is no time, what is proved without it.

    All independent parts of all proposals are decided at the same time, as far as there are workers.
    """
    with ThreadPoolExecutor(solver.workers) as threads:
        waiting = [
            (proposal, [threads.submit(_decide, proposal, part, solver, budget) for part in _parts(proposal, budget)])
            for proposal in proposals
        ]
        return [_together(proposal, [each.result() for each in decisions]) for proposal, decisions in waiting]


def _decide(proposal: Proposal, part: Ints, solver: Solver, budget: Budget) -> Decision:
    return decide(proposal.network, proposal.tariff, part, proposal.plan[part], solver.seed, budget)


def _together(proposal: Proposal, decisions: list[Decision]) -> Decided:
    network, tariff = proposal.network, proposal.tariff
    if not decisions:
        return Decided(proposal.plan, tariff.bound)
    plan = np.zeros(len(network), dtype=np.bool_)
    plan[np.concatenate([decision.chosen for decision in decisions])] = True
    better = sum(decision.hint_loss - decision.least_loss for decision in decisions) // tariff.unit
    return Decided(plan, network.gained(proposal.plan) + better)


def _parts(proposal: Proposal, budget: Budget) -> Iterator[Ints]:
    """The candidates of each part of the core that can be improved, then those of all other parts together.

    A plan that loses less than an hour cannot be improved at all. Parts share no row, so each is best by itself; and
    what the plan loses, it loses in parts: in one of them no better plan can use a candidate that loses more than the
    plan loses there.
    """
    network, plan, tariff = proposal.network, proposal.plan, proposal.tariff
    loss, gap = tariff.loss(network), tariff.gap(network, plan)
    core = np.flatnonzero((loss <= gap) | plan)
    if not len(core) or budget.left() < MODEL_SECONDS * len(core):
        return
    if gap < tariff.unit:
        seeker = network.seeker[core]
        place = np.arange(len(core)) - np.searchsorted(seeker, seeker)
        yield core[(place < CHOICES) | plan[core]]
        return
    row, of = network.uses(core)
    rows = network.rows
    graph = csr_array((np.ones(len(row), dtype=np.int8), (rows + of, row)), shape=(rows + len(core),) * 2)
    count, part = connected_components(graph, directed=False)
    unused = np.ones(rows, dtype=np.bool_)
    unused[row[plan[core[of]]]] = False
    lost = np.zeros(count, dtype=np.int64)
    np.add.at(lost, part[:rows], tariff.of_rows * unused)
    mine = part[rows:]
    np.add.at(lost, mine, loss[core] * plan[core])
    improvable = (lost >= tariff.unit)[mine]
    for number in np.unique(mine[improvable]).tolist():
        yield core[(mine == number) & ((loss[core] <= lost[number]) | plan[core])]
    if not improvable.all():
        yield core[~improvable]
