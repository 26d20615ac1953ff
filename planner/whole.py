"""Whole choices among the candidates that prices leave in question, by branch and bound."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack

from planner.budget import Budget
from planner.hours import Bools, Ints
from planner.network import Network, Tariff

FIRST, WIDER = 1, 4
"""The search for a whole plan begins with candidates that lose an hour, and each time goes so many times farther."""


def whole_plan(network: Network, plan: Bools, tariff: Tariff, budget: Budget) -> Bools:
    """The best plan that is soon found, or `plan` (masks). The tariff covers every candidate.

    A better plan uses only candidates that lose less than `plan` does. The search begins with those that lose next to
    nothing, and widens only until what it has found is closer to the bound than what it has left out.
    """
    reach = FIRST * tariff.unit
    while budget.left() > 0:
        gap = tariff.gap(network, plan)
        which = np.flatnonzero((tariff.loss(network) <= min(reach, gap)) | plan)
        chosen = _least_loss(network, tariff, which, gap, budget)
        if chosen is not None:
            better = np.zeros(len(network), dtype=np.bool_)
            better[chosen] = True
            plan = max(plan, better, key=network.gained)
        if reach >= tariff.gap(network, plan):
            break
        reach *= WIDER
    return plan


def improved(network: Network, plan: Bools, tariff: Tariff, inside: Bools, budget: Budget) -> Bools:
    """The best plan that differs from `plan` only in seekers among the rows `inside` (all masks); or `plan`, if time
    runs out before a better one is found. The tariff covers every candidate.

    HiGHS' branch and bound mostly finds such plans at once where CP-SAT takes long. That they are the best is left to
    prices and CP-SAT to prove.
    """
    seekers = inside[: network.seekers]
    free = seekers[network.seeker]
    kept = np.zeros(network.rows, dtype=np.bool_)
    kept[network.uses(np.flatnonzero(plan & ~free))[0]] = True
    which = np.flatnonzero(free & ((tariff.loss(network) <= tariff.gap(network, plan)) | plan))
    row, of = network.uses(which)
    which = np.delete(which, np.unique(of[kept[row]]))
    chosen = _least_loss(network, tariff, which, tariff.gap(network, plan), budget)
    if chosen is None:
        return plan
    better = plan & ~free
    better[chosen] = True
    return better if network.gained(better) > network.gained(plan) else plan


def _least_loss(network: Network, tariff: Tariff, which: Ints, most: int, budget: Budget) -> Ints | None:
    """Those of the candidates `which` that together lose least, with what is lost at priced rows that stay unused.

    None if no choice was found. Losses beyond `most` count as just beyond: such a plan is not wanted anyway.
    """
    if not len(which):
        return None
    row, of = network.uses(which)
    rows, number = np.unique(row, return_inverse=True)
    prices = np.clip(tariff.of_rows[rows], 0, most + 1)
    must = network.needed[rows]
    matrix = csr_array((np.ones(len(row)), (number, of)), shape=(len(rows), len(which)))
    idle = np.flatnonzero((prices > 0) & ~must)
    idling = eye_array(len(rows), format="csc")[:, idle]
    result = milp(
        np.concatenate([tariff.loss(network, which), prices[idle]]).astype(np.float64),
        integrality=np.concatenate([np.ones(len(which)), np.zeros(len(idle))]),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(hstack([matrix, idling], format="csc"), ((prices > 0) | must).astype(float), 1.0),
        options={"time_limit": max(budget.left() / 2, 0.01), "mip_rel_gap": 0.0},
    )
    if result.x is None:
        return None
    chosen = which[result.x[: len(which)] > 0.5]
    used = np.bincount(network.uses(chosen)[0], minlength=network.rows)[rows]
    return None if (used > 1).any() or (used[must] == 0).any() else chosen
