"""Which of the requests that wait can be booked as things are, in the order in which it is their turn.

Each in turn is promised an hour if it can have one together with all who were promised one before, whichever hours
these are. The hours are chosen last: those of the least inconvenience for all of them together.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.apart import parts_of_patients
from planner.budget import Budget
from planner.candidates import ROUTINE, Candidates
from planner.columns import Columns, columns
from planner.goals import Weights
from planner.hours import Bools, Ints, Moments
from planner.instants import HOUR_US, micros
from planner.matching import matching
from planner.model import Solver
from planner.plan import Booking
from planner.problem import Problem
from planner.rules import doctor_in_one_place
from planner.search import best_under, search
from planner.solve import carried_out


@dataclass(frozen=True, slots=True)
class Promotion:
    """The hours promised, in the order of turns; not `proved`: time ran out, and more could be."""

    bookings: tuple[Booking, ...]
    proved: bool


def promoted(
    problem: Problem, turns: Sequence[str], *, time_limit: float = 30.0, solver: Solver | None = None
) -> Promotion:
    """Hours for those requests of `problem`, which has no movable appointments, that can be booked as things are.

    `turns` are the ids of all requests in the order of their turns. All the hours can be booked, in any order: where a
    request moves an appointment, that one is in the way of all others until it is moved. `time_limit` is in seconds;
    `solver`: its seed and how many parts it solves at a time (None: one per core).
    """
    budget = Budget(time_limit)
    solver = solver or Solver(workers=os.cpu_count() or 1)
    table = columns(problem)
    place = {id_: number for number, id_ in enumerate(turns)}
    turn = np.array([place[each.id] for each in table.requests], dtype=np.int64)
    free_at = np.flatnonzero(~_held_for_others(problem, table))
    free = table.candidates.take(free_at)
    promises = _Promises(free, table.moments, turn, solver, budget)
    chosen = promises.made(parts_of_patients(free, len(table.doctors), len(table.patients)))
    promise = np.isin(free.seeker, chosen)
    found = search(free.take(promise), table.moments, len(turn), solver, budget)
    hours = np.zeros(len(table.candidates), dtype=np.bool_)
    hours[free_at[promise][found.plan]] = True
    bookings, _ = carried_out(problem, table, hours)
    in_turn = tuple(sorted(bookings, key=lambda booking: place[booking.request]))
    return Promotion(in_turn, promises.proved and len(bookings) == len(chosen))


def _held_for_others(problem: Problem, table: Columns) -> Bools:
    """Which candidates overlap an appointment, of their doctor or patient, that another request is to move; and which
    are the hour that the request's own appointment has: that would move nothing.
    """
    standing = {each.id: each for each in problem.appointments}
    doctors, patients = ({id_: n for n, id_ in enumerate(ids)} for ids in (table.doctors, table.patients))
    every, held = table.candidates, np.zeros(len(table.candidates), dtype=np.bool_)
    start = table.moments.start[every.moment]
    for number, request in enumerate(table.requests):
        moved = standing.get(request.moves or "")
        if moved is None:
            continue
        its = (every.doctor == doctors[moved.doctor]) | (every.patient == patients[moved.patient])
        away = np.abs(start - micros(moved.start))
        same = (every.doctor == doctors[moved.doctor]) & (away == 0)
        held |= np.where(every.seeker == number, same, its & (away < HOUR_US))
    return held


class _Promises:
    """Who is promised an hour. `proved`: nobody was passed over for want of time."""

    def __init__(self, free: Candidates, moments: Moments, turn: Ints, solver: Solver, budget: Budget) -> None:
        """`turn` has the place of each seeker."""
        self._free = replace(free, cost=np.zeros_like(free.cost), rank=np.full_like(free.rank, ROUTINE))
        self._moments, self._turn, self._solver, self._budget = moments, turn, solver, budget
        self.proved = True

    def made(self, part_of_patient: Ints) -> Ints:
        """The seekers who are promised an hour; no doctor and no patient is in two parts."""
        part = part_of_patient[self._free.patient]
        crossed = np.zeros(len(part), dtype=np.bool_)
        chosen: list[int] = []
        for number in np.unique(part).tolist():
            here = part == number
            own = self._free.take(here)
            if _crosses(own, self._moments):
                crossed |= here
                chosen += self._one_by_one(own)
        return np.array([*chosen, *self._together(self._free.take(~crossed))], dtype=np.int64)

    def _together(self, own: Candidates) -> list[int]:
        """Those promised an hour where nothing crosses: all at once.

        Who can have hours together is an independent set of a matroid (transversal matroids: Edmonds and Fulkerson
        1965). There, taking in turn whoever still fits makes the set of greatest weight, whatever weights descend with
        the turns (Rado 1957; Edmonds 1971): steps of one will do.
        """
        _, cost = np.unique(self._turn[own.seeker], return_inverse=True)
        own = replace(own, cost=cost.astype(np.int64))
        weights = Weights.of(own)
        best = best_under(own, self._moments, len(self._turn), weights, self._solver, self._budget)
        self.proved &= int(weights.gain(own)[best.plan].sum()) == best.bound
        return [int(seeker) for seeker in own.seeker[best.plan]]

    def _one_by_one(self, own: Candidates) -> list[int]:
        """Those promised an hour, each tried with all before."""
        chosen: list[int] = []
        for seeker in self._in_turn(own):
            trial = own.take(np.isin(own.seeker, [*chosen, seeker]))
            if matching(trial, self._moments).matched > len(chosen) and self._fit(trial, len(chosen) + 1):
                chosen.append(seeker)
        return chosen

    def _in_turn(self, own: Candidates) -> Iterator[int]:
        asking = np.unique(own.seeker)
        yield from asking[np.argsort(self._turn[asking])].tolist()

    def _fit(self, own: Candidates, all_of_them: int) -> bool:
        """Whether all seekers of `own` can have hours together; not, where there is no time to find out."""
        weights = Weights(move=1, routine=1, soon=1, urgent=1)
        best = best_under(own, self._moments, len(self._turn), weights, self._solver, self._budget)
        fit = int(best.plan.sum()) == all_of_them
        self.proved &= fit or best.bound < all_of_them
        return fit


def _crosses(own: Candidates, moments: Moments) -> bool:
    """Whether a patient has several requests, or hours of a doctor overlap in part."""
    several = len(np.unique(own.patient)) < len(np.unique(own.seeker))
    return several or not doctor_in_one_place(own, moments).apart
