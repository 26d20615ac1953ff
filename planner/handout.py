"""Handing out free hours so that each goes to one request only, as far as they reach."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.hours import Hours, Moments
from planner.instants import HOUR_US


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody takes an hour; `after` says who wants the hour that they leave (None: the search began with them)."""

    taker: int
    leaves: int | None
    after: "Step | None"


class Handout:
    """Who is given which of some free hours; two hours that exclude each other never go to two requests.

    Hours exclude each other if they overlap and have the same doctor, or are given to requests of one patient. A
    request may be given hours that overlap with different doctors, for it takes only one of them.

    A matching grows along augmenting paths (Berge 1957; Kuhn 1955): who finds no free hour takes one from somebody who
    finds another. Where hours exclude each other only by being the same, no way of handing out gives more requests
    something: nobody loses when another gains, and hours that a failed search met are met by no later one. Where
    patients or hours that overlap in part matter as well, a path that they block is not followed.
    """

    def __init__(self, hours: Hours, moments: Moments, patients: Mapping[int, int]) -> None:
        """`hours` are the free hours, which are called by their place; `patients` maps requests to their patients."""
        until = np.searchsorted(moments.start, moments.start + HOUR_US, side="left")
        self._doctor = hours.doctor.tolist()
        self._moment = hours.moment.tolist()
        self._from, self._until = moments.overlap_from[hours.moment].tolist(), until[hours.moment].tolist()
        several = {patient for patient, count in Counter(patients.values()).items() if count > 1}
        self._patient = {request: patient for request, patient in patients.items() if patient in several}
        self._at_doctor: dict[tuple[int, int], tuple[int, int]] = {}
        self._at_patient: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self.given: dict[int, list[int]] = {request: [] for request in patients}

    def give(self, order: Sequence[int], choices: Mapping[int, Sequence[int]], most: int) -> None:
        """Gives the requests in `order` one more hour each, `most` times, until they have `most`.

        `choices` has for each of them, and for everybody who may have to change, the hours that they could have, best
        first. A first hour for everybody goes before a second one for anybody.
        """
        dead: set[int] = set()
        lacking = list(order)
        for count in range(1, most + 1):
            lacking = [r for r in lacking if len(self.given[r]) >= count or self._give_one(r, choices, dead)]

    def _give_one(self, request: int, choices: Mapping[int, Sequence[int]], dead: set[int]) -> bool:
        """One more hour for the request, by the shortest augmenting path. `dead` are hours that lead to no free one."""
        met: set[int] = set()
        queue = deque([Step(request, None, None)])
        while queue:
            step = queue.popleft()
            for hour in choices.get(step.taker, ()):
                if hour in met or hour in dead or hour in self.given[step.taker]:
                    continue
                met.add(hour)
                holders = set(self._in_the_way(step.taker, hour))
                if not holders:
                    return self._carry_out(step, hour)
                if len(holders) == 1:
                    ((holder, held),) = holders
                    if holder != step.taker:
                        queue.append(Step(holder, held, step))
        dead |= met
        return False

    def _carry_out(self, step: Step | None, hour: int) -> bool:
        """Everybody on the path moves on, the last one first; False if one of them came into another's way."""
        while step is not None:
            if step.leaves is not None:
                self._take_back(step.taker, step.leaves)
            if any(self._in_the_way(step.taker, hour)):
                if step.leaves is not None:
                    self._put(step.taker, step.leaves)
                return False
            self._put(step.taker, hour)
            if step.leaves is not None:
                hour = step.leaves
            step = step.after
        return True

    def _in_the_way(self, request: int, hour: int) -> Iterator[tuple[int, int]]:
        """Who was given an hour that excludes this one for the request, and which."""
        doctor, patient = self._doctor[hour], self._patient.get(request)
        for moment in range(self._from[hour], self._until[hour]):
            held = self._at_doctor.get((doctor, moment))
            if held is not None:
                yield held
            if patient is not None:
                yield from (held for held in self._at_patient.get((patient, moment), ()) if held[0] != request)

    def _put(self, request: int, hour: int) -> None:
        self.given[request].append(hour)
        self._at_doctor[self._doctor[hour], self._moment[hour]] = (request, hour)
        if request in self._patient:
            self._at_patient.setdefault((self._patient[request], self._moment[hour]), []).append((request, hour))

    def _take_back(self, request: int, hour: int) -> None:
        self.given[request].remove(hour)
        del self._at_doctor[self._doctor[hour], self._moment[hour]]
        if request in self._patient:
            self._at_patient[self._patient[request], self._moment[hour]].remove((request, hour))
