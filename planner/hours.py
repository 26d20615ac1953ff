"""The available hours of a problem, as columns."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from planner.instants import HOUR_US, LocalClock, join, micros
from planner.problem import Problem

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours in which a doctor sees patients, ascending by (doctor, moment, hospital).

    All arrays have one entry per hour. `doctor` and `hospital` index the problem's ids in ascending order, `moment`
    indexes `Moments.start`.
    """

    doctor: Ints
    hospital: Ints
    moment: Ints

    def take(self, which: Ints | Bools) -> Self:
        return type(self)(self.doctor[which], self.hospital[which], self.moment[which])

    def __len__(self) -> int:
        return len(self.doctor)


@dataclass(frozen=True, slots=True)
class Moments:
    """The instants at which an hour may start.

    `start` is ascending, in microseconds; `overlap_from[m]` is the first moment whose hour overlaps the hour of `m`.
    """

    start: Ints
    overlap_from: Ints

    @classmethod
    def of(cls, starts: Ints) -> Self:
        start = np.unique(starts)
        return cls(start, np.searchsorted(start, start - HOUR_US, side="right"))

    def __len__(self) -> int:
        return len(self.start)

    def key(self, owner: Ints, moment: Ints) -> Ints:
        """One number per (owner, moment), ordered by owner, then moment. `moment` may be as large as `len(self)`."""
        return owner * (len(self) + 1) + moment

    def overlapping(self, owner: Ints, start: Ints) -> Ints:
        """The sorted keys of every moment at which an hour of `owner` would overlap one of its hours at `start`."""
        first = np.searchsorted(self.start, start - HOUR_US, side="right")
        last = np.searchsorted(self.start, start + HOUR_US, side="left")
        return np.unique(self.key(np.repeat(owner, last - first), spans(first, last)))


def available_hours(problem: Problem, doctors: dict[str, int], hospitals: dict[str, int]) -> tuple[Ints, Ints, Ints]:
    """Doctor, hospital and start (microseconds) of every whole local hour inside an availability and an opening.

    Touching availabilities join, touching openings join. Ascending by doctor, start, hospital.
    """
    zones = {name: LocalClock(name) for name in {hospital.timezone for hospital in problem.hospitals}}
    clocks = {hospital.id: zones[hospital.timezone] for hospital in problem.hospitals}
    openings = {
        hospital.id: join([(micros(o.start), micros(o.end)) for o in hospital.openings])
        for hospital in problem.hospitals
    }
    periods: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for availability in problem.availabilities:
        period = (micros(availability.start), micros(availability.end))
        periods[availability.doctor, availability.hospital].append(period)
    rows = [
        (doctors[doctor], hospitals[hospital], start)
        for (doctor, hospital), available in periods.items()
        for begin, end in intersect(join(available), openings[hospital])
        for start in clocks[hospital].full_hours(begin, end)
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    doctor, hospital_, start = table[np.lexsort((table[:, 1], table[:, 2], table[:, 0]))].T
    return doctor, hospital_, start


def intersect(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The periods common to two ascending lists of disjoint half-open periods."""
    common: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            common.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return common


def spans(first: Ints, last: Ints) -> Ints:
    """The integers of every half-open range `[first[i], last[i])`, one range after the other."""
    count = np.maximum(last - first, 0)
    end = np.cumsum(count)
    total = int(end[-1]) if len(end) else 0
    return np.repeat(first - (end - count), count) + np.arange(total)
