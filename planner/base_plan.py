"""The best plan of some requests, and how many of them it would book if one of them sat elsewhere.

Only bookings count in what is gained, by priority: no inconvenience. See `planner.hour_values`.
"""

from dataclasses import replace
from functools import cached_property
from typing import Self

import numpy as np

from planner.apart import parts_of_patients
from planner.budget import Budget
from planner.candidates import ROUTINE, SOON, Candidates
from planner.columns import Columns, columns
from planner.goals import Weights
from planner.hours import Bools, Ints, Moments
from planner.instants import HOUR_US, micros
from planner.model import Solver
from planner.problem import Problem
from planner.search import Best, best_under, search
from planner.standing import Timeline


class BasePlan:
    """The best plan of a problem without movable appointments. Gains are in `weights`; `proved`: none books more."""

    def __init__(self, table: Columns, plan: Bools, counted: Best, weights: Weights) -> None:
        """`plan` is a mask of the candidates of `table`; `counted` the best plan and its prices where they cost
        nothing.
        """
        self.table, self.weights = table, weights
        self._candidates, self._plan, self._prices = _costless(table.candidates), plan, counted.prices
        self._gain = weights.gain(self._candidates)
        self.gain = int(self._gain[plan].sum())
        self.proved = self.gain == counted.bound
        self.booked = np.zeros(len(table.requests), dtype=np.bool_)
        self.booked[table.candidates.seeker[plan]] = True

    @classmethod
    def of(cls, problem: Problem, solver: Solver, budget: Budget) -> Self:
        """Of all requests of `problem`: the plan that `planner.solve.plan` makes, so that the same are left out."""
        table = columns(problem)
        requests = len(table.requests)
        found = search(table.candidates, table.moments, requests, solver, budget, table.left_out)
        count = np.bincount(table.seekers.rank, minlength=ROUTINE + 1).tolist()
        soon = count[ROUTINE] + 1
        weights = Weights(move=1, routine=1, soon=soon, urgent=soon * (count[SOON] + 1))
        counted = best_under(_costless(table.candidates), table.moments, requests, weights, solver, budget)
        return cls(table, found.plan, counted, weights)

    @property
    def worth(self) -> Ints:
        """What the booking of each request counts."""
        return self.weights.of_rank[self.table.seekers.rank]

    def bounds(self, seeker: Ints, start: Ints) -> tuple[Ints, Bools]:
        """What requests gain at most that take hours of their own at `start` (microseconds), and of which of them
        that is known to be what they gain: those that are left out and whose patients are not booked then.
        """
        patient = self.table.seekers.patient[seeker]
        sure = ~self.booked[seeker] & ~self._bookings.meets(patient, start)
        gain, others = self.worth[seeker], np.flatnonzero(~sure)
        prices = self._prices
        total = sum(int(part.sum()) for part in (prices.seeker, prices.doctor.price, prices.patient.price))
        spare = total - self.gain * prices.unit  # what the prices leave unproved
        due = prices.seeker[seeker[others]] + self._of_patient(patient[others], start[others])
        gain[others] = (gain[others] * prices.unit - due + spare) // prices.unit
        return gain, sure

    def exact(self, seeker: int, start: int, solver: Solver, budget: Budget) -> int | None:
        """What a request gains that takes an hour of its own at `start`, by planning the others again; None: there was
        no time to find out.
        """
        patient = int(self.table.seekers.patient[seeker])
        every, moments = self._candidates, self.table.moments
        concerned = self._part_of_patient[every.patient] == self._part_of_patient[patient]
        overlaps = np.abs(moments.start[every.moment] - start) < HOUR_US
        left = concerned & (every.seeker != seeker) & ~((every.patient == patient) & overlaps)
        others = every.take(left)
        best = best_under(others, moments, len(self.table.seekers.rank), self.weights, solver, budget)
        reached = int(self.weights.gain(others)[best.plan].sum())
        if reached != best.bound:
            return None
        before = int(self._gain[concerned & self._plan].sum())
        return int(self.worth[seeker]) + reached - before

    def matters_when(self, seeker: Ints) -> Bools:
        """Whether it matters when requests sit elsewhere: others of their patients are to be planned around it."""
        asking = np.unique(self._candidates.seeker)
        count = np.bincount(self.table.seekers.patient[asking], minlength=len(self.table.patients))
        has = np.zeros(len(self.table.requests), dtype=np.int64)
        has[asking] = 1
        others: Bools = count[self.table.seekers.patient[seeker]] > has[seeker]
        return others

    def one_booking(self, gain: Ints) -> Ints:
        """What the most important booking counts that counts no more than `gain`; 0 where none does."""
        counts = np.array([0, self.weights.routine, self.weights.soon, self.weights.urgent], dtype=np.int64)
        most: Ints = counts[np.searchsorted(counts, np.maximum(gain, 0), side="right") - 1]
        return most

    def more_booked(self, gain: Ints) -> Ints:
        """How many more urgent, soon and routine requests (columns) plans book that gain so much more (rows)."""
        return self._by_priority(self.gain + gain) - self._by_priority(np.array([self.gain]))

    def _by_priority(self, gain: Ints) -> Ints:
        urgent, rest = np.divmod(gain, self.weights.urgent)
        return np.stack([urgent, *np.divmod(rest, self.weights.soon)], axis=1)

    def window(self, moments: Moments) -> tuple[Ints, Ints]:
        """The moments at which the hour of each request may start: the first, and the one after the last."""
        earliest, latest = self._windows
        return (
            np.searchsorted(moments.start, earliest, side="left"),
            np.searchsorted(moments.start, latest - HOUR_US, side="right"),
        )

    def patient_free(self, seeker: Ints, start: Ints) -> Bools:
        """Whether no standing appointment of the patient overlaps the hour at `start`."""
        return ~self._standing.meets(self.table.seekers.patient[seeker], start)

    @cached_property
    def _windows(self) -> tuple[Ints, Ints]:
        """When the window of each request begins and ends."""
        starts = np.array([micros(each.earliest) for each in self.table.requests], dtype=np.int64)
        return starts, np.array([micros(each.latest) for each in self.table.requests], dtype=np.int64)

    @cached_property
    def _standing(self) -> "_Diaries":
        """The appointments of the patients of requests."""
        numbers = {id_: number for number, id_ in enumerate(self.table.patients)}
        rows = [(numbers[a.patient], micros(a.start)) for a in self.table.fixed if a.patient in numbers]
        owner, start = np.array(rows, dtype=np.int64).reshape(-1, 2).T
        return _Diaries(owner, start, len(numbers))

    @cached_property
    def _bookings(self) -> "_Diaries":
        """What the plan books, by patient."""
        chosen = self._candidates.take(self._plan)
        return _Diaries(chosen.patient, self.table.moments.start[chosen.moment], len(self.table.patients))

    def _of_patient(self, patient: Ints, start: Ints) -> Ints:
        """The prices of patients' instants in the hours at `start`, together."""
        prices, moments = self._prices.patient, self.table.moments
        key, until = moments.key(prices.owner, prices.moment), np.append(0, np.cumsum(prices.price))
        first, last = (
            np.searchsorted(key, moments.key(patient, np.searchsorted(moments.start, instant)))
            for instant in (start, start + HOUR_US)
        )
        within: Ints = until[last] - until[first]
        return within

    @cached_property
    def _part_of_patient(self) -> Ints:
        return parts_of_patients(self._candidates, len(self.table.doctors), len(self.table.patients))


def _costless(candidates: Candidates) -> Candidates:
    return replace(candidates, cost=np.zeros_like(candidates.cost))


class _Diaries:
    """The hours that patients have."""

    def __init__(self, patient: Ints, start: Ints, patients: int) -> None:
        self._timeline = Timeline.of(patient, start)
        self._has_any = np.zeros(patients, dtype=np.bool_)
        self._has_any[patient] = True

    def meets(self, patient: Ints, start: Ints) -> Bools:
        """Which of the hours at `start` overlap one that their patient has."""
        met = np.zeros(len(patient), dtype=np.bool_)
        asked = np.flatnonzero(self._has_any[patient])
        met[asked[self._timeline.overlapping(patient[asked], start[asked]).hour]] = True
        return met
