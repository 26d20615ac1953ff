"""Problems to plan: small ones at random, and a short way to write one down."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from planner.instants import LocalClock, instant, micros
from planner.problem import (
    Appointment,
    Availability,
    Doctor,
    Hospital,
    Period,
    Priority,
    Problem,
    Request,
)

HOUR = timedelta(hours=1)
DAY = datetime(2026, 12, 1, tzinfo=UTC)


def at(hour: float, day: int = 0) -> datetime:
    """An instant: hours after midnight UTC of a day after 1 December 2026."""
    return DAY + timedelta(days=day, hours=hour)


def hospital(id_: str = "h1", timezone: str = "Europe/Lisbon", *openings: tuple[float, float]) -> Hospital:
    return Hospital(id_, timezone, tuple(Period(at(start), at(end)) for start, end in openings or ((0, 24),)))


def available(doctor: str, start: float, end: float, hospital_: str = "h1") -> Availability:
    return Availability(doctor, hospital_, at(start), at(end))


def appointment(id_: str, doctor: str, patient: str, hour: float, **more: object) -> Appointment:
    return Appointment(id_, doctor, more.pop("hospital", "h1"), patient, at(hour), **more)


def request(id_: str, patient: str, start: float, end: float, **more: object) -> Request:
    more.setdefault("priority", Priority.ROUTINE)
    return Request(id_, patient, earliest=at(start), latest=at(end), **more)


def problem(
    availabilities: list[Availability],
    requests: list[Request],
    appointments: list[Appointment] = (),
    hospitals: list[Hospital] | None = None,
    doctors: list[Doctor] | None = None,
) -> Problem:
    """A problem of one hospital that is always open and the doctors who are available, unless said otherwise."""
    names = dict.fromkeys(availability.doctor for availability in availabilities)
    return Problem(
        tuple(hospitals or [hospital()]),
        tuple(doctors or [Doctor(name, frozenset()) for name in names]),
        tuple(availabilities),
        tuple(appointments),
        tuple(requests),
    )


ZONES = ("Europe/Lisbon", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns")


def small(seed: int) -> Problem:
    """A small random problem with everything in it: zones an odd number of minutes apart, movable appointments,
    requests that replace appointments, patients with several requests, doctors who are at two hospitals at once.
    """
    rng = random.Random(seed)
    odd = rng.random() < 0.5
    zones = ZONES if odd else ("Europe/Lisbon", "UTC")
    hospitals = [
        hospital(f"h{i}", rng.choice(zones), (0, rng.choice([3, 5, 24]))) for i in range(rng.choice([1, 1, 2, 3]))
    ]
    doctors = [Doctor(f"d{i}", frozenset(rng.sample(["s", "t"], rng.randint(0, 2)))) for i in range(rng.randint(1, 3))]
    availabilities = []
    for doctor in doctors:
        for where in rng.sample(hospitals, rng.randint(1, len(hospitals))):
            start = rng.choice([0, 0.5, 1, 1.25] if odd else [0, 0, 1])
            end = min(start + rng.choice([1.5, 2, 2.5, 3.75] if odd else [1, 2, 3]), 3)
            availabilities.append(available(doctor.id, start, end, where.id))
    patients = [f"p{i}" for i in range(rng.randint(1, 5))]
    appointments = _standing(rng, hospitals, availabilities, patients)
    requests = [_request(rng, number, hospitals, doctors, patients) for number in range(rng.randint(1, 6))]
    requests = _replacing(rng, requests, appointments)
    return choosy(
        Problem(tuple(hospitals), tuple(doctors), tuple(availabilities), tuple(appointments), tuple(requests)), seed
    )


def choosy(given: Problem, seed: int) -> Problem:
    """Some of the requests with doctors who are equally good, some of the appointments bound to hospitals."""
    rng = random.Random(f"choosy {seed}")
    names = [hospital_.id for hospital_ in given.hospitals]
    requests, appointments = [], []
    for wish in given.requests:
        steps = accumulate(rng.choice([0, 1]) for _ in (wish.doctors or ())[1:])
        places = None if wish.doctors is None or rng.random() < 0.5 else (0, *steps)[: len(wish.doctors)]
        requests.append(replace(wish, places=places))
    for standing in given.appointments:
        chosen = None if rng.random() < 0.5 else tuple(rng.sample(names, rng.randint(0, len(names))))
        appointments.append(replace(standing, hospitals=chosen))
    return replace(given, requests=tuple(requests), appointments=tuple(appointments))


def _standing(rng, hospitals, availabilities, patients):
    clocks = {where.id: LocalClock(where.timezone) for where in hospitals}
    found = []
    for number in range(rng.choice([0, 1, 2, 3, 4])):
        where = rng.choice(availabilities)
        hours = clocks[where.hospital].full_hours(micros(where.start), micros(where.end))
        if not hours:
            continue
        start, patient = instant(rng.choice(hours)), rng.choice([*patients, "q"])
        if any(
            abs(other.start - start) < HOUR and (other.doctor == where.doctor or other.patient == patient)
            for other in found
        ):
            continue
        movable = rng.random() < 0.5
        window = Period(at(rng.choice([0, 1])), at(rng.choice([2, 3]))) if movable and rng.random() < 0.5 else None
        found.append(Appointment(f"a{number}", where.doctor, where.hospital, patient, start, movable, window))
    return found


def _request(rng, number, hospitals, doctors, patients):
    names = [doctor.id for doctor in doctors]
    start = rng.choice([0, 0, 0, 0.5, 1])
    return request(
        f"r{number}",
        rng.choice(patients),
        start,
        start + rng.choice([0.5, 1, 2, 3, 3, 4]),
        priority=rng.choice(list(Priority)),
        doctors=rng.choice([None, tuple(rng.sample(names, rng.randint(0, len(names)))), tuple(names)]),
        specialty=rng.choice([None, None, None, "s"]),
        hospitals=rng.choice([None, None, tuple(h.id for h in rng.sample(hospitals, rng.randint(1, len(hospitals))))]),
        preferred=rng.choice([None, at(rng.choice([-30.5, 0.25, 2]))]),
    )


def _replacing(rng, requests, appointments):
    free = rng.sample(appointments, len(appointments))
    result = []
    for wish in requests:
        if free and rng.random() < 0.3:
            old = free.pop()
            result.append(replace(wish, patient=old.patient, moves=old.id))
        else:
            result.append(wish)
    return result
