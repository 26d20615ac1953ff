"""The hours in which doctors see patients, found anew from openings and availabilities."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from planner.instants import HOUR_US, MICROSECOND, instant, micros
from planner.problem import Problem
from planner.verify.timelines import Bools, Ints, spread

NEVER = 2**62
"""An instant after all others; its negative is before all others."""

Periods = list[tuple[int, int]]
"""Half-open, in microseconds."""


class Hours:
    """Available hours, taken or not: columns ascending by (doctor, start, hospital), ids as numbers."""

    def __init__(self, doctor: Ints, hospital: Ints, start: Ints) -> None:
        order = np.lexsort((hospital, start, doctor))
        self.doctor, self.hospital, self.start = doctor[order], hospital[order], start[order]
        self._starts = np.unique(start)
        self._hospitals = int(hospital.max(initial=0)) + 1
        self._by_start = self._key(self.doctor, self.start)
        self._by_place = self._by_start * self._hospitals + self.hospital

    def __len__(self) -> int:
        return len(self.start)

    def between(self, doctor: Ints, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
        """For each of the doctors the half-open range of the hours that lie whole inside `[begin, end)`."""
        first = np.searchsorted(self._by_start, self._key(doctor, begin))
        return first, np.searchsorted(self._by_start, self._key(doctor, end - HOUR_US + 1))

    def find(self, doctor: Ints, hospital: Ints, start: Ints) -> Ints:
        """The numbers of these hours; -1 where there is no such hour, or its doctor or hospital is -1."""
        place = self._key(doctor, start) * self._hospitals + hospital
        at = np.minimum(np.searchsorted(self._by_place, place), len(self) - 1)
        if not len(self):
            return at
        same = (self.doctor[at] == doctor) & (self.hospital[at] == hospital) & (self.start[at] == start)
        return np.where(same, at, -1)

    def _key(self, doctor: Ints, at: Ints) -> Ints:
        return doctor * (len(self._starts) + 1) + np.searchsorted(self._starts, at)


def hours_of(
    available: Mapping[tuple[int, int], Periods], openings: Sequence[Periods], clocks: Sequence["Clock"], zone: Ints
) -> Hours:
    """The hours inside an availability, by (doctor, hospital), and an opening of its hospital. All periods are merged.

    `zone` has for each hospital which of the clocks is its own.
    """
    rows = [
        (doctor, hospital, max(a, begin), min(b, end))
        for (doctor, hospital), periods in available.items()
        for begin, end in periods
        for a, b in overlapping(openings[hospital], begin, end)
    ]
    doctor, hospital, begin, end = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    row, block = spread(begin // HOUR_US, (end - 1) // HOUR_US + 1)
    start = full_hours(clocks, zone[hospital[row]], block)
    inside = (start >= begin[row, None]) & (start <= end[row, None] - HOUR_US)
    at, _ = np.nonzero(inside)
    return Hours(doctor[row[at]], hospital[row[at]], start[inside])


def full_hours(clocks: Sequence["Clock"], zone: Ints, block: Ints) -> Ints:
    """The starts of the full hours by the clock `zone` in the hour of UTC `block`: `[row, 2]`, NEVER for none.

    They depend on zone and time alone, so they are looked for once in every hour of UTC that matters to a zone.
    """
    blocks, which = np.unique(block * len(clocks) + zone, return_inverse=True)
    starts = np.full((len(blocks), 2), NEVER)
    for i, (in_utc, number) in enumerate(zip(*(part.tolist() for part in divmod(blocks, len(clocks))), strict=True)):
        found = clocks[number].full_hours_in(in_utc)
        starts[i, : len(found)] = found
    return starts[which]


def on_the_hour(clocks: Sequence["Clock"], zone: Ints, start: Ints) -> Bools:
    """For each start, whether it is a full hour by the clock `zone`."""
    if not len(start):
        return np.zeros(0, dtype=np.bool_)
    shown: Bools = (full_hours(clocks, zone, start // HOUR_US) == start[:, None]).any(axis=1)
    return shown


class Clock:
    """The clock of a zone."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._offset = cache(self._offset_at)

    def full_hours_in(self, block: int) -> list[int]:
        """The starts of the full hours in `[block, block + 1)`, in hours of UTC: one, or none or two at a change.

        No clock is changed twice within an hour: so a full hour is full by the offset before or by the one after.
        """
        begin, end = block * HOUR_US, (block + 1) * HOUR_US
        before, after = self._offset(begin), self._offset(end)
        guesses = {begin + -(begin + offset) % HOUR_US for offset in (before, after)}
        return [us for us in sorted(guesses) if (us + self._offset(us)) % HOUR_US == 0]

    def first_full_hour(self, begin: int, end: int) -> int | None:
        """The start of the first full hour that lies whole inside `[begin, end)`; None if there is none."""
        for block in range(begin // HOUR_US, end // HOUR_US):
            for us in self.full_hours_in(block):
                if begin <= us <= end - HOUR_US:
                    return us
        return None

    def _offset_at(self, us: int) -> int:
        try:
            offset = instant(us).astimezone(self._zone).utcoffset()
        except OverflowError:  # the first and the last day of the calendar, where there is no local time
            offset = None
        return 0 if offset is None else offset // MICROSECOND


def periods_of(problem: Problem) -> tuple[dict[str, Periods], dict[tuple[str, str], Periods]]:
    """The merged openings by hospital, and the merged availabilities by doctor and hospital."""
    found: defaultdict[tuple[str, str], Periods] = defaultdict(list)
    for a in problem.availabilities:
        found[a.doctor, a.hospital].append((micros(a.start), micros(a.end)))
    openings = {h.id: merged((micros(o.start), micros(o.end)) for o in h.openings) for h in problem.hospitals}
    return openings, {place: merged(periods) for place, periods in found.items()}


def merged(periods: Iterable[tuple[int, int]]) -> Periods:
    """Periods made disjoint and ascending; touching ones become one, empty ones vanish."""
    made: Periods = []
    for start, end in sorted(periods):
        if start >= end:
            continue
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((start, end))
    return made


def overlapping(periods: Periods, begin: int, end: int) -> Periods:
    """Those of the merged periods that have something in common with `[begin, end)`."""
    first = max(bisect_right(periods, (begin, NEVER)) - 1, 0)
    last = bisect_right(periods, (end, -NEVER))
    return [period for period in periods[first:last] if period[1] > begin]
