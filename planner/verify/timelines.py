"""Columns of times by owner, to be asked which of them lie in a window.

Instants are whole microseconds since 1970 (see `planner.instants.micros`); owners are numbers, -1 for nobody known.
"""

from collections.abc import Iterable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from planner.instants import HOUR_US, micros

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def microseconds(instants: Iterable[datetime]) -> Ints:
    return ints(map(micros, instants))


def spread(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Every position of the half-open ranges `[first[i], last[i])`, and the `i` that each of them is of."""
    count = np.maximum(last - first, 0)
    of = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    return of, np.arange(len(of)) + (first - before)[of]


class Timeline:
    """Times of owners, ascending by owner, then time. `order` are their numbers in the columns given, in that order."""

    def __init__(self, owner: Ints, at: Ints) -> None:
        self.order = np.lexsort((at, owner))
        self._times = np.unique(at)
        self._keys = self._key(owner[self.order], at[self.order])

    def within(self, owner: Ints, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
        """For each of the owners the half-open range of places in `order` of its times in `[begin, end)`."""
        return tuple(np.searchsorted(self._keys, self._key(owner, at)) for at in (begin, end))  # type: ignore[return-value]

    def overlapping(self, owner: Ints, start: Ints) -> tuple[Ints, Ints]:
        """For each of the owners the half-open range of places of its hours that overlap the hour at `start`."""
        return self.within(owner, start - HOUR_US + 1, start + HOUR_US)

    def _key(self, owner: Ints, at: Ints) -> Ints:
        """One number for owner and time, in their order."""
        return owner * (len(self._times) + 1) + np.searchsorted(self._times, at)
