"""The rules of the schedule itself, told anew in Python: no constraint of the database's is trusted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from tests.chaos.rules import Evidence

_Periods = list[tuple[datetime, datetime]]


def appointments_are_hours(evidence: Evidence) -> Iterator[str]:
    """An appointment lasts an hour and starts on the hour by the hospital's clock."""
    for row in evidence.appointments.values():
        local = row.start.astimezone(ZoneInfo(row.timezone))
        if row.end - row.start != timedelta(hours=1):
            yield f"Appointment {row.id} lasts {row.end - row.start}."
        if (local.minute, local.second, local.microsecond) != (0, 0, 0):
            yield f"Appointment {row.id} starts at {local:%H:%M:%S} by the clock of its hospital."


def nobody_is_in_two_appointments(evidence: Evidence) -> Iterator[str]:
    """No doctor and no patient is in two booked appointments at once."""
    for who in ("doctor", "patient"):
        by: dict[str, list[Any]] = defaultdict(list)
        for row in evidence.booked:
            by[getattr(row, who)].append(row)
        for id_, rows in by.items():
            for one, other in _overlapping(rows):
                yield f"The {who} {id_} is in the appointments {one.id} and {other.id} at once."


def no_doctor_is_in_two_places(evidence: Evidence) -> Iterator[str]:
    """No two availabilities of a doctor overlap."""
    by: dict[str, list[Any]] = defaultdict(list)
    for row in _availabilities(evidence):
        by[row.doctor].append(row)
    for doctor, rows in by.items():
        for one, other in _overlapping(rows):
            yield f"The doctor {doctor} has the availabilities {one.id} and {other.id} at once."


def appointments_are_within_availabilities(evidence: Evidence) -> Iterator[str]:
    """A booked appointment lies inside what its doctor has there, which may be in pieces that touch."""
    there: dict[tuple[str, str], _Periods] = defaultdict(list)
    for row in _availabilities(evidence):
        there[row.doctor, row.hospital].append((row.start, row.end))
    joined = {place: _joined(periods) for place, periods in there.items()}
    for row in evidence.booked:
        if not _within(row.start, row.end, joined.get((row.doctor, row.hospital), [])):
            yield f"Appointment {row.id} at {row.start.isoformat()} lies outside the availabilities of its doctor."


def availabilities_are_within_openings(evidence: Evidence) -> Iterator[str]:
    """An availability lies inside what its hospital is open."""
    openings: dict[str, _Periods] = defaultdict(list)
    for row in evidence.rows(
        'SELECT hospital_id::text AS hospital, lower(during) AS start, upper(during) AS "end" FROM opening'
    ):
        openings[row.hospital].append((row.start, row.end))
    joined = {hospital: _joined(periods) for hospital, periods in openings.items()}
    for row in _availabilities(evidence):
        if not _within(row.start, row.end, joined.get(row.hospital, [])):
            yield f"Availability {row.id} from {row.start.isoformat()} lies outside the openings of its hospital."


def _availabilities(evidence: Evidence) -> list[Any]:
    return evidence.rows("""
        SELECT id::text, doctor_id::text AS doctor, hospital_id::text AS hospital, lower(during) AS start,
            upper(during) AS "end" FROM availability""")


def _overlapping(rows: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Neighbours that overlap: where any two do, two neighbours do."""
    return (
        (one, other) for one, other in pairwise(sorted(rows, key=attrgetter("start", "end"))) if other.start < one.end
    )


def _joined(periods: Iterable[tuple[datetime, datetime]]) -> _Periods:
    joined: _Periods = []
    for start, end in sorted(periods):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _within(start: datetime, end: datetime, periods: Sequence[tuple[datetime, datetime]]) -> bool:
    return any(first <= start and end <= last for first, last in periods)


RULES = (
    appointments_are_hours,
    nobody_is_in_two_appointments,
    no_doctor_is_in_two_places,
    appointments_are_within_availabilities,
    availabilities_are_within_openings,
)
