"""What one more hour is worth: what an independent program finds that plans again with every single one."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.extra_hours import with_hours
from planner.hour_values import HourValue, hour_values
from planner.model import Solver
from planner.problem import Availability, Doctor, Hospital, Period, Priority, Problem
from planner.solve import plan
from tests.planner import mip
from tests.planner.brute_force import QUARTER
from tests.planner.mip import inconvenience
from tests.planner.problems import HOUR, appointment, at, available, hospital, problem, request, small

seeds = st.integers(0, 2**32)
HEART = frozenset({"heart"})


def busy(given_: Problem) -> dict[str, list[Period]]:
    """When each doctor is available somewhere, or booked."""
    found: dict[str, list[Period]] = {each.id: [] for each in given_.doctors}
    for each in given_.availabilities:
        found[each.doctor].append(Period(each.start, each.end))
    for each in given_.appointments:
        found[each.doctor].append(Period(each.start, each.start + HOUR))
    return found


def values(given_: Problem, since: datetime | None = None, **more) -> list[HourValue]:
    hospitals = [each.id for each in given_.hospitals]
    return list(hour_values(given_, hospitals, busy(given_), since or at(0), solver=Solver(), **more))


def told(given_: Problem, **more) -> dict[str, tuple[int, int, str | None, str | None, float | None]]:
    """By specialty: waiting, books, priority, doctor, and the hour after midnight of the first day."""
    return {
        each.specialty: (
            each.waiting,
            each.books,
            each.priority and each.priority.value,
            each.doctor,
            each.start and (each.start - at(0)) / HOUR,
        )
        for each in values(given_, **more)
    }


def idle_hours(given_: Problem, where: Hospital, since: datetime) -> Iterator[tuple[str, datetime]]:
    """Every full hour of an opening in which a doctor is not busy, quarter by quarter."""
    taken = busy(given_)
    quarters = {o.start + i * QUARTER for o in where.openings for i in range((o.end - o.start) // QUARTER)}
    for start in sorted(quarters):
        end = start + HOUR
        local = start.astimezone(ZoneInfo(where.timezone))
        if local.minute or start < since or not all(start + i * QUARTER in quarters for i in range(4)):
            continue
        for doctor, periods in taken.items():
            if not any(each.start < end and start < each.end and each.start < each.end for each in periods):
                yield doctor, start


def expected(given_: Problem, since: datetime, left_out: set[str]) -> dict[tuple[str, str, date], tuple[object, ...]]:
    """By hospital, specialty and date: waiting, books, priority, doctor, start; by planning again for every hour."""
    base = mip.best(given_)[:3]
    skills = {each.id: each.specialties for each in given_.doctors}
    replaced = {each.moves for each in given_.requests}
    standing = [each for each in given_.appointments if each.id not in replaced]
    waiting, best = defaultdict(set), {}
    for where in given_.hospitals:
        for doctor, start in idle_hours(given_, where, since):
            day = start.astimezone(ZoneInfo(where.timezone)).date()
            hour = Availability(doctor, where.id, start, start + HOUR)
            reached = mip.best(with_hours(given_, [hour]))[:3]
            gain = tuple(now - before for now, before in zip(reached, base, strict=True))
            takers = {
                each.id
                for each in given_.requests
                if each.id in left_out
                and inconvenience(given_, each, doctor, where.id, start) is not None
                and not any(a.patient == each.patient and abs(a.start - start) < HOUR for a in standing)
            }
            for skill in skills[doctor]:
                cell = (where.id, skill, day)
                waiting[cell] |= takers
                key = (-sum(gain), tuple(-each for each in gain), start, doctor)
                best[cell] = min(best.get(cell, key), key)
    found = {}
    for cell, (books, gain, start, doctor) in best.items():
        if not waiting[cell]:
            continue
        priority = next((p for p, count in zip(Priority, gain, strict=True) if count < 0), None)
        hour = (-books, priority, doctor, start) if books < 0 else (0, None, None, None)
        found[cell] = (len(waiting[cell]), *hour)
    return found


def fixed(given_: Problem) -> Problem:
    """The problem without movable appointments."""
    return replace(given_, appointments=tuple(replace(each, movable=False) for each in given_.appointments))


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_every_value_is_that_of_planning_again_with_every_hour(seed: int) -> None:
    """Zones an odd number of minutes apart, patients with several requests, requests that move appointments."""
    given_ = fixed(small(seed))
    left_out = {each.request for each in plan(given_).conflicts}
    answer = values(given_, at(1))
    assert all(each.proved for each in answer)
    assert {
        (each.hospital, each.specialty, each.date): (
            each.waiting,
            each.books,
            each.priority,
            each.doctor,
            each.start,
        )
        for each in answer
    } == expected(given_, at(1), left_out)


def crowded(seed: int) -> Problem:
    """Too many requests of one clock for too few hours, each of another patient: nothing crosses."""
    rng = random.Random(seed)
    names = [f"d{i}" for i in range(4)]
    doctors = [Doctor(name, frozenset(rng.sample(["heart", "skin"], rng.randint(1, 2)))) for name in names]
    availabilities = [available(name, start := rng.randint(8, 12), start + rng.randint(1, 2)) for name in names]
    requests = []
    for number in range(12):
        start = rng.randint(8, 12)
        requests.append(
            request(
                f"r{number}", f"p{number}", start, start + rng.randint(1, 3), priority=rng.choice(list(Priority)),
                doctors=rng.choice([None, tuple(rng.sample(names, 2))]), specialty=rng.choice([None, "heart"]),
            )
        )  # fmt: skip
    return problem(availabilities, requests, hospitals=[hospital("h1", "Europe/Lisbon", (8, 16))], doctors=doctors)


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_without_crossings_prices_alone_tell_what_planning_again_tells(seed: int) -> None:
    given_ = crowded(seed)
    estimates = values(given_, checks=0)
    checked = values(given_)
    assert all(each.proved for each in checked)
    assert [replace(each, proved=True) for each in estimates] == checked


def test_some_of_these_need_planning_again() -> None:
    assert any(not each.proved for seed in range(20) for each in values(crowded(seed), checks=0))


def waits(*requests, doctors=(), appointments=(), availabilities=(), hospitals=None) -> Problem:
    """Requests, and nobody is available unless told. Hospital h1 is open from 8 to 18."""
    hospitals = hospitals or [hospital("h1", "UTC", (8, 18))]
    return problem(list(availabilities), list(requests), list(appointments), hospitals, list(doctors))


def test_nobody_who_waits_needs_no_hour() -> None:
    assert values(waits(doctors=[Doctor("d1", HEART)])) == []
    booked = waits(request("r1", "p1", 9, 12), doctors=[Doctor("d1", HEART)], availabilities=[available("d1", 10, 11)])
    assert values(booked) == []


def test_an_hour_books_one_of_many_and_the_most_important_first() -> None:
    requests = [request(f"r{i}", f"p{i}", 9, 12, specialty="heart") for i in range(3)]
    requests.append(request("r4", "p4", 11, 12, specialty="heart", priority=Priority.URGENT))
    given_ = waits(*requests, doctors=[Doctor("d1", HEART)])
    assert told(given_) == {"heart": (4, 1, "urgent", "d1", 11)}


def test_of_hours_that_are_worth_the_same_the_earliest_is_named_and_the_first_doctor() -> None:
    doctors = [Doctor("d3", HEART), Doctor("d1", HEART), Doctor("d2", HEART)]
    given_ = waits(
        request("r1", "p1", 9, 12, specialty="heart"), doctors=doctors, availabilities=[available("d1", 0, 8)],
        appointments=[appointment("a1", "d1", "p9", 9)],
    )  # fmt: skip
    assert told(given_) == {"heart": (1, 1, "routine", "d2", 9)}


def test_each_specialty_is_told_apart() -> None:
    given_ = waits(
        request("r1", "p1", 9, 12, specialty="heart"), request("r2", "p2", 10, 12, specialty="skin"),
        request("r3", "p3", 9, 12, specialty="bones"),
        doctors=[Doctor("d1", HEART), Doctor("d2", frozenset({"heart", "skin"})), Doctor("d3", frozenset())],
    )  # fmt: skip
    assert told(given_) == {"heart": (2, 1, "routine", "d1", 9), "skin": (2, 1, "routine", "d2", 9)}


def test_a_request_that_names_doctors_wants_an_hour_of_theirs() -> None:
    doctors = [Doctor("d1", HEART), Doctor("d2", HEART)]
    given_ = waits(request("r1", "p1", 9, 12, doctors=("d2",)), doctors=doctors)
    assert told(given_) == {"heart": (1, 1, "routine", "d2", 9)}
    taken = replace(given_, availabilities=(available("d2", 8, 9, "h1"), available("d2", 10, 18, "h1")))
    taken = replace(taken, appointments=tuple(appointment(f"a{i}", "d2", f"q{i}", 10 + i) for i in range(2)))
    assert told(taken) == {"heart": (1, 1, "routine", "d2", 9)}


def test_who_has_an_hour_may_take_the_new_one_and_leave_theirs_to_somebody() -> None:
    """The hour at nine of d2 is worth more than what r3 would gain by theirs, though r2 does not accept it."""
    given_ = waits(
        request("r1", "p1", 9, 11, doctors=("d1", "d2"), priority=Priority.URGENT),
        request("r2", "p2", 9, 10, doctors=("d1",), priority=Priority.SOON),
        request("r3", "p3", 10, 11, doctors=("d9",)),
        doctors=[Doctor("d1", HEART), Doctor("d2", HEART), Doctor("d9", HEART)],
        availabilities=[available("d1", 9, 10), available("d2", 8, 9), available("d2", 11, 18)],
    )
    (value,) = values(given_)
    assert (value.waiting, value.books, value.priority) == (1, 1, Priority.SOON)
    assert (value.doctor, (value.start - at(0)) / HOUR) == ("d2", 9)


def test_a_patient_is_not_offered_an_hour_in_which_they_are_elsewhere() -> None:
    given_ = waits(
        request("r1", "p1", 9, 11, doctors=("d1",)),
        doctors=[Doctor("d1", HEART), Doctor("d2", frozenset())],
        appointments=[appointment("a1", "d2", "p1", 9)],
    )
    assert told(given_) == {"heart": (1, 1, "routine", "d1", 10)}


def test_an_hour_is_worth_nothing_to_a_patient_who_would_give_up_another_for_it() -> None:
    """Either request can be booked at ten, and only then: the patient cannot be in two places."""
    given_ = waits(
        request("r1", "p1", 10, 11, doctors=("d1",)), request("r2", "p1", 10, 11, doctors=("d2",)),
        doctors=[Doctor("d1", HEART), Doctor("d2", HEART)], availabilities=[available("d1", 10, 11)],
    )  # fmt: skip
    assert told(given_) == {"heart": (1, 0, None, None, None)}


def test_an_appointment_that_is_to_be_moved_is_out_of_the_way_of_its_patient() -> None:
    given_ = waits(
        request("r1", "p1", 9, 10, doctors=("d1",), moves="a1"),
        doctors=[Doctor("d1", HEART), Doctor("d2", HEART)],
        appointments=[appointment("a1", "d2", "p1", 9)],
    )
    assert told(given_) == {"heart": (1, 1, "routine", "d1", 9)}


def test_where_clocks_differ_by_half_an_hour_one_hour_can_book_two() -> None:
    """Who has 10:00 at h2 keeps two from d1: one from 9:30 at h1, one from 10:30."""
    given_ = waits(
        request("r1", "p1", 10, 11, doctors=("d1", "d2"), hospitals=("h2",), priority=Priority.URGENT),
        request("r2", "p2", 9.5, 10.5, doctors=("d1",)),
        request("r3", "p3", 10.5, 11.5, doctors=("d1",)),
        request("r4", "p4", 11, 12, doctors=("d2",), hospitals=("h2",)),
        doctors=[Doctor("d1", HEART), Doctor("d2", HEART)],
        hospitals=[hospital("h1", "Asia/Kolkata", (9.5, 11.5)), hospital("h2", "UTC", (10, 12))],
        availabilities=[available("d1", 10, 11, "h2"), available("d1", 9.5, 11.5)],
    )
    (value,) = values(given_)
    assert (value.hospital, value.waiting, value.books, value.priority) == ("h2", 1, 2, Priority.ROUTINE)
    assert (value.doctor, value.start) == ("d2", at(10))


def test_no_hour_lies_in_the_past_or_beyond_two_weeks() -> None:
    daily = tuple((24 * day + 8, 24 * day + 10) for day in range(20))
    given_ = waits(
        request("r1", "p1", 0, 24 * 20, doctors=("d1",)), doctors=[Doctor("d1", HEART)],
        hospitals=[hospital("h1", "UTC", *daily)],
    )  # fmt: skip
    answer = values(given_, at(8.5))
    assert [each.date for each in answer] == [at(0, day).date() for day in range(14)]
    assert (answer[0].start, answer[1].start) == (at(9), at(8, 1))
    assert [each.date for each in values(given_, at(9.5))] == [at(0, day).date() for day in range(1, 14)]


def test_days_are_those_of_the_hospitals_own_clock() -> None:
    given_ = waits(
        request("r1", "p1", 20, 48, doctors=("d1",)), doctors=[Doctor("d1", HEART)],
        hospitals=[hospital("h1", "Asia/Tokyo", (12, 17))],
    )  # fmt: skip
    assert values(given_) == []
    given_ = replace(given_, requests=(request("r1", "p1", 15, 48, doctors=("d1",)),))
    (value,) = values(given_)
    assert (value.date, value.start.isoformat()) == (date(2026, 12, 2), "2026-12-02T00:00:00+09:00")


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2027, 3, 28), {0: 0, 1: None, 2: 1, 3: 2}), (date(2027, 10, 31), {0: -1, 1: 0, 2: 2, 3: 3})],
)
def test_on_a_day_on_which_clocks_are_changed_hours_are_those_of_the_clock(day, hours) -> None:
    """In Lisbon there is no hour at one in March, and there are two in October."""
    midnight = datetime.combine(day, datetime.min.time(), UTC)
    for local, hour in hours.items():
        if hour is None:
            continue
        start = midnight + timedelta(hours=hour)
        wish = replace(request("r1", "p1", 0, 1, doctors=("d1",)), earliest=start, latest=start + HOUR)
        opening = Period(midnight - timedelta(hours=1), midnight + timedelta(hours=5))
        given_ = waits(wish, doctors=[Doctor("d1", HEART)], hospitals=[Hospital("h1", "Europe/Lisbon", (opening,))])
        (value,) = values(given_, midnight - timedelta(hours=2))
        assert (value.date, value.start, value.start.hour) == (day, start, local)


def test_only_the_hospitals_that_were_asked_about_are_told_of() -> None:
    given_ = waits(
        request("r1", "p1", 9, 12), doctors=[Doctor("d1", HEART)],
        hospitals=[hospital("h1", "UTC", (8, 18)), hospital("h2", "UTC", (8, 18))],
    )  # fmt: skip
    answer = hour_values(given_, ["h2"], busy(given_), at(0))
    assert [each.hospital for each in answer] == ["h2"]


def test_what_there_was_no_time_for_is_not_called_proved() -> None:
    assert not any(each.proved for each in values(crowded(3), time_limit=0.0))
