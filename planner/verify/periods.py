"""Periods of owners as columns: which of them overlap, and which lie within others.

The hours of a plan are judged by these functions, and so is a whole schedule that stands (`planner.verify.schedule`).
"""

from dataclasses import dataclass

import numpy as np

from planner.verify.timelines import Bools, Ints


@dataclass(frozen=True, slots=True)
class Owned:
    """Half-open periods `[begin, end)` in microseconds, none of them empty; `owner` is a number, -1 for nobody known.

    One entry per period.
    """

    owner: Ints
    begin: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.owner)

    def take(self, which: Ints | Bools) -> "Owned":
        return Owned(self.owner[which], self.begin[which], self.end[which])


def overlaps(periods: Owned) -> tuple[Ints, Ints]:
    """The periods that begin before an earlier one of their owner has ended, each with the earlier one.

    Returns two columns of numbers: the earlier period (of several that which ends last), and the later one; ascending
    by owner, then time. So of `n` periods that overlap each other there are `n - 1` pairs, and each is in one of them;
    of periods that last equally long, pairs are neighbours in time. Of two that begin together the one that is given
    first counts as the earlier. Nobody's periods do not overlap.
    """
    order = np.lexsort((periods.begin, periods.owner))
    of = periods.take(order)
    longest = _longest(of)[:-1]
    clash = (of.owner[1:] == of.owner[longest]) & (of.owner[1:] >= 0) & (of.begin[1:] < of.end[longest])
    return order[longest[clash]], order[1:][clash]


class Cover:
    """The periods of each owner, joined where they touch or overlap."""

    def __init__(self, periods: Owned) -> None:
        of = periods.take(np.lexsort((periods.begin, periods.owner)))
        longest = _longest(of)
        before = longest[:-1]
        begins = np.ones(len(of), dtype=np.bool_)
        begins[1:] = (of.owner[1:] != of.owner[before]) | (of.begin[1:] > of.end[before])
        ends = np.append(np.flatnonzero(begins)[1:] - 1, len(of) - 1) if len(of) else np.flatnonzero(begins)
        self.joined = Owned(of.owner[begins], of.begin[begins], of.end[longest[ends]])
        """Disjoint, ascending by owner, then time."""
        self._times = np.unique(self.joined.begin)
        self._keys = self._key(self.joined.owner, self.joined.begin)

    def holds(self, periods: Owned) -> Bools:
        """For each of the periods, whether one of its owner's joined periods holds it whole. Nobody's are not held."""
        if not len(self.joined):
            return np.zeros(len(periods), dtype=np.bool_)
        at = np.maximum(np.searchsorted(self._keys, self._key(periods.owner, periods.begin), side="right") - 1, 0)
        near = self.joined.take(at)
        own = (near.owner == periods.owner) & (periods.owner >= 0)
        held: Bools = own & (near.begin <= periods.begin) & (periods.end <= near.end)
        return held

    def _key(self, owner: Ints, at: Ints) -> Ints:
        """One number for owner and time, in their order."""
        return owner * (len(self._times) + 1) + np.searchsorted(self._times, at, side="right")


def _longest(periods: Owned) -> Ints:
    """For each of the periods, ascending by owner, the number of that which ends last, of its owner's up to there."""
    times = np.unique(periods.end)
    key = periods.owner * (len(times) + 1) + np.searchsorted(times, periods.end)
    last = np.maximum.accumulate(key)
    return np.maximum.accumulate(np.where(key == last, np.arange(len(key)), 0))
