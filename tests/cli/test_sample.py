"""The sample network is realistic, keeps every rule, and is the same for the same seed."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from cli.sample import Calendar, as_bundle, as_problem, wishes
from models.inputs import Weekday
from planner.plan import ConflictKind, PlanStatus
from planner.problem import HOUR
from planner.solve import plan
from planner.verify import verify

MONDAY = date(2026, 12, 7)


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar(1, MONDAY)


def test_is_the_same_for_the_same_seed_and_start(calendar: Calendar) -> None:
    again = Calendar(1, MONDAY)
    assert as_problem(again, wishes(again)) == as_problem(calendar, wishes(calendar))
    other = Calendar(2, MONDAY)
    assert other.appointments != calendar.appointments


def test_every_patient_has_an_address_that_no_mail_reaches(calendar: Calendar) -> None:
    emails = [patient.email for patient in as_bundle(calendar).patients]
    assert len(set(emails)) == len(calendar.patients)
    assert all(email.endswith("@example.org") for email in emails)


def test_every_round_asks_for_something_else(calendar: Calendar) -> None:
    assert wishes(calendar, 2) != wishes(calendar, 1)
    assert wishes(calendar, 2) == wishes(Calendar(1, MONDAY), 2)


def test_starts_on_a_monday_only() -> None:
    with pytest.raises(ValueError, match="no Monday"):
        Calendar(1, date(2026, 12, 8))


def test_has_four_hospitals_in_two_zones_and_sixty_doctors_of_eight_specialties(calendar: Calendar) -> None:
    assert len(calendar.hospitals) == 4
    zones = Counter(place.timezone for place in calendar.hospitals)
    assert sorted(zones.values()) == [2, 2]
    offsets = {datetime(2026, 12, 7, tzinfo=ZoneInfo(zone)).utcoffset() for zone in zones}
    assert any(offset and offset % timedelta(hours=1) for offset in offsets), "one zone is off the full hour"
    assert len(calendar.doctors) == 60
    assert len({doctor.specialty for doctor in calendar.doctors}) == 8
    assert len({doctor.name for doctor in calendar.doctors}) == 60


def test_has_doctors_at_two_hospitals_lunch_breaks_a_holiday_and_a_night_clinic(calendar: Calendar) -> None:
    places = defaultdict(set)
    for free in calendar.availabilities:
        places[free.doctor].add(free.hospital)
    assert sum(len(hospitals) == 2 for hospitals in places.values()) >= 10
    bundle = as_bundle(calendar)
    periods = [hours for place in bundle.hospitals for hours in place.operating_hours.values()]
    assert any(len(hours) == 2 for hours in periods)
    assert any(period.closes < period.opens for hours in periods for period in hours), "past midnight"
    assert any(not exception.hours for place in bundle.hospitals for exception in place.exceptions), "closed"
    states = {doctor.id: doctor.state for doctor in calendar.doctors}
    places_of = {place.id: place.state for place in calendar.hospitals}
    assert any(places_of[free.hospital] != states[free.doctor] for free in calendar.availabilities), "across the border"
    late = [standing for standing in calendar.appointments if _local(calendar, standing).hour == 1]
    assert late, "appointments after midnight"


@pytest.mark.parametrize("seed", range(1, 6))
def test_between_60_and_80_percent_of_the_hours_are_taken(seed: int) -> None:
    calendar = Calendar(seed, MONDAY)
    assert 0.6 <= len(calendar.appointments) / len(calendar.hours) <= 0.8


@pytest.mark.parametrize("monday", [MONDAY, date(2027, 3, 22), date(2026, 10, 19)])
def test_keeps_the_rules_also_where_clocks_change(monday: date) -> None:
    calendar = Calendar(3, monday)
    problem = as_problem(calendar, wishes(calendar))
    openings = {hospital.id: hospital.openings for hospital in problem.hospitals}
    for free in problem.availabilities:
        assert any(o.start <= free.start and free.end <= o.end for o in openings[free.hospital]), free
    for kind in ("doctor", "patient"):
        starts = defaultdict(list)
        for standing in problem.appointments:
            starts[getattr(standing, kind)].append(standing.start)
        for hours in starts.values():
            assert all(later - earlier >= HOUR for earlier, later in pairwise(sorted(hours)))
    inside = defaultdict(list)
    for free in problem.availabilities:
        inside[free.doctor, free.hospital].append(free)
    for standing in problem.appointments:
        assert _local(calendar, standing).minute == 0
        frees = inside[standing.doctor, standing.hospital]
        assert any(free.start <= standing.start and standing.start + HOUR <= free.end for free in frees)
    for free, following in pairwise(problem.availabilities):
        assert free.doctor != following.doctor or free.end <= following.start


def test_asks_500_times_with_every_priority_and_mostly_close_to_home(calendar: Calendar) -> None:
    requests = wishes(calendar)
    assert len(requests) == 500
    assert len({request.id for request in requests}) == 500
    priorities = Counter(request.priority for request in requests)
    assert min(priorities.values()) > 40
    home = {person.id: person.state for person in (*calendar.hospitals, *calendar.doctors, *calendar.patients)}
    named = [(r, [*(r.doctors or ()), *(r.hospitals or ())]) for r in requests]
    near = [all(home[name] == home[r.patient] for name in names) for r, names in named if names]
    assert len(near) / 500 > 0.5
    assert sum(near) / len(near) > 0.9
    until = datetime.combine(MONDAY + timedelta(days=22), datetime.min.time(), UTC)
    for request in requests:
        assert request.earliest < request.latest <= until


def test_the_bundle_says_the_same_as_the_problem(calendar: Calendar) -> None:
    requests = wishes(calendar)
    bundle, problem = as_bundle(calendar, requests), as_problem(calendar, requests)
    assert [row.start for row in bundle.appointments] == [standing.start for standing in problem.appointments]
    assert [row.end for row in bundle.availabilities] == [free.end for free in problem.availabilities]
    assert [row.latest for row in bundle.requests] == [request.latest for request in problem.requests]
    assert bundle.hospitals[2].operating_hours[Weekday.FRIDAY][-1].closes == "02:00"


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_is_planned_to_the_best_with_conflicts_of_every_kind(seed: int) -> None:
    calendar = Calendar(seed, MONDAY)
    problem = as_problem(calendar, wishes(calendar))
    made = plan(problem)
    assert verify(problem, made) == ()
    assert made.status is PlanStatus.OPTIMAL
    kinds = Counter(conflict.kind for conflict in made.conflicts)
    assert set(kinds) == set(ConflictKind)
    assert min(kinds.values()) >= 5
    assert len(made.bookings) >= 300


def _local(calendar: Calendar, standing) -> datetime:
    zones = {place.id: ZoneInfo(place.timezone) for place in calendar.hospitals}
    return standing.start.astimezone(zones[standing.hospital])
