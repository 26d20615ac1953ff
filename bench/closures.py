"""Hospitals that close, to measure: displaced appointments over what the rest of a network has free."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from planner.problem import Appointment, Availability, Doctor, Hospital, Period, Priority, Problem, Request

MIDNIGHT = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
OPENS, HOURS_A_DAY = 8, 10
CLOSED_DAYS = 5
FREE, DISPLACED, MOVABLE, BUSY = range(4)
"""What a doctor's hour is; somebody who cannot be moved has a busy one."""
MOVED_BEFORE = 0.05
"""How many of the patients were moved before, and so go first."""


@dataclass(frozen=True, slots=True)
class Closure:
    """A network in which a hospital is closed for the first five days, and that displaces `displaced` appointments.

    The network has `doctors` of each of the `specialties`, at `hospitals` others; of the hours of all of them a share
    `free` has nobody, and a share `movable` has appointments that may move within two days at their hospital. Those
    displaced are of the first `concerned` specialties. Each may be seen by any doctor of the specialty within `within`
    days, best by the same doctor at the hour that was lost.
    """

    displaced: int
    doctors: int
    free: float
    specialties: int = 80
    concerned: int = 20
    hospitals: int = 12
    days: int = 33
    within: int = 33
    movable: float = 0.0
    seed: int = 0


def closed_hospital(size: Closure) -> Problem:
    """The problem of those displaced: the closed hospital, h00, has nothing to offer on those days."""
    random = np.random.default_rng(size.seed)
    doctors = [f"d{s:02}-{n:02}" for s in range(size.specialties) for n in range(size.doctors)]
    at = [f"h{number:02}" for number in random.integers(1, size.hospitals + 1, len(doctors))]
    kind = _hours(size, random)
    lost = [_appointment("lost", "h00", doctors, *place) for place in _places(kind == DISPLACED)]
    others = [_movable(_appointment("other", at[d], doctors, d, hour)) for d, hour in _places(kind == MOVABLE)]
    return Problem(
        hospitals=tuple(_hospital(number, size.days) for number in range(size.hospitals + 1)),
        doctors=tuple(Doctor(doctor, frozenset({doctor[:3]})) for doctor in doctors),
        availabilities=tuple(
            Availability(doctors[d], at[d], _at(first), _at(last) + HOUR)
            for d in range(len(doctors))
            for first, last in _runs(np.flatnonzero((kind[d] == FREE) | (kind[d] == MOVABLE)))
        ),
        appointments=(*lost, *others),
        requests=tuple(_request(old, doctors, size, random) for old in lost),
    )


def _hours(size: Closure, random: np.random.Generator) -> NDArray[np.int64]:
    """What each hour of each doctor is: `[doctor, hour]`."""
    shape = size.specialties * size.doctors, size.days * HOURS_A_DAY
    kind = random.choice([FREE, MOVABLE, BUSY], size=shape, p=[size.free, size.movable, 1 - size.free - size.movable])
    lost = random.choice(size.concerned * size.doctors * CLOSED_DAYS * HOURS_A_DAY, size=size.displaced, replace=False)
    kind[np.divmod(lost, CLOSED_DAYS * HOURS_A_DAY)] = DISPLACED
    return kind


def _places(which: NDArray[np.bool_]) -> list[tuple[int, int]]:
    return [(int(doctor), int(hour)) for doctor, hour in np.argwhere(which)]


def _runs(hours: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """The first and last of the hours that follow each other on one day."""
    ends = [i for i, (a, b) in enumerate(pairwise(hours)) if b > a + 1 or b % HOURS_A_DAY == 0]
    for begin, end in pairwise([-1, *ends, len(hours) - 1]):
        if begin < end:
            yield int(hours[begin + 1]), int(hours[end])


def _at(hour: int) -> dt.datetime:
    day, of_day = divmod(hour, HOURS_A_DAY)
    return MIDNIGHT + day * DAY + (OPENS + of_day) * HOUR


def _hospital(number: int, days: int) -> Hospital:
    opens = CLOSED_DAYS if number == 0 else 0
    periods = [Period(_at(day * HOURS_A_DAY), _at((day + 1) * HOURS_A_DAY - 1) + HOUR) for day in range(opens, days)]
    return Hospital(f"h{number:02}", "Europe/Lisbon", tuple(periods))


def _appointment(what: str, hospital: str, doctors: list[str], doctor: int, hour: int) -> Appointment:
    number = f"{doctor:05}-{hour:03}"
    return Appointment(f"{what}-{number}", doctors[doctor], hospital, f"p-{number}", _at(hour))


def _movable(held: Appointment) -> Appointment:
    window = Period(max(MIDNIGHT, held.start - 2 * DAY), held.start + 2 * DAY + HOUR)
    return Appointment(held.id, held.doctor, held.hospital, held.patient, held.start, True, window, (held.hospital,))


def _request(old: Appointment, doctors: list[str], size: Closure, random: np.random.Generator) -> Request:
    """The request of a displaced appointment, as a rescheduling makes it."""
    colleagues = [doctor for doctor in doctors if doctor[:3] == old.doctor[:3] and doctor != old.doctor]
    return Request(
        id=old.id.replace("lost", "r"),
        patient=old.patient,
        priority=Priority.SOON if random.random() < MOVED_BEFORE else Priority.ROUTINE,
        earliest=MIDNIGHT,
        latest=MIDNIGHT + size.within * DAY,
        doctors=(old.doctor, *colleagues),
        preferred=old.start,
        moves=old.id,
        places=(0, *[1] * len(colleagues)),
    )
