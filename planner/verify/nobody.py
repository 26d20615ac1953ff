"""Conflicts of requests that nobody could see: no hospital is open, or no doctor is available."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from planner.instants import HOUR_US, micros
from planner.plan import Conflict, ConflictKind
from planner.problem import Request
from planner.verify.book import Book
from planner.verify.hours import NEVER, Clock, overlapping

_clock = cache(Clock)


def nobody_fault(book: Book, request: Request, conflict: Conflict) -> str | None:
    """What is wrong with the kind or the facts where no acceptable hour is available; None if nothing is."""
    hospitals = book.hospitals_of(request)
    begin, end = micros(request.earliest), micros(request.latest)
    kind = ConflictKind.NO_AVAILABILITY if _is_open(book, hospitals, begin, end) else ConflictKind.HOSPITAL_CLOSED
    if conflict.kind != kind:
        return f"is of the kind {conflict.kind} and should be {kind}"
    facts = conflict.facts
    if sorted(facts["hospitals"]) != hospitals:
        return "does not name exactly the hospitals that the request accepts"
    window = facts["window"]
    if (book.told_micros(window["earliest"]), book.told_micros(window["latest"])) != (begin, end) or len(window) != 2:
        return "does not tell the request's window"
    if kind == ConflictKind.HOSPITAL_CLOSED:
        return _next_opening_fault(book, hospitals, begin, facts["next_opening"])
    if facts["doctors"] != book.doctors_of(request):
        return "does not name exactly the doctors that the request accepts, best first"
    return _nearest_fault(book, request, facts["nearest_availability"])


def _is_open(book: Book, hospitals: Sequence[str], begin: int, end: int) -> bool:
    """Whether one of the hospitals is open for a whole hour inside `[begin, end)`."""
    return any(
        _clock(book.zones[hospital]).first_full_hour(max(a, begin), min(b, end)) is not None
        for hospital in hospitals
        for a, b in overlapping(book.openings[hospital], begin, end)
    )


def _next_opening_fault(book: Book, hospitals: Sequence[str], begin: int, told: Mapping[str, Any] | None) -> str | None:
    """The opening told must hold the first whole hour of all that begin at or after the window does."""
    firsts = []
    for hospital in hospitals:
        for a, b in overlapping(book.openings[hospital], begin, NEVER):
            first = _clock(book.zones[hospital]).first_full_hour(max(a, begin), b)
            if first is not None:
                firsts.append(first)
                break
    if told is None:
        return "hides the next opening" if firsts else None
    period = (book.told_micros(told["start"]), book.told_micros(told["end"]))
    known = told["hospital"] in hospitals and period in book.openings[told["hospital"]] and len(told) == 4
    right = (
        known
        and firsts
        and book.told_micros(told["first_hour"]) == min(firsts)
        and period[0] <= min(firsts) < period[1]
    )
    return None if right else "tells a next opening that is not the next"


def _nearest_fault(book: Book, request: Request, told: Mapping[str, Any] | None) -> str | None:
    """The availability told must hold the whole hour that is the nearest to the window, the earlier of two."""
    begin, end = micros(request.earliest), micros(request.latest)
    starts = book.starts_of(request)
    if told is None:
        return "hides the nearest availability" if starts else None
    # Outside the window by how much: that falls up to the hour in the middle of the window, and rises after it.
    middle = bisect_left(starts, (begin + end - HOUR_US) // 2)
    around = starts[max(middle - 1, 0) : middle + 1]
    nearest = min((max(begin - start, start + HOUR_US - end), start) for start in around)[1] if around else None
    place, period = (told["doctor"], told["hospital"]), (book.told_micros(told["start"]), book.told_micros(told["end"]))
    accepted = place[0] in book.doctors_of(request) and place[1] in book.hospitals_of(request)
    if not accepted or period not in book.available.get(place, ()) or len(told) != 4:
        return "tells an availability that does not exist"
    if nearest is None or not period[0] <= nearest <= period[1] - HOUR_US or book.find([(*place, nearest)])[0] < 0:
        return "tells an availability that is not the nearest"
    return None
