"""Hours that a refused request did not ask for but could have: free once the whole plan is carried out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.columns import Columns
from planner.hours import Bools, Hours, Ints
from planner.instants import HOUR_US, LocalClock, instant, micros
from planner.plan import Alternative
from planner.problem import Problem, Request
from planner.standing import Standing
from planner.wording import Wording

MOST = 3
"""How many alternatives a conflict offers at most."""


class Alternatives:
    """Hands out the free hours of a plan, each to one refused request as far as they reach.

    An hour is free if it overlaps nothing that is booked, moved or stands. An appointment that a refused request meant
    to replace still stands for everybody but that request. `refused` are numbers of requests.
    """

    def __init__(
        self, problem: Problem, columns: Columns, standing: Standing, refused: Sequence[int], wording: Wording
    ) -> None:
        self._columns, self._standing, self._wording = columns, standing, wording
        self._zones = {hospital.id: LocalClock(hospital.timezone).zone for hospital in problem.hospitals}
        self._specialties = [
            problem_doctor.specialties for problem_doctor in sorted(problem.doctors, key=lambda d: d.id)
        ]
        self._doctor_sets: dict[tuple[tuple[str, ...] | None, str | None], Bools] = {}
        self._numbers = {id_: number for number, id_ in enumerate(columns.doctors)}
        appointments = {appointment.id: appointment for appointment in problem.appointments}
        self._kept = {n: appointments[moves] for n in refused if (moves := columns.requests[n].moves) is not None}
        taken = [(self._numbers[h.doctor], h.start) for h in standing.holders]
        free = ~self._overlapping(columns.hours, taken)
        self._hours = columns.hours.take(free)
        self._start = columns.moments.start[self._hours.moment]
        self._given = np.zeros(len(self._hours), dtype=np.bool_)
        self._kept_for = np.full(len(self._hours), -1, dtype=np.int64)
        for number, kept in self._kept.items():
            mine = self._overlapping(self._hours, [(self._numbers[kept.doctor], micros(kept.start))])
            self._kept_for[mine] = number

    def of(self, number: int) -> tuple[Alternative, ...]:
        """Up to three hours for the request of this number, the nearest to its preferred instant first."""
        request = self._columns.requests[number]
        outside, other_doctor, other_hospital = self._gives_up(number)
        given_up = outside.astype(np.int64) + other_doctor + other_hospital
        possible = self._acceptable(request)[self._hours.doctor] & (given_up > 0)
        possible &= (self._kept_for == -1) | (self._kept_for == number)
        possible &= self._patient_is_free(number)
        away = np.abs(self._start - self._columns.seekers.preferred[number])
        chosen = self._nearest(np.flatnonzero(possible & ~self._given), away, given_up, MOST)
        if len(chosen) < MOST:
            shared = self._nearest(np.flatnonzero(possible & self._given), away, given_up, MOST - len(chosen))
            chosen = sorted([*chosen, *shared], key=lambda hour: int(away[hour]))
        for hour in chosen:
            near = np.abs(self._start - self._start[hour]) < HOUR_US
            self._given |= near & (self._hours.doctor == self._hours.doctor[hour])
        return tuple(
            self._told(request, hour, [bool(flag[hour]) for flag in (outside, other_doctor, other_hospital)])
            for hour in chosen
        )

    def _nearest(self, possible: Ints, away: Ints, given_up: Ints, most: int) -> list[int]:
        """The `most` nearest in time; of equally near ones those that give up least, then the first."""
        if len(possible) > most:
            limit = np.partition(away[possible], most - 1)[most - 1]
            possible = possible[away[possible] <= limit]
        hours = self._hours.take(possible)
        keys = (hours.hospital, hours.doctor, hours.moment, given_up[possible], away[possible])
        return [int(hour) for hour in possible[np.lexsort(keys)][:most]]

    def _gives_up(self, number: int) -> tuple[Bools, Bools, Bools]:
        """For each free hour: is it outside the window, with a doctor, at a hospital that was not asked for?"""
        seekers, request = self._columns.seekers, self._columns.requests[number]
        outside = (self._hours.moment < seekers.first[number]) | (self._hours.moment >= seekers.last[number])
        doctors = np.ones(len(self._numbers), dtype=np.bool_)
        if request.doctors is not None:
            doctors[[self._numbers[d] for d in self._numbers if d not in request.doctors]] = False
        hospital_set = self._columns.hospital_sets[seekers.hospitals[number]]
        return outside, ~doctors[self._hours.doctor], ~hospital_set[self._hours.hospital]

    def _acceptable(self, request: Request) -> Bools:
        """The doctors who could see the patient: of the specialty asked for, or of one that a doctor asked for has."""
        wish = (request.doctors, request.specialty)
        if wish not in self._doctor_sets:
            listed = self._columns.doctors if request.doctors is None else request.doctors
            if request.specialty is not None:
                wanted = frozenset({request.specialty})
            else:
                wanted = frozenset().union(*(self._specialties[self._numbers[doctor]] for doctor in listed))
            same = request.specialty is None
            self._doctor_sets[wish] = np.array(
                [
                    bool(has & wanted) or (same and d in listed)
                    for d, has in zip(self._columns.doctors, self._specialties, strict=True)
                ],
                dtype=np.bool_,
            )
        return self._doctor_sets[wish]

    def _patient_is_free(self, number: int) -> Bools:
        """For each free hour, whether it overlaps nothing that the patient has."""
        patient = self._columns.requests[number].patient
        busy = [holder.start for holder in self._standing.held_by(patient)]
        busy += [micros(a.start) for n, a in self._kept.items() if a.patient == patient and n != number]
        free = np.ones(len(self._start), dtype=np.bool_)
        for start in busy:
            free &= np.abs(self._start - start) >= HOUR_US
        return free

    def _told(self, request: Request, hour: int, gives_up: Sequence[bool]) -> Alternative:
        """The free hour number `hour`; `gives_up` says whether its time, doctor and hospital were not asked for."""
        doctor = self._columns.doctors[int(self._hours.doctor[hour])]
        hospital = self._columns.hospitals[int(self._hours.hospital[hour])]
        plain = Alternative(doctor, hospital, instant(int(self._start[hour]), self._zones[hospital]), ())
        wording = self._wording
        sentences = (wording.gives_up_window, wording.gives_up_doctor, wording.gives_up_hospital)
        told = tuple(tell(request, plain) for tell, given_up in zip(sentences, gives_up, strict=True) if given_up)
        return replace(plain, gives_up=told)

    def _overlapping(self, hours: Hours, taken: Sequence[tuple[int, int]]) -> Bools:
        """Which of the hours overlap one of the (doctor, start in microseconds)."""
        moments = self._columns.moments
        owner, start = np.array(taken, dtype=np.int64).reshape(-1, 2).T
        return np.isin(moments.key(hours.doctor, hours.moment), moments.overlapping(owner, start))
