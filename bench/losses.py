"""What losing each day of two weeks would do, all days together, against planning each of them by itself.

    python -m bench.losses

Both count only what the days share or not: the schedule is in memory. What a day displaces asks for what a nightly
validation would: an hour at the same hospital, with a doctor of the specialty, with a day's notice, in the four weeks
after the day; or, where it says `near`, within a day of the old hour, so that many find none.
"""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from bench.clock import least
from cli.sample import Calendar, as_problem
from planner.loss import Loss, without
from planner.losses import outcomes
from planner.problem import HOUR, Appointment, Availability, Doctor, Hospital, Period, Priority, Problem, Request
from planner.solve import plan

DAYS = 14
NOTICE, REACH, NEAR = dt.timedelta(days=1), dt.timedelta(days=28), dt.timedelta(days=1)
MONDAY = dt.date(2026, 11, 30)
SEED = 1
BY_THEMSELVES = 20
"""Of many days only so many, drawn at random, are planned by themselves too."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds for all losses together, and for each of some by itself, on average."""

    name: str
    losses: int
    displaced: int
    stranded: int
    together: float
    by_itself: float

    @property
    def ratio(self) -> float:
        """How much longer all would take by themselves."""
        return self.by_itself * self.losses / self.together


def sample() -> Problem:
    """The sample network: four hospitals, sixty doctors, three weeks."""
    return as_problem(Calendar(SEED, MONDAY), [])


def large(doctors: int = 400, specialties: int = 40, days: int = 42) -> Problem:
    """One hospital, where a doctor has eight hours on five days a week and most of them are booked."""
    rng = random.Random(SEED)
    midnight = dt.datetime.combine(MONDAY, dt.time(), dt.UTC)
    hours = [(midnight + day * dt.timedelta(days=1), day) for day in range(days) if day % 7 < 5]
    openings = tuple(Period(day + 8 * HOUR, day + 18 * HOUR) for day, _ in hours)
    people = tuple(Doctor(f"d{number:03}", frozenset({f"s{number % specialties}"})) for number in range(doctors))
    availabilities: list[Availability] = []
    appointments: list[Appointment] = []
    for person in people:
        for midnight, number in hours:
            begin = midnight + rng.choice([8, 9, 10]) * HOUR
            availabilities.append(Availability(person.id, "h", begin, begin + 8 * HOUR))
            for hour in range(8):
                if rng.random() < (0.85 if number < DAYS else 0.6):
                    id_, patient = f"a{len(appointments):06}", f"p{rng.randrange(100_000)}"
                    appointments.append(Appointment(id_, person.id, "h", patient, begin + hour * HOUR))
    return Problem((Hospital("h", "UTC", openings),), people, tuple(availabilities), tuple(appointments), ())


def days_of(schedule: Problem, since: dt.datetime, *, near: bool) -> list[Loss]:
    """Every day of two weeks, of every hospital and every doctor there, with what losing it displaces."""
    doctors = _acceptable(schedule)
    found = []
    for hospital in schedule.hospitals:
        zone = ZoneInfo(hospital.timezone)
        first = since.astimezone(zone).date()
        for day in (first + dt.timedelta(days=number) for number in range(DAYS)):
            midnights = (dt.datetime.combine(each, dt.time(), zone) for each in (day, day + dt.timedelta(days=1)))
            during = Period(*(each.astimezone(dt.UTC) for each in midnights))
            gone = [each for each in schedule.appointments if during.start - HOUR < each.start < during.end]
            here = [each for each in gone if each.hospital == hospital.id]
            for who in (None, *sorted({each.doctor for each in here})):
                rows = here if who is None else [each for each in gone if each.doctor == who]
                requests = tuple(_request(each, rows, doctors[each.doctor], since, near=near) for each in rows)
                if requests:
                    found.append(Loss(who, None if who else hospital.id, during, requests))
    return found


def _acceptable(schedule: Problem) -> Mapping[str, tuple[str, ...]]:
    """Each doctor and those who share a specialty."""
    having: defaultdict[str, set[str]] = defaultdict(set)
    for doctor in schedule.doctors:
        for specialty in doctor.specialties:
            having[specialty].add(doctor.id)
    return {
        doctor.id: (doctor.id, *sorted(set().union(*(having[each] for each in doctor.specialties)) - {doctor.id}))
        for doctor in schedule.doctors
    }


def _request(
    each: Appointment, lost: Sequence[Appointment], doctors: tuple[str, ...], since: dt.datetime, *, near: bool
) -> Request:
    earliest, latest = since + NOTICE, max(other.start for other in lost) + HOUR + REACH
    if near:
        latest = each.start + HOUR + NEAR
        earliest = min(max(earliest, each.start - NEAR), latest)
    places = (0, *(1 for _ in doctors[1:]))
    return Request(
        id=each.id,
        patient=each.patient,
        priority=Priority.ROUTINE,
        earliest=earliest,
        latest=latest,
        doctors=doctors,
        places=places,
        hospitals=(each.hospital,),
        preferred=each.start,
        moves=each.id,
    )


def measure(name: str, schedule: Problem, *, near: bool) -> Measured:
    """Raises AssertionError where the two ways differ in how many get another hour."""
    since = min(opening.start for hospital in schedule.hospitals for opening in hospital.openings)
    losses = days_of(schedule, since, near=near)
    together, found = least(lambda: list(outcomes(schedule, losses, cancel_unplaced=True)))
    chosen = random.Random(SEED).sample(range(len(losses)), min(BY_THEMSELVES, len(losses)))
    begin = perf_counter()
    plans = [plan(without(schedule, losses[number])) for number in chosen]
    by_itself = (perf_counter() - begin) / len(chosen)
    assert [len(made.bookings) for made in plans] == [len(found[number].bookings) for number in chosen]
    assert all(outcome.proved for outcome in found)
    return Measured(
        name,
        len(losses),
        sum(len(loss.requests) for loss in losses),
        sum(len(outcome.stranded) for outcome in found),
        together,
        by_itself,
    )


def main() -> None:
    """Measure both networks, with room and without."""
    console = Console()
    names = ("network", "days", "displaced", "stranded", "together, s", "one by itself, s", "ratio")
    table = Table(*names, title="What losing a day would do: all days together, and each by itself")
    networks: Sequence[tuple[str, Callable[[], Problem]]] = (("sample", sample), ("large hospital", large))
    for name, make in networks:
        schedule = make()
        for near in (False, True):
            each = measure(f"{name}, near" if near else name, schedule, near=near)
            table.add_row(
                each.name,
                *(f"{count:,}" for count in (each.losses, each.displaced, each.stranded)),
                *(f"{seconds:.3f}" for seconds in (each.together, each.by_itself)),
                f"{each.ratio:.0f}",
            )
    console.print(table)


if __name__ == "__main__":
    main()
