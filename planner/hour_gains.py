"""What each idle hour gains, by whoever would take it: see `planner.hour_values`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.base_plan import BasePlan
from planner.budget import Budget
from planner.candidates import Wishes, accepted
from planner.hours import Bools, Hours, Ints, Moments
from planner.idle_hours import Day
from planner.model import Solver

ANY_TIME = -1
"""Stands for the time of an hour where it does not matter when that is."""


@dataclass(slots=True)
class DayGains:
    """The idle hours of a day and what each of them gains, in the weights of the base plan.

    `proved` says of each hour whether its gain is exact; it is an estimate otherwise, that of one booking.
    """

    day: Day
    gain: Ints
    proved: Bools


@dataclass(frozen=True, slots=True)
class Takers:
    """Who would take the hours of a day: pairs of an hour (its place in the day) and a request that accepts it while
    its patient is free.
    """

    hour: Ints
    request: Ints

    @classmethod
    def of(cls, base: BasePlan, day: Day) -> "Takers":
        """All takers of the hours of `day`."""
        table, moments = base.table, Moments.of(day.start)
        hospital = np.full(len(day), table.hospitals.index(day.hospital))
        hours = Hours(day.doctor, hospital, np.searchsorted(moments.start, day.start))
        first, last = base.window(moments)
        seekers = replace(table.seekers, first=first, last=last)
        idle = np.zeros(len(table.doctors), dtype=np.bool_)
        idle[day.doctor] = True
        which = idle[table.wishes.doctor]
        wishes = Wishes(table.wishes.seeker[which], table.wishes.doctor[which], table.wishes.place[which])
        found = accepted(hours, moments, seekers, wishes, table.hospital_sets)
        key = moments.key(hours.doctor, hours.moment)
        hour = np.searchsorted(key, moments.key(found.hours.doctor, found.hours.moment))
        free = base.patient_free(found.seeker, day.start[hour])
        return cls(hour[free], found.seeker[free])


class Gains:
    """The gains of all hours of some days: certain at first where nobody could gain more than those left out do."""

    def __init__(self, base: BasePlan) -> None:
        self._base = base
        self._days: list[DayGains] = []
        self._open: list[tuple[Ints, Ints, Ints, Ints]] = []
        self._hours = 0

    def add(self, day: Day, takers: Takers) -> None:
        """Take another day in."""
        start = day.start[takers.hour]
        bound, sure = self._base.bounds(takers.request, start)
        gain = np.zeros(len(day), dtype=np.int64)
        np.maximum.at(gain, takers.hour[sure], bound[sure])
        open_ = ~sure & (bound > gain[takers.hour])
        self._open.append((takers.hour[open_] + self._hours, takers.request[open_], start[open_], bound[open_]))
        self._days.append(DayGains(day, gain, np.full(len(day), self._base.proved)))
        self._hours += len(day)

    def checked(self, solver: Solver, budget: Budget, checks: int | None) -> Sequence[DayGains]:
        """The days, once the others have been planned again for whoever could gain more, the greatest bounds first: as
        long as there is time, and up to so many `checks` (None: any number).
        """
        if not self._days:
            return self._days
        hour, request, start, bound = (np.concatenate(column) for column in zip(*self._open, strict=True))
        gain = np.concatenate([each.gain for each in self._days])
        unknown = np.ones(len(hour), dtype=np.bool_)
        for pairs in _by_task(request, np.where(self._base.matters_when(request), start, ANY_TIME), bound):
            if not (bound[pairs] > gain[hour[pairs]]).any():
                continue
            if budget.left() <= 0 or checks == 0 or not self._base.proved:
                break
            checks = None if checks is None else checks - 1
            first = pairs[0]
            exact = self._base.exact(int(request[first]), int(start[first]), solver, budget)
            if exact is not None:
                np.maximum.at(gain, hour[pairs], exact)
                unknown[pairs] = False
        unknown &= bound > gain[hour]
        estimated = np.zeros(len(gain), dtype=np.bool_)
        estimated[hour[unknown]] = True
        np.maximum.at(gain, hour[unknown], self._base.one_booking(bound[unknown]))
        return list(self._told(gain, estimated))

    def _told(self, gain: Ints, estimated: Bools) -> Iterator[DayGains]:
        begin = 0
        for each in self._days:
            here = slice(begin, begin + len(each.day))
            yield replace(each, gain=gain[here], proved=each.proved & ~estimated[here])
            begin = here.stop


def _by_task(request: Ints, start: Ints, bound: Ints) -> Iterator[Ints]:
    """The pairs of each request and start, those with the greatest bound first."""
    order = np.lexsort((start, request))
    edges = np.flatnonzero((np.diff(request[order]) != 0) | (np.diff(start[order]) != 0)) + 1
    tasks = np.split(order, edges) if len(order) else []
    yield from sorted(tasks, key=lambda pairs: -int(bound[pairs].max()))
