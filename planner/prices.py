"""The linear relaxation with every rule: a bound that its prices prove, and often the best plan itself."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csc_array, csr_array, vstack

from planner.budget import Budget
from planner.columns import MOVABLE
from planner.hours import Bools, Ints
from planner.rules import doctor_in_one_place, obeys, patient_in_one_place
from planner.task import Task

Floats = NDArray[np.float64]

CORE_PER_SEEKER = 15
"""With how many candidates of each seeker the linear program begins."""
SMALL = 4_000
"""Up to so many candidates it begins with all of them."""
ROUNDS = 5
"""How often it is solved again with more candidates."""
NEARLY = 3
"""Together with candidates that prices do not cover, those are added that they cover by so many hours or less."""
TOLERANCE = 1e-6
"""What the solver's floating point may be off by."""
SUM_LIMIT = 2**61
"""Sums of prices stay below this, so that 64 bits hold them."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What the linear relaxation says.

    No plan gains more than `bound`. A plan that gains `bound - d` uses only candidates whose `loss` is at most `d`.
    `plan` (a mask) is the best solution of the linear program that happened to be a plan. `prices` are those of the
    rows of doctors, then of patients, then of floors.
    """

    bound: int
    loss: Floats
    plan: Bools | None
    prices: Floats


def price(task: Task, reached: int, budget: Budget) -> Priced | None:
    """Prices for the task, of which a plan that gains `reached` is known; None if the budget does not suffice.

    The linear program begins with the best few candidates of each seeker. The others are priced by its dual values, and
    those that the prices do not cover are added (column generation: Gilmore and Gomory 1961), but only such as a plan
    that gains more than `reached` could use. The last few that prove nothing are not waited for.
    """
    program = _Program(task)
    core = few_best(task, CORE_PER_SEEKER if len(task.gain) > SMALL else len(task.gain))
    alive = np.ones(len(task.gain), dtype=np.bool_)
    best: Priced | None = None
    for _ in range(ROUNDS):
        solution = program.solve(core, budget.left() / 2)  # the other half is for the stages after
        if solution is None:
            break
        x, prices, profit = solution
        bound, loss = program.bound(prices)
        if best is None or bound < best.bound:
            best = Priced(bound, loss, best.plan if best else None, prices)
        plan = program.plan(x)
        if plan is not None and task.gained(plan) > reached:
            best, reached = replace(best, plan=plan), task.gained(plan)
        alive &= loss <= bound - reached
        beyond = program.worth(prices) - profit[program.seeker]
        if not (alive & ~core & (beyond > TOLERANCE)).any():
            break
        core = alive & (core | (beyond > -NEARLY)) | program.stays
    return best


def few_best(task: Task, few: int) -> Bools:
    """The `few` best candidates of each seeker, and every stay, as a mask."""
    candidates = task.candidates
    order = np.lexsort((-task.gain, candidates.seeker))
    ordered = candidates.seeker[order]
    position = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    best = np.zeros(len(candidates), dtype=np.bool_)
    best[order[position < few]] = True
    best |= (candidates.rank == MOVABLE) & ~candidates.moves
    return best


class _Program:
    """`max gain x`: rows of doctors and patients at most 1, each seeker at most (a movable one exactly) 1, floors."""

    def __init__(self, task: Task) -> None:
        candidates, gain = task.candidates, task.gain
        seekers, self.seeker = np.unique(candidates.seeker, return_inverse=True)
        self.first = np.searchsorted(candidates.seeker, seekers)
        self.must = candidates.rank[self.first] == MOVABLE
        self.gain, self.floors = gain, task.floors
        self.stays = (candidates.rank == MOVABLE) & ~candidates.moves
        self._task = task
        rows = [rule(candidates, task.moments) for rule in (doctor_in_one_place, patient_in_one_place)]
        self.shared = vstack(
            [csr_array((np.ones(len(r.row)), (r.row, r.candidate)), shape=(r.count, len(gain))) for r in rows],
            format="csc",
        )
        self.own = csc_array((np.ones(len(gain)), (self.seeker, np.arange(len(gain)))), shape=(len(seekers), len(gain)))

    def solve(self, core: Bools, seconds: float) -> tuple[Floats, Floats, Floats] | None:
        """Values of all candidates, prices of shared rows and floors, and each seeker's profit (its row's price)."""
        at = np.flatnonzero(core)
        shared = self.shared[:, at]
        used = np.flatnonzero(np.diff(shared.tocsr().indptr) > 1)
        own = self.own[:, at].tocsr()
        floors = csr_array(np.array([-floor.gain[at] for floor in self.floors], dtype=np.float64).reshape(-1, len(at)))
        result = linprog(
            -self.gain[at].astype(np.float64),
            A_ub=vstack([shared.tocsr()[used], own[~self.must], floors], format="csc"),
            b_ub=np.concatenate(
                [np.ones(len(used) + int((~self.must).sum())), [-floor.least for floor in self.floors]]
            ),
            A_eq=own[self.must] if self.must.any() else None,
            b_eq=np.ones(int(self.must.sum())) if self.must.any() else None,
            bounds=(0, None),
            method="highs-ds",
            options={"time_limit": max(seconds, 0.01)},
        )
        if result.status != 0:
            return None
        duals = -result.ineqlin.marginals
        prices = np.zeros(self.shared.shape[0] + len(self.floors))
        prices[used] = duals[: len(used)]
        prices[self.shared.shape[0] :] = duals[len(duals) - len(self.floors) :]
        profit = np.zeros(len(self.must))
        profit[~self.must] = duals[len(used) : len(duals) - len(self.floors)]
        if self.must.any():
            profit[self.must] = -result.eqlin.marginals
        x = np.zeros(len(core))
        x[at] = result.x
        return x, prices, profit

    def plan(self, x: Floats) -> Bools | None:
        """The solution as a mask, if it is whole and obeys every rule and floor."""
        plan = x > 0.5
        if np.any(np.abs(x - plan) > TOLERANCE) or not obeys(self._task.candidates, self._task.moments, plan):
            return None
        holds = all(int(floor.gain[plan].sum()) >= floor.least for floor in self.floors)
        return plan if holds else None

    def worth(self, prices: Floats | Ints, scale: int = 1) -> Floats:
        """What each candidate gains beyond the prices of the rows it uses, in units of `1 / scale`."""
        count = self.shared.shape[0]
        worth = self.gain * scale - self.shared.T @ prices[:count]
        for floor, value in zip(self.floors, prices[count:], strict=True):
            worth = worth + floor.gain * value
        return np.asarray(worth)

    def bound(self, prices: Floats) -> tuple[int, Floats]:
        """The bound that `prices` prove, in whole numbers throughout, and each candidate's loss.

        Any prices of 0 or more prove one (weak duality): every seeker takes at most its best candidate's worth, and
        the rows cost their prices once. So rounding the solver's prices costs tightness, never truth. They are mostly
        whole, but a solver's last digit is not; a fine grid serves where they are fractions.
        """
        largest = float(np.abs(self.gain).max(initial=0)) * (len(self.must) + 1) + float(np.abs(prices).sum()) + 1
        fine = 1
        while fine < 2**20 and largest * fine * 2 < SUM_LIMIT:
            fine *= 2
        return min((self._bound_on_grid(prices, scale) for scale in (1, fine)), key=lambda found: found[0])

    def _bound_on_grid(self, prices: Floats, scale: int) -> tuple[int, Floats]:
        rounded = np.maximum(np.rint(prices * scale), 0).astype(np.int64)
        worth = self.worth(rounded, scale).astype(np.int64)
        profit = np.maximum.reduceat(worth, self.first)
        profit = np.where(self.must, profit, np.maximum(profit, 0))
        floors = sum(int(v) * f.least for v, f in zip(rounded[self.shared.shape[0] :], self.floors, strict=True))
        total = int(profit.sum()) + int(rounded[: self.shared.shape[0]].sum()) - floors
        return total // scale, (profit[self.seeker] - worth) / scale
