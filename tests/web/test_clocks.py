"""Dates and times for people, by the clocks of hospitals."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web import clocks

ZONES = [
    ZoneInfo(key)
    for key in ("Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu")
]
LISBON = ZONES[0]
BACK = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)  # 01:30 in Lisbon, and again an hour later


@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2040, 1, 1)), st.sampled_from(ZONES))
def test_a_local_time_stands_for_the_instants_at_which_clocks_show_it(at, zone):
    instant = at.replace(microsecond=0, second=0, tzinfo=dt.UTC)
    shown = instant.astimezone(zone).replace(tzinfo=None)
    found = clocks.instants(shown, zone)
    assert instant in found
    assert len(found) == len({each.astimezone(zone).fold for each in found}) <= 2
    assert all(each.astimezone(zone).replace(tzinfo=None) == shown for each in found)
    assert dt.datetime.fromisoformat(clocks.as_input(instant, zone)) == shown


def test_a_skipped_time_stands_for_none():
    assert clocks.instants(dt.datetime(2026, 3, 29, 1, 30), LISBON) == []


def test_a_time_that_comes_twice_is_told_with_its_offset():
    assert clocks.clock(BACK, LISBON) == "01:30 (UTC+1)"
    assert clocks.clock(BACK + dt.timedelta(hours=1), LISBON) == "01:30 (UTC+0)"
    assert clocks.clock(BACK + dt.timedelta(hours=2), LISBON) == "02:30"
    assert clocks.when(BACK + dt.timedelta(hours=2), LISBON) == "Sun 25 Oct 2026, 02:30"


@pytest.mark.parametrize(
    ("zone", "told"),
    [("Asia/Kathmandu", "UTC+5:45"), ("America/St_Johns", "UTC−2:30"), ("Europe/Lisbon", "UTC+1")],  # noqa: RUF001
)
def test_offsets_are_told_in_hours_and_minutes(zone, told):
    assert clocks.offset(BACK, ZoneInfo(zone)) == told


def test_how_long_ago_and_how_long():
    assert clocks.ago(BACK - dt.timedelta(minutes=3), BACK) == "3 minutes ago"
    assert clocks.ago(BACK + dt.timedelta(days=2), BACK) == "in 2 days"
    assert clocks.ago(BACK, BACK) == "just now"
    assert (clocks.lasting(0.412), clocks.lasting(12.4), clocks.lasting(200)) == ("0.41 s", "12 s", "3 minutes")
