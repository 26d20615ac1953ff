"""The priced assignment: a bound on every plan, and mostly the best plan itself, in a fraction of a second."""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from planner.budget import Budget
from planner.columns import MOVABLE, Candidates
from planner.goals import EXACT, SUM_EXACT
from planner.hours import Bools, Ints, Moments
from planner.repair import Repair
from planner.rules import Rows, doctor_in_one_place, patient_in_one_place
from planner.task import Task

PATIENCE = 10
"""After so many changes of prices without a better plan or bound, the solver takes over."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """No plan gains more than `bound`; `plan` (a mask) gains `gain`. Proved best where the two are equal."""

    bound: int
    gain: int
    plan: Bools


def relax(task: Task, seed: int, budget: Budget) -> Relaxed:
    """Bound and plan by Lagrangian relaxation (Held and Karp 1970; Fisher 1981). The task has no floors.

    An assignment knows that a seeker takes one hour and that a doctor's hour is taken once. It does not know that two
    hours of one patient, or two hours of a doctor half an hour apart, can overlap. Each such row that an assignment
    breaks gets a price, which its candidates pay, and the assignment is solved again. Whatever the prices (0 or more),
    the value of the assignment plus the prices bounds every plan; and if a row with a price is used exactly once, the
    price costs the bound nothing.
    """
    candidates, moments, gain = task.candidates, task.moments, task.gain
    repair = Repair(candidates, moments)
    assignment = Assignment(candidates, moments)
    grid, hair = _grid(gain, assignment.seekers)
    # Ties make the assignment jump to and fro; a hair more or less for each candidate breaks them.
    uneven = grid * gain + np.random.default_rng(seed).integers(0, hair, len(gain))
    highest = int(uneven.max(initial=0)) + 1
    shared = [rule(candidates, moments) for rule in (doctor_in_one_place, patient_in_one_place)]
    prices = [_Prices(rows, hair, highest) for rows in shared]
    best, best_gain, bound = np.zeros(len(gain), dtype=np.bool_), -1, int(gain.max(initial=0)) * len(gain)
    stale = 0
    took = 0.0
    while stale < PATIENCE and (best_gain < 0 or budget.left() > took):
        begun = budget.left()
        net = uneven - sum(p.paid(len(gain)) for p in prices)
        wanted = assignment.solve(net)
        proved = (int(net[wanted].sum()) + sum(int(p.price.sum()) for p in prices)) // grid
        plan = repair.plan(wanted, gain)
        stale = 0 if proved < bound or task.gained(plan) > best_gain else stale + 1
        bound = min(bound, proved)
        if task.gained(plan) > best_gain:
            best, best_gain = plan, task.gained(plan)
        changed = [p.change(wanted) for p in prices]
        took = begun - budget.left()
        if best_gain == bound or not any(changed):
            break
    return Relaxed(bound, best_gain, best)


def _grid(gain: Ints, seekers: int) -> tuple[int, int]:
    """How fine the whole numbers of the relaxation are, and how many of its units make a hair.

    A unit is `1 / grid` of an hour of inconvenience, as fine as floating point allows with room for a few prices on
    top, none of which exceeds the largest gain. What a hair adds for every seeker is at most half an hour, so that it
    cannot hide in the bound.
    """
    grid, largest = 1, int(np.abs(gain).max(initial=1))
    while grid < 2**20 and 2 * grid * largest < 4 * EXACT and 2 * grid * largest * seekers < SUM_EXACT:
        grid *= 2
    return grid, 1 + grid // (2 * seekers + 2)


@dataclass(slots=True)
class _Prices:
    """The prices of the rows of one rule, in units of the grid, and between which values each is sought.

    At price `low` a row was used more than once, at `high` not at all (-1: not known yet). A price begins with a `hair`
    and stays at most `highest`, which no request can pay.
    """

    rows: Rows
    hair: int
    highest: int
    price: Ints = field(init=False)
    low: Ints = field(init=False)
    high: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.price = np.zeros(self.rows.count, dtype=np.int64)
        self.low = np.full(self.rows.count, -1, dtype=np.int64)
        self.high = np.full(self.rows.count, -1, dtype=np.int64)

    def paid(self, candidates: int) -> Ints:
        """What each candidate pays: the prices of its rows."""
        paid = np.zeros(candidates, dtype=np.int64)
        np.add.at(paid, self.rows.candidate, self.price[self.rows.row])
        return paid

    def change(self, wanted: Bools) -> bool:
        """Raises the prices of rows used twice, lowers those of rows not used; whether any changed."""
        used = np.bincount(self.rows.row[wanted[self.rows.candidate]], minlength=self.rows.count)
        up, down = used > 1, (used == 0) & (self.price > 0)
        self.low[up] = self.price[up]
        self.high[down] = self.price[down]
        # Other prices have changed since: a limit that leaves no room to search in is out of date.
        self.high[up & (self.high - self.price <= 1)] = -1
        self.low[down & (self.price - self.low <= 1)] = -1
        between = (self.low + self.high) // 2
        higher = np.where(self.high < 0, np.minimum(4 * self.price + self.hair, self.highest), between)
        lower = np.where(self.low < 0, self.price // 4, between)
        fresh = np.where(up, higher, np.where(down, lower, self.price))
        changed = bool((fresh != self.price).any())
        self.price = fresh
        return changed


class Assignment:
    """The problem with two rules left: no seeker twice, no (doctor, moment) twice."""

    def __init__(self, candidates: Candidates, moments: Moments) -> None:
        seekers, self._row = np.unique(candidates.seeker, return_inverse=True)
        hours, self._column = np.unique(moments.key(candidates.doctor, candidates.moment), return_inverse=True)
        self._must = candidates.rank == MOVABLE
        self._may = np.unique(self._row[~self._must])
        self.seekers, self._hours = len(seekers), len(hours)

    def solve(self, gain: Ints) -> Bools:
        """The mask of candidates of greatest total `gain`, by the sparse Jonker-Volgenant algorithm (1987) of SciPy.

        A row of the matrix is a seeker, a column an hour of a doctor. A request also has a column of its own that means
        no hour and gains 0; a movable appointment has none, and can always stay.
        """
        chosen = np.zeros(len(gain), dtype=np.bool_)
        if not self.seekers:
            return chosen
        useful = np.flatnonzero((gain > 0) | self._must)
        # The cost of no hour. Every cost is positive then, as it has to be: SciPy takes 0 for no entry.
        none = max(int(gain.max()), 0) + 1
        rows = np.concatenate([self._row[useful], self._may])
        columns = np.concatenate([self._column[useful], self._hours + self._may])
        costs = np.concatenate([none - gain[useful], np.full(len(self._may), none)]).astype(np.float64)
        matrix = csr_array((costs, (rows, columns)), shape=(self.seekers, self._hours + self.seekers))
        _, matched = min_weight_full_bipartite_matching(matrix)
        chosen[useful] = self._column[useful] == matched[self._row[useful]]
        return chosen
