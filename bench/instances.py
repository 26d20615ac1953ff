"""Planning problems to measure, each from a seed: the same numbers give the same problem on every machine."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.problem import Appointment, Availability, Doctor, Hospital, Period, Priority, Problem, Request

MIDNIGHT = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
PRIORITIES = (Priority.URGENT, Priority.SOON, Priority.ROUTINE)
SHARES = (0.1, 0.2, 0.7)
"""How many of the requests have each priority."""
ATTENDANCE = 0.75
"""How many of the days a doctor is available on, on average."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a network is, and so how tight: a doctor has about 4.4 hours a day.

    `patients` share the requests at random (None: each request has a patient of its own). A request accepts `window`
    days in a row. `seed` decides the rest.
    """

    requests: int
    doctors: int
    days: int
    patients: int | None
    window: int = 7
    seed: int = 0


def one_hospital(size: Size, prefix: str = "") -> Problem:
    """A hospital whose requests each name 3 doctors, best first, and an hour of their first day that they prefer."""
    random = np.random.default_rng(size.seed)
    hospital = Hospital(f"{prefix}h", "UTC", tuple(_period(day, 8, 20) for day in _days(size.days)))
    doctors = [f"{prefix}d{number}" for number in range(size.doctors)]
    return Problem(
        hospitals=(hospital,),
        doctors=tuple(Doctor(doctor, frozenset()) for doctor in doctors),
        availabilities=tuple(
            _shift(doctor, hospital.id, day, random)
            for doctor in doctors
            for day in _days(size.days)
            if random.random() < ATTENDANCE
        ),
        appointments=(),
        requests=tuple(_request(number, doctors, size, random, prefix) for number in range(size.requests)),
    )


def hospitals_apart(count: int, size: Size) -> Problem:
    """Several hospitals of one size that share nobody: their parts can be planned apart."""
    parts = [one_hospital(replace(size, seed=size.seed + number), f"{number:02}-") for number in range(count)]
    return Problem(
        hospitals=tuple(hospital for part in parts for hospital in part.hospitals),
        doctors=tuple(doctor for part in parts for doctor in part.doctors),
        availabilities=tuple(availability for part in parts for availability in part.availabilities),
        appointments=(),
        requests=tuple(request for part in parts for request in part.requests),
    )


def theatres(size: Size) -> Problem:
    """Surgeons and their operations, shaped like the operating theatres of the IHTC 2024 competition.

    A surgeon operates on two days of five, in one run of 5 to 9 hours. An operation takes one to three hours: as many
    requests of one patient, who accepts this surgeon only, on any day of the window.
    """
    random = np.random.default_rng(size.seed)
    hospital = Hospital("h", "UTC", tuple(_period(day, 7, 19) for day in _days(size.days)))
    surgeons = [f"d{number}" for number in range(size.doctors)]
    runs = []
    for surgeon in surgeons:
        for day in _days(size.days):
            if random.random() < 0.4:
                start, hours = int(random.integers(7, 11)), int(random.integers(5, 10))
                period = _period(day, start, min(19, start + hours))
                runs.append(Availability(surgeon, hospital.id, period.start, period.end))
    requests: list[Request] = []
    while len(requests) < size.requests:
        operation = _request(len(requests), [str(random.choice(surgeons))], size, random)
        for _ in range(min(int(random.integers(1, 4)), size.requests - len(requests))):
            requests.append(replace(operation, id=f"r{len(requests):06}"))
    return Problem((hospital,), tuple(Doctor(s, frozenset()) for s in surgeons), tuple(runs), (), tuple(requests))


def half_hour_zones(size: Size, *, at_once: bool = False) -> Problem:
    """Hospitals whose clocks differ by 15 and 30 minutes, doctors who work at two of them within one shift.

    So hours of patients, who accept two of the hospitals or all three, overlap in part. Those of doctors do not, unless
    they are at both hospitals `at_once`, which a problem may say and a database may not.
    """
    random = np.random.default_rng(size.seed)
    opens = {"Asia/Kolkata": (3.5, 13.5), "Asia/Kathmandu": (3.25, 13.25), "UTC": (4.0, 14.0)}  # in hours of UTC
    hospitals = tuple(
        Hospital(zone.lower(), zone, tuple(_period(day, *hours) for day in _days(size.days)))
        for zone, hours in opens.items()
    )
    doctors = [f"d{number}" for number in range(size.doctors)]
    availabilities = [
        availability
        for doctor in doctors
        for day in _days(size.days)
        if random.random() < ATTENDANCE
        for availability in _shift_at_two(doctor, hospitals, day, random, at_once=at_once)
    ]
    requests = []
    for number in range(size.requests):
        accepted = random.choice(len(hospitals), size=2, replace=False)
        anywhere = random.random() < 0.5
        request = _request(number, doctors, size, random)
        chosen = None if anywhere else tuple(hospitals[int(i)].id for i in accepted)
        requests.append(replace(request, hospitals=chosen))
    return Problem(
        hospitals, tuple(Doctor(d, frozenset()) for d in doctors), tuple(availabilities), (), tuple(requests)
    )


def movable_appointments(size: Size, share: float = 0.5) -> Problem:
    """One hospital in which a `share` of the doctors' hours is booked already, and half of these bookings can be moved.

    They can be moved by up to three days. One in five belongs to a patient who also has requests.
    """
    problem = one_hospital(size)
    random = np.random.default_rng(size.seed + 1)
    appointments: list[Appointment] = []
    busy: set[tuple[str, dt.datetime]] = set()
    for availability in problem.availabilities:
        start = availability.start
        while start < availability.end:
            if random.random() < share:
                shared = f"p{random.integers(size.requests)}"
                patient = shared if random.random() < 0.2 and (shared, start) not in busy else f"q{len(appointments)}"
                busy.add((patient, start))
                window = Period(start - 3 * DAY, start + 3 * DAY)
                id_, movable = f"a{len(appointments):06}", random.random() < 0.5
                appointments.append(
                    Appointment(id_, availability.doctor, availability.hospital, patient, start, movable, window)
                )
            start += HOUR
    return replace(problem, appointments=tuple(appointments))


def _days(count: int) -> list[dt.datetime]:
    return [MIDNIGHT + number * DAY for number in range(count)]


def _period(day: dt.datetime, first: float, last: float) -> Period:
    return Period(day + first * HOUR, day + last * HOUR)


def _shift(doctor: str, hospital: str, day: dt.datetime, random: np.random.Generator) -> Availability:
    start = int(random.integers(8, 12))
    period = _period(day, start, min(20, start + int(random.integers(4, 9))))
    return Availability(doctor, hospital, period.start, period.end)


def _shift_at_two(
    doctor: str, hospitals: Sequence[Hospital], day: dt.datetime, random: np.random.Generator, *, at_once: bool
) -> list[Availability]:
    """A shift at two of the hospitals, one after the other or at once, inside their openings of that day."""
    start = int(random.integers(3, 8))
    shift = _period(day, start, start + int(random.integers(4, 9)))
    middle = shift.start + (shift.end - shift.start) / 2
    times = (shift, shift) if at_once else (Period(shift.start, middle), Period(middle, shift.end))
    found = []
    for i, time in zip(random.choice(len(hospitals), size=2, replace=False), times, strict=True):
        opening = next(opening for opening in hospitals[int(i)].openings if opening.start >= day)
        begin, end = max(time.start, opening.start), min(time.end, opening.end)
        if begin < end:
            found.append(Availability(doctor, hospitals[int(i)].id, begin, end))
    return found


def _request(number: int, doctors: Sequence[str], size: Size, random: np.random.Generator, prefix: str = "") -> Request:
    """A request for up to 3 of `doctors`."""
    first = MIDNIGHT + int(random.integers(0, max(1, size.days - size.window + 1))) * DAY
    chosen = random.choice(len(doctors), size=min(3, len(doctors)), replace=False)
    return Request(
        id=f"{prefix}r{number:06}",
        patient=f"{prefix}p{number if size.patients is None else random.integers(size.patients)}",
        priority=PRIORITIES[random.choice(3, p=SHARES)],
        earliest=first,
        latest=first + size.window * DAY,
        doctors=tuple(doctors[int(doctor)] for doctor in chosen),
        preferred=first + int(random.integers(8, 19)) * HOUR,
    )
