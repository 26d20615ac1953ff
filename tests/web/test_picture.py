"""The picture of contested hours: every hour that a conflict names is in it once, by the clock on the wall."""

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.web.requests.marks import hours, marks
from api.web.requests.picture import MOST_DAYS, HourState, Mark, Picture, days_shown, picture
from planner.conflicts import explain_hopeless
from planner.instants import LocalClock, instant, micros
from planner.plan import ConflictKind
from planner.problem import HOUR, Appointment, Availability, Doctor, Hospital, Period, Priority, Problem, Request
from planner.wording import Wording

ZONES = ("Europe/Lisbon", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "UTC")
LISBON = ZoneInfo("Europe/Lisbon")
DAY = dt.timedelta(days=1)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

# A week around a change of the clocks in most of the zones, and one without.
mondays = st.sampled_from([dt.date(2027, 3, 22), dt.date(2027, 10, 25), dt.date(2027, 4, 5), dt.date(2027, 1, 11)])


def at(day: dt.date, hour: float, zone: ZoneInfo = LISBON) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(int(hour), int(hour % 1 * 60)), zone).astimezone(dt.UTC)


@st.composite
def refusals(draw: st.DrawFn) -> tuple[Problem, Request]:
    """A request that is alone in a schedule of one to three weeks, with two hospitals and three doctors."""
    monday, days = draw(mondays), draw(st.integers(1, 21))
    begin = at(monday, 0)
    hospitals, availabilities, appointments = [], [], []
    for place in ("h1", "h2"):
        zone = ZoneInfo(draw(st.sampled_from(ZONES)))
        openings = [
            Period(at(monday + day * DAY, opens, zone), at(monday + day * DAY, opens, zone) + length * HOUR)
            for day in range(days)
            for opens, length in [(draw(st.sampled_from([0, 8, 9.5, 20])), draw(st.sampled_from([0, 1, 4, 9])))]
            if length
        ]
        hospitals.append(Hospital(place, zone.key, tuple(openings)))
        for opening in openings:
            doctor = draw(st.sampled_from(["d1", "d2", "d3"]))
            busy = any(a.start < opening.end and opening.start < a.end for a in availabilities if a.doctor == doctor)
            if not busy and draw(st.booleans()):
                availabilities.append(Availability(doctor, place, opening.start, opening.end))
                for start in LocalClock(zone.key).full_hours(micros(opening.start), micros(opening.end)):
                    if draw(st.integers(0, 4)):
                        patient = draw(st.sampled_from(["p1", "p2"]))
                        number = f"a{len(appointments)}"
                        appointments.append(Appointment(number, doctor, place, patient, instant(start)))
    request = Request(
        "r",
        "p1",
        Priority.SOON,
        earliest=begin + draw(st.integers(0, 30)) * HOUR,
        latest=begin + draw(st.integers(31, 24 * days + 31)) * HOUR,
        doctors=draw(st.sampled_from([None, ("d1",), ("d2", "d1")])),
        hospitals=draw(st.sampled_from([None, ("h1",), ("h2",)])),
    )
    doctors = tuple(Doctor(name, frozenset({"x"})) for name in ("d1", "d2", "d3"))
    return Problem(tuple(hospitals), doctors, tuple(availabilities), tuple(appointments), (request,)), request


def marked(problem: Problem, request: Request) -> list[Mark]:
    """The marks of the conflict that the request ends in, and of its alternatives."""
    timezones = {hospital.id: hospital.timezone for hospital in problem.hospitals}
    found = []
    for conflict in explain_hopeless(problem, Wording.of(problem)):
        found += marks(conflict.kind, conflict.facts, timezones, request)
        told = [
            {"start": a.start.isoformat(), "doctor": a.doctor, "hospital": a.hospital} for a in conflict.alternatives
        ]
        found += hours(told, HourState.ALTERNATIVE)
    return found


@settings(max_examples=60, deadline=None)
@given(refusals(), st.sampled_from(ZONES))
def test_every_hour_that_a_conflict_names_is_in_the_picture_once_or_counted_as_left_out(refusal, zone):
    problem, request = refusal
    named = marked(problem, request)
    shown = picture(problem, request, named, ZoneInfo(zone), LONG_AGO)
    in_cells = Counter(mark for _, cell in shown.cells for mark in cell.marks)
    assert in_cells.total() + shown.marks_left_out == len(named)
    assert not in_cells - Counter(named)
    if not shown.days_left_out:
        assert in_cells == Counter(named)
    for _, cell in shown.cells:
        assert all(mark.start == cell.start for mark in cell.marks)
        assert cell.state >= max([mark.state for mark in cell.marks], default=HourState.CLOSED)


@settings(max_examples=60, deadline=None)
@given(refusals(), st.sampled_from(ZONES))
def test_every_place_is_the_time_on_the_wall(refusal, zone):
    problem, request = refusal
    shown = picture(problem, request, marked(problem, request), ZoneInfo(zone), LONG_AGO)
    assert len(shown.rows) <= MOST_DAYS
    assert [row.date for row in shown.rows] == sorted({row.date for row in shown.rows})
    assert list(shown.columns) == sorted(set(shown.columns))
    starts = [cell.start for _, cell in shown.cells]
    assert len(set(starts)) == len(starts)
    for row in shown.rows:
        assert len(row.cells) == len(shown.columns)
        for column, cell in zip(shown.columns, row.cells, strict=True):
            if cell:
                local = instant(cell.start).astimezone(ZoneInfo(zone))
                assert (local.date(), local.hour, local.minute, local.fold) == (row.date, *column)


@settings(max_examples=60, deadline=None)
@given(refusals())
def test_no_hour_is_called_free_where_the_planner_proves_that_none_is(refusal):
    problem, request = refusal
    conflicts = explain_hopeless(problem, Wording.of(problem))
    shown = picture(problem, request, marked(problem, request), LISBON, LONG_AGO)
    free = shown.count[HourState.FREE]
    assert not (free and conflicts)
    if not conflicts and not shown.days_left_out:
        assert free


def one_day(monday: dt.date, *, opens: int = 9, closes: int = 13) -> Problem:
    """A hospital that is open on a Monday, a doctor who is there, and nobody who wants anything."""
    opening = Period(at(monday, opens), at(monday, closes))
    there = Availability("d1", "h1", opening.start, opening.end)
    return Problem((Hospital("h1", "Europe/Lisbon", (opening,)),), (Doctor("d1", frozenset()),), (there,), (), ())


MONDAY = dt.date(2027, 1, 11)


def wish(start: float = 9, end: float = 13, days: int = 0, monday: dt.date = MONDAY, **more) -> Request:
    return Request("r", "p1", Priority.SOON, at(monday, start), at(monday + days * DAY, end), **more)


def states(shown: Picture) -> list[str]:
    return [
        " ".join([f"{row.date:%d}", *(cell.state.word if cell else "-" for cell in row.cells)]) for row in shown.rows
    ]


def test_what_is_true_now_is_the_ground():
    problem = one_day(MONDAY, closes=14)
    problem = Problem(
        problem.hospitals,
        problem.doctors,
        (Availability("d1", "h1", at(MONDAY, 9), at(MONDAY, 12)),),
        (
            Appointment("a1", "d1", "h1", "p2", at(MONDAY, 10)),
            Appointment("a2", "d2", "h1", "p1", at(MONDAY, 11)),
            Appointment("a3", "d1", "h1", "p1", at(MONDAY, 9)),
        ),
        (),
    )
    request = wish(moves="a3")
    assert states(picture(problem, request, [], LISBON, LONG_AGO)) == ["11 free taken busy nobody"]
    assert states(picture(problem, request, [], LISBON, at(MONDAY, 20))) == ["11 passed taken busy nobody"]


def test_a_closed_window_shows_its_hours_and_the_next_that_are_open():
    problem = one_day(MONDAY + DAY)
    named = [Mark(micros(at(MONDAY + DAY, 9)), HourState.NEAREST)]
    shown = picture(problem, wish(20, 22), named, LISBON, LONG_AGO)
    assert [column.hour for column in shown.columns] == [9, 10, 11, 12, 20, 21]
    closed, outside = " closed", " outside"
    assert states(shown) == ["11" + 6 * closed, "12 nearest" + 3 * outside + 2 * closed]


def test_the_nearest_availability_is_marked_at_its_hour_nearest_the_window():
    clocks = {"h1": "Europe/Lisbon"}
    nearest = {"doctor": "d1", "hospital": "h1", "start": at(MONDAY, 9).isoformat(), "end": at(MONDAY, 13).isoformat()}
    request = wish(14, 18)
    (mark,) = marks(ConflictKind.NO_AVAILABILITY, {"nearest_availability": nearest}, clocks, request)
    assert instant(mark.start) == at(MONDAY, 12)
    assert marks(ConflictKind.NO_AVAILABILITY, {"nearest_availability": None}, clocks, request) == []
    assert marks(ConflictKind.HOSPITAL_CLOSED, {"next_opening": None}, clocks, request) == []


@pytest.mark.parametrize(("month", "hours"), [(3, 23), (10, 25)])
def test_a_day_on_which_the_clocks_change_has_as_many_hours_as_it_lasts(month: int, hours: int):
    day = next(dt.date(2027, month, n) for n in range(31, 20, -1) if dt.date(2027, month, n).weekday() == 6)
    always = Hospital("h1", "Europe/Lisbon", (Period(at(day, 0), at(day + DAY, 0)),))
    problem = Problem((always,), (), (), (), ())
    shown = picture(problem, wish(0, 0, 1, monday=day), [], LISBON, LONG_AGO)
    (row,) = shown.rows
    assert sum(cell is not None for cell in row.cells) == hours


def test_a_long_window_is_cut_and_says_what_is_left_out():
    named = [Mark(micros(at(MONDAY + n * DAY, 10)), HourState.TAKEN) for n in range(20)]
    named.append(Mark(micros(at(MONDAY + 40 * DAY, 10)), HourState.ALTERNATIVE))
    request = wish(9, 13, days=29)
    days, left_out = days_shown(request, named, LISBON)
    assert (len(days), left_out) == (MOST_DAYS, 30 + 1 - MOST_DAYS)
    assert days[-1] == MONDAY + 40 * DAY, "an alternative is never left out"
    shown = picture(one_day(MONDAY), request, named, LISBON, LONG_AGO)
    assert (shown.days_left_out, shown.marks_left_out) == (left_out, 20 - (MOST_DAYS - 1))
    century = wish(9, 13, days=36_500)
    assert days_shown(century, [], LISBON)[1] == 36_501 - MOST_DAYS
