"""Who is where at which hour in the sample network, and the appointments that already stand.

Near weeks are fuller than far ones, and the first doctor of each specialty in each state is the one whom everybody
wants. Altogether 60 to 80 % of the hours are taken.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

from cli.sample.network import (
    SampleDoctor,
    SampleHospital,
    SamplePatient,
    availabilities,
    doctors,
    hospitals,
    patients,
)
from planner.problem import HOUR, Appointment, Availability

_LOAD = (0.84, 0.70, 0.52)
_LOAD_OF_THE_SOUGHT_AFTER = (0.97, 0.93, 0.85)
"""The share of a doctor's hours that is taken, by week."""

_OVERLAPPING = (-HOUR / 2, 0 * HOUR, HOUR / 2)
"""From the start of an hour to those that it overlaps: the clocks are half an hour apart."""


@dataclass(frozen=True, slots=True)
class SampleHour:
    """One hour of one doctor, and the patient who has it (None: it is free)."""

    doctor: str
    hospital: str
    start: datetime
    day: date  # by the hospital's clock
    patient: str | None


@dataclass(frozen=True)
class Calendar:
    """The sample network with its appointments: a pure function of `seed` and the first Monday."""

    seed: int
    monday: date

    def __post_init__(self) -> None:
        if self.monday.isoweekday() != 1:
            raise ValueError(f"{self.monday} is no Monday")

    @cached_property
    def hospitals(self) -> tuple[SampleHospital, ...]:
        return hospitals(self.monday)

    @cached_property
    def doctors(self) -> tuple[SampleDoctor, ...]:
        return doctors(self.seed, self.hospitals)

    @cached_property
    def patients(self) -> tuple[SamplePatient, ...]:
        return patients(self.seed)

    @cached_property
    def availabilities(self) -> tuple[Availability, ...]:
        return availabilities(self.seed, self.monday, self.hospitals, self.doctors)

    @cached_property
    def sought_after(self) -> frozenset[str]:
        """The first doctor of each specialty in each state."""
        first: dict[tuple[str, str], str] = {}
        for doctor in self.doctors:
            first.setdefault((doctor.state, doctor.specialty), doctor.id)
        return frozenset(first.values())

    @cached_property
    def hours(self) -> tuple[SampleHour, ...]:
        """Every hour of every doctor."""
        random = Random(f"{self.seed} {self.monday} appointments")
        state_of = {doctor.id: doctor.state for doctor in self.doctors}
        people = {state: [p.id for p in self.patients if p.state == state] for state in set(state_of.values())}
        seen: dict[datetime, set[str]] = defaultdict(set)
        found: list[SampleHour] = []
        for doctor, hospital, start, day in self._all_hours():
            loads = _LOAD_OF_THE_SOUGHT_AFTER if doctor in self.sought_after else _LOAD
            taken = random.random() < loads[min((day - self.monday).days // 7, len(loads) - 1)]
            patient = random.choice(people[state_of[doctor]]) if taken else None
            while any(patient in seen[start + shift] for shift in _OVERLAPPING):  # nobody is in two rooms at once
                patient = random.choice(people[state_of[doctor]])
            if patient:
                seen[start].add(patient)
            found.append(SampleHour(doctor, hospital, start, day, patient))
        return tuple(found)

    @cached_property
    def appointments(self) -> tuple[Appointment, ...]:
        """The hours that are taken, as appointments."""
        return tuple(
            Appointment(f"A-{number:05}", hour.doctor, hour.hospital, hour.patient, hour.start)
            for number, hour in enumerate((hour for hour in self.hours if hour.patient), 1)
            if hour.patient
        )

    def _all_hours(self) -> Iterator[tuple[str, str, datetime, date]]:
        """The whole hours by the hospital's clock inside every availability."""
        zones = {place.id: ZoneInfo(place.timezone) for place in self.hospitals}
        for free in self.availabilities:
            zone = zones[free.hospital]
            local = free.start.astimezone(zone)
            whole = local.replace(minute=0)
            start = (whole if whole == local else whole + HOUR).astimezone(UTC)
            while start + HOUR <= free.end:
                yield free.doctor, free.hospital, start, start.astimezone(zone).date()
                start += HOUR
