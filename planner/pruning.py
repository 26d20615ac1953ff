"""Candidates that a large problem can do without.

A seeker needs only its cheapest candidates. Suppose that a plan gives it a dearer one. Every other seeker is in the way
of as many of the cheapest as overlap one hour of a doctor, and one of the same patient of as many as overlap one hour
of all its doctors. So with one more than all these, one of the cheapest is in nobody's way, and taking it makes the
plan no worse. Prices that prove the plan the best cover what is left out as well, for that free hour has no price;
where they leave a gap, `planner.search` raises the price of the seeker until they do.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from planner.hours import Bools, Ints, Moments
from planner.instants import HOUR_US

BEYOND = 2_000_000
"""Nothing is left out of problems with so many candidates or fewer."""
BLOCK = 1_000_000
"""Candidates are looked at about so many at a time, to bound the memory."""
CELLS = 20_000_000
"""A table of who accepts which doctor has so many cells at most; without it everybody counts as everybody's rival."""
NOTHING = -1
NEVER = 2**60


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was left out, one entry per seeker: the least cost among it (NOTHING: nothing was left out); the greatest
    cost among all candidates; and the rank.
    """

    cheapest: Ints
    dearest: Ints
    rank: Ints

    def note(self, seeker: Ints, cost: Ints, kept: Bools) -> None:
        """Take account of candidates, of which `kept` (a mask) are kept."""
        np.maximum.at(self.dearest, seeker, cost)
        seeker, cost = seeker[~kept], cost[~kept]
        cheapest = np.full_like(self.cheapest, NEVER)
        np.minimum.at(cheapest, seeker, cost)
        np.copyto(self.cheapest, cheapest, where=cheapest < NEVER)


def needed(seeker: Ints, doctor: Ints, patient: Ints, moments: Moments) -> Ints:
    """How many of its cheapest candidates each seeker needs at most.

    `seeker` and `doctor` have an entry for every doctor whom a seeker accepts, ascending by seeker; `patient` one per
    seeker.
    """
    begun = np.searchsorted(moments.start, moments.start + HOUR_US) - moments.overlap_from
    overlapping = int(begun.max(initial=1))
    of_patient = np.bincount(patient, minlength=1)[patient] - 1
    doctors = np.bincount(seeker, minlength=len(patient))
    return overlapping * (_rivals(seeker, doctor, len(patient)) + of_patient * doctors) + 1


def _rivals(seeker: Ints, doctor: Ints, seekers: int) -> Ints:
    """How many others accept a doctor whom the seeker accepts; everybody, where there are too many ways to choose."""
    ends = np.searchsorted(seeker, np.arange(seekers + 1)).tolist()
    known: dict[bytes, int] = {}
    first = [0] * seekers
    for number in range(seekers):
        chosen = np.unique(doctor[ends[number] : ends[number + 1]])
        first[number] = known.setdefault(chosen.tobytes(), len(known))
    choice = np.array(first, dtype=np.int64)
    doctors = int(doctor.max(initial=0)) + 1
    if len(known) * max(doctors, len(known)) > CELLS:
        return np.full(seekers, seekers - 1)
    accepts = np.zeros((len(known), doctors), dtype=np.float32)
    accepts[choice[seeker], doctor] = 1
    share: Bools = (accepts @ accepts.T) > 0
    return np.maximum(share @ np.bincount(choice, minlength=len(known)) - 1, 0)[choice]


def cheapest(seeker: Ints, cost: Ints, most: Ints) -> Bools:
    """Which candidates, ascending by seeker, are among the `most[seeker]` cheapest of theirs, or as cheap as these."""
    ends = np.append(np.flatnonzero(np.diff(seeker, prepend=-1)), len(seeker)).tolist()
    kept = np.ones(len(seeker), dtype=np.bool_)
    for begin, end in pairwise(ends):
        few = int(most[seeker[begin]])
        if end - begin > few:
            own = cost[begin:end]
            kept[begin:end] = own <= np.partition(own, few - 1)[few - 1]
    return kept
