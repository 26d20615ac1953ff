"""Planning problems to measure: a seeded hospital of many doctors, and requests for some of them near some day."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from planner.problem import Availability, Doctor, Hospital, Period, Priority, Problem, Request

MIDNIGHT = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
PRIORITIES = (Priority.URGENT, Priority.SOON, Priority.ROUTINE)


@dataclass(frozen=True)
class Size:
    """How large an instance is, and how tight: requests, doctors and days; `patients` share the requests."""

    name: str
    requests: int
    doctors: int
    days: int
    patients: int


def instance(size: Size, seed: int = 0) -> Problem:
    """A problem of that size. Each request names 3 doctors, best first, and accepts any hour of about a week."""
    random = np.random.default_rng(seed)
    days = [MIDNIGHT + dt.timedelta(days=day) for day in range(size.days)]
    opening = tuple(Period(day + dt.timedelta(hours=8), day + dt.timedelta(hours=20)) for day in days)
    return Problem(
        hospitals=(Hospital("h", "UTC", opening),),
        doctors=tuple(Doctor(f"d{number}", frozenset()) for number in range(size.doctors)),
        availabilities=tuple(
            _availability(f"d{number}", day, random)
            for number in range(size.doctors)
            for day in days
            if random.random() < 0.75
        ),
        appointments=(),
        requests=tuple(_request(number, size, random) for number in range(size.requests)),
    )


def _availability(doctor: str, day: dt.datetime, random: np.random.Generator) -> Availability:
    start = int(random.integers(8, 12))
    end = min(20, start + int(random.integers(4, 9)))
    return Availability(doctor, "h", day + dt.timedelta(hours=start), day + dt.timedelta(hours=end))


def _request(number: int, size: Size, random: np.random.Generator) -> Request:
    first = MIDNIGHT + dt.timedelta(days=int(random.integers(0, max(1, size.days - 6))))
    doctors = random.choice(size.doctors, size=3, replace=False)
    return Request(
        id=f"r{number:06}",
        patient=f"p{random.integers(size.patients)}",
        priority=PRIORITIES[random.choice(3, p=(0.1, 0.2, 0.7))],
        earliest=first,
        latest=first + dt.timedelta(days=7),
        doctors=tuple(f"d{doctor}" for doctor in doctors),
        preferred=first + dt.timedelta(hours=int(random.integers(8, 19))),
    )
