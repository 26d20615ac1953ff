"""Alternatives: free once everything is booked, not asked for, nearest first, and not offered to two."""

import random
from dataclasses import replace
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from planner.conflicts import explain_hopeless
from planner.handout import Handout
from planner.hours import Hours, Moments
from planner.instants import HOUR_US, micros
from planner.plan import Alternative
from planner.problem import Doctor, Problem
from planner.solve import plan
from planner.verify import verify
from planner.wording import Wording
from tests.planner.problems import appointment, at, available, hospital, problem, request, small


def offered(given_: Problem, id_: str = "r1") -> tuple[Alternative, ...]:
    made = plan(given_)
    assert verify(given_, made) == ()
    return next(conflict.alternatives for conflict in made.conflicts if conflict.request == id_)


def test_the_three_nearest_hours_with_what_they_give_up() -> None:
    given_ = problem(
        [available("d1", 9, 13), available("d2", 10, 11), available("d3", 10, 11)],
        [request("r1", "p1", 10, 11, doctors=("d1",))],
        [appointment("a1", "d1", "q", 10)],
        doctors=[Doctor("d1", frozenset("s")), Doctor("d2", frozenset("s")), Doctor("d3", frozenset("t"))],
    )
    alternatives = offered(given_)
    assert [(a.doctor, a.start) for a in alternatives] == [("d2", at(10)), ("d1", at(9)), ("d1", at(11))]
    assert alternatives[0].gives_up == ("the doctor: d2 instead of d1",)
    assert alternatives[1].gives_up == ("the time: it begins before Tue 1 Dec 2026 10:00 (Europe/Lisbon)",)
    assert alternatives[2].gives_up == ("the time: it ends after Tue 1 Dec 2026 11:00 (Europe/Lisbon)",)


def test_another_hospital_is_an_alternative() -> None:
    given_ = problem(
        [available("d1", 9, 10, "h2")],
        [request("r1", "p1", 9, 10, hospitals=("h1",))],
        hospitals=[hospital("h1"), hospital("h2")],
    )
    assert [a.gives_up for a in offered(given_)] == [("the hospital: h2 instead of h1",)]


def test_what_another_request_is_offered_is_not_offered_twice_while_there_is_more() -> None:
    wishes = [request(f"r{i}", f"p{i}", 9, 10) for i in range(3)]
    given_ = problem([available("d1", 9, 16)], wishes)
    made = plan(given_)
    hours = [alternative.start for conflict in made.conflicts for alternative in conflict.alternatives]
    assert len(hours) == len(set(hours)) == 6


def test_hours_are_shared_where_they_do_not_reach() -> None:
    wishes = [request(f"r{i}", f"p{i}", 9, 10) for i in range(4)]
    given_ = problem([available("d1", 9, 11)], wishes)
    assert [[a.start for a in c.alternatives] for c in plan(given_).conflicts] == [[at(10)]] * 3


def refused_by(given_: Problem):
    made = plan(given_)
    assert not [violation for violation in verify(given_, made) if violation.code.startswith("alternative")]
    return made.conflicts


def test_a_request_of_its_own_hour_is_told_no_hours_of_others() -> None:
    """Two hours are free for three refused requests: two get one each, and who gets none is told both."""
    wishes = [request(f"r{i}", f"p{i}", 9, 10, preferred=at(9)) for i in range(4)]
    conflicts = refused_by(problem([available("d1", 9, 12)], wishes))
    assert sorted([a.start for a in c.alternatives] for c in conflicts) == [[at(10)], [at(10), at(11)], [at(11)]]


def test_everybody_gets_a_first_hour_before_anybody_gets_a_second() -> None:
    """10:00 with d1 is the nearest for r1, whose turn is first, and the only one for r2: r1 takes hours of d2."""
    given_ = problem(
        [available("d1", 9, 11), available("d2", 14, 16)],
        [
            request("r0", "p0", 9, 10, doctors=("d1",), priority="urgent"),
            request("r1", "p1", 9, 10, doctors=("d1",), specialty="s", priority="soon"),
            request("r2", "p2", 9, 10, doctors=("d1",), specialty="t"),
        ],
        doctors=[Doctor("d1", frozenset("st")), Doctor("d2", frozenset("s"))],
    )
    alternatives = {c.request: [(a.doctor, a.start) for a in c.alternatives] for c in refused_by(given_)}
    assert alternatives == {"r1": [("d2", at(14)), ("d2", at(15))], "r2": [("d1", at(10))]}


def test_two_requests_of_a_patient_are_not_offered_the_same_time() -> None:
    """Two doctors are free at 10 and at 11: the requests of one patient are each given one time only."""
    given_ = problem(
        [available("d1", 9, 12), available("d2", 9, 12)],
        [
            request("a", "p1", 9, 10, doctors=("d1",), priority="urgent"),
            request("b", "p2", 9, 10, doctors=("d2",), priority="urgent"),
            request("r1", "p", 9, 10, doctors=("d1",), preferred=at(10)),
            request("r2", "p", 9, 10, doctors=("d2",), preferred=at(10)),
        ],
    )
    first, second = ({a.start for a in c.alternatives} for c in refused_by(given_))
    assert first
    assert second
    assert not first & second


def test_before_anything_is_planned_movable_appointments_hold_their_hours() -> None:
    given_ = problem(
        [available("d1", 9, 12)],
        [request("r1", "p1", 14, 15, doctors=("d1",))],
        [appointment("a1", "d1", "q", 11, movable=True)],
    )
    (conflict,) = explain_hopeless(given_, Wording.of(given_))
    assert [a.start for a in conflict.alternatives] == [at(10), at(9)]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_no_way_of_handing_out_gives_more_requests_an_hour(seed: int) -> None:
    """Against SciPy's maximum matching; then up to three each, and never two requests the same hour."""
    rng = random.Random(seed)
    requests, hours = rng.randint(1, 8), rng.randint(1, 8)
    choices = {r: rng.sample(range(hours), rng.randint(0, min(3, hours))) for r in range(requests)}
    moments = Moments.of(np.arange(hours) * HOUR_US)
    free = Hours(np.zeros(hours, dtype=np.int64), np.zeros(hours, dtype=np.int64), np.arange(hours))
    handout = Handout(free, moments, {r: r for r in range(requests)})
    handout.give(range(requests), choices, 3)
    given_ = [hour for own in handout.given.values() for hour in own]
    assert len(given_) == len(set(given_))
    assert all(set(own) <= set(choices[r]) for r, own in handout.given.items())
    graph = np.zeros((requests, hours), dtype=np.int8)
    for r, wanted in choices.items():
        graph[r, wanted] = 1
    most = int((maximum_bipartite_matching(csr_array(graph), perm_type="column") >= 0).sum())
    assert sum(bool(own) for own in handout.given.values()) == most
    three = np.repeat(graph, 3, axis=0)
    assert len(given_) == int((maximum_bipartite_matching(csr_array(three), perm_type="column") >= 0).sum())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_no_two_requests_are_given_hours_that_exclude_each_other(seed: int) -> None:
    rng = random.Random(seed)
    places = sorted({(rng.randint(0, 8), rng.randint(0, 2)) for _ in range(12)})
    moments = Moments.of(np.arange(9) * (HOUR_US // 2))
    moment, doctor = np.array(places, dtype=np.int64).T
    handout = Handout(Hours(doctor, np.zeros_like(doctor), moment), moments, {r: r // 2 for r in range(6)})
    choices = {r: rng.sample(range(len(places)), rng.randint(0, len(places))) for r in range(6)}
    handout.give(range(6), choices, 3)
    assert all(len(own) == len(set(own)) <= 3 for own in handout.given.values())
    told = [(r, *places[hour]) for r, own in handout.given.items() for hour in own]
    for (one, a, doctor_a), (other, b, doctor_b) in combinations(told, 2):
        if one != other and abs(a - b) < 2:
            assert doctor_a != doctor_b
            assert one // 2 != other // 2


def test_an_appointment_that_could_not_be_replaced_still_keeps_its_hour_from_others() -> None:
    """r1 wanted to leave 10:00 for 9:00 and lost; r3 is not offered 10:00, but r1 could take it with another doctor."""
    given_ = problem(
        [available("d1", 9, 11)],
        [
            request("r1", "p1", 9, 10, moves="a1"),
            request("r2", "p2", 9, 10, preferred=at(9), priority="urgent"),
            request("r3", "p3", 9, 10),
        ],
        [appointment("a1", "d1", "p1", 10)],
    )
    made = plan(given_)
    assert verify(given_, made) == ()
    alternatives = {conflict.request: [a.start for a in conflict.alternatives] for conflict in made.conflicts}
    assert alternatives == {"r1": [at(10)], "r3": []}


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_every_alternative_can_be_booked_as_the_plan_leaves_things(seed: int) -> None:
    given_ = small(seed)
    made = plan(given_)
    wishes = {wish.id: wish for wish in given_.requests}
    for conflict in made.conflicts:
        for alternative in conflict.alternatives:
            wish = wishes[conflict.request]
            wider = replace(
                wish,
                doctors=(alternative.doctor,),
                places=None,
                specialty=None,
                hospitals=(alternative.hospital,),
                earliest=alternative.start,
                latest=at(micros(alternative.start) / 3.6e9 - micros(at(0)) / 3.6e9 + 1),
                moves=None,
            )
            after = replace(given_, requests=(wider,), appointments=tuple(standing(given_, made, wish)))
            assert len(plan(after).bookings) == 1


def standing(given_: Problem, made, wish):
    """What stands after the plan, unmovable; an appointment that `wish` itself replaces does not."""
    moved = {move.appointment: move for move in made.moved}
    booked = {booking.request: booking for booking in made.bookings}
    gone = {r.moves for r in given_.requests if r.id in booked or r.id == wish.id}
    for a in given_.appointments:
        if a.id in gone:
            continue
        at_ = moved.get(a.id, a)
        yield replace(a, hospital=at_.hospital, start=at_.start, movable=False, window=None)
    for r in given_.requests:
        if r.id in booked:
            b = booked[r.id]
            yield replace(appointment(r.id, b.doctor, r.patient, 0, hospital=b.hospital), start=b.start)
