"""The problem and the plan as a ledger to look things up in, written without a line of the planner's model.

Instants are whole microseconds since 1970 (see `planner.instants.micros`), hours are named by their start.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from planner.instants import HOUR_US, instant, is_full_hour, micros
from planner.plan import Conflict, Plan
from planner.problem import Appointment, Priority, Problem, Request

Hour = tuple[str, str, int]
"""Doctor, hospital, start."""

NEVER = 2**62
"""An instant after all others; its negative is before all others."""

WEIGHT = {Priority.URGENT: 1, Priority.SOON: 2, Priority.ROUTINE: 3}
"""The order of priorities: the lower the number, the higher."""


def told_micros(told: str) -> int:
    """An instant as facts and certificates tell it, in microseconds. Raises ValueError where it is none."""
    return micros(datetime.fromisoformat(told))


class Entry(NamedTuple):
    """An hour that somebody has. `kind`: `appointment` (stands where it stood), `moved` or `booking`."""

    start: int
    id: str
    kind: str
    doctor: str
    hospital: str
    patient: str
    weight: int = 0


class Ledger:
    """Entries by owner, to be asked which of them overlap an hour. Asking takes logarithmic time."""

    def __init__(self, owned: Iterable[tuple[str, Entry]]) -> None:
        self._of: defaultdict[str, list[Entry]] = defaultdict(list)
        for owner, entry in owned:
            self._of[owner].append(entry)
        for entries in self._of.values():
            entries.sort()
        self._starts = {owner: [entry.start for entry in entries] for owner, entries in self._of.items()}

    def overlapping(self, owner: str, start: int) -> list[Entry]:
        starts = self._starts.get(owner, [])
        return (
            self._of[owner][bisect_right(starts, start - HOUR_US) : bisect_left(starts, start + HOUR_US)]
            if starts
            else []
        )

    def clashes(self) -> Iterator[tuple[str, Entry, Entry]]:
        """Owner and two entries of the same owner that overlap, for neighbours in time."""
        for owner, entries in self._of.items():
            for first, second in pairwise(entries):
                if second.start - first.start < HOUR_US:
                    yield owner, first, second


class Book:
    """Everything the checks look up."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.requests = {request.id: request for request in problem.requests}
        self.appointments = {appointment.id: appointment for appointment in problem.appointments}
        self.specialties = {doctor.id: doctor.specialties for doctor in problem.doctors}
        self.zones = {hospital.id: ZoneInfo(hospital.timezone) for hospital in problem.hospitals}
        self.replaced = {request.moves for request in problem.requests if request.moves is not None}
        self.openings = {h.id: _merged((micros(o.start), micros(o.end)) for o in h.openings) for h in problem.hospitals}
        periods: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for a in problem.availabilities:
            periods[a.doctor, a.hospital].append((micros(a.start), micros(a.end)))
        self.available = {place: _merged(found) for place, found in periods.items()}
        self._hours: dict[tuple[str, str], list[int]] = {}
        self._named_by: dict[str, frozenset[str]] = {}

    @cached_property
    def by_name(self) -> dict[tuple[str, str], Entry]:
        """The entries by kind and id."""
        return {(entry.kind, entry.id): entry for entry in self.entries}

    @cached_property
    def entries(self) -> list[Entry]:
        """Every hour that is taken once the plan is carried out. Appointments that a request replaces take none."""
        gone = self.replaced | {move.appointment for move in self.plan.moved}
        entries = [
            Entry(micros(a.start), a.id, "appointment", a.doctor, a.hospital, a.patient)
            for a in self.problem.appointments
            if a.id not in gone
        ]
        for move in self.plan.moved:
            if move.appointment in self.appointments:
                patient = self.appointments[move.appointment].patient
                entries.append(
                    Entry(micros(move.start), move.appointment, "moved", move.doctor, move.hospital, patient)
                )
        for booking in self.plan.bookings:
            if booking.request in self.requests:
                request = self.requests[booking.request]
                place = (booking.doctor, booking.hospital, request.patient, WEIGHT[request.priority])
                entries.append(Entry(micros(booking.start), booking.request, "booking", *place))
        return entries

    @cached_property
    def of_doctor(self) -> Ledger:
        return Ledger((entry.doctor, entry) for entry in self.entries)

    @cached_property
    def of_patient(self) -> Ledger:
        return Ledger((entry.patient, entry) for entry in self.entries)

    def is_full_hour(self, hospital: str, start: int) -> bool:
        return is_full_hour(instant(start), self.zones[hospital])

    def is_open(self, hospital: str, start: int) -> bool:
        return _holds(self.openings.get(hospital, []), start)

    def is_available(self, doctor: str, hospital: str, start: int) -> bool:
        return _holds(self.available.get((doctor, hospital), []), start)

    def doctors_of(self, request: Request) -> list[str]:
        """The doctors that the request accepts, best first."""
        listed = sorted(self.specialties) if request.doctors is None else dict.fromkeys(request.doctors)
        return [d for d in listed if request.specialty is None or request.specialty in self.specialties[d]]

    def hospitals_of(self, request: Request) -> list[str]:
        return sorted(self.zones if request.hospitals is None else set(request.hospitals))

    def accepts(self, request: Request, hour: Hour) -> bool:
        """Whether the hour is one that the request asks for, by doctor, hospital and window."""
        doctor, hospital, start = hour
        listed = request.doctors is None or doctor in request.doctors
        skilled = request.specialty is None or request.specialty in self.specialties[doctor]
        placed = request.hospitals is None or hospital in request.hospitals
        return listed and skilled and placed and micros(request.earliest) <= start <= micros(request.latest) - HOUR_US

    def hours_in(self, doctor: str, hospital: str, begin: int, end: int) -> list[int]:
        """The starts of the doctor's available hours at the hospital that lie inside `[begin, end)`, taken or not."""
        hours = self._hours.get((doctor, hospital))
        if hours is None:
            periods = self.available.get((doctor, hospital), [])
            hours = [us for a, b in periods for us in self.full_hours(hospital, a, b) if self.is_open(hospital, us)]
            self._hours[doctor, hospital] = hours
        return hours[bisect_left(hours, begin) : bisect_right(hours, end - HOUR_US)]

    def full_hours(self, hospital: str, begin: int, end: int) -> Iterator[int]:
        """The starts of full hours by the hospital's clock that lie whole inside `[begin, end)`, ascending."""
        zone, at = self.zones[hospital], begin
        while at + HOUR_US <= end:
            try:
                local = instant(at).astimezone(zone)
            except OverflowError:  # the first and the last day of the calendar, where there is no local time
                local = instant(at)
            past = (local.minute * 60 + local.second) * 1_000_000 + local.microsecond
            if past == 0:
                yield at
            at += HOUR_US - past

    def wanted(self, request: Request) -> list[Hour]:
        """Every available hour that the request accepts, taken or not."""
        begin, end = micros(request.earliest), micros(request.latest)
        return [
            (doctor, hospital, start)
            for doctor in self.doctors_of(request)
            for hospital in self.hospitals_of(request)
            for start in self.hours_in(doctor, hospital, begin, end)
        ]

    def offers(self, request: Request) -> list[Hour]:
        """Every offer that the request accepts, even while its patient is busy: no fixed appointment has the doctor."""
        return [hour for hour in self.wanted(request) if not self._fixed_of_doctor.overlapping(hour[0], hour[2])]

    def could_have(self, seeker: Request | Appointment) -> list[Hour]:
        """The hours that a request or a movable appointment could have if there were no other."""
        hours = self.offers(seeker) if isinstance(seeker, Request) else self._new_hours(seeker)
        free = [hour for hour in hours if not self._fixed_of_patient.overlapping(seeker.patient, hour[2])]
        if isinstance(seeker, Appointment):
            free.append((seeker.doctor, seeker.hospital, micros(seeker.start)))
        return free

    def named_by(self, conflict: Conflict) -> frozenset[str]:
        """The requests that a conflict's certificate names."""
        if conflict.request not in self._named_by:
            self._named_by[conflict.request] = frozenset(conflict.certificate["requests"])
        return self._named_by[conflict.request]

    def _new_hours(self, movable: Appointment) -> list[Hour]:
        begin = -NEVER if movable.window is None else micros(movable.window.start)
        end = NEVER if movable.window is None else micros(movable.window.end)
        return [
            (movable.doctor, hospital, start)
            for hospital in self.zones
            for start in self.hours_in(movable.doctor, hospital, begin, end)
            if not self._fixed_of_doctor.overlapping(movable.doctor, start)
        ]

    @cached_property
    def _fixed(self) -> list[Entry]:
        """Appointments that can neither move nor be replaced."""
        return [
            Entry(micros(a.start), a.id, "appointment", a.doctor, a.hospital, a.patient)
            for a in self.problem.appointments
            if not a.movable and a.id not in self.replaced
        ]

    @cached_property
    def _fixed_of_doctor(self) -> Ledger:
        return Ledger((entry.doctor, entry) for entry in self._fixed)

    @cached_property
    def _fixed_of_patient(self) -> Ledger:
        return Ledger((entry.patient, entry) for entry in self._fixed)


def _merged(periods: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Periods made disjoint; touching ones become one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(periods):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _holds(periods: list[tuple[int, int]], start: int) -> bool:
    """Whether one of the disjoint, ascending periods holds the whole hour at `start`."""
    at = bisect_right(periods, (start, float("inf"))) - 1
    return at >= 0 and start + HOUR_US <= periods[at][1]
