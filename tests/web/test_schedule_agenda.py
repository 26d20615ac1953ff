"""A doctor's day in order: every moment of it is told, and none of it twice."""

import datetime as dt
import uuid
from itertools import pairwise
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from api.schedule_view import Available, Column, Day, Standing, free_hours
from api.web.schedule.agenda import Elsewhere, agenda
from models.schedule import AppointmentStatus

MIDNIGHT = dt.datetime(2027, 1, 11, tzinfo=dt.UTC)
DAY = Day(MIDNIGHT.date(), MIDNIGHT, MIDNIGHT + dt.timedelta(days=1), None)
DOCTOR = uuid.uuid4()


def quarter(number):
    return MIDNIGHT + dt.timedelta(minutes=15 * number)


@st.composite
def periods(draw, within=((0, 96),)):
    """Some periods on quarter hours, apart from each other, each inside one of those given."""
    found = []
    for first, last in within:
        ends = sorted(draw(st.sets(st.integers(first, last), max_size=6)))
        found += zip(ends[::2], ends[1::2], strict=False)
    return found


@st.composite
def doctors_days(draw):
    openings = draw(periods())
    available = draw(periods(openings))
    hours = [each for start, end in available for each in range(-(-start // 4), end // 4)]
    taken = draw(st.sets(st.sampled_from(hours), max_size=4)) if hours else set()
    now = quarter(draw(st.integers(-4, 100)))
    given_ = [Available(uuid.uuid4(), DOCTOR, quarter(start), quarter(end), 1) for start, end in available]
    standing = [
        Standing(
            uuid.uuid4(), DOCTOR, quarter(4 * hour), quarter(4 * hour + 4), AppointmentStatus.BOOKED,
            None, 1, uuid.uuid4(), "p", "P",
        )
        for hour in sorted(taken)
    ]  # fmt: skip
    free = free_hours(given_, standing, ZoneInfo("UTC"), max(now, DAY.start), DAY.end)
    column = Column(SimpleNamespace(id=DOCTOR), (), given_, standing, free)
    elsewhere = [Elsewhere(quarter(start), quarter(end), "Other") for start, end in draw(periods())]
    return column, [(quarter(start), quarter(end)) for start, end in openings], elsewhere, now


@given(doctors_days())
def test_every_moment_is_told_once_and_in_order(drawn):
    column, openings, elsewhere, now = drawn
    entries = agenda(column, DAY, openings, elsewhere, now)
    assert all(one.end == other.start for one, other in pairwise(entries))
    if openings:
        assert (entries[0].start, entries[-1].end) == (openings[0][0], openings[-1][1])
    else:
        assert entries == []


@given(doctors_days())
def test_each_moment_is_told_as_what_it_is(drawn):
    column, openings, elsewhere, now = drawn
    for entry in agenda(column, DAY, openings, elsewhere, now):
        assert entry.start < entry.end
        assert entry.past == (entry.end <= now)
        is_open = any(start <= entry.start and entry.end <= end for start, end in openings)
        is_available = any(each.start <= entry.start and entry.end <= each.end for each in column.availabilities)
        assert is_open == (entry.kind != "closed")
        if entry.kind == "free":
            assert entry.start in column.free
        elif entry.kind == "appointment":
            assert entry.appointment in column.standing
        elif is_open:
            is_elsewhere = any(each.start <= entry.start and entry.end <= each.end for each in elsewhere)
            assert entry.kind == ("available" if is_available else "elsewhere" if is_elsewhere else "open")
            assert (entry.hospital == "Other") == (entry.kind == "elsewhere")


@given(doctors_days())
def test_every_free_hour_and_every_appointment_is_an_entry_of_its_own(drawn):
    column, openings, elsewhere, now = drawn
    entries = agenda(column, DAY, openings, elsewhere, now)
    assert [entry.start for entry in entries if entry.kind == "free"] == column.free
    assert [entry.appointment for entry in entries if entry.kind == "appointment"] == column.standing
