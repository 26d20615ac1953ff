"""The problem and the plan as a ledger to look things up in, written without a line of the planner's model.

Ids become numbers, and whatever there are many of is a column. Seekers are the requests, in the order of the problem,
and after them the movable appointments that no request replaces.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain

import numpy as np

from planner.instants import HOUR_US, micros
from planner.plan import Booking, Move, Plan
from planner.problem import Appointment, Priority, Problem, Request
from planner.verify.hours import NEVER, Clock, Periods, hours_of, periods_of
from planner.verify.periods import Cover, Owned
from planner.verify.timelines import Bools, Ints, Timeline, ints, microseconds, spread

RANK = {Priority.URGENT: 1, Priority.SOON: 2, Priority.ROUTINE: 3}
"""The order of priorities: the lower the number, the higher. Movable appointments have 0."""
STANDS, MOVED, BOOKED = range(3)
"""Kinds of entries: an appointment where it stood, one at its new hour, a booking."""
PLACE_HOURS = 24
"""The inconvenience of one place down the list of doctors."""
BLOCK = 100_000
"""About so many rows are looked at together: few enough for a processor's cache, many enough for columns to pay."""


@dataclass(frozen=True, slots=True)
class Seekers:
    """One entry per seeker. The hour must lie in `[begin, end)`; `of_hospitals` is a row of `Book.hospital_sets`."""

    rank: Ints
    patient: Ints
    begin: Ints
    end: Ints
    preferred: Ints
    of_hospitals: Ints


@dataclass(frozen=True, slots=True)
class Rows:
    """Hours that seekers accept: one entry per (seeker, hour), ascending by seeker. `cost` is the inconvenience."""

    seeker: Ints
    hour: Ints
    cost: Ints

    def take(self, which: Bools) -> "Rows":
        return Rows(self.seeker[which], self.hour[which], self.cost[which])


@dataclass(frozen=True, slots=True)
class Stays:
    """The hours at which movable appointments stand."""

    doctor: Ints
    patient: Ints
    start: Ints


@dataclass(frozen=True, slots=True)
class Entries:
    """Every hour that is taken once the plan is carried out; `number` is that of the request or the appointment."""

    kind: Ints
    number: Ints
    rank: Ints
    doctor: Ints
    hospital: Ints
    patient: Ints
    start: Ints


class Book:
    """Everything the checks look up."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.requests = {request.id: request for request in problem.requests}
        self.appointments = {appointment.id: appointment for appointment in problem.appointments}
        self.specialties = {doctor.id: doctor.specialties for doctor in problem.doctors}
        self.zones = {hospital.id: hospital.timezone for hospital in problem.hospitals}
        self.replaced = {request.moves for request in problem.requests if request.moves is not None}
        movables = {a.id: a for a in problem.appointments if a.movable and a.id not in self.replaced}
        self.openings, self.available = periods_of(problem)

        self.request_number = _numbered(self.requests)
        self.movable_number = {id_: len(self.requests) + i for i, id_ in enumerate(movables)}
        self.appointment_number = _numbered(self.appointments)
        self.doctor_number = _numbered(self.specialties)
        self.hospital_number = _numbered(self.zones)
        people: chain[Request | Appointment] = chain(self.requests.values(), self.appointments.values())
        self.patient_number = _numbered(person.patient for person in people)
        self.ids = [*self.requests, *movables]

        zones = _numbered(self.zones.values())
        self.clocks = [Clock(zone) for zone in zones]
        self.clock_of = ints(zones[zone] for zone in self.zones.values())
        """By number of the hospital, which of the clocks is its own."""
        self.opened = Cover(_owned({self.hospital_number[h]: held for h, held in self.openings.items()}))
        """By number of the hospital."""
        self.attended = Cover(_owned({self._place(d, h): held for (d, h), held in self.available.items()}))
        """By place: see `held`."""
        self.hours = hours_of(
            {(self.doctor_number[d], self.hospital_number[h]): held for (d, h), held in self.available.items()},
            list(self.openings.values()),
            self.clocks,
            self.clock_of,
        )
        fixed = [a for a in problem.appointments if not a.movable and a.id not in self.replaced]
        self._fixed = _Held(
            ints(self.doctor_number[a.doctor] for a in fixed),
            ints(self.patient_number[a.patient] for a in fixed),
            microseconds(a.start for a in fixed),
        )
        self.taken = self._fixed.doctor_at(self.hours.doctor, self.hours.start)
        """Which of the hours a fixed appointment of the doctor overlaps; the others are the offers."""
        self.seekers = self._seekers(list(movables.values()))
        self._wish_first, self._wish_doctor, self._wish_place = self._wishes(list(movables.values()))
        self._micros: dict[str, int] = {}
        self._starts: dict[tuple[object, ...], list[int]] = {}

    @property
    def movables(self) -> int:
        """How many appointments may be moved."""
        return len(self.movable_number)

    def told_micros(self, told: str) -> int:
        """An instant as facts and certificates tell it, in microseconds. Raises ValueError or TypeError else."""
        us = self._micros.get(told)
        if us is None:
            us = self._micros[told] = micros(datetime.fromisoformat(told))
        return us

    def held(self, doctor: Ints, hospital: Ints, start: Ints) -> tuple[Owned, Owned]:
        """Hours as what an availability has to hold, and as what an opening has to hold."""
        place = np.where((doctor < 0) | (hospital < 0), -1, doctor * len(self.zones) + hospital)
        return Owned(place, start, start + HOUR_US), Owned(hospital, start, start + HOUR_US)

    def doctors_of(self, request: Request) -> list[str]:
        """The doctors that the request accepts, best first."""
        listed = sorted(self.specialties) if request.doctors is None else dict.fromkeys(request.doctors)
        return [d for d in listed if request.specialty is None or request.specialty in self.specialties[d]]

    def hospitals_of(self, request: Request) -> list[str]:
        return sorted(self.zones if request.hospitals is None else set(request.hospitals))

    def accepts(self, request: Request, doctor: str, hospital: str) -> bool:
        """Whether the request accepts the doctor at the hospital."""
        listed = request.doctors is None or doctor in request.doctors
        skilled = request.specialty is None or request.specialty in self.specialties[doctor]
        placed = request.hospitals is None or hospital in request.hospitals
        return listed and skilled and placed

    def wanted(self, seekers: Ints) -> Rows:
        """Every available hour that each of the seekers accepts, taken or not. `seeker` counts places in `seekers`."""
        of, wish = spread(self._wish_first[seekers], self._wish_first[seekers + 1])
        who = seekers[of]
        begin, end = self.seekers.begin, self.seekers.end
        of_wish, hour = spread(*self.hours.between(self._wish_doctor[wish], begin[who], end[who]))
        seeker = of[of_wish]
        away = np.abs(self.hours.start[hour] - self.seekers.preferred[seekers][seeker])
        rows = Rows(seeker, hour, away // HOUR_US + (PLACE_HOURS * self._wish_place[wish])[of_wish])
        if self.seekers.of_hospitals[seekers].any():
            return rows.take(self.hospital_sets[self.seekers.of_hospitals[seekers][seeker], self.hours.hospital[hour]])
        return rows

    def offered(self, seekers: Ints) -> Rows:
        """Every offer that each of the seekers accepts, even while its patient is busy: no fixed appointment has it."""
        rows = self.wanted(seekers)
        return rows.take(~self.taken[rows.hour]) if self.taken.any() else rows

    def candidates(self, seekers: Ints) -> Rows:
        """Every hour that each of the seekers could have if there were no other. Movable ones may also stay."""
        rows = self.offered(seekers)
        patient = self.seekers.patient[seekers]
        at_risk = np.flatnonzero(np.isin(patient, self._fixed.patient)[rows.seeker])
        if not len(at_risk):
            return rows
        free = np.ones(len(rows.hour), dtype=np.bool_)
        free[at_risk] = ~self._fixed.patient_at(patient[rows.seeker[at_risk]], self.hours.start[rows.hour[at_risk]])
        return rows.take(free)

    def stays(self, seekers: Ints) -> Stays:
        """Where the seekers stand, all of them movable appointments. They may stay there, whatever holds elsewhere."""
        doctor = ints(self.doctor_number[self.appointments[self.ids[seeker]].doctor] for seeker in seekers.tolist())
        return Stays(doctor, self.seekers.patient[seekers], self.seekers.preferred[seekers])

    def starts_of(self, request: Request) -> list[int]:
        """The starts of all available hours of the doctors and hospitals that the request accepts, ascending."""
        wish = (request.doctors, request.specialty, request.hospitals)
        if wish not in self._starts:
            number = self.request_number[request.id]
            doctor = self._wish_doctor[self._wish_first[number] : self._wish_first[number + 1]]
            ever = np.full(len(doctor), NEVER)
            _, hour = spread(*self.hours.between(doctor, -ever, ever))
            suits = self.hospital_sets[self.seekers.of_hospitals[number], self.hours.hospital[hour]]
            self._starts[wish] = np.unique(self.hours.start[hour[suits]]).tolist()
        return self._starts[wish]

    def find(self, places: Iterable[tuple[str, str, int]]) -> Ints:
        """The numbers of the available hours at these (doctor, hospital, start); -1 where there is none."""
        rows = [(self.doctor_number.get(d, -1), self.hospital_number.get(h, -1), start) for d, h, start in places]
        return self.hours.find(*np.array(rows, dtype=np.int64).reshape(-1, 3).T)

    def blocks(self, seekers: Ints) -> Iterator[Ints]:
        """The seekers, in their order, some at a time: so many as accept about `BLOCK` hours."""
        of, wish = spread(self._wish_first[seekers], self._wish_first[seekers + 1])
        who = seekers[of]
        first, last = self.hours.between(self._wish_doctor[wish], self.seekers.begin[who], self.seekers.end[who])
        before = np.cumsum(np.bincount(of, np.maximum(last - first, 0), minlength=len(seekers)))
        yield from np.split(seekers, np.flatnonzero(np.diff(before // BLOCK)) + 1)

    @cached_property
    def moves(self) -> list[Move]:
        """The moves of appointments that exist."""
        return [move for move in self.plan.moved if move.appointment in self.appointments]

    @cached_property
    def entries(self) -> Entries:
        """Appointments that a request replaces take no hour, nor do bookings of requests that do not exist."""
        gone = self.replaced | {move.appointment for move in self.plan.moved}
        stay = [a for a in self.problem.appointments if a.id not in gone]
        booked = [booking for booking in self.plan.bookings if booking.request in self.requests]
        people: list[Appointment | Request] = [*stay, *(self.appointments[move.appointment] for move in self.moves)]
        people += [self.requests[booking.request] for booking in booked]
        places: list[Appointment | Move | Booking] = [*stay, *self.moves, *booked]
        numbers = chain(
            (self.appointment_number[person.id] for person in people[: len(stay) + len(self.moves)]),
            (self.request_number[person.id] for person in people[len(stay) + len(self.moves) :]),
        )
        return Entries(
            kind=np.repeat([STANDS, MOVED, BOOKED], [len(stay), len(self.moves), len(booked)]),
            number=ints(numbers),
            rank=ints(RANK[person.priority] if isinstance(person, Request) else 0 for person in people),
            doctor=ints(self.doctor_number.get(place.doctor, -1) for place in places),
            hospital=ints(self.hospital_number.get(place.hospital, -1) for place in places),
            patient=ints(self.patient_number[person.patient] for person in people),
            start=microseconds(place.start for place in places),
        )

    @cached_property
    def of_doctor(self) -> Timeline:
        """The entries by doctor."""
        return Timeline(self.entries.doctor, self.entries.start)

    @cached_property
    def of_patient(self) -> Timeline:
        """The entries by patient."""
        return Timeline(self.entries.patient, self.entries.start)

    def name(self, entry: int) -> str:
        """The id of the request or the appointment that an entry is of."""
        ids = self.request_ids if self.entries.kind[entry] == BOOKED else self.appointment_ids
        return ids[int(self.entries.number[entry])]

    @cached_property
    def request_ids(self) -> Sequence[str]:
        return list(self.requests)

    @cached_property
    def appointment_ids(self) -> Sequence[str]:
        return list(self.appointments)

    def _place(self, doctor: str, hospital: str) -> int:
        return self.doctor_number[doctor] * len(self.zones) + self.hospital_number[hospital]

    def _seekers(self, movables: Sequence[Appointment]) -> Seekers:
        requests = self.problem.requests
        sets: dict[frozenset[str] | None, int] = {None: 0}
        everybody: list[Request | Appointment] = [*requests, *movables]
        of_hospitals = [
            0 if person.hospitals is None else sets.setdefault(frozenset(person.hospitals), len(sets))
            for person in everybody
        ]
        self.hospital_sets = np.zeros((len(sets), len(self.zones)), dtype=np.bool_)
        for chosen, row in sets.items():
            self.hospital_sets[
                row, [self.hospital_number[id_] for id_ in (self.zones if chosen is None else chosen)]
            ] = True
        windows = [a.window for a in movables]
        return Seekers(
            rank=ints([*(RANK[r.priority] for r in requests), *(0 for _ in movables)]),
            patient=ints(self.patient_number[person.patient] for person in everybody),
            begin=ints(
                [*(micros(r.earliest) for r in requests), *(-NEVER if w is None else micros(w.start) for w in windows)]
            ),
            end=ints(
                [*(micros(r.latest) for r in requests), *(NEVER if w is None else micros(w.end) for w in windows)]
            ),
            preferred=microseconds([*(r.preferred or r.earliest for r in requests), *(a.start for a in movables)]),
            of_hospitals=ints(of_hospitals),
        )

    def _wishes(self, movables: Sequence[Appointment]) -> tuple[Ints, Ints, Ints]:
        """The doctors acceptable to each seeker and their places; the first array says where a seeker's begin."""
        lists: dict[tuple[tuple[str, ...] | None, tuple[int, ...] | None, str | None], int] = {}
        asked = [lists.setdefault((r.doctors, r.places, r.specialty), len(lists)) for r in self.problem.requests]
        asked += [lists.setdefault(((a.doctor,), None, None), len(lists)) for a in movables]
        doctors = [self._places(*wish) for wish in lists]
        first = np.cumsum([0, *map(len, doctors)])
        doctor = ints(chain.from_iterable(doctors))
        place = ints(chain.from_iterable(of.values() for of in doctors))
        chosen = ints(asked)
        _, which = spread(first[chosen], first[chosen + 1])
        begins = np.concatenate([[0], np.cumsum(first[chosen + 1] - first[chosen])]).astype(np.int64)
        return begins, doctor[which], place[which]

    def _places(
        self, listed: tuple[str, ...] | None, given: tuple[int, ...] | None, specialty: str | None
    ) -> Mapping[int, int]:
        """Acceptable doctors, each with the best place that it has on the list; 0 without a list."""
        places: dict[int, int] = {}
        for at, id_ in enumerate(self.specialties if listed is None else listed):
            if specialty is None or specialty in self.specialties[id_]:
                place = 0 if listed is None else at if given is None else given[at]
                places.setdefault(self.doctor_number[id_], place)
        return places


class _Held:
    """Appointments, to be asked whether one of a doctor's or of a patient's overlaps an hour."""

    def __init__(self, doctor: Ints, patient: Ints, start: Ints) -> None:
        self.patient = patient
        self._of_doctor, self._of_patient = Timeline(doctor, start), Timeline(patient, start)

    def doctor_at(self, doctor: Ints, start: Ints) -> Bools:
        return _any(self._of_doctor, doctor, start)

    def patient_at(self, patient: Ints, start: Ints) -> Bools:
        return _any(self._of_patient, patient, start)


def _any(timeline: Timeline, owner: Ints, start: Ints) -> Bools:
    first, last = timeline.overlapping(owner, start)
    return last > first


def _owned(periods: Mapping[int, Periods]) -> Owned:
    rows = [(owner, begin, end) for owner, held in periods.items() for begin, end in held]
    return Owned(*np.array(rows, dtype=np.int64).reshape(-1, 3).T)


def _numbered(ids: Iterable[str]) -> dict[str, int]:
    return {id_: number for number, id_ in enumerate(dict.fromkeys(ids))}
