"""What is left of a hospital's days is what it kept, less what is lost, by any clock and on any day."""

import datetime as dt
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.hours import project
from models.rescheduling.days import DAY, Hours, days_less, days_with
from models.rescheduling.remaining import without
from planner.instants import join

CHANGES = [
    ("Europe/Lisbon", dt.date(2026, 3, 29)),
    ("Europe/Lisbon", dt.date(2026, 10, 25)),
    ("America/Havana", dt.date(2026, 3, 8)),  # at midnight
    ("America/Havana", dt.date(2026, 11, 1)),
    ("Australia/Lord_Howe", dt.date(2026, 4, 5)),  # by half an hour
    ("Australia/Lord_Howe", dt.date(2026, 10, 4)),
    ("Asia/Kathmandu", dt.date(2026, 5, 5)),
]
"""Clocks, and a day on which each is changed, if it ever is."""

NIGHT, WEEKDAYS = 1440, range(1, 8)


@dataclass(frozen=True)
class Case:
    """A hospital's hours around a day, and periods of those days."""

    hours: Hours
    day: dt.date
    periods: list[tuple[dt.datetime, dt.datetime]]

    @property
    def openings(self) -> list[tuple[dt.datetime, dt.datetime]]:
        first, until = (self.day + dt.timedelta(days=days) for days in (-5, 6))
        projected = project(self.hours.week, self.hours.dated, self.hours.zone, first, until)
        return [(each.start, each.end) for each in projected]

    def changed(self, days) -> "Case":
        return replace(self, hours=replace(self.hours, dated={**self.hours.dated, **days}))


def spans() -> st.SearchStrategy:
    """The periods of one day, apart, the last one perhaps past midnight."""

    def pairs(times: list[int], past: int) -> list[tuple[int, int]]:
        minutes = [time * 30 for time in times] + ([NIGHT + past * 30] if len(times) % 2 else [])
        return join(list(zip(minutes[::2], minutes[1::2], strict=True)))

    times = st.lists(st.integers(0, 47), min_size=1, max_size=4, unique=True).map(sorted)
    return st.builds(pairs, times, st.integers(0, 16))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    name, day = draw(st.sampled_from(CHANGES))
    zone = ZoneInfo(name)
    usual = draw(spans())
    week = dict.fromkeys(WEEKDAYS, usual)
    dated = {day + dt.timedelta(days=draw(st.integers(-1, 1))): draw(spans())} if draw(st.booleans()) else {}
    midnight = dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
    quarter = dt.timedelta(minutes=15)
    period = st.builds(
        lambda start, length: (midnight + start * quarter, midnight + (start + length) * quarter),
        st.integers(-48, 96),
        st.integers(1, 130),
    )
    return Case(Hours(week, dated, zone), day, draw(st.lists(period, min_size=1, max_size=3)))


def less(whole, gone):
    return [rest for period in whole for rest in without(*period, join(gone))]


def shown_twice(instant: dt.datetime, zone: ZoneInfo) -> bool:
    """Whether the clock shows the time of an instant, or of one within the hour, twice."""
    near = (instant + dt.timedelta(minutes=minutes) for minutes in (-60, -1, 0, 1, 60))
    return any(each.astimezone(zone).replace(fold=0).astimezone(dt.UTC) != each for each in near) or any(
        (instant + dt.timedelta(minutes=m)).astimezone(zone).replace(fold=1).astimezone(dt.UTC)
        != instant + dt.timedelta(minutes=m)
        for m in (-60, -1, 0, 1, 60)
    )


LISBON = ZoneInfo("Europe/Lisbon")
LATE = Case(
    Hours({day: [(30, 1470)] for day in WEEKDAYS}, {}, LISBON),
    dt.date(2026, 3, 29),
    [
        (dt.datetime(2026, 3, 29, 0, 0, tzinfo=dt.UTC), dt.datetime(2026, 3, 29, 0, 15, tzinfo=dt.UTC)),
        (dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC), dt.datetime(2026, 3, 29, 23, 30, tzinfo=dt.UTC)),
    ],
)
"""The whole of a day is lost, but for what is left after midnight of the day before."""

SKIPPED = Case(
    Hours({day: [(90, 1500)] for day in WEEKDAYS}, {}, LISBON),
    dt.date(2026, 3, 29),
    [(dt.datetime(2026, 3, 29, 0, 0, tzinfo=dt.UTC), dt.datetime(2026, 3, 29, 0, 15, tzinfo=dt.UTC))],
)
"""A day opens at a time that its clock skips, and what is left of the day before closes at the time it skips to."""


@settings(deadline=None)
@given(cases())
@example(SKIPPED)
def test_a_hospital_stays_open_for_what_is_not_lost_and_for_nothing_more(case):
    after = case.changed(days_less(case.hours, case.periods))
    wanted = less(case.openings, case.periods)
    assert less(wanted, after.openings) == []
    for start, end in less(after.openings, wanted):
        assert shown_twice(start, case.hours.zone) or shown_twice(end, case.hours.zone)


@settings(deadline=None)
@given(cases())
def test_a_hospital_is_open_for_what_is_kept_beyond_its_hours(case):
    kept = [(start, start + dt.timedelta(hours=1)) for start, _ in case.periods]
    after = case.changed(days_with(case.hours, kept))
    assert less([*case.openings, *kept], after.openings) == []
    for start, end in less(after.openings, [*case.openings, *kept]):
        assert shown_twice(start, case.hours.zone) or shown_twice(end, case.hours.zone)


@settings(deadline=None)
@given(cases())
@example(LATE)
def test_no_day_is_dated_that_stays_as_it_was(case):
    for day, spans in days_less(case.hours, case.periods).items():
        # What is left after midnight of a period of the day before belongs to this day where its evening is lost.
        before = [case.hours.period(each, span) for each in (day - DAY, day) for span in case.hours.of(each)]
        left = {case.hours.date(start) for start, _ in less(before, case.periods)}
        assert day in left or not spans
    open_for = [each for each in case.openings if each[1] - each[0] >= dt.timedelta(hours=1)]
    assert days_with(case.hours, [(start, start + dt.timedelta(hours=1)) for start, _ in open_for]) == {}
    # At the ends of the days looked at, a period of the day before is not seen.
    inner = [each for each in case.openings if abs(case.hours.date(each[0]) - case.day) <= dt.timedelta(days=3)]
    if inner:
        assert days_less(case.hours, less([(inner[0][0], inner[-1][1])], inner)) == {}
