"""Weighted instants: how much of them an hour covers, and what that proves.

A doctor's or a patient's instant can be inside one hour only. If every seeker of a set needs so much weight, wherever
it goes, that the needs add up to more than the weights, then not all of them can have an hour.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from planner.candidates import Candidates
from planner.goals import Weights
from planner.hours import Bools, Ints, Moments, spans
from planner.instants import HOUR_US
from planner.proof import InstantPrices, Prices
from planner.walks import NOBODY, Claims

THRESHOLD = 4
"""A price counts as a whole number of class weights if it is less than this part of one below it: prices of contested
hours are off whole numbers by inconvenience only."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """Whole positive weights of instants of doctors and of patients."""

    doctor: InstantPrices
    patient: InstantPrices

    @property
    def total(self) -> int:
        return int(self.doctor.price.sum() + self.patient.price.sum())

    def __len__(self) -> int:
        return len(self.doctor.price) + len(self.patient.price)

    def take(self, which: Ints) -> "Weighted":
        """Some of the instants, numbered with the doctors' first, then the patients'; `which` ascends."""
        split = len(self.doctor.price)
        own = np.searchsorted(which, split)
        return Weighted(_take(self.doctor, which[:own]), _take(self.patient, which[own:] - split))


def in_class_weights(prices: Prices, rank: int, multiple: int) -> Weighted:
    """The part of each price that stands for bookings of the class `rank`, in `multiple`ths of its weight.

    What prices of a whole plan say about the class is in their multiples of its weight: the rest is other classes,
    moves and inconvenience. No price of an instant counts more than one booking of the class.
    """
    weight = class_weight(prices.weights, rank) * prices.unit

    def part(instants: InstantPrices) -> InstantPrices:
        price = np.minimum(instants.price, weight)
        return positive(instants.owner, instants.moment, (price * multiple + weight // THRESHOLD) // weight)

    return Weighted(part(prices.doctor), part(prices.patient))


def class_weight(weights: Weights, rank: int) -> int:
    """What one more booking of the rank gains."""
    return (weights.urgent, weights.soon, weights.routine)[rank - 1]


def _take(instants: InstantPrices, which: Ints) -> InstantPrices:
    return InstantPrices(instants.owner[which], instants.moment[which], instants.price[which])


def positive(owner: Ints, moment: Ints, weight: Ints) -> InstantPrices:
    """Those of the instants that weigh something."""
    some = weight > 0
    return InstantPrices(owner[some], moment[some], weight[some])


class Weighing:
    """What the hours of some candidates, ascending by seeker, cover of weighted instants.

    `seekers` are those who have candidates among them, ascending; `needs` is the least that one of each one's hours
    covers. Instants are numbered: doctors' first, then patients'.
    """

    def __init__(self, candidates: Candidates, moments: Moments, weighted: Weighted) -> None:
        self._candidates, self.weighted = candidates, weighted
        until = np.searchsorted(moments.start, moments.start + HOUR_US, side="left")
        self._spans = []
        covered = np.zeros(len(candidates), dtype=np.int64)
        for owner, instants in ((candidates.doctor, weighted.doctor), (candidates.patient, weighted.patient)):
            keys = moments.key(instants.owner, instants.moment)
            first = np.searchsorted(keys, moments.key(owner, candidates.moment))
            last = np.searchsorted(keys, moments.key(owner, until[candidates.moment]))
            before = np.append(0, np.cumsum(instants.price))
            covered += before[last] - before[first]
            self._spans.append((first, last))
        self._covered, self._begin = covered, candidates.begins
        self.seekers = candidates.seeker[self._begin]

    @cached_property
    def needs(self) -> Ints:
        return np.minimum.reduceat(self._covered, self._begin) if len(self._begin) else self._covered

    def needs_of(self, seekers: Ints) -> Ints:
        """What some of them need."""
        return self.needs[np.searchsorted(self.seekers, seekers)]

    def claims(self, plan: Bools) -> Claims:
        """Who wants which instants, and who holds them under `plan` (a mask of these candidates).

        Only those count as holders who hold no more than they need: they and their instants come out even, and one
        seeker more that needs something is one too many. What others hold leads to NOBODY.
        """
        even = np.flatnonzero(plan)
        even = even[self._covered[even] == self.needs_of(self._candidates.seeker[even])]
        holder = np.full(len(self.weighted), NOBODY, dtype=np.int64)
        seeker, thing, begin = [], [], 0
        for (first, last), instants in zip(self._spans, (self.weighted.doctor, self.weighted.patient), strict=True):
            holder[begin + spans(first[even], last[even])] = np.repeat(
                self._candidates.seeker[even], last[even] - first[even]
            )
            seeker.append(np.repeat(self._candidates.seeker, last - first))
            thing.append(begin + spans(first, last))
            begin += len(instants.price)
        order = np.argsort(np.concatenate(seeker), kind="stable")
        return Claims(np.concatenate(seeker)[order], np.concatenate(thing)[order], holder)
