"""Hours in which doctors could see patients besides: where to look for room for those left over."""

import datetime as dt
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from models.rescheduling.problem import ReschedulingProblem
from models.rescheduling.remaining import Span, without
from planner.instants import LocalClock, instant, join, micros
from planner.problem import Request

MOST = 5_000
"""The most candidates that are looked at; of more, the likeliest."""


class Candidate(NamedTuple):
    """An hour in which a doctor sees nobody anywhere, at a hospital that is open then."""

    doctor: str
    hospital: str
    start: dt.datetime


class Candidates(NamedTuple):
    """What was found; `complete` unless there are more."""

    hours: tuple[Candidate, ...]
    complete: bool


def candidate_hours(read: ReschedulingProblem, left: Sequence[Request]) -> Candidates:
    """The hours that could be added for the requests `left` over, of one reschedule.

    With doctors whom one of them accepts, at a hospital that it accepts, within the windows and what will be open; not
    while the doctor is available anywhere as the schedule is now (so each could be added at once), and not while the
    doctor is away. Where there are more than `MOST`, doctors higher on the lists go first, then hours nearer to one
    that was lost.
    """
    places = _places(left, [each.id for each in read.problem.hospitals])
    window = min(each.earliest for each in left), max(each.latest for each in left)
    busy = _busy(read)
    open_hours = {each.id: join((o.start, o.end) for o in each.openings) for each in read.problem.hospitals}
    clocks = {each.id: LocalClock(each.timezone) for each in read.problem.hospitals}
    found = [
        (place, Candidate(doctor, hospital, instant(us)))
        for (doctor, hospital), place in places.items()
        if doctor not in read.departed
        for start, end in _within(window, open_hours[hospital], busy[doctor])
        for us in clocks[hospital].full_hours(micros(start), micros(end))
    ]
    if len(found) > MOST:
        wanted = sorted(each.preferred or each.earliest for each in left)
        found.sort(key=lambda each: (each[0], _distance(wanted, each[1].start), each[1]))
    return Candidates(tuple(sorted(each for _, each in found[:MOST])), len(found) <= MOST)


def _places(left: Iterable[Request], everywhere: Sequence[str]) -> dict[tuple[str, str], int]:
    """The acceptable pairs of a doctor and a hospital, with the best place that the doctor has on any list."""
    found: dict[tuple[str, str], int] = {}
    for doctors, places, hospitals in {(each.doctors or (), each.places, each.hospitals) for each in left}:
        for place, doctor in zip(places or range(len(doctors)), doctors, strict=True):
            for hospital in everywhere if hospitals is None else hospitals:
                found[doctor, hospital] = min(place, found.get((doctor, hospital), place))
    return found


def _busy(read: ReschedulingProblem) -> defaultdict[str, list[Span]]:
    """When each doctor is available somewhere, or away."""
    spans: defaultdict[str, list[Span]] = defaultdict(list)
    for each in read.availabilities:
        spans[each.doctor].append((each.start, each.end))
    for doctor in read.problem.doctors:
        spans[doctor.id] += read.remaining.away(UUID(doctor.id))
    return defaultdict(list, {doctor: join(periods) for doctor, periods in spans.items()})


def _within(window: Span, open_hours: Iterable[Span], busy: Sequence[Span]) -> Iterator[Span]:
    """What is open within the window and not busy."""
    for start, end in open_hours:
        yield from without(max(start, window[0]), min(end, window[1]), busy)


def _distance(wanted: Sequence[dt.datetime], start: dt.datetime) -> dt.timedelta:
    """How far an hour is from the nearest of the ascending instants `wanted`."""
    at = bisect(wanted, start)
    return min(abs(start - each) for each in wanted[max(at - 1, 0) : at + 1])
