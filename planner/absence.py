"""The facts where no acceptable doctor has an hour in the window: hospitals closed, or open but nobody available."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from planner.columns import Columns, acceptable_doctors
from planner.hours import Bools, Ints, intersect
from planner.instants import HOUR_US, LocalClock, instant, join, micros
from planner.plan import ConflictKind
from planner.problem import Problem, Request

Facts = dict[str, Any]  # JSON values


class Absence:
    """Finds out why nobody is there. Built once for a plan, asked once for each request concerned."""

    def __init__(self, problem: Problem, columns: Columns) -> None:
        self._columns = columns
        self._clocks = {h.id: LocalClock(h.timezone) for h in problem.hospitals}
        self._openings = {h.id: join([(micros(o.start), micros(o.end)) for o in h.openings]) for h in problem.hospitals}
        self._specialties = {doctor.id: doctor.specialties for doctor in problem.doctors}
        self._problem = problem
        self._told = cache(self._told_at)
        self._periods: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)

    def of(self, request: Request) -> tuple[ConflictKind, Facts]:
        """The reason where no acceptable doctor has an available hour in the window: closed, or open but empty."""
        hospitals = sorted(set(self._columns.hospitals if request.hospitals is None else request.hospitals))
        window = {"earliest": request.earliest.isoformat(), "latest": request.latest.isoformat()}
        begin, end = micros(request.earliest), micros(request.latest)
        if not any(self._opens_between(hospital, begin, end) for hospital in hospitals):
            following = self._next_opening(hospitals, begin)
            return ConflictKind.HOSPITAL_CLOSED, {"hospitals": hospitals, "window": window, "next_opening": following}
        doctors = list(acceptable_doctors(request, self._specialties))
        nearest = self._nearest(doctors, hospitals, begin, end)
        return ConflictKind.NO_AVAILABILITY, {
            "doctors": doctors,
            "hospitals": hospitals,
            "window": window,
            "nearest_availability": nearest,
        }

    def _opens_between(self, hospital: str, begin: int, end: int) -> bool:
        """Whether a whole hour of opening lies in the window."""
        openings = self._openings[hospital]
        near = openings[max(bisect_right(openings, (begin, 0)) - 1, 0) : bisect_right(openings, (end, 0))]
        clock = self._clocks[hospital]
        return any(clock.first_full_hour(a, b) is not None for a, b in intersect(near, [(begin, end)]))

    def _next_opening(self, hospitals: Sequence[str], begin: int) -> Facts | None:
        """The opening with the first whole hour from `begin` on; as none lies inside the window, it ends after it."""
        found = []
        for hospital in hospitals:
            openings = self._openings[hospital]
            for start, end in openings[max(bisect_right(openings, (begin, 0)) - 1, 0) :]:
                first = self._clocks[hospital].first_full_hour(max(start, begin), end)
                if first is not None:
                    found.append((first, hospital, start, end))
                    break
        if not found:
            return None
        first, hospital, start, end = min(found)
        return {
            "hospital": hospital,
            "start": self._told(start, hospital),
            "end": self._told(end, hospital),
            "first_hour": self._told(first, hospital),
        }

    def _nearest(self, doctors: Sequence[str], hospitals: Sequence[str], begin: int, end: int) -> Facts | None:
        """The availability with the whole hour that is the least time outside the window; the earlier of two."""
        columns = self._columns
        hours, starts = columns.hours, columns.moments.start[columns.hours.moment]
        suits = _among(hours.doctor, columns.doctors, doctors) & _among(hours.hospital, columns.hospitals, hospitals)
        found = np.flatnonzero(suits)
        if not len(found):
            return None
        outside = np.maximum(begin - starts[found], starts[found] + HOUR_US - end)
        at = int(found[np.lexsort((starts[found], outside))[0]])
        doctor, hospital = columns.doctors[int(hours.doctor[at])], columns.hospitals[int(hours.hospital[at])]
        for start, stop in self._available_periods(doctor, hospital):
            if start <= int(starts[at]) < stop:
                break
        return {
            "doctor": doctor,
            "hospital": hospital,
            "start": self._told(start, hospital),
            "end": self._told(stop, hospital),
        }

    def _available_periods(self, doctor: str, hospital: str) -> list[tuple[int, int]]:
        if not self._periods:
            for a in self._problem.availabilities:
                self._periods[a.doctor, a.hospital].append((micros(a.start), micros(a.end)))
        return join(self._periods[doctor, hospital])

    def _told_at(self, us: int, hospital: str) -> str:
        return instant(us, self._clocks[hospital].zone).isoformat()


def _among(column: Ints, ids: Sequence[str], wanted: Iterable[str]) -> Bools:
    """Which entries of `column`, an index into `ids`, mean one of the `wanted`."""
    chosen = set(wanted)
    return np.array([id_ in chosen for id_ in ids], dtype=np.bool_)[column]
