"""What the prices of single crossings leave open, closed by linear programs around it."""

import numpy as np

from planner.budget import Budget
from planner.hours import Bools, Ints
from planner.network import Network, Tariff
from planner.program import reprice
from planner.whole import improved

SMALLEST, LARGEST, GROWTH = 100, 6_400, 4
"""How many rows a neighbourhood has: it grows by this factor from the smallest to the largest, which is only priced."""
NEAR = 16
"""Candidates that lose up to so many hours more than the gap take part too: prices may change that much."""


def tighten(network: Network, plan: Bools, tariff: Tariff, budget: Budget) -> tuple[Bools, Tariff]:
    """A plan (a mask) and a tariff at least as good as those given; both tariffs cover every candidate.

    What a plan loses against the bound it loses in places: at a price that nobody pays, with a candidate that is not
    its seeker's best. Around these the prices are found anew by a linear program with all rules, while everything
    farther away keeps its prices: there anybody moves for the loss that prices tell. The bound falls by the program's
    optimum (weak duality). Then the plan is made as good as it can be there. If a gap is left, the neighbourhood
    grows.
    """
    tariff = tariff.finer()
    size = SMALLEST
    while tariff.bound > network.gained(plan) and size <= LARGEST and budget.left() > 0:
        gap = tariff.gap(network, plan)
        loss = tariff.loss(network)
        inside = neighbourhood(network, plan, tariff, loss, size)
        # A candidate uses a few rows: none of those left out loses more than their prices can fall together.
        reach = gap + NEAR * tariff.unit
        near = np.flatnonzero(loss <= reach)
        solution = reprice(network, tariff, near, inside, reach // (2 + len(network.crossings)), budget)
        if solution is not None:
            solution.tariff.cover(network)
            if solution.tariff.gap(network, plan) < gap:
                tariff = solution.tariff
        if tariff.bound > network.gained(plan) and size < LARGEST:
            plan = improved(network, plan, tariff, inside, budget)
        if tariff.gap(network, plan) == gap:
            size *= GROWTH
    return plan, tariff.coarser()


def neighbourhood(network: Network, plan: Bools, tariff: Tariff, loss: Ints, size: int) -> Bools:
    """About `size` rows (a mask) around those at which the plan loses, as near as the loss of candidates tells."""
    prices = tariff.of_rows
    chosen = np.flatnonzero(plan)
    row, of = network.uses(chosen)
    used = np.zeros(network.rows, dtype=np.bool_)
    used[row] = True
    inside = ~used & (prices > 0)
    inside[row[loss[chosen[of]] > 0]] = True
    near = np.flatnonzero((loss <= tariff.gap(network, plan)) | plan)
    near = near[np.argsort(loss[near], kind="stable")]
    row, of = network.uses(near)
    while (before := np.count_nonzero(inside)) < size:
        touching = np.unique(of[inside[row]])[:size]
        taking = np.zeros(len(near), dtype=np.bool_)
        taking[touching] = True
        inside[row[taking[of]]] = True
        if np.count_nonzero(inside) == before:
            break
    return inside
