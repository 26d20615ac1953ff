"""The axis that the days of a schedule share: rows for the hours in which a hospital is open, and none for the rest.

A calendar component draws plain days of 24 equal hours. A hospital's days are neither plain nor equal: they close for
lunch, run past midnight, and have 23 or 25 hours twice a year. So the component never sees a real time. Each hour that
appears is a row; what happens in a day is drawn between two places of the axis, and a click on a row is turned back
into instants by a table. Everything here is exact for every time zone, and nothing here knows a word of English.
"""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from planner.instants import EPOCH, HOUR_US, MICROSECOND, instant, micros

Span = tuple[dt.datetime, dt.datetime]
"""A period `[start, end)` of two instants."""

ROW = 3600
"""How long a row is on the axis: an hour in seconds."""


class OpenDay(NamedTuple):
    """A working day `[start, end)` of a local date, and what must have a place in it: above all its openings."""

    date: dt.date
    start: dt.datetime
    end: dt.datetime
    open: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Row:
    """The local hours `[first, until)` of the axis, counted from the midnight that begins a day (24: the next day's).

    One hour, or in a row that is not `open` all hours of a gap. `offset` is what the clock is ahead of UTC where an
    hour comes twice: only that tells the two apart.
    """

    first: int
    until: int
    open: bool
    offset: dt.timedelta | None = None


class _Key(NamedTuple):
    """Which hour of a day: the same for the same hour of every day, and ascending with time in each.

    An hour that comes again after the clocks were changed follows all hours up to `top`, the last before the change.
    """

    top: int
    change: int
    hour: int


class _Piece(NamedTuple):
    """A part `[start, end)` of a day, in microseconds, within one local hour and without a change of the clocks."""

    start: int
    end: int
    key: _Key
    offset: int
    second: int
    """How far into its hour it starts."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Part of a day, in microseconds, and where it lies on the axis, in seconds."""

    start: int
    end: int
    low: int
    high: int

    def at(self, us: int) -> int:
        return self.low + (us - self.start) * (self.high - self.low) // (self.end - self.start)


class Grid:
    """The rows of some days, and where on the axis their instants lie.

    Places are seconds from the top of the first row. A day's later instant never has an earlier place; within rows that
    are open a second is a second, in a gap it is less.
    """

    def __init__(self, days: Sequence[OpenDay], zone: ZoneInfo) -> None:
        pieces = [list(_pieces(day, zone)) for day in days]
        opened = {piece.key for day, parts in zip(days, pieces, strict=True) for piece in _touched(parts, day.open)}
        everything = sorted({piece.key for parts in pieces for piece in parts})
        self._rows_of: dict[_Key, tuple[int, int, int]] = {}
        self.rows = self._arrange(everything, opened, _offsets_of_hours_that_come_twice(pieces))
        self._stretches = [[self._stretch(piece) for piece in parts if piece.key in self._rows_of] for parts in pieces]
        self._starts = [[each.start for each in stretches] for stretches in self._stretches]

    def _arrange(self, keys: Sequence[_Key], opened: set[_Key], twice: dict[_Key, int]) -> tuple[Row, ...]:
        """Give every key from the first that is opened to the last its row, and its share of it."""
        if not opened:
            return ()
        shown = keys[bisect_left(keys, min(opened)) : bisect_right(keys, max(opened))]
        rows: list[Row] = []
        for is_open, group in groupby(shown, key=lambda key: key in opened):
            run = list(group)
            shares = [[key] for key in run] if is_open else [run]
            for share in shares:
                for place, key in enumerate(share):
                    self._rows_of[key] = (len(rows), place, len(share))
                offset = twice.get(share[0]) if is_open else None
                rows.append(
                    Row(
                        first=min(key.hour for key in share),
                        until=max(key.hour for key in share) + 1,
                        open=is_open,
                        offset=None if offset is None else offset * MICROSECOND,
                    )
                )
        return tuple(rows)

    def _stretch(self, piece: _Piece) -> _Stretch:
        row, place, shares = self._rows_of[piece.key]
        seconds = (piece.end - piece.start) // 1_000_000
        low, high = (place * ROW + second for second in (piece.second, piece.second + seconds))
        return _Stretch(piece.start, piece.end, row * ROW + low // shares, row * ROW + high // shares)

    def place(self, day: int, at: dt.datetime) -> int | None:
        """Where the instant `at` of the day numbered `day` lies; None where it is in none of the rows."""
        us = micros(at)
        number = bisect_right(self._starts[day], us) - 1
        if number < 0 or us >= self._stretches[day][number].end:
            return None
        return self._stretches[day][number].at(us)

    def span(self, day: int, start: dt.datetime, end: dt.datetime) -> tuple[int, int] | None:
        """From where to where `[start, end)` lies in the day numbered `day`; None where no part of it is in a row."""
        first, last = micros(start), micros(end)
        stretches = self._stretches[day]
        number = max(bisect_right(self._starts[day], first) - 1, 0)
        if number < len(stretches) and stretches[number].end <= first:
            number += 1
        beyond = bisect_left(self._starts[day], last)
        if number >= beyond:
            return None
        low, high = stretches[number], stretches[beyond - 1]
        return low.at(max(first, low.start)), high.at(min(last, high.end))

    def hours(self, day: int) -> list[Span | None]:
        """For every row, the hour `[start, end)` that it is in the day numbered `day`.

        None for a gap, and for an hour that the day does not have. An hour in which the clocks change may be shorter.
        """
        hours: list[Span | None] = [None] * len(self.rows)
        for each in self._stretches[day]:
            row = each.low // ROW
            if self.rows[row].open:
                hours[row] = instant(each.start), instant(each.end)
        return hours


def _pieces(day: OpenDay, zone: ZoneInfo) -> Iterator[_Piece]:
    """A day from its start to its end, cut at every full hour of the local clock and where the clock is changed."""
    midnight = micros(dt.datetime.combine(day.date, dt.time(), dt.UTC))
    at, end = micros(day.start), micros(day.end)
    offset = _offset(at, zone)
    top, change, latest = -1, 0, -1
    while at < end:
        if _offset(at, zone) != offset:
            offset, top, change = _offset(at, zone), latest, change + 1
        hour, into = divmod(at + offset - midnight, HOUR_US)
        until = min(_unchanged_until(at, at + HOUR_US - into, zone), end)
        key = _Key(top, change, hour) if hour <= top else _Key(hour, 0, hour)
        yield _Piece(at, until, key, offset, into // 1_000_000)
        at, latest = until, max(latest, hour)


def _unchanged_until(start: int, end: int, zone: ZoneInfo) -> int:
    """The first instant of `(start, end]` at which the clock is another, or `end`."""
    offset = _offset(start, zone)
    if _offset(end - 1, zone) == offset:
        return end
    return start + 1 + bisect_left(range(start + 1, end), True, key=lambda us: _offset(us, zone) != offset)


def _offset(us: int, zone: ZoneInfo) -> int:
    """What the clock of `zone` is ahead of UTC at an instant, in microseconds."""
    ahead = (EPOCH + us * MICROSECOND).astimezone(zone).utcoffset() or dt.timedelta()
    return ahead // MICROSECOND


def _touched(pieces: Iterable[_Piece], spans: Iterable[Span]) -> Iterator[_Piece]:
    """The pieces of which a part lies in one of the spans."""
    within = [(micros(start), micros(end)) for start, end in spans]
    for piece in pieces:
        if any(start < piece.end and end > piece.start for start, end in within):
            yield piece


def _offsets_of_hours_that_come_twice(days: Iterable[Sequence[_Piece]]) -> dict[_Key, int]:
    offsets: dict[_Key, int] = {}
    for pieces in days:
        again = [piece for piece in pieces if piece.key.change]
        hours = {piece.key.hour for piece in again}
        first = [piece for piece in pieces if not piece.key.change and piece.key.hour in hours]
        offsets.update((piece.key, piece.offset) for piece in first + again)
    return offsets
