"""Openings follow from the hours a hospital keeps, by its own clock, across every change of the clocks."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.availabilities import create_availabilities
from models.faults import Refusal, Refused
from models.hospitals import Opening
from models.hours import (
    create_hospitals,
    extend_openings,
    project,
    remove_exception,
    set_exception,
    set_operating_hours,
)
from models.inputs import ExceptionIn, HospitalIn, HoursIn, Weekday
from tests.models.network import EVERY_DAY, NOW, at, availability

LISBON = ZoneInfo("Europe/Lisbon")
NINE_TO_FIVE = {weekday: [(540, 1020)] for weekday in range(1, 8)}


def utc(text_: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text_).replace(tzinfo=dt.UTC)


def one_day(day: str, spans: list[tuple[int, int]], zone: str) -> list[tuple[dt.datetime, dt.datetime]]:
    date = dt.date.fromisoformat(day)
    openings = project({date.isoweekday(): spans}, {}, ZoneInfo(zone), date, date + dt.timedelta(days=1))
    return [(opening.start, opening.end) for opening in openings]


@pytest.mark.parametrize(
    ("zone", "opens"),
    [("Europe/Lisbon", "09:00"), ("Asia/Kolkata", "03:30"), ("Asia/Kathmandu", "03:15"), ("America/New_York", "14:00")],
)
def test_a_hospital_opens_by_its_own_clock(zone, opens):
    assert one_day("2026-12-01", [(540, 600)], zone) == [
        (utc(f"2026-12-01T{opens}"), utc(f"2026-12-01T{opens}") + dt.timedelta(hours=1))
    ]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-12-01", 24)])
def test_a_whole_day_is_as_long_as_the_day_is(day, hours):
    [(start, end)] = one_day(day, [(0, 1440)], "Europe/Lisbon")
    assert end - start == dt.timedelta(hours=hours)


def test_a_hospital_stays_open_through_the_hour_that_comes_twice():
    assert one_day("2026-10-25", [(0, 90)], "Europe/Lisbon") == [(utc("2026-10-24T23:00"), utc("2026-10-25T01:30"))]
    assert one_day("2026-10-25", [(90, 180)], "Europe/Lisbon") == [(utc("2026-10-25T00:30"), utc("2026-10-25T03:00"))]


def test_a_time_that_does_not_exist_is_taken_by_the_offset_before_the_change():
    # Lisbon's clocks jump from 01:00 to 02:00 on 29 March 2026: 01:30 is read as 02:30 summer time.
    assert one_day("2026-03-29", [(90, 180)], "Europe/Lisbon") == [(utc("2026-03-29T01:30"), utc("2026-03-29T02:00"))]
    assert one_day("2026-03-29", [(0, 90)], "Europe/Lisbon") == [(utc("2026-03-29T00:00"), utc("2026-03-29T01:30"))]


def test_a_period_that_the_change_swallows_is_no_opening():
    assert one_day("2026-03-29", [(75, 120)], "Europe/Lisbon") == []


def test_lord_howes_half_hour_change_is_half_an_hour():
    [(start, end)] = one_day("2026-04-05", [(0, 1440)], "Australia/Lord_Howe")
    assert end - start == dt.timedelta(hours=24, minutes=30)


def test_a_period_past_midnight_ends_on_the_next_day():
    assert one_day("2026-12-01", [(1320, 1800)], "Europe/Lisbon") == [
        (utc("2026-12-01T22:00"), utc("2026-12-02T06:00"))
    ]


def test_periods_that_touch_across_midnight_are_one_opening():
    openings = project({1: [(600, 1440)], 2: [(0, 120)]}, {}, LISBON, dt.date(2026, 11, 30), dt.date(2026, 12, 2))
    assert [(o.start, o.end) for o in openings] == [(utc("2026-11-30T10:00"), utc("2026-12-01T02:00"))]


def test_an_exception_replaces_its_date_and_no_other():
    closed, short = dt.date(2026, 12, 1), dt.date(2026, 12, 2)
    openings = project(NINE_TO_FIVE, {closed: [], short: [(600, 660)]}, LISBON, closed, dt.date(2026, 12, 4))
    assert [(o.start, o.end) for o in openings] == [
        (utc("2026-12-02T10:00"), utc("2026-12-02T11:00")),
        (utc("2026-12-03T09:00"), utc("2026-12-03T17:00")),
    ]


spans_of_a_day = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(lambda span: (span[0], span[0] + span[1])), max_size=3
)


@given(
    week=st.dictionaries(st.integers(1, 7), spans_of_a_day),
    zone=st.sampled_from(
        ["Europe/Lisbon", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca"]
    ),
    first=st.dates(dt.date(2026, 1, 1), dt.date(2027, 1, 1)),
)
def test_an_instant_is_in_an_opening_just_when_the_clock_says_open(week, zone, first):
    """Away from the hours at which clocks change, membership can be read off the wall clock itself."""
    clock = ZoneInfo(zone)
    openings = project(week, {}, clock, first, first + dt.timedelta(days=7))
    assert all(one.end < two.start for one, two in pairwise(openings))

    def open_by_the_clock(wall: dt.datetime) -> bool:
        for back in (0, 1):
            day = wall.date() - dt.timedelta(days=back)
            minute = back * 1440 + wall.hour * 60 + wall.minute
            if first <= day and any(a <= minute < b for a, b in week.get(day.isoweekday(), [])):
                return True
        return False

    for day in range(7):
        for hour in (0, 7, 12, 18, 23):
            wall = dt.datetime.combine(first + dt.timedelta(days=day), dt.time(hour, 30))
            near = [wall + dt.timedelta(hours=h) for h in (-30, 30)]
            if len({moment.replace(tzinfo=clock).utcoffset() for moment in near}) > 1:
                continue
            instant = wall.replace(tzinfo=clock)
            assert any(o.start <= instant < o.end for o in openings) == open_by_the_clock(wall)


def openings_of(session: Session, hospital) -> list[tuple[dt.datetime, dt.datetime]]:
    rows = session.scalars(
        select(Opening.during).where(Opening.hospital_id == hospital).order_by(func.lower(Opening.during))
    )
    return [(during.lower, during.upper) for during in rows]


def test_openings_are_projected_as_far_as_the_horizon(session, network):
    openings = openings_of(session, network.lisbon)
    assert openings[0] == (utc("2026-11-30T09:00"), utc("2026-11-30T17:00"))
    assert openings[-1] == (utc("2026-12-29T09:00"), utc("2026-12-29T17:00"))
    assert len(openings) == 30


def test_the_horizon_rolls_on_without_touching_what_is_there(session, network):
    before = openings_of(session, network.lisbon)
    extend_openings(session, network.lisbon, NOW + dt.timedelta(days=2))
    extend_openings(session, network.lisbon, NOW + dt.timedelta(days=2))
    after = openings_of(session, network.lisbon)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 2


def test_a_hospital_that_never_closes_has_one_opening_however_often_it_is_extended(session, network):
    always = {day: [HoursIn(opens="00:00", closes="24:00")] for day in Weekday}
    [hospital] = create_hospitals(
        session, [HospitalIn(name="Always", timezone="Europe/Lisbon", operating_hours=always)], NOW
    )
    extend_openings(session, hospital, NOW + dt.timedelta(days=1))
    set_operating_hours(session, hospital, always, NOW + dt.timedelta(days=1))
    assert len(openings_of(session, hospital)) == 1


def test_new_hours_count_from_now_on_and_the_past_stays(session, network):
    now = at("12:00")
    set_operating_hours(session, network.lisbon, {Weekday.TUESDAY: [HoursIn(opens="08:00", closes="14:00")]}, now)
    openings = openings_of(session, network.lisbon)
    assert openings[0] == (utc("2026-11-30T09:00"), utc("2026-11-30T17:00"))
    assert openings[1] == (at("09:00"), at("14:00"))
    assert openings[2] == (utc("2026-12-08T08:00"), utc("2026-12-08T14:00"))


def test_hours_do_not_shrink_below_an_availability_and_nothing_is_half_done(session, network):
    [standing] = create_availabilities(session, [availability("d1", at("09:00"), at("17:00"))])
    session.commit()
    for change in (
        lambda: set_operating_hours(session, network.lisbon, {}, NOW),
        lambda: set_exception(session, network.lisbon, ExceptionIn(date=dt.date(2026, 12, 1)), NOW),
    ):
        with pytest.raises(Refused) as refused:
            change()
        assert refused.value.refusal is Refusal.CLASH
        assert [fault.facts["availability"] for fault in refused.value.faults] == [str(standing)]
        session.rollback()
    assert len(openings_of(session, network.lisbon)) == 30


def test_an_exception_closes_its_day_until_it_is_removed(session, network):
    christmas = dt.date(2026, 12, 25)
    set_exception(session, network.lisbon, ExceptionIn(date=christmas, reason="Christmas"), NOW)
    assert len(openings_of(session, network.lisbon)) == 29
    assert remove_exception(session, network.lisbon, christmas, NOW)
    assert not remove_exception(session, network.lisbon, christmas, NOW)
    assert len(openings_of(session, network.lisbon)) == 30


def test_the_database_checks_availabilities_again_once_openings_are_written(session, network):
    create_availabilities(session, [availability("d1", at("09:00"), at("17:00"))])
    set_operating_hours(session, network.lisbon, EVERY_DAY, NOW)
    with pytest.raises(IntegrityError, match="availability_within_openings"):
        session.execute(text("DELETE FROM opening"))


def test_an_external_id_is_taken_once(session, network):
    rows = [HospitalIn(external_id=name, name="H", timezone="UTC") for name in ("new", "lis", "new")]
    with pytest.raises(Refused) as refused:
        create_hospitals(session, rows, NOW)
    assert [(fault.row, fault.code) for fault in refused.value.faults] == [
        (1, "external_id_taken"),
        (2, "external_id_taken"),
    ]
