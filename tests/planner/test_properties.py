"""Whole plans of problems too large to try everything: as good as an independent program finds, and fair."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.plan import Plan, PlanStatus
from planner.problem import Availability, Priority, Problem
from planner.solve import plan
from planner.verify import verify
from tests.planner import mip
from tests.planner.brute_force import best_goals
from tests.planner.medium import medium
from tests.planner.problems import small

seeds = st.integers(0, 2**32)


def reached(made: Plan) -> tuple[int, ...]:
    return (*(made.objective.booked[p] for p in Priority), made.objective.moved, made.objective.inconvenience)


def key(made: Plan) -> tuple[int, ...]:
    """Greater the better."""
    urgent, soon, routine, moved, inconvenience = reached(made)
    return urgent, soon, routine, -moved, -inconvenience


def middling(seed: int) -> Problem:
    return medium(seed, requests=30, doctors=5, patients=8)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_the_independent_program_agrees_with_trying_everything(seed: int) -> None:
    given_ = small(seed)
    assert mip.best(given_) == best_goals(given_)


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_a_hospital_s_week_is_planned_as_well_as_an_independent_program_finds(seed: int) -> None:
    given_ = medium(seed)
    made = plan(given_)
    assert verify(given_, made) == ()
    assert made.status == PlanStatus.OPTIMAL
    assert reached(made) == mip.best(given_)


@settings(max_examples=12, deadline=None)
@given(seeds, st.sampled_from([(12, 2, 3), (30, 5, 8), (60, 4, 30), (25, 10, 3)]))
def test_crowds_and_busy_patients_are_planned_as_well(seed: int, size: tuple[int, int, int]) -> None:
    given_ = medium(seed, *size)
    made = plan(given_)
    assert verify(given_, made) == ()
    assert made.status == PlanStatus.OPTIMAL
    assert reached(made) == mip.best(given_)


@settings(max_examples=8, deadline=None)
@given(seeds, st.data())
def test_more_hours_never_make_a_plan_worse(seed: int, data) -> None:
    given_ = middling(seed)
    like = data.draw(st.sampled_from(given_.availabilities))
    later = timedelta(minutes=data.draw(st.integers(-20, 20)) * 30)
    more = Availability(like.doctor, like.hospital, like.start + later, like.end + later)
    generous = replace(given_, availabilities=(*given_.availabilities, more))
    assert key(plan(generous)) >= key(plan(given_))


@settings(max_examples=8, deadline=None)
@given(seeds, st.data())
def test_one_more_request_takes_nothing_from_higher_priorities(seed: int, data) -> None:
    given_ = middling(seed)
    like = data.draw(st.sampled_from(given_.requests))
    more = replace(like, id="r99", priority=data.draw(st.sampled_from(list(Priority))), moves=None)
    before = plan(given_).objective.booked
    after = plan(replace(given_, requests=(*given_.requests, more))).objective.booked
    higher = list(Priority)[: list(Priority).index(more.priority)]
    assert [after[p] for p in higher] == [before[p] for p in higher]
    assert 0 <= after[more.priority] - before[more.priority] <= 1


def test_a_request_wanted_by_halves_twice_is_booked_once() -> None:
    """The linear program of all rules gives two hours of one request a hair over one half each."""
    given_ = middling(2164806)
    first = next(request for request in given_.requests if request.id == "r00")
    more = replace(first, id="r99", priority=Priority.URGENT, moves=None)
    given_ = replace(given_, requests=(*given_.requests, more))
    assert verify(given_, plan(given_)) == ()


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_nobody_refused_accepts_an_hour_that_only_lower_priorities_have(seed: int) -> None:
    given_ = middling(seed)
    assert displacing(given_, plan(given_)) == []


def test_an_hour_left_to_lower_priorities_would_be_seen() -> None:
    """The negative control: plans made as if the last came first."""
    upside_down = dict(zip(Priority, reversed(Priority), strict=True))
    unfair = 0
    for seed in range(10):
        given_ = middling(seed)
        turned = tuple(replace(r, priority=upside_down[r.priority]) for r in given_.requests)
        unfair += bool(displacing(given_, plan(replace(given_, requests=turned))))
    assert unfair >= 5


def displacing(given_: Problem, made: Plan) -> list[str]:
    """The refused requests that accept an hour which nobody has but requests of lower priority."""
    requests = {r.id: r for r in given_.requests}
    rank = {r.id: list(Priority).index(r.priority) for r in given_.requests}
    replaced = {r.moves for r in given_.requests}
    standing = {a.id: a for a in given_.appointments if a.id not in replaced}
    starts = {id_: a.start for id_, a in standing.items()} | {m.appointment: m.start for m in made.moved}
    highest: dict[object, int] = {}

    def take(doctor: str, patient: str, start: datetime, rank_: int) -> None:
        for need in mip.needs(doctor, patient, start):
            highest[need] = min(rank_, highest.get(need, rank_))

    for booking in made.bookings:
        take(booking.doctor, requests[booking.request].patient, booking.start, rank[booking.request])
    for id_, a in standing.items():
        take(a.doctor, a.patient, starts[id_], -1)
    booked = {booking.request for booking in made.bookings}
    return sorted({
        c.who
        for c in mip.choices(given_)
        if c.who in requests.keys() - booked
        and all(highest.get(need, rank[c.who] + 1) > rank[c.who] for need in c.needs())
    })  # fmt: skip
