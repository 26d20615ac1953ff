"""Instants as whole microseconds, and the hours of a hospital's local clock.

Inside the planner an instant is an `int`: microseconds since 1970-01-01 UTC. It compares and subtracts as instants do,
whereas two datetimes that share a `ZoneInfo` compare by wall clock and go wrong in the hour that comes twice.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOUR_US = 3_600_000_000
"""The length of every appointment, in microseconds."""

At = TypeVar("At", int, datetime)
"""An instant, as microseconds or as a datetime."""


def micros(instant: datetime) -> int:
    """Microseconds from the epoch to `instant`, which must be aware. Exact for every year that a datetime can hold."""
    return (instant - EPOCH) // MICROSECOND


def instant(us: int, zone: ZoneInfo | None = None) -> datetime:
    """The datetime of `us` with the fixed offset that `zone` has then (None: UTC)."""
    utc = EPOCH + us * MICROSECOND
    if zone is None:
        return utc
    try:
        local = utc.astimezone(zone)
    except OverflowError:  # the first and the last day of the calendar
        return utc
    return local.astimezone(timezone(local.utcoffset() or timedelta(0)))


class LocalClock:
    """Where the full hours of one IANA time zone lie.

    Offsets are asked once per hour of UTC and remembered, because a thousand availabilities cover the same few weeks.
    """

    def __init__(self, timezone_name: str) -> None:
        self.zone = ZoneInfo(timezone_name)
        self._offset = cache(self._offset_at)
        self._full_hours = cache(self._full_hours_in_block)

    def full_hours(self, start: int, end: int) -> list[int]:
        """The starts of all full local hours that lie whole inside `[start, end)`, ascending, in microseconds."""
        last = end - HOUR_US
        if last < start:
            return []
        blocks = range(start // HOUR_US, last // HOUR_US + 1)
        return [us for block in blocks for us in self._full_hours(block) if start <= us <= last]

    def first_full_hour(self, start: int, end: int) -> int | None:
        """The first of `full_hours(start, end)` without listing them; None if there is none."""
        for block in range(start // HOUR_US, (end - HOUR_US) // HOUR_US + 1):
            for us in self._full_hours(block):
                if start <= us <= end - HOUR_US:
                    return us
        return None

    def _full_hours_in_block(self, block: int) -> tuple[int, ...]:
        """Full local hours that start within one hour of UTC: one, or none or two where the clock is changed.

        An offset that holds at either end of the block may hold at the instant that it makes a full hour; only then
        is it one. (No zone has ever been changed twice within an hour.)
        """
        begin, end = block * HOUR_US, (block + 1) * HOUR_US
        offsets = {self._offset(begin), self._offset(end)}
        guesses = {(begin + -(begin + offset) % HOUR_US, offset) for offset in offsets}
        return tuple(sorted(us for us, offset in guesses if len(offsets) == 1 or self._offset(us) == offset))

    def _offset_at(self, us: int) -> int:
        try:
            offset = (EPOCH + us * MICROSECOND).astimezone(self.zone).utcoffset()
        except OverflowError:  # the first and the last day of the calendar: no hospital is open then
            offset = None
        return 0 if offset is None else offset // MICROSECOND


def is_full_hour(start: datetime, zone: ZoneInfo) -> bool:
    """Whether `start` is a full hour by the clock of `zone`."""
    try:
        local = start.astimezone(zone)
    except OverflowError:
        return False
    return local.minute == local.second == local.microsecond == 0


def join(periods: Iterable[tuple[At, At]]) -> list[tuple[At, At]]:
    """Half-open periods, ascending; those that touch or overlap made one, empty ones dropped. Datetimes: in UTC."""
    joined: list[tuple[At, At]] = []
    for start, end in sorted(period for period in periods if period[0] < period[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
