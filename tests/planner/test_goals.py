"""The goals: best possible on small problems, whatever the order, the names or the clock; proved, or honestly not."""

from dataclasses import replace
from datetime import timedelta
from itertools import cycle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import search
from planner.candidates import ROUTINE, SOON, URGENT
from planner.columns import columns
from planner.goals import Score, Weights, score, told_bound
from planner.plan import Objective, Plan, PlanStatus
from planner.problem import Doctor, Period, Priority, Problem
from planner.repair import plain_plan
from planner.schemas import plan_to_json
from planner.solve import plan
from planner.verify import verify
from tests.planner.brute_force import best_goals
from tests.planner.problems import appointment, at, available, hospital, problem, request, small

seeds = st.integers(0, 2**32)


def reached(made: Plan) -> tuple[int, ...]:
    return (*(made.objective.booked[p] for p in Priority), made.objective.moved, made.objective.inconvenience)


@settings(max_examples=250, deadline=None)
@given(seeds)
def test_a_small_problem_is_planned_as_well_as_trying_everything_finds(seed: int) -> None:
    given_ = small(seed)
    made = plan(given_)
    assert verify(given_, made) == ()
    assert made.status == PlanStatus.OPTIMAL
    assert reached(made) == best_goals(given_)


@settings(max_examples=60, deadline=None)
@given(seeds, st.randoms(use_true_random=False))
def test_the_order_of_the_file_decides_nothing(seed: int, random) -> None:
    given_ = small(seed)

    def mixed(values: tuple) -> tuple:
        return tuple(random.sample(values, len(values)))

    other = Problem(
        mixed(given_.hospitals),
        mixed(given_.doctors),
        mixed(given_.availabilities),
        mixed(given_.appointments),
        mixed(given_.requests),
    )
    first, second = plan(given_), plan(other)
    assert (first.bookings, first.moved, first.conflicts) == (second.bookings, second.moved, second.conflicts)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_other_names_give_a_plan_as_good(seed: int) -> None:
    given_ = small(seed)
    assert reached(plan(renamed(given_))) == reached(plan(given_))


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(-200, 200))
def test_other_weeks_give_a_plan_as_good(seed: int, weeks: int) -> None:
    given_ = in_utc(small(seed))
    assert reached(plan(shifted(given_, timedelta(weeks=weeks)))) == reached(plan(given_))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_same_problem_and_seed_give_the_same_plan(seed: int) -> None:
    given_ = small(seed)
    assert timeless(plan(given_, seed=3)) == timeless(plan(given_, seed=3))


def test_one_urgent_request_outweighs_every_other_goal() -> None:
    """One hour; the urgent request is far from its preferred time and last on its list, the others fit perfectly."""
    given_ = problem(
        [available("d1", 9, 10)],
        [
            request("urgent", "p0", 9, 10, priority=Priority.URGENT, preferred=at(9, day=-300)),
            *(request(f"routine{i}", f"p{i}", 9, 10) for i in range(1, 30)),
        ],
    )
    assert [booking.request for booking in plan(given_).bookings] == ["urgent"]


def test_an_appointment_is_moved_only_if_that_books_more() -> None:
    cheaper = [available("d1", 9, 12)], [request("r1", "p1", 9, 12, preferred=at(10))]
    standing = appointment("a1", "d1", "p9", 10, movable=True)
    assert plan(problem(*cheaper, [standing])).moved == ()
    only = [available("d1", 9, 12)], [request("r1", "p1", 10, 11)]
    moved = plan(problem(*only, [standing])).moved
    assert [(move.appointment, move.start) for move in moved] == [("a1", at(9))]


def test_a_moved_appointment_stays_in_its_window() -> None:
    standing = appointment("a1", "d1", "p9", 10, movable=True, window=Period(at(10), at(13)))
    made = plan(problem([available("d1", 9, 12)], [request("r1", "p1", 10, 11)], [standing]))
    assert [move.start for move in made.moved] == [at(11)]


def test_an_appointment_may_move_to_another_hospital_of_its_doctor() -> None:
    given_ = problem(
        [available("d1", 10, 11), available("d1", 13, 14, "h2")],
        [request("r1", "p1", 10, 11)],
        [appointment("a1", "d1", "p9", 10, movable=True)],
        [hospital("h1"), hospital("h2")],
    )
    made = plan(given_)
    assert [(move.hospital, move.start) for move in made.moved] == [("h2", at(13))]
    assert verify(given_, made) == ()


def test_a_replaced_appointment_gives_its_hour_back_to_doctor_and_patient() -> None:
    standing = [appointment("a1", "d1", "p1", 10)]
    later = request("r1", "p1", 10, 11, doctors=("d2",), moves="a1")
    somebody = request("r2", "p2", 10, 11, doctors=("d1",))
    made = plan(problem([available("d1", 10, 11), available("d2", 10, 11)], [later, somebody], standing))
    assert {(booking.request, booking.doctor) for booking in made.bookings} == {("r1", "d2"), ("r2", "d1")}


def test_a_place_on_the_list_costs_a_day_and_counts_in_the_list_as_given() -> None:
    wish = request("r1", "p1", 9, 12, doctors=("nurse", "d1", "d2"), specialty="s")
    given_ = problem([available("d1", 11, 12), available("d2", 9, 10)], [wish])
    skilled = tuple(Doctor(name, frozenset("s")) for name in ("d1", "d2"))
    given_ = replace(given_, doctors=(*skilled, Doctor("nurse", frozenset())))
    made = plan(given_)
    assert [booking.doctor for booking in made.bookings] == ["d1"]
    assert made.objective.inconvenience == 2 + 24
    assert verify(given_, made) == ()


def test_doctors_of_one_place_are_equally_good() -> None:
    """d2 and d3 are alike, so the nearer hour decides; d4 is a place further down, and comes two days dearer."""
    wish = request("r1", "p1", 9, 13, doctors=("d1", "d2", "d3", "d4"), places=(0, 1, 1, 2))
    hours = [available("d2", 12, 13), available("d3", 11, 12), available("d4", 9, 10)]
    given_ = replace(problem(hours, [wish]), doctors=tuple(Doctor(f"d{i}", frozenset()) for i in range(1, 5)))
    made = plan(given_)
    assert [booking.doctor for booking in made.bookings] == ["d3"]
    assert made.objective.inconvenience == 2 + 24
    assert verify(given_, made) == ()


def test_of_equally_good_doctors_the_order_on_the_list_decides_nothing() -> None:
    hours = [available(doctor, 9, 10) for doctor in ("d1", "d2", "d3")]
    lists = (("d1", "d2", "d3"), ("d1", "d3", "d2"))
    wishes = [request("r1", "p1", 9, 10, doctors=listed, places=(0, 1, 1)) for listed in lists]
    taken = [appointment("a1", "d1", "p9", 9)]
    first, second = (plan(problem(hours, [wish], taken)).bookings for wish in wishes)
    assert first == second


def test_a_moved_appointment_goes_to_a_hospital_where_it_may_be() -> None:
    """h2 would be nearer. Left out of its hospitals, its own hour stays possible all the same."""
    hours = [available("d1", 10, 11), available("d1", 12, 13, "h2"), available("d1", 15, 16, "h3")]
    standing = appointment("a1", "d1", "p9", 10, movable=True, hospitals=("h3",))
    hospitals = [hospital("h1"), hospital("h2"), hospital("h3")]
    crowded = problem(hours, [request("r1", "p1", 10, 11)], [standing], hospitals)
    made = plan(crowded)
    assert [(move.hospital, move.start) for move in made.moved] == [("h3", at(15))]
    assert verify(crowded, made) == ()
    nowhere = replace(crowded, appointments=(replace(standing, hospitals=()),))
    assert plan(nowhere).moved == ()
    assert [conflict.request for conflict in plan(nowhere).conflicts] == ["r1"]
    assert verify(nowhere, plan(nowhere)) == ()


def test_no_requests_and_no_hospitals_make_an_empty_plan() -> None:
    empty = Problem((), (), (), (), ())
    made = plan(empty)
    assert (made.status, made.bookings, made.conflicts) == (PlanStatus.OPTIMAL, (), ())
    assert verify(empty, made) == ()


def test_goals_too_large_for_one_number_are_solved_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = cycle([False, True])  # no for all goals at once, yes for priorities a step apart
    monkeypatch.setattr(Weights, "fit", lambda _weights: next(answers))
    optimal = 0
    for seed in range(60):
        given_ = small(seed)
        made = plan(given_)
        assert verify(given_, made) == ()
        assert made.prices is None
        assert score_of(made.bound) >= best_goals(given_)[:3]
        if made.status == PlanStatus.OPTIMAL:
            optimal += 1
            assert reached(made) == best_goals(given_)
    assert optimal > 55, "priorities a step apart nearly always book the most"


def score_of(bound: Objective) -> tuple[int, ...]:
    return tuple(bound.booked[priority] for priority in Priority)


def test_the_solver_decides_where_prices_stay_out_of_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """With everything between the assignment and CP-SAT switched off CP-SAT alone has to find the same."""
    monkeypatch.setattr(
        search, "repair", lambda network, chosen, tariff, _budget: (plain_plan(network, chosen), tariff)
    )
    monkeypatch.setattr(search, "tighten", lambda _network, plan_, tariff, _budget: (plan_, tariff))
    for seed in range(60):
        given_ = small(seed)
        made = plan(given_)
        assert (made.status, reached(made)) == (PlanStatus.OPTIMAL, best_goals(given_))


@settings(max_examples=60, deadline=None)
@given(seeds, st.data())
def test_a_bound_on_the_gain_is_read_as_the_best_score_within_it(seed: int, data) -> None:
    candidates = columns(small(seed)).candidates
    weights = Weights.of(candidates)
    chosen = plan_mask(candidates, data)
    gain = int(weights.gain(candidates)[chosen].sum())
    best = weights.score_within(gain, candidates)
    assert best == score(candidates, chosen)
    assert weights.score_within(gain + 1, candidates).key >= best.key


def plan_mask(candidates, data):
    """At most one candidate of each seeker, exactly one of a movable appointment."""
    chosen = np.zeros(len(candidates), dtype=bool)
    for seeker in np.unique(candidates.seeker).tolist():
        own = np.flatnonzero(candidates.seeker == seeker).tolist()
        must = candidates.rank[own[0]] == 0
        picked = data.draw(st.sampled_from(own if must else [None, *own]))
        if picked is not None:
            chosen[picked] = True
    return chosen


def timeless(made: Plan) -> str:
    return plan_to_json(replace(made, receipt=replace(made.receipt, seconds={})))


def renamed(given_: Problem) -> Problem:
    """Every id turned round, so that their order changes, too."""

    def new(id_: str | None) -> str | None:
        return None if id_ is None else f"{9 - int(id_[1:])}{id_[0]}" if id_[1:] else f"{id_}!"

    def all_new(ids: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if ids is None else tuple(map(new, ids))

    return Problem(
        tuple(replace(h, id=new(h.id)) for h in given_.hospitals),
        tuple(replace(d, id=new(d.id)) for d in given_.doctors),
        tuple(replace(a, doctor=new(a.doctor), hospital=new(a.hospital)) for a in given_.availabilities),
        tuple(
            replace(
                a,
                id=new(a.id),
                doctor=new(a.doctor),
                hospital=new(a.hospital),
                patient=new(a.patient),
                hospitals=all_new(a.hospitals),
            )
            for a in given_.appointments
        ),
        tuple(
            replace(
                r,
                id=new(r.id),
                patient=new(r.patient),
                doctors=all_new(r.doctors),
                hospitals=all_new(r.hospitals),
                moves=new(r.moves),
            )
            for r in given_.requests
        ),
    )


def in_utc(given_: Problem) -> Problem:
    """The same with all clocks set to UTC, where no week differs from another; standing hours off its hour left out."""
    return replace(
        given_,
        hospitals=tuple(replace(h, timezone="UTC") for h in given_.hospitals),
        appointments=(),
        requests=tuple(replace(r, moves=None) for r in given_.requests),
    )


def shifted(given_: Problem, by: timedelta) -> Problem:
    def period(p):
        return replace(p, start=p.start + by, end=p.end + by)

    return Problem(
        tuple(replace(h, openings=tuple(map(period, h.openings))) for h in given_.hospitals),
        given_.doctors,
        tuple(map(period, given_.availabilities)),
        (),
        tuple(
            replace(
                r,
                earliest=r.earliest + by,
                latest=r.latest + by,
                preferred=r.preferred and r.preferred + by,
            )
            for r in given_.requests
        ),
    )


def test_a_bound_promises_nothing_after_the_first_goal_that_it_leaves_open() -> None:
    candidates = columns(small(3)).candidates
    most = [len(np.unique(candidates.seeker[candidates.rank == rank])) for rank in (URGENT, SOON, ROUTINE)]
    reached = Score(urgent=1, soon=1, routine=5, moved=2, inconvenience=9)
    assert told_bound(reached, reached, candidates) == reached
    assert told_bound(Score(1, 2, 0, 7, 7), reached, candidates) == Score(1, 2, most[2], 0, 0)
    assert told_bound(Score(2, 0, 0, 7, 7), reached, candidates) == Score(2, most[1], most[2], 0, 0)
    assert told_bound(Score(1, 1, 5, 2, 8), reached, candidates) == Score(1, 1, 5, 2, 8)
