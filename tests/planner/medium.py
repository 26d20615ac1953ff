"""Random problems of the size of a small hospital's week, in which everybody gets in everybody's way."""

import random
from datetime import UTC, datetime, timedelta

from planner.problem import Appointment, Availability, Doctor, Hospital, Period, Priority, Problem, Request
from tests.planner.brute_force import HOUR, bookable_hours
from tests.planner.problems import choosy

BEGINS = (
    datetime(2026, 12, 1, 8, tzinfo=UTC),
    datetime(2026, 10, 24, 20, tzinfo=UTC),  # clocks go back in Lisbon at 01:00
    datetime(2026, 3, 28, 20, tzinfo=UTC),  # and forward
    datetime(2026, 10, 3, 11, tzinfo=UTC),  # clocks go forward by half an hour on Lord Howe Island at 15:30
    datetime(2026, 11, 1, 0, tzinfo=UTC),  # clocks go back in St John's at 04:30
)
ZONES = ("Europe/Lisbon", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns")


def medium(
    seed: int, requests: int = 80, doctors: int = 10, patients: int = 20, windows: tuple[int, ...] = (2, 4, 30, 60)
) -> Problem:
    """Hospitals half an hour or a quarter apart, days on which clocks change, movable appointments with windows,
    requests that replace appointments. `windows`: how many hours requests leave between earliest and latest.
    """
    rng = random.Random(seed)
    begin = rng.choice(BEGINS)
    zones = rng.sample(ZONES, 3) if rng.random() < 0.7 else ["Europe/Lisbon", "Europe/Lisbon", "UTC"]
    always = Period(begin - timedelta(days=2), begin + timedelta(days=9))
    hospitals = tuple(Hospital(f"h{i}", zone, (always,)) for i, zone in enumerate(zones))
    staff = tuple(Doctor(f"d{i}", frozenset(rng.sample(["s", "t"], 1))) for i in range(doctors))
    availabilities = []
    for doctor in staff:
        for day in range(3):
            for where in rng.sample(hospitals, rng.choice([1, 1, 2])):
                start = begin + timedelta(days=day, minutes=rng.choice([0, 0, 30, 60, 105]))
                end = start + timedelta(minutes=rng.choice([120, 180, 210]))
                availabilities.append(Availability(doctor.id, where.id, start, end))
    bare = Problem(hospitals, staff, tuple(availabilities), (), ())
    names = [f"p{i}" for i in range(patients)]
    standing = _standing(rng, bare, [*names, "somebody"])
    wishes = [_request(rng, number, staff, hospitals, names, begin, windows) for number in range(requests)]
    replaced = rng.sample(standing, len(standing) // 4)
    for number, old in enumerate(replaced[:requests]):
        wish = wishes[number]
        wishes[number] = Request(
            wish.id, old.patient, wish.priority, wish.earliest, wish.latest, preferred=wish.preferred, moves=old.id
        )
    return choosy(Problem(hospitals, staff, tuple(availabilities), tuple(standing), tuple(wishes)), seed)


def _standing(rng: random.Random, bare: Problem, patients: list[str]) -> list[Appointment]:
    found: list[Appointment] = []
    hours = sorted(bookable_hours(bare))
    for number, (doctor, where, start) in enumerate(rng.sample(hours, len(hours) // 5)):
        patient = rng.choice(patients)
        near = [a for a in found if abs(a.start - start) < HOUR]
        if any(a.doctor == doctor or a.patient == patient for a in near):
            continue
        movable = rng.random() < 0.6
        window = None
        if movable and rng.random() < 0.5:
            window = Period(start - timedelta(hours=rng.randint(0, 30)), start + timedelta(hours=rng.randint(1, 30)))
        found.append(Appointment(f"a{number}", doctor, where, patient, start, movable, window))
    return found


def _request(
    rng: random.Random,
    number: int,
    doctors: tuple[Doctor, ...],
    hospitals: tuple[Hospital, ...],
    patients: list[str],
    begin: datetime,
    windows: tuple[int, ...],
) -> Request:
    names = [doctor.id for doctor in doctors]
    wanted = tuple(rng.sample(names, rng.randint(1, min(5, len(names)))))
    earliest = begin + timedelta(days=rng.randint(0, 2), minutes=rng.choice([0, 0, 30, 60]))
    return Request(
        f"r{number:02}",
        rng.choice(patients),
        rng.choice(list(Priority)),
        earliest,
        earliest + timedelta(hours=rng.choice(windows)),
        doctors=rng.choice([None, wanted, wanted, wanted]),
        specialty=rng.choice([None, None, None, "s"]),
        hospitals=rng.choice([None, None, tuple(h.id for h in rng.sample(hospitals, 2))]),
        preferred=rng.choice([None, earliest + timedelta(hours=rng.randint(-40, 40), minutes=15)]),
    )
