"""What the prices of single crossings leave open, closed by linear programs around it."""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack

from planner.budget import Budget
from planner.hours import Bools, Ints
from planner.network import Network, Tariff
from planner.whole import improved

UNIT = 12
"""Prices that linear programs find are often halves or thirds; in twelfths these are whole numbers."""
SMALLEST, LARGEST, GROWTH = 100, 6_400, 4
"""How many rows a neighbourhood has: it grows by this factor from the smallest to the largest."""
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
    tariff = tariff.changed(tariff.of_rows * UNIT, tariff.unit * UNIT)
    size = SMALLEST
    while tariff.bound > network.gained(plan) and size <= LARGEST and budget.left() > 0:
        gap = tariff.gap(network, plan)
        loss = tariff.loss(network)
        inside = neighbourhood(network, plan, tariff, loss, size)
        cheaper = _reprice(network, tariff, loss, inside, gap, budget)
        if cheaper is not None and cheaper.gap(network, plan) < gap:
            tariff = cheaper
        if tariff.bound > network.gained(plan):
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


def _reprice(network: Network, tariff: Tariff, loss: Ints, inside: Bools, gap: int, budget: Budget) -> Tariff | None:
    """Better prices for the rows `inside`, all others kept; None if the program was not solved in time.

    The program: which candidates cost the least loss if every row inside is to be used, a row that is not losing its
    price. Its dual values are the changes of the prices. A price falls by no more than a share of what the candidates
    left out lose, so that these stay covered.
    """
    reach = gap + NEAR * tariff.unit
    row, of = network.uses(near := np.flatnonzero(loss <= reach))
    real = inside[row]
    rows = np.flatnonzero(inside)
    columns, column = np.unique(of[real], return_inverse=True)
    number = np.cumsum(inside) - 1
    matrix = csr_array((np.ones(len(column)), (number[row[real]], column)), shape=(len(rows), len(columns)))
    share = reach // (2 + len(network.crossings))
    prices = tariff.of_rows
    has_to = np.concatenate([network.must, np.zeros(network.rows - network.seekers, dtype=np.bool_)])[rows]
    idle = np.where(has_to, share, np.minimum(prices[rows], share))
    result = linprog(
        np.concatenate([loss[near[columns]], idle]).astype(np.float64),
        A_eq=hstack([matrix, eye_array(len(rows))], format="csc"),
        b_eq=np.ones(len(rows)),
        bounds=(0, None),
        method="highs-ds",
        options={"time_limit": max(budget.left() / 2, 0.01)},  # the other half is for the stages after
    )
    if result.status != 0:
        return None
    prices[rows] -= np.rint(result.eqlin.marginals).astype(np.int64)
    cheaper = tariff.changed(prices, tariff.unit)
    cheaper.cover(network)
    return cheaper
