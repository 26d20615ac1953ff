"""What lies in a doctor's day, in the order of time: the rows of the list view."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from api.schedule_view import Column, Day, Standing
from api.web.schedule.grid import Span
from planner.problem import HOUR

Kind = Literal["appointment", "free", "available", "elsewhere", "open", "closed"]
"""An hour that stands; one that can be booked; other time in which the doctor sees patients; time in which they do so
at another hospital; time in which they do not, though the hospital is open; and when it is closed."""


class Elsewhere(NamedTuple):
    """A period `[start, end)` in which a doctor is available at another hospital."""

    start: dt.datetime
    end: dt.datetime
    hospital: str


class Entry(NamedTuple):
    """A stretch `[start, end)` of a day. `past`: it is over. `hospital`: the other one where the doctor is."""

    kind: Kind
    start: dt.datetime
    end: dt.datetime
    past: bool
    appointment: Standing | None = None
    hospital: str | None = None


def agenda(
    column: Column, day: Day, openings: Sequence[Span], elsewhere: Sequence[Elsewhere], now: dt.datetime
) -> list[Entry]:
    """A doctor's day while the hospital is open, and whatever stands besides; every stretch as long as it can be.

    Closed time is told between openings only. Free hours and appointments are entries of their own, one for each.
    """
    standing = [each for each in column.standing if day.start <= each.start < day.end]
    hours = [(start, start + HOUR) for start in column.free if day.start <= start < day.end]
    available = [(each.start, each.end) for each in column.availabilities]
    entries = [Entry("appointment", each.start, each.end, each.end <= now, each) for each in standing]
    entries += [Entry("free", start, end, past=False) for start, end in hours]
    taken = hours + [(each.start, each.end) for each in standing]
    if openings:
        cuts = {now, *(end for spans in (openings, available, taken) for span in spans for end in span)}
        cuts |= {end for each in elsewhere for end in (each.start, each.end)}
        edges = sorted(cut for cut in cuts if openings[0][0] <= cut <= openings[-1][1])
        rest = [(start, end) for start, end in pairwise(edges) if not _within(start, taken)]
        entries += _joined(_entry(start, end, openings, available, elsewhere, now) for start, end in rest)
    return sorted(entries, key=lambda entry: (entry.start, entry.end))


def _entry(
    start: dt.datetime,
    end: dt.datetime,
    openings: Sequence[Span],
    available: Sequence[Span],
    elsewhere: Sequence[Elsewhere],
    now: dt.datetime,
) -> Entry:
    """What a stretch is in which no kind changes and no hour is free or stands."""
    past = end <= now
    if not _within(start, openings):
        return Entry("closed", start, end, past)
    if _within(start, available):
        return Entry("available", start, end, past)
    for each in elsewhere:
        if each.start <= start < each.end:
            return Entry("elsewhere", start, end, past, hospital=each.hospital)
    return Entry("open", start, end, past)


def _joined(entries: Iterable[Entry]) -> list[Entry]:
    """The entries, those that follow each other and tell the same made one."""
    found: list[Entry] = []
    for entry in entries:
        if found and found[-1]._replace(start=entry.start, end=entry.end) == entry and found[-1].end == entry.start:
            found[-1] = found[-1]._replace(end=entry.end)
        else:
            found.append(entry)
    return found


def _within(at: dt.datetime, spans: Iterable[Span]) -> bool:
    return any(start <= at < end for start, end in spans)
