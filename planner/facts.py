"""The facts of a conflict: sufficient and minimal, as `docs/planning-problem.md` defines it for each kind."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from planner.columns import Accepted, Columns, acceptable_doctors
from planner.hours import Bools, Ints, intersect
from planner.instants import HOUR_US, LocalClock, instant, join, micros
from planner.plan import ConflictKind
from planner.problem import Problem, Request
from planner.standing import Holder, Standing

Facts = dict[str, Any]  # JSON values


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request got no booking: the first thing that is missing, and the facts that prove it."""

    kind: ConflictKind
    facts: Facts


class Reasons:
    """Finds the reasons of refused requests. Built once for a plan, asked once for each conflict."""

    def __init__(self, problem: Problem, columns: Columns, standing: Standing) -> None:
        self._columns, self._standing = columns, standing
        self._clocks = {h.id: LocalClock(h.timezone) for h in problem.hospitals}
        self._openings = {h.id: join([(micros(o.start), micros(o.end)) for o in h.openings]) for h in problem.hospitals}
        self._specialties = {doctor.id: doctor.specialties for doctor in problem.doctors}
        self._problem = problem
        self._periods = cache(self._available_periods)
        self._at = cache(self._told_at)

    def of(self, seeker: int, accepted: Accepted) -> Reason:
        """The reason for the request number `seeker`, given the available hours that it accepts, taken or not."""
        request = self._columns.requests[seeker]
        hours = self._hours(accepted)
        if not hours:
            return self._nobody_there(request)
        by_doctor = [[h for h in self._standing.of_doctor(doctor, start) if h.stands] for doctor, start in hours]
        if all(by_doctor):
            return Reason(ConflictKind.HOURS_TAKEN, {"appointments": [self.told(h) for h in least_proof(by_doctor)]})
        open_hours = [hour for hour, held in zip(hours, by_doctor, strict=True) if not held]
        by_patient = [
            [h for h in self._standing.of_patient(request.patient, start) if h.stands] for _, start in open_hours
        ]
        if all(by_patient):
            return Reason(ConflictKind.PATIENT_BUSY, {"appointments": [self.told(h) for h in least_proof(by_patient)]})
        candidates = [hour for hour, held in zip(open_hours, by_patient, strict=True) if not held]
        return Reason(ConflictKind.OUTCOMPETED, self._winners(seeker, candidates))

    def _winners(self, seeker: int, candidates: list[tuple[str, int]]) -> Facts:
        request = self._columns.requests[seeker]
        rank = int(self._columns.seekers.rank[seeker])
        held = []
        for doctor, start in candidates:
            holders = {*self._standing.of_doctor(doctor, start), *self._standing.of_patient(request.patient, start)}
            held.append(sorted(h for h in holders if h.rank <= rank))
        proof = least_proof([holders for holders in held if holders])
        return {
            "winners": [self.told(h, "request") for h in proof if not h.moved],
            "moved": [self.told(h, "appointment") for h in proof if h.moved],
        }

    def _hours(self, accepted: Accepted) -> list[tuple[str, int]]:
        """Doctor and start of each hour; one that could be at two hospitals counts once."""
        hours = accepted.hours
        starts = self._columns.moments.start[hours.moment].tolist()
        doctors = [self._columns.doctors[doctor] for doctor in hours.doctor.tolist()]
        return list(dict.fromkeys(zip(doctors, starts, strict=True)))

    def told(self, holder: Holder, as_: str = "id") -> Facts:
        """A holder as a fact, its start by the hospital's clock. Never the patient."""
        start = self._at(holder.start, holder.hospital)
        return {as_: holder.id, "doctor": holder.doctor, "hospital": holder.hospital, "start": start}

    def _nobody_there(self, request: Request) -> Reason:
        """The reason where no acceptable doctor has an available hour in the window: closed, or open but empty."""
        hospitals = sorted(set(self._columns.hospitals if request.hospitals is None else request.hospitals))
        window = {"earliest": request.earliest.isoformat(), "latest": request.latest.isoformat()}
        begin, end = micros(request.earliest), micros(request.latest)
        for hospital in hospitals:
            for start, stop in intersect(self._openings[hospital], [(begin, end)]):
                if self._clocks[hospital].first_full_hour(start, stop) is not None:
                    doctors = list(acceptable_doctors(request, self._specialties))
                    nearest = self._nearest(doctors, hospitals, begin, end)
                    facts = {
                        "doctors": doctors,
                        "hospitals": hospitals,
                        "window": window,
                        "nearest_availability": nearest,
                    }
                    return Reason(ConflictKind.NO_AVAILABILITY, facts)
        facts = {"hospitals": hospitals, "window": window, "next_opening": self._next_opening(hospitals, begin)}
        return Reason(ConflictKind.HOSPITAL_CLOSED, facts)

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
            "start": self._at(start, hospital),
            "end": self._at(end, hospital),
            "first_hour": self._at(first, hospital),
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
        for start, stop in self._periods(doctor, hospital):
            if start <= int(starts[at]) < stop:
                break
        return {
            "doctor": doctor,
            "hospital": hospital,
            "start": self._at(start, hospital),
            "end": self._at(stop, hospital),
        }

    def _available_periods(self, doctor: str, hospital: str) -> list[tuple[int, int]]:
        periods = [
            (micros(a.start), micros(a.end))
            for a in self._problem.availabilities
            if a.doctor == doctor and a.hospital == hospital
        ]
        return join(periods)

    def _told_at(self, us: int, hospital: str) -> str:
        return instant(us, self._clocks[hospital].zone).isoformat()


def least_proof(held: Sequence[Sequence[Holder]]) -> list[Holder]:
    """A least set of holders that proves all hours held and, once they were gone, would free one of them.

    `held` has one entry per hour: everybody who overlaps it. The set is minimal: drop any one, and either some hour is
    no longer overlapped by the rest, or taking the rest away frees none. Both properties grow with the set, so one pass
    that drops what can be dropped is enough. Ascending.
    """
    hours_of: dict[Holder, list[int]] = {}
    for hour, holders in enumerate(held):
        for holder in holders:
            hours_of.setdefault(holder, []).append(hour)
    present = [len(holders) for holders in held]
    freed = len(held)  # hours whose holders are all in the set
    proof = []
    for holder in sorted(hours_of, reverse=True):
        hours = hours_of[holder]
        whole = sum(present[hour] == len(held[hour]) for hour in hours)
        if all(present[hour] > 1 for hour in hours) and freed > whole:
            freed -= whole
            for hour in hours:
                present[hour] -= 1
        else:
            proof.append(holder)
    return proof[::-1]


def _among(column: Ints, ids: Sequence[str], wanted: Iterable[str]) -> Bools:
    """Which entries of `column`, an index into `ids`, mean one of the `wanted`."""
    chosen = set(wanted)
    return np.array([id_ in chosen for id_ in ids], dtype=np.bool_)[column]
