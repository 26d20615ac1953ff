"""Hours that could be added: the hospital is open, and a doctor is neither available nor booked anywhere.

Of doctors who have the same specialties and whom no request names, one is as good as the other: of these only the
first by id is looked at. So there are about as many hours as there are kinds of doctors, not as there are doctors.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from planner.hours import Bools, Ints
from planner.instants import HOUR_US, LocalClock, instant, join, micros
from planner.problem import Doctor, Hospital, Period, Request

DAY_US = 24 * HOUR_US


@dataclass(frozen=True, slots=True)
class Day:
    """The idle hours of a hospital on one of its days, ascending by doctor, then start: one entry per hour.

    `doctor` are numbers, `start` is in microseconds.
    """

    hospital: str
    date: date
    doctor: Ints
    start: Ints

    def __len__(self) -> int:
        return len(self.start)


class Roster:
    """When doctors are busy: available somewhere, or booked."""

    def __init__(self, busy: Mapping[str, Sequence[Period]], doctors: Sequence[str], kinds: Ints) -> None:
        """`busy` has every doctor who could see patients besides; `doctors` are all, by number, with their `kinds`."""
        number = {id_: place for place, id_ in enumerate(doctors)}
        rows = [
            (number[id_], micros(each.start), micros(each.end)) for id_, periods in busy.items() for each in periods
        ]
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        doctor, start, end = table[table[:, 1] < table[:, 2]].T
        self._doctors = np.array(sorted(number[id_] for id_ in busy), dtype=np.int64)
        self._kind = kinds
        self._times = np.unique(np.concatenate([start, end]))
        self._begun, self._ended = np.sort(self._key(doctor, start)), np.sort(self._key(doctor, end))

    def idle(self, starts: Ints) -> tuple[Ints, Ints]:
        """The doctors who are idle in the hours at `starts` (ascending), one of each kind, and these hours."""
        doctor = np.repeat(self._doctors, len(starts))
        start = np.tile(starts, len(self._doctors))
        idle = self._is_idle(doctor, start)
        doctor, start = doctor[idle], start[idle]
        place = np.searchsorted(starts, start)
        _, first = np.unique(self._kind[doctor] * len(starts) + place, return_index=True)
        first.sort()
        return doctor[first], start[first]

    def _is_idle(self, doctor: Ints, start: Ints) -> Bools:
        """Whether no period of the doctor overlaps the hour: as many have begun before its end as ended by its start.

        Both counts are off by the periods of the doctors before, which are as many.
        """
        begun = np.searchsorted(self._begun, self._key(doctor, start + HOUR_US), side="left")
        ended = np.searchsorted(self._ended, self._key(doctor, start, side="right"), side="left")
        idle: Bools = begun == ended
        return idle

    def _key(self, doctor: Ints, time: Ints, side: str = "left") -> Ints:
        """One number per doctor and time, ordered by doctor, then time, as far as periods tell times apart."""
        place = np.searchsorted(self._times, time, side="right" if side == "right" else "left")
        return doctor * (len(self._times) + 1) + place


def idle_days(hospitals: Iterable[Hospital], roster: Roster, since: datetime, days: int) -> Iterator[Day]:
    """The days of each hospital that have idle hours: `days` local dates, beginning with that of `since`.

    An hour belongs to the date on which it starts, by the hospital's clock; none starts before `since`.
    """
    begin = micros(since)
    for hospital in hospitals:
        clock = LocalClock(hospital.timezone)
        last = instant(begin, clock.zone).date() + timedelta(days=days - 1)
        for day, starts in _by_date(_full_hours(hospital, clock, begin, begin + (days + 2) * DAY_US), clock).items():
            doctor, start = roster.idle(np.array(starts, dtype=np.int64))
            if day <= last and len(start):
                yield Day(hospital.id, day, doctor, start)


def _full_hours(hospital: Hospital, clock: LocalClock, begin: int, end: int) -> Iterator[int]:
    """The full hours within the joined openings and `[begin, end)`, ascending."""
    for opens, closes in join((micros(each.start), micros(each.end)) for each in hospital.openings):
        yield from clock.full_hours(max(opens, begin), min(closes, end))


def _by_date(starts: Iterable[int], clock: LocalClock) -> dict[date, list[int]]:
    found: dict[date, list[int]] = {}
    for us in starts:
        found.setdefault(instant(us, clock.zone).date(), []).append(us)
    return found


def kinds(doctors: Sequence[Doctor], requests: Iterable[Request]) -> Ints:
    """For each doctor a number that those share who are accepted by the same requests and have the same specialties."""
    named = {doctor for request in requests for doctor in request.doctors or ()}
    known: dict[str | frozenset[str], int] = {}
    return np.array(
        [known.setdefault(each.id if each.id in named else each.specialties, len(known)) for each in doctors],
        dtype=np.int64,
    )
