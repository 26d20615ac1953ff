"""`verify` knows every rule by itself: a right plan passes, and one altered in any way does not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.plan import Booking, ConflictKind, Move, Plan, PlanStatus
from planner.problem import Period, Priority, Problem
from planner.solve import plan
from planner.verify import verify
from tests.planner.problems import appointment, at, available, hospital, problem, request, small


def codes(given_: Problem, made: Plan) -> set[str]:
    return {violation.code for violation in verify(given_, made)}


@pytest.fixture
def town() -> Problem:
    """Two doctors, one of them in two places; a fixed and a movable appointment; two requests that win, one loses."""
    return problem(
        [available("d1", 9, 12), available("d2", 9, 10), available("d2", 14, 15, "h2")],
        [
            request("r1", "p1", 9, 12, doctors=("d1",), priority=Priority.URGENT),
            request("r2", "p2", 9, 10, doctors=("d2",), priority=Priority.SOON),
            request("r3", "p3", 9, 10, doctors=("d2",)),
        ],
        [
            appointment("fixed", "d1", "p4", 9),
            appointment("movable", "d1", "p5", 10, movable=True, window=Period(at(10), at(12))),
        ],
        [hospital("h1"), hospital("h2")],
    )


def book(made: Plan, id_: str, **changes: object) -> Plan:
    return replace(made, bookings=tuple(replace(b, **changes) if b.request == id_ else b for b in made.bookings))


def test_a_right_plan_passes(town: Problem) -> None:
    made = plan(town)
    assert verify(town, made) == ()
    assert {booking.request for booking in made.bookings} == {"r1", "r2"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"start": at(10.5)}, "not_a_candidate"),
        ({"start": at(12)}, "not_a_candidate"),
        ({"start": at(8)}, "not_a_candidate"),
        ({"doctor": "d2", "start": at(9)}, "not_a_candidate"),
        ({"hospital": "h2"}, "not_a_candidate"),
        ({"doctor": "nobody"}, "not_a_candidate"),
        ({"hospital": "nowhere"}, "not_a_candidate"),
        ({"start": at(9)}, "doctor_overlap"),
        ({"start": at(10)}, "doctor_overlap"),
    ],
)
def test_a_booking_that_is_wrong_is_found(town: Problem, changes: dict, code: str) -> None:
    assert code in codes(town, book(plan(town), "r1", **changes))


def test_a_patient_in_two_places_is_found() -> None:
    given_ = problem(
        [available("d1", 9, 11), available("d2", 9, 11)],
        [request("r1", "p1", 9, 11, doctors=("d1",)), request("r2", "p1", 9, 11, doctors=("d2",))],
    )
    made = plan(given_)
    found = codes(given_, book(book(made, "r1", start=at(9)), "r2", start=at(9)))
    assert found == {"patient_overlap", "objective", "prices"}


def test_requests_without_answer_or_with_two_are_found(town: Problem) -> None:
    made = plan(town)
    assert "answered_once" in codes(town, replace(made, bookings=made.bookings[1:]))
    assert "answered_once" in codes(town, replace(made, conflicts=()))
    assert "answered_once" in codes(town, replace(made, bookings=made.bookings * 2))
    twice = replace(made, bookings=(*made.bookings, Booking("r3", "d1", "h1", at(10))))
    assert "answered_once" in codes(town, twice)
    assert "unknown_request" in codes(town, replace(made, bookings=(*made.bookings, Booking("r9", "d1", "h1", at(10)))))


@pytest.mark.parametrize(
    "move",
    [
        Move("fixed", "d1", "h1", at(11)),
        Move("nothing", "d1", "h1", at(11)),
        Move("movable", "d2", "h2", at(14)),
        Move("movable", "d1", "h1", at(9)),
        Move("movable", "d1", "h1", at(11.5)),
        Move("movable", "d1", "h2", at(11)),
    ],
)
def test_a_move_that_is_not_allowed_is_found(town: Problem, move: Move) -> None:
    assert "move" in codes(town, replace(plan(town), moved=(move,)))


def test_a_move_to_a_hospital_where_the_appointment_may_not_be_is_found() -> None:
    given_ = problem(
        [available("d1", 10, 11), available("d1", 12, 13, "h2")],
        [request("r1", "p1", 10, 11)],
        [appointment("a1", "d1", "p9", 10, movable=True)],
        [hospital("h1"), hospital("h2")],
    )
    made = plan(given_)
    bound_ = replace(given_, appointments=(replace(given_.appointments[0], hospitals=("h1",)),))
    assert verify(given_, made) == ()
    assert "move" in codes(bound_, made)


def test_inconvenience_that_is_counted_without_the_places_is_found() -> None:
    wish = request("r1", "p1", 9, 10, doctors=("d0", "d1", "d2"), places=(0, 1, 1))
    hours = [available("d0", 11, 12), available("d1", 11, 12), available("d2", 9, 10)]
    given_ = problem(hours, [wish])
    made = plan(given_)
    assert made.objective.inconvenience == 24
    assert verify(given_, made) == ()
    uneven = replace(given_, requests=(replace(wish, places=None),))
    assert "objective" in codes(uneven, made)
    assert "objective" in codes(given_, plan(uneven))


def test_an_appointment_that_a_request_replaces_is_not_moved_too() -> None:
    given_ = problem(
        [available("d1", 9, 12)],
        [request("r1", "p1", 9, 10, moves="a1")],
        [appointment("a1", "d1", "p1", 10, movable=True)],
    )
    made = plan(given_)
    assert verify(given_, made) == ()
    assert "move" in codes(given_, replace(made, moved=(Move("a1", "d1", "h1", at(11)),)))


def test_goals_that_are_counted_wrong_are_found(town: Problem) -> None:
    made = plan(town)
    more = replace(made.objective, inconvenience=made.objective.inconvenience + 1)
    assert codes(town, replace(made, objective=more)) == {"objective", "status"}
    assert codes(town, replace(made, bound=more)) == {"bound", "status"}
    assert codes(town, replace(made, status=PlanStatus.FEASIBLE)) == {"status"}
    fewer = replace(made.bound, booked={**made.bound.booked, Priority.URGENT: 0})
    assert "bound" in codes(town, replace(made, bound=fewer))


def test_a_conflict_of_the_wrong_kind_is_found(town: Problem) -> None:
    made = plan(town)
    assert [conflict.kind for conflict in made.conflicts] == [ConflictKind.OUTCOMPETED]
    for kind in set(ConflictKind) - {ConflictKind.OUTCOMPETED}:
        wrong = replace(made.conflicts[0], kind=kind)
        assert codes(town, replace(made, conflicts=(wrong,))) == {"conflict"}


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_facts_that_are_altered_are_found(seed: int, data) -> None:
    """Drop a fact, or take one away from its place: the conflict no longer holds."""
    given_ = small(seed)
    made = plan(given_)
    altered = [wrong for c in made.conflicts for wrong in (*alterations(c), *additions(c))]
    if altered:
        which, wrong = data.draw(st.sampled_from(altered))
        changed = tuple(wrong if c.request == wrong.request else c for c in made.conflicts)
        assert "conflict" in codes(given_, replace(made, conflicts=changed)), which


def additions(conflict):
    facts = conflict.facts
    yield "a fact too many", replace(conflict, facts={**facts, "weather": "rain"})
    for key in ("appointments", "winners", "moved"):
        if facts.get(key):
            yield f"{key}[0] twice", replace(conflict, facts={**facts, key: [*facts[key], facts[key][0]]})
    if len(facts.get("doctors", ())) > 1:
        yield "another order of doctors", replace(conflict, facts={**facts, "doctors": facts["doctors"][::-1]})
    if not conflict.certificate:
        yield "a needless certificate", replace(conflict, certificate={"rule": "offers", "requests": [], "offers": []})
    elif conflict.certificate.get("offers"):
        offers = conflict.certificate["offers"]
        twice = {**conflict.certificate, "offers": [*offers, offers[0]]}
        yield "offers[0] twice", replace(conflict, certificate=twice)


def alterations(conflict):
    facts = conflict.facts
    for key in facts:
        without = {name: value for name, value in facts.items() if name != key}
        yield f"without {key}", replace(conflict, facts=without)
    for key in ("appointments", "winners", "moved"):
        for i in range(len(facts.get(key, ()))):
            yield f"{key}[{i}] dropped", replace(conflict, facts={**facts, key: facts[key][:i] + facts[key][i + 1 :]})
            elsewhere = [*facts[key]]
            elsewhere[i] = {**elsewhere[i], "start": "2020-01-01T00:00:00+00:00"}
            yield f"{key}[{i}] at another hour", replace(conflict, facts={**facts, key: elsewhere})
    for key in ("doctors", "hospitals"):
        for i in range(len(facts.get(key, ()))):
            yield f"{key}[{i}] dropped", replace(conflict, facts={**facts, key: facts[key][:i] + facts[key][i + 1 :]})
        if key in facts:
            yield f"{key} with a stranger", replace(conflict, facts={**facts, key: [*facts[key], "stranger"]})
    for key in ("next_opening", "nearest_availability"):
        if facts.get(key) is not None:
            yield f"no {key}", replace(conflict, facts={**facts, key: None})
            told = {**facts[key], "start": "2020-01-01T00:00:00+00:00"}
            yield f"another {key}", replace(conflict, facts={**facts, key: told})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_alternatives_that_are_altered_are_found(seed: int) -> None:
    """One given twice, one that is silent on what it gives up, one that says so twice."""
    given_ = small(seed)
    made = plan(given_)
    for i, conflict in enumerate(made.conflicts):
        for first, *others in [conflict.alternatives] if conflict.alternatives else []:
            for wrong in (
                (first, first),
                (replace(first, gives_up=first.gives_up[1:]), *others),
                (replace(first, gives_up=first.gives_up * 2), *others),
            ):
                changed = list(made.conflicts)
                changed[i] = replace(conflict, alternatives=wrong)
                found = codes(given_, replace(made, conflicts=tuple(changed)))
                assert found & {"alternative", "alternatives"}
