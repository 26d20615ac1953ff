"""The axis of the schedule page: every open instant has one place and comes back, whatever the clocks do."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web.schedule.grid import ROW, Grid, OpenDay, Row
from models.hours import instant_of, project

LISBON = ZoneInfo("Europe/Lisbon")
HOUR = dt.timedelta(hours=1)
ALL_DAY = [(0, 1440)]

# A year's days, and zones that change their clocks by an hour, by half of one (Lord Howe), by two (Troll), at a quarter
# to three (Chatham), at midnight (Havana, Beirut), or never and are half an hour off (Kolkata).
ZONES = [
    "Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Chatham",
    "America/Havana", "Asia/Beirut", "Africa/Casablanca", "Asia/Kathmandu", "America/St_Johns", "UTC",
]  # fmt: skip


def days_of(week, first, count, zone):
    """Working days as `api.schedule_view` makes them, of a week of periods in minutes after midnight."""

    def end_of(date):
        closes = max((end for _, end in week.get(date.isoweekday(), ())), default=0)
        return instant_of(date, max(closes, 1440), zone, closing=closes > 1440)

    one = dt.timedelta(days=1)
    openings = project(week, {}, zone, first - one, first + (count + 1) * one)
    days = []
    for date in (first + each * one for each in range(count)):
        start, end = end_of(date - one), end_of(date)
        inside = [(max(o.start, start), min(o.end, end)) for o in openings if o.start < end and o.end > start]
        days.append(OpenDay(date, start, end, inside))
    return days


@st.composite
def periods_of_a_day(draw):
    """Up to three periods on quarter hours, the last of which may run past midnight."""
    ends = sorted(draw(st.sets(st.integers(0, 95), max_size=6)))
    periods = [(start * 15, end * 15) for start, end in zip(ends[::2], ends[1::2], strict=False)]
    if draw(st.booleans()):
        start = draw(st.integers(ends[-1] if ends else 0, 95))
        periods.append((start * 15, draw(st.integers(97, 144)) * 15))
    return periods


@st.composite
def some_days(draw):
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    first = draw(st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)))
    if draw(st.booleans()):
        first = near_a_change(zone, first)
    week = draw(
        st.one_of(
            st.dictionaries(st.integers(1, 7), periods_of_a_day(), max_size=7),
            st.just(dict.fromkeys(range(1, 8), ALL_DAY)),
        )
    )
    return days_of(week, first, draw(st.sampled_from([1, 2, 7])), zone), zone


def near_a_change(zone, after):
    """The date of the first change of the clocks after a date, where there is one within a year."""
    for offset in range(366):
        date = after + dt.timedelta(days=offset)
        start, end = (instant_of(date + dt.timedelta(days=each), 0, zone) for each in (0, 1))
        if end - start != 24 * HOUR:
            return date
    return after


def open_instants(day):
    """Instants of a day at which it is open: every five minutes."""
    for start, end in day.open:
        at = start
        while at < end:
            yield at
            at += dt.timedelta(minutes=5)


@given(some_days())
def test_every_open_instant_has_one_place_and_comes_back(drawn):
    days, zone = drawn
    grid = Grid(days, zone)
    for number, day in enumerate(days):
        hours = grid.hours(number)
        for at in open_instants(day):
            place = grid.place(number, at)
            assert place is not None
            row = place // ROW
            assert grid.rows[row].open
            assert [each for each, hour in enumerate(hours) if hour and hour[0] <= at < hour[1]] == [row]
            assert grid.rows[row].first % 24 == at.astimezone(zone).hour
            assert place % ROW == at.astimezone(zone).minute * 60


@given(some_days())
def test_blocks_keep_their_order_and_their_length_while_the_clocks_are_not_changed(drawn):
    days, zone = drawn
    grid = Grid(days, zone)
    for number, day in enumerate(days):
        instants = list(open_instants(day))
        places = [grid.place(number, at) for at in instants]
        assert all(one < other for one, other in pairwise(places))
        for start, end in pairwise(instants):
            low, high = grid.span(number, start, end)
            assert low == grid.place(number, start)
            assert low < high <= grid.place(number, end)
            if start.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset() and end - start < HOUR:
                assert high - low == (end - start).total_seconds()


@given(some_days())
def test_every_row_is_open_on_some_day_or_stands_for_hours_between_that_are_not(drawn):
    days, zone = drawn
    grid = Grid(days, zone)
    hours = [grid.hours(number) for number in range(len(days))]
    for number, row in enumerate(grid.rows):
        spans = [(day, column[number]) for day, column in zip(days, hours, strict=True) if column[number]]
        touched = [span for day, span in spans if any(s < span[1] and e > span[0] for s, e in day.open)]
        assert bool(touched) == row.open
        assert row.first < row.until
        assert row.until - row.first == 1 or not row.open
    assert all(one.open or other.open for one, other in pairwise(grid.rows))
    assert not grid.rows or (grid.rows[0].open and grid.rows[-1].open)


def shown(grid):
    return [(row.first, row.until, row.open) for row in grid.rows]


def test_only_open_hours_are_rows_and_lunch_is_one():
    (day,) = days_of({1: [(540, 780), (840, 960)]}, dt.date(2027, 1, 11), 1, LISBON)
    grid = Grid([day], LISBON)
    assert shown(grid) == [
        (9, 10, True), (10, 11, True), (11, 12, True), (12, 13, True),
        (13, 14, False),
        (14, 15, True), (15, 16, True),
    ]  # fmt: skip
    assert grid.hours(0)[4] is None
    assert grid.hours(0)[5] == (instant_of(day.date, 840, LISBON), instant_of(day.date, 900, LISBON))


def test_a_long_gap_is_no_longer_than_a_short_one():
    days = days_of({1: [(480, 720)], 2: [(1080, 1200)]}, dt.date(2027, 1, 11), 2, LISBON)
    grid = Grid(days, LISBON)
    assert shown(grid)[4] == (12, 18, False)
    noon, three = (instant_of(dt.date(2027, 1, 11), minutes, LISBON) for minutes in (720, 900))
    assert (grid.place(0, noon), grid.place(0, three)) == (4 * ROW, 4 * ROW + ROW // 2)


def test_closed_days_have_no_rows_and_nothing_has_a_place_in_them():
    days = days_of({}, dt.date(2027, 1, 11), 2, LISBON)
    grid = Grid(days, LISBON)
    assert grid.rows == ()
    assert grid.hours(0) == []
    assert grid.place(0, days[0].start) is None
    assert grid.span(1, days[1].start, days[1].end) is None


def test_a_half_hour_opening_starts_in_the_middle_of_its_row():
    (day,) = days_of({1: [(510, 600)]}, dt.date(2027, 1, 11), 1, LISBON)
    grid = Grid([day], LISBON)
    assert shown(grid) == [(8, 9, True), (9, 10, True)]
    assert grid.span(0, day.open[0][0], day.open[0][1]) == (ROW // 2, 2 * ROW)


def test_a_night_follows_the_evening_on_which_it_starts():
    days = days_of({1: [(1320, 1800)], 2: [(480, 540)]}, dt.date(2027, 1, 11), 2, LISBON)
    grid = Grid(days, LISBON)
    assert [row.first for row in grid.rows] == [8, 9, 22, 23, 24, 25, 26, 27, 28, 29]
    two = instant_of(dt.date(2027, 1, 12), 120, LISBON)
    assert grid.place(0, two) == 6 * ROW
    assert grid.place(1, two) is None


@pytest.mark.parametrize(
    ("date", "twice", "hours"),
    [(dt.date(2027, 3, 28), [], 23), (dt.date(2027, 10, 31), [dt.timedelta(hours=1), dt.timedelta()], 25)],
)
def test_days_on_which_clocks_change_have_23_and_25_rows(date, twice, hours):
    days = days_of(dict.fromkeys(range(1, 8), ALL_DAY), date, 1, LISBON)
    grid = Grid(days, LISBON)
    assert len(grid.rows) == hours
    assert [row.offset for row in grid.rows if row.first == 1] == twice
    assert {row.offset for row in grid.rows if row.first != 1} == {None}
    assert grid.span(0, days[0].start, days[0].end) == (0, hours * ROW)


def test_beside_other_days_the_missing_hour_is_a_row_without_an_hour():
    days = days_of(dict.fromkeys(range(1, 8), ALL_DAY), dt.date(2027, 3, 27), 2, LISBON)
    grid = Grid(days, LISBON)
    assert len(grid.rows) == 24
    assert [grid.hours(number)[1] is None for number in (0, 1)] == [False, True]
    midnight = days[1].start
    assert grid.span(1, midnight, midnight + HOUR) == (0, ROW)
    assert grid.span(1, midnight + HOUR, midnight + 2 * HOUR) == (2 * ROW, 3 * ROW)


def test_half_an_hour_that_comes_twice_is_half_a_row():
    zone = ZoneInfo("Australia/Lord_Howe")
    days = days_of(dict.fromkeys(range(1, 8), ALL_DAY), near_a_change(zone, dt.date(2027, 1, 1)), 1, zone)
    grid = Grid(days, zone)
    again = [number for number, row in enumerate(grid.rows) if row.first == 1][1]
    start, end = grid.hours(0)[again]
    assert end - start == HOUR / 2
    assert grid.span(0, start, end) == (again * ROW + ROW // 2, (again + 1) * ROW)


def test_what_happened_outside_the_openings_can_be_given_a_place():
    (day,) = days_of({1: [(540, 600)]}, dt.date(2027, 1, 11), 1, LISBON)
    early = day.open[0][0] - 2 * HOUR
    grid = Grid([day._replace(open=[(early, early + HOUR), *day.open])], LISBON)
    assert grid.rows == (Row(7, 8, open=True), Row(8, 9, open=False), Row(9, 10, open=True))
