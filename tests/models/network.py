"""What the tests of the models speak of: a little network and instants of its days."""

import datetime as dt
import uuid
from dataclasses import dataclass

from models.inputs import AvailabilityIn, HoursIn, Weekday

NOW = dt.datetime(2026, 11, 30, 6, 0, tzinfo=dt.UTC)
"""A Monday, before Lisbon's working day."""


@dataclass(frozen=True)
class Network:
    """Two hospitals (one at a half-hour offset), two doctors, two patients; nothing in the schedule yet."""

    lisbon: uuid.UUID
    delhi: uuid.UUID
    doctors: list[uuid.UUID]
    patients: list[uuid.UUID]


EVERY_DAY = {day: [HoursIn(opens="09:00", closes="17:00")] for day in Weekday}


def at(clock: str, day: int = 1, month: int = 12, offset: str = "+00:00") -> dt.datetime:
    """An instant of 2026, by default on Tuesday 1 December in Lisbon's winter time."""
    return dt.datetime.fromisoformat(f"2026-{month:02}-{day:02}T{clock}{offset}")


def availability(doctor: str, start: dt.datetime, end: dt.datetime, hospital: str = "lis") -> AvailabilityIn:
    return AvailabilityIn(doctor=doctor, hospital=hospital, start=start, end=end)
