"""The goals, strictly in their order, as numbers."""

from typing import NamedTuple

import numpy as np

from planner.candidates import MOVABLE, ROUTINE, SOON, URGENT, Candidates
from planner.hours import Bools, Ints

LARGEST = 2**55
"""Gains stay below this, so that 64 bits hold them in twelfths and sums of a dozen of them."""
STEP = 2**50
"""A step of priority stays below this: floating point holds a few of them, exactly (see `planner.relaxation`)."""


class Score(NamedTuple):
    """What a plan achieves. `key` is greater the better the plan."""

    urgent: int = 0
    soon: int = 0
    routine: int = 0
    moved: int = 0
    inconvenience: int = 0

    @property
    def key(self) -> tuple[int, int, int, int, int]:
        return self.urgent, self.soon, self.routine, -self.moved, -self.inconvenience


def score(candidates: Candidates, chosen: Bools) -> Score:
    """The score of the chosen candidates (a mask)."""
    urgent, soon, routine = (int((candidates.rank[chosen] == rank).sum()) for rank in (URGENT, SOON, ROUTINE))
    return Score(urgent, soon, routine, int(candidates.moves[chosen].sum()), int(candidates.cost[chosen].sum()))


def told_bound(bound: Score, reached: Score, candidates: Candidates) -> Score:
    """`bound`, with the best that there could be for every goal after the first in which it is better than `reached`.

    A bound is read in the goals' order: its later numbers hold only for plans that reach its earlier ones. Where
    nobody knows of such a plan they say nothing, and a reader who compares number by number would be misled.
    """
    count = _seekers_by_rank(candidates)
    most = Score(count[URGENT], count[SOON], count[ROUTINE])
    for goal, (proved, known) in enumerate(zip(bound, reached, strict=True), start=1):
        if proved != known:
            return Score(*bound[:goal], *most[goal:])
    return bound


class Weights(NamedTuple):
    """What one move less and one more booking of each priority gain, in hours of inconvenience."""

    move: int
    routine: int
    soon: int
    urgent: int

    @classmethod
    def of(cls, candidates: Candidates, most: int | None = None) -> "Weights":
        """Weights under which no lower goal buys a higher one, for plans made of `candidates`.

        `most`: what plans can have of inconvenience together, where there are more candidates than these.

        Each weight exceeds by one unit all that the lower goals can add up to: the inconvenience, the sum over the
        seekers of the largest one each; the moves, the number of movable appointments; the bookings, the number of
        requests of the priority. So of two plans the one with the better `Score.key` has the greater gain.
        They are Python's integers, which do not overflow; `fit` says whether columns can hold them.
        """
        count = _seekers_by_rank(candidates)
        dearest = np.maximum.reduceat(candidates.cost, candidates.begins) if len(candidates) else candidates.cost
        move = (int(dearest.sum()) if most is None else most) + 1
        routine = move * (count[MOVABLE] + 1)
        soon = routine * (count[ROUTINE] + 1)
        return cls(move, routine, soon, soon * (count[SOON] + 1))

    def a_step_apart(self) -> "Weights":
        """The same, but for a booking of a higher priority, which counts as one or two `routine` more."""
        return self._replace(soon=2 * self.routine, urgent=3 * self.routine)

    def fit(self) -> bool:
        """Whether gains can be computed with, exactly, in 64 bits, and steps of priority in floating point."""
        return self.urgent < LARGEST and self.routine < STEP

    @property
    def of_rank(self) -> Ints:
        """What a booking of each rank gains, and a new hour of a movable appointment, by rank; inconvenience apart."""
        return np.array([-self.move, self.urgent, self.soon, self.routine], dtype=np.int64)

    def gain(self, candidates: Candidates) -> Ints:
        """One number per candidate that stands for all goals at once; 0 for an appointment that stays."""
        of_rank = np.array([0, self.urgent, self.soon, self.routine], dtype=np.int64)
        return of_rank[candidates.rank] - self.move * candidates.moves - candidates.cost

    def score_within(self, bound: int, candidates: Candidates) -> Score:
        """The best score (in the goals' order) of any plan made of `candidates` whose gain is at most `bound`.

        Read goal by goal: moves and inconvenience together never reach `routine`, so `n` bookings of a priority fit
        only if `n` times its weight exceeds what is left of the bound by less than that.
        """
        count = _seekers_by_rank(candidates)
        booked = []
        for rank, weight in ((URGENT, self.urgent), (SOON, self.soon), (ROUTINE, self.routine)):
            booked.append(min(count[rank], (bound + self.routine - 1) // weight))
            bound -= booked[-1] * weight
        moved, inconvenience = divmod(max(-bound, 0), self.move)
        urgent, soon, routine = booked
        return Score(urgent, soon, routine, moved, inconvenience)


def _seekers_by_rank(candidates: Candidates) -> list[int]:
    ranks = candidates.rank[candidates.begins]
    return [int(count) for count in np.bincount(ranks, minlength=ROUTINE + 1)]
