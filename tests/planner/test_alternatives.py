"""Alternatives: free once everything is booked, not asked for, nearest first, and not offered to two."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.instants import micros
from planner.plan import Alternative
from planner.problem import Doctor, Problem
from planner.solve import plan
from planner.verify import verify
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
