"""The verifier finds full hours by itself: also where clocks go back, go forward, or change by half an hour."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from planner.instants import instant, micros
from planner.verify.hours import Clock

CHANGES = [
    ("Europe/Lisbon", datetime(2026, 10, 25, tzinfo=UTC)),
    ("Europe/Lisbon", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 12, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 12, tzinfo=UTC)),
    ("America/St_Johns", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 1, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_the_full_hours_of_a_day_are_those_that_a_clock_watched_every_minute_shows(zone: str, day: datetime) -> None:
    watched = []
    for minute in range(36 * 60):
        at = day + timedelta(minutes=minute)
        if at.astimezone(ZoneInfo(zone)).minute == 0:
            watched.append(at)
    clock, first = Clock(zone), micros(day) // 3_600_000_000
    assert [instant(us) for block in range(first, first + 36) for us in clock.full_hours_in(block)] == watched
