"""Little networks at random, with days that could be lost."""

import random
from collections.abc import Iterator
from datetime import timedelta

from planner.instants import LocalClock, instant, micros
from planner.loss import Loss
from planner.problem import Appointment, Availability, Doctor, Hospital, Period, Priority, Problem, Request
from tests.planner.problems import HOUR, at

ZONES = ("UTC", "UTC", "Europe/Lisbon", "Asia/Kolkata")
DAYS = 2


def network(seed: int) -> Problem:
    """Full days with few hours free: doctors at one hospital at a time, mostly; patients with several appointments."""
    rng = random.Random(seed)
    hospitals = tuple(
        Hospital(f"h{i}", rng.choice(ZONES), tuple(Period(at(8, day), at(14, day)) for day in range(DAYS)))
        for i in range(rng.choice([1, 2]))
    )
    doctors = tuple(Doctor(f"d{i}", frozenset({rng.choice("st"), "s"})) for i in range(rng.randint(2, 4)))
    careless = rng.random() < 0.2  # then doctors are at two hospitals at once
    availabilities = []
    for doctor in doctors:
        for day in range(DAYS):
            for where in rng.sample(hospitals, len(hospitals) if careless else 1):
                begin = rng.choice([8, 8, 9.5, 10])
                end = min(begin + rng.choice([2, 3, 4.5]), 14)
                availabilities.append(Availability(doctor.id, where.id, at(begin, day), at(end, day)))
    appointments = tuple(_appointments(rng, hospitals, availabilities))
    return Problem(hospitals, doctors, tuple(availabilities), appointments, ())


def days(seed: int, schedule: Problem) -> Iterator[Loss]:
    """Days to lose, of doctors wherever they are and of hospitals; of some who are displaced nobody asks for more."""
    rng = random.Random(f"days {seed}")
    policy = {
        "earliest": at(rng.choice([0, 0, 9, 20])),
        "latest": at(rng.choice([14, 40, 48])),
        "same_doctor": rng.random() < 0.3,
        "same_hospital": rng.random() < 0.5,
        "near": rng.choice([None, timedelta(hours=1), timedelta(hours=20)]),
    }
    who = [(doctor.id, None) for doctor in schedule.doctors] + [(None, hospital.id) for hospital in schedule.hospitals]
    for doctor, hospital in who:
        for day in range(DAYS):
            begin = at(rng.choice([0, 0, 0, 9.5]), day)
            during = Period(begin, begin + rng.choice([1, 2]) * timedelta(days=0.5))
            gone = [
                each
                for each in schedule.appointments
                if doctor in (None, each.doctor) and hospital in (None, each.hospital)
                if each.start < during.end and during.start < each.start + HOUR
            ]
            asking = [each for each in gone if rng.random() < 0.9]
            yield Loss(doctor, hospital, during, tuple(_request(rng, each, schedule, **policy) for each in asking))


def _appointments(rng, hospitals, availabilities) -> Iterator[Appointment]:
    clocks = {each.id: LocalClock(each.timezone) for each in hospitals}
    patients = [f"p{i}" for i in range(rng.choice([2, 5, 30]))]
    full = rng.choice([0.4, 0.7, 0.9])
    found: list[Appointment] = []
    for where in availabilities:
        for us in clocks[where.hospital].full_hours(micros(where.start), micros(where.end)):
            start, patient = instant(us), rng.choice(patients)
            clash = any(
                abs(each.start - start) < HOUR and (each.doctor == where.doctor or each.patient == patient)
                for each in found
            )
            if not clash and rng.random() < full:
                found.append(Appointment(f"a{len(found):02}", where.doctor, where.hospital, patient, start))
    return iter(found)


def _request(rng, each, schedule, *, earliest, latest, same_doctor, same_hospital, near) -> Request:
    if near:
        latest = min(latest, each.start + HOUR + near)
        earliest = max(earliest, each.start - near)
    own = {doctor.id: doctor.specialties for doctor in schedule.doctors}
    others = [id_ for id_ in sorted(own) if id_ != each.doctor and own[id_] & own[each.doctor]]
    doctors = (each.doctor,) if same_doctor else (each.doctor, *others)
    return Request(
        id=each.id,
        patient=each.patient,
        priority=rng.choice(list(Priority)),
        earliest=min(earliest, latest),
        latest=latest,
        doctors=doctors,
        places=(0, *(1 for _ in doctors[1:])),
        hospitals=(each.hospital,) if same_hospital else None,
        preferred=each.start,
        moves=each.id,
    )
