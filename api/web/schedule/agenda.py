"""What lies in a doctor's day, in the order of time: the rows of the list view."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from api.schedule_view import Column, Day, Standing
from api.web.schedule.grid import Span
from planner.problem import HOUR

Kind = Literal["appointment", "free", "available", "open", "closed"]
"""An hour that stands; one that can be booked; other time in which the doctor sees patients; time in which nobody does
though the hospital is open; and when it is closed."""


class Entry(NamedTuple):
    """A stretch `[start, end)` of a day. `past`: it is over."""

    kind: Kind
    start: dt.datetime
    end: dt.datetime
    past: bool
    appointment: Standing | None = None


def agenda(column: Column, day: Day, openings: Sequence[Span], now: dt.datetime) -> list[Entry]:
    """A doctor's day while the hospital is open, and whatever stands besides; every stretch as long as it can be.

    Closed time is told between openings only. Free hours and appointments are entries of their own, one for each.
    """
    standing = [each for each in column.standing if day.start <= each.start < day.end]
    hours = [(start, start + HOUR) for start in column.free if day.start <= start < day.end]
    available = [(each.start, each.end) for each in column.availabilities]
    entries = [Entry("appointment", each.start, each.end, each.end <= now, each) for each in standing]
    entries += [Entry("free", start, end, past=False) for start, end in hours]
    taken = hours + [(each.start, each.end) for each in standing]
    entries += _rest(openings, available, taken, now)
    return sorted(entries, key=lambda entry: (entry.start, entry.end))


def _rest(openings: Sequence[Span], available: Sequence[Span], taken: Sequence[Span], now: dt.datetime) -> list[Entry]:
    """What is neither free nor stands, cut where its kind changes and at `now`."""
    if not openings:
        return []
    first, last = openings[0][0], openings[-1][1]
    cuts = {now, *(end for spans in (openings, available, taken) for span in spans for end in span)}
    edges = sorted(cut for cut in cuts | {first, last} if first <= cut <= last)
    found: list[Entry] = []
    for start, end in pairwise(edges):
        if _within(start, taken):
            continue
        kind: Kind = "closed"
        if _within(start, openings):
            kind = "available" if _within(start, available) else "open"
        past = end <= now
        if found and (found[-1].kind, found[-1].end, found[-1].past) == (kind, start, past):
            found[-1] = found[-1]._replace(end=end)
        else:
            found.append(Entry(kind, start, end, past))
    return found


def _within(at: dt.datetime, spans: Iterable[Span]) -> bool:
    return any(start <= at < end for start, end in spans)
