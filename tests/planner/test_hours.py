"""Hours by the local clock: half and quarter hours, clocks that change, and what overlaps."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.instants import HOUR_US, LocalClock, instant, is_full_hour, join, micros
from planner.plan import PlanStatus
from planner.solve import plan
from planner.verify import verify
from tests.planner.problems import at, available, hospital, problem, request

ZONES = ["Europe/Lisbon", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"]


def local_hours(zone: str, day: str) -> list[str]:
    """The full hours of a local day, as written on the wall, with offsets."""
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    end = start + timedelta(days=1)
    clock = LocalClock(zone)
    hours = clock.full_hours(micros(start.astimezone(UTC)), micros(end.astimezone(UTC)))
    return [instant(us, clock.zone).isoformat()[11:] for us in hours]


def test_hours_begin_on_the_hour_of_the_hospital() -> None:
    clock = LocalClock("Asia/Kolkata")
    hours = clock.full_hours(micros(at(4)), micros(at(6)))
    assert [instant(us) for us in hours] == [at(4.5)]


def test_hours_that_the_clock_skips_are_not_offered() -> None:
    hours = local_hours("Europe/Lisbon", "2026-03-29")
    assert hours[:3] == ["00:00:00+00:00", "02:00:00+01:00", "03:00:00+01:00"]
    assert len(hours) == 23


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    hours = local_hours("Europe/Lisbon", "2026-10-25")
    assert hours[:4] == ["00:00:00+01:00", "01:00:00+01:00", "01:00:00+00:00", "02:00:00+00:00"]
    assert len(hours) == 25


def test_half_an_hour_of_summer_time() -> None:
    """Lord Howe: 02:00 becomes 02:30 in October, and 02:00 becomes 01:30 in April."""
    assert local_hours("Australia/Lord_Howe", "2026-10-04")[:3] == [
        "00:00:00+10:30",
        "01:00:00+10:30",
        "03:00:00+11:00",
    ]
    assert local_hours("Australia/Lord_Howe", "2026-04-05")[:3] == [
        "00:00:00+11:00",
        "01:00:00+11:00",
        "02:00:00+10:30",
    ]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ZONES), st.integers(0, 20 * 365 * 24 * 4), st.integers(0, 100))
def test_full_hours_are_those_that_a_walk_in_minutes_finds(zone: str, quarter: int, quarters: int) -> None:
    start = datetime(2010, 1, 1, tzinfo=UTC) + quarter * timedelta(minutes=15)
    end = start + quarters * timedelta(minutes=15)
    clock = LocalClock(zone)
    walked, now = [], start
    while now + timedelta(hours=1) <= end:
        if is_full_hour(now, clock.zone):
            walked.append(micros(now))
        now += timedelta(minutes=5)
    assert clock.full_hours(micros(start), micros(end)) == walked
    assert clock.first_full_hour(micros(start), micros(end)) == (walked[0] if walked else None)


def test_the_first_and_the_last_day_of_the_calendar_break_nothing() -> None:
    clock = LocalClock("Pacific/Kiritimati")
    first = micros(datetime(1, 1, 1, tzinfo=UTC))
    last = micros(datetime(9999, 12, 31, 23, tzinfo=UTC))
    assert clock.full_hours(first, first + 3 * HOUR_US) is not None
    assert clock.full_hours(last - HOUR_US, last + HOUR_US) is not None
    assert instant(last, clock.zone).year == 9999


def test_periods_that_touch_join() -> None:
    assert join([(3, 5), (0, 2), (2, 3), (7, 7), (8, 9)]) == [(0, 5), (8, 9)]


def test_an_hour_may_span_two_availabilities_and_two_openings_that_touch() -> None:
    given_ = problem(
        [available("d1", 9, 9.5), available("d1", 9.5, 10)],
        [request("r1", "p1", 9, 10)],
        hospitals=[hospital("h1", "Europe/Lisbon", (9, 9.75), (9.75, 10))],
    )
    made = plan(given_)
    assert [booking.start for booking in made.bookings] == [at(9)]
    assert verify(given_, made) == ()


def test_a_booking_tells_its_start_with_the_offset_of_its_hospital() -> None:
    given_ = problem(
        [available("d1", 4, 6)], [request("r1", "p1", 4, 6)], hospitals=[hospital("h1", "Asia/Kolkata", (4, 6))]
    )
    assert plan(given_).bookings[0].start.isoformat() == "2026-12-01T10:00:00+05:30"


@pytest.mark.parametrize(("second", "booked"), [(4.5, 1), (5.5, 2)])
def test_hours_that_overlap_by_half_exclude_each_other(second: float, booked: int) -> None:
    """One doctor at 04:00 UTC in Lisbon, and at 04:30 or 05:30 UTC in Kolkata."""
    given_ = problem(
        [available("d1", 4, 5), available("d1", second, second + 1, "h2")],
        [request("r1", "p1", 4, 5, hospitals=("h1",)), request("r2", "p2", 4, 7, hospitals=("h2",))],
        hospitals=[hospital("h1"), hospital("h2", "Asia/Kolkata")],
    )
    made = plan(given_)
    assert len(made.bookings) == booked
    assert made.status == PlanStatus.OPTIMAL
    assert verify(given_, made) == ()
