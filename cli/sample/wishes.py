"""The booking requests of the sample network: a pure function of its calendar and a round.

Most are what a hospital sees every day. The others are drawn so that there is real contention and every kind of
conflict comes up: several people want the one free hour of the doctor whom all want, somebody asks for a day that is
full, for a doctor's day off, for a holiday, or for the very hour at which they sit in another doctor's room.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random

from cli.sample.calendar import Calendar, SampleHour
from cli.sample.network import SPECIALTIES, WEEKS, SampleDoctor, SampleHospital
from planner.problem import HOUR, Priority, Request

_PRIORITIES = {Priority.URGENT: 15, Priority.SOON: 35, Priority.ROUTINE: 50}
_REACH = {Priority.URGENT: (1, 2), Priority.SOON: (2, 6), Priority.ROUTINE: (5, 12)}
"""How many days a window spans, from and to."""


@dataclass(frozen=True)
class _Draw:
    """What the recipes draw from."""

    calendar: Calendar
    random: Random

    @cached_property
    def doctors(self) -> Mapping[str, SampleDoctor]:
        return {doctor.id: doctor for doctor in self.calendar.doctors}

    @cached_property
    def places(self) -> Mapping[str, SampleHospital]:
        return {place.id: place for place in self.calendar.hospitals}

    @cached_property
    def patients(self) -> Mapping[str, Sequence[str]]:
        """The patients of each state."""
        found: dict[str, list[str]] = defaultdict(list)
        for patient in self.calendar.patients:
            found[patient.state].append(patient.id)
        return found

    @cached_property
    def days(self) -> Mapping[tuple[str, date], Sequence[SampleHour]]:
        """The hours of each doctor on each day."""
        found: dict[tuple[str, date], list[SampleHour]] = defaultdict(list)
        for hour in self.calendar.hours:
            found[hour.doctor, hour.day].append(hour)
        return found

    @cached_property
    def full_days(self) -> Sequence[tuple[str, date]]:
        """The days on which a doctor has four hours or more, and none of them free."""
        return [day for day, hours in self.days.items() if len(hours) >= 4 and all(hour.patient for hour in hours)]

    @cached_property
    def rare_hours(self) -> Sequence[SampleHour]:
        """The free hours of three sought-after doctors in each state."""
        chosen = {
            doctor.id
            for doctor in self.calendar.doctors
            if doctor.id in self.calendar.sought_after
            and doctor.specialty in {"cardiology", "paediatrics", "dermatology"}
        }
        return [hour for hour in self.calendar.hours if hour.doctor in chosen and not hour.patient]

    @cached_property
    def free_beside_taken(self) -> Sequence[tuple[SampleHour, str]]:
        """A free hour, and a patient of the same state who sees another doctor just then."""
        taken: dict[tuple[str, datetime], list[str]] = defaultdict(list)
        for hour in self.calendar.hours:
            if hour.patient:
                taken[self.doctors[hour.doctor].state, hour.start].append(hour.patient)
        return [
            (hour, self.random.choice(taken[self.doctors[hour.doctor].state, hour.start]))
            for hour in self.calendar.hours
            if not hour.patient and (self.doctors[hour.doctor].state, hour.start) in taken
        ]

    def patient(self, state: str) -> str:
        return self.random.choice(self.patients[state])

    def priority(self) -> Priority:
        return self.random.choices(list(_PRIORITIES), list(_PRIORITIES.values()))[0]


def wishes(calendar: Calendar, round_: int = 1) -> tuple[Request, ...]:
    """500 requests, other ones in every round."""
    draw = _Draw(calendar, Random(f"{calendar.seed} {calendar.monday} requests {round_}"))
    drawn = [recipe(draw) for recipe, count in _RECIPES.items() for _ in range(count)]
    draw.random.shuffle(drawn)
    return tuple(replace(request, id=f"R-{number:04}") for number, request in enumerate(drawn, 1))


def _everyday(draw: _Draw) -> Request:
    """Any doctor of a specialty, or up to three by name, in a window that fits the priority."""
    random, priority = draw.random, draw.priority()
    state = random.choice(list(draw.patients))
    specialty = random.choices(list(SPECIALTIES), list(SPECIALTIES.values()))[0]
    colleagues = [d.id for d in draw.calendar.doctors if d.state == state and d.specialty == specialty]
    named = random.random() < 0.4
    homes = [place for place in draw.calendar.hospitals if place.state == state]
    first = draw.calendar.monday + timedelta(days=random.randrange(WEEKS * 7 - _REACH[priority][0]))
    last = min(first + timedelta(days=random.randint(*_REACH[priority])), draw.calendar.monday + timedelta(days=20))
    earliest, latest = homes[0].at(first, 8 * 60), homes[0].at(last, 20 * 60)
    return Request(
        id="",
        patient=draw.patient(state),
        priority=priority,
        earliest=earliest,
        latest=latest,
        doctors=tuple(random.sample(colleagues, min(len(colleagues), random.randint(1, 3)))) if named else None,
        specialty=None if named else specialty,
        hospitals=None
        if named or random.random() < 0.4
        else tuple(home.id for home in random.sample(homes, k=random.choice((1, 2)))),
        preferred=homes[0].at(last, 10 * 60) if random.random() < 0.3 else None,
    )


def _contested(draw: _Draw) -> Request:
    """A doctor whom everybody wants, around one of the few free hours."""
    hour = draw.random.choice(draw.rare_hours)
    place = draw.places[hour.hospital]
    return Request(
        id="",
        patient=draw.patient(place.state),
        priority=draw.priority(),
        earliest=place.at(hour.day - timedelta(days=draw.random.randint(0, 1)), 8 * 60),
        latest=place.at(hour.day + timedelta(days=draw.random.randint(0, 1)), 26 * 60),
        doctors=(hour.doctor,),
    )


def _on_a_full_day(draw: _Draw) -> Request:
    """A doctor on a day that has no free hour left."""
    doctor, day = draw.random.choice(draw.full_days)
    place = draw.places[draw.days[doctor, day][0].hospital]
    return Request(
        id="",
        patient=draw.patient(place.state),
        priority=draw.priority(),
        earliest=place.at(day, 8 * 60),
        latest=place.at(day, 20 * 60),
        doctors=(doctor,),
    )


def _on_a_closed_day(draw: _Draw) -> Request:
    """A hospital on a day on which it does not open."""
    closed = [(place, day) for place in draw.calendar.hospitals for day in _days(draw.calendar) if not place.hours(day)]
    place, day = draw.random.choice(closed)
    return Request(
        id="",
        patient=draw.patient(place.state),
        priority=draw.priority(),
        earliest=place.at(day, 8 * 60),
        latest=place.at(day, 20 * 60),
        specialty=draw.random.choice(list(SPECIALTIES)),
        hospitals=(place.id,),
    )


def _on_a_day_off(draw: _Draw) -> Request:
    """A doctor on a day on which the hospital is open and the doctor is not there."""
    absent = [
        (doctor, day)
        for doctor in draw.calendar.doctors
        for day in _days(draw.calendar)
        if (doctor.id, day) not in draw.days and draw.places[doctor.hospitals[0]].hours(day)
    ]
    doctor, day = draw.random.choice(absent)
    place = draw.places[doctor.hospitals[0]]
    return Request(
        id="",
        patient=draw.patient(place.state),
        priority=draw.priority(),
        earliest=place.at(day, 8 * 60),
        latest=place.at(day, 20 * 60),
        doctors=(doctor.id,),
        hospitals=(place.id,),
    )


def _while_elsewhere(draw: _Draw) -> Request:
    """A doctor's free hour, by a patient who sees another doctor just then."""
    hour, patient = draw.random.choice(draw.free_beside_taken)
    return Request(
        id="",
        patient=patient,
        priority=draw.priority(),
        earliest=hour.start,
        latest=hour.start + HOUR,
        doctors=(hour.doctor,),
    )


def _days(calendar: Calendar) -> list[date]:
    return [calendar.monday + timedelta(days=offset) for offset in range(7 * WEEKS)]


_RECIPES: Mapping[Callable[[_Draw], Request], int] = {
    _everyday: 330,
    _contested: 100,
    _on_a_full_day: 25,
    _on_a_day_off: 20,
    _on_a_closed_day: 13,
    _while_elsewhere: 12,
}
"""How many of each; 500 altogether."""
