"""Linear programs for prices: all rules at once, for some rows of a network or for all."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack

from planner.budget import Budget
from planner.hours import Bools, Floats, Ints
from planner.network import Network, Tariff
from planner.repair import plain_plan
from planner.whole import whole_plan

BEGIN_WITH = 15
"""The program of all rows begins with about so many candidates of each seeker, those that lose least."""
ROUNDS = 5
"""How often it is solved again with candidates that its prices left uncovered."""
NEARLY = 3
"""Together with these, candidates join that lose so many hours or less."""
WANTED = 0.6
"""A candidate with more than this share is wanted whole. Both of two halves can be a hair over one half."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What a linear program says: how much of each candidate to choose, and prices (which may not cover the others)."""

    share: Floats
    tariff: Tariff


def program(network: Network, tariff: Tariff, budget: Budget) -> tuple[Bools, Tariff]:
    """A plan (a mask) and a covering tariff by the linear program of all rules, starting from any tariff.

    For networks with many clashes. The program begins with a few candidates of each seeker, and those that its prices
    leave uncovered join (column generation: Gilmore and Gomory 1961). What it wants whole is made a plan.
    """
    tariff = tariff.finer()
    tariff.cover(network)
    best = tariff
    wanted = np.zeros(len(network), dtype=np.bool_)
    loss = tariff.loss(network)
    few = min(len(loss) - 1, BEGIN_WITH * network.seekers)
    active = loss <= np.partition(loss, few)[few]
    everything = np.ones(network.rows, dtype=np.bool_)
    for _ in range(ROUNDS):
        which = np.flatnonzero(active)
        solution = reprice(network, tariff, which, everything, None, budget)
        if solution is None:
            break
        wanted[:] = False
        wanted[which[solution.share > WANTED]] = True
        loss = solution.tariff.loss(network)
        uncovered = loss < 0
        solution.tariff.cover(network)
        best = min(best, solution.tariff, key=lambda tariff: tariff.gap(network, wanted))
        if not uncovered.any():
            break
        active |= loss <= NEARLY * tariff.unit
    plan = whole_plan(network, plain_plan(network, wanted), best, budget)
    return plan, best.coarser()


def reprice(
    network: Network, tariff: Tariff, which: Ints, inside: Bools, share: int | None, budget: Budget
) -> Solution | None:
    """Prices for the rows `inside` (a mask), all others kept; None if the program was not solved in time.

    The program: which of the candidates `which` lose least, if every row inside is used, or else its price is lost? Its
    dual values are what the prices change by. With `share`, no price falls by more than that. A row that none of the
    candidates uses needs no program for its price to fall.
    """
    row, of = network.uses(which)
    real = inside[row]
    columns, column = np.unique(of[real], return_inverse=True)
    rows, number = np.unique(row[real], return_inverse=True)
    prices, needed = tariff.of_rows, network.needed
    unwanted = inside & ~needed
    unwanted[rows] = False
    prices[unwanted] -= prices[unwanted] if share is None else np.minimum(prices[unwanted], share)
    shares = np.zeros(len(which))
    if not len(rows):
        return Solution(shares, tariff.changed(prices, tariff.unit))
    matrix = csr_array((np.ones(len(column)), (number, column)), shape=(len(rows), len(columns)))
    if share is None:
        idle, idling = prices[rows], np.flatnonzero(~needed[rows])
    else:
        idle, idling = np.where(needed[rows], share, np.minimum(prices[rows], share)), np.arange(len(rows))
    result = linprog(
        np.concatenate([tariff.loss(network, which[columns]), idle[idling]]).astype(np.float64),
        A_eq=hstack([matrix, eye_array(len(rows), format="csc")[:, idling]], format="csc"),
        b_eq=np.ones(len(rows)),
        bounds=(0, None),
        method="highs-ds",
        options={"time_limit": max(budget.left() / 2, 0.01)},  # the other half is for the stages after
    )
    if result.status != 0:
        return None
    prices[rows] -= np.rint(result.eqlin.marginals).astype(np.int64)
    np.maximum(prices, 0, out=prices, where=~needed)
    shares[columns] = result.x[: len(columns)]
    return Solution(shares, tariff.changed(prices, tariff.unit))
