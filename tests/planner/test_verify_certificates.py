"""Shared certificates, and everything that is no certificate or fact at all: a violation each, and never a crash."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.plan import Conflict, ConflictKind, Plan
from planner.problem import Priority, Problem
from planner.schemas import plan_to_json, read_plan
from planner.solve import plan
from planner.verify import verify
from tests.planner.problems import available, hospital, problem, request, small


@pytest.fixture(scope="module")
def crowd() -> Problem:
    """50 urgent and 30 routine requests for 45 hours of d1; 5 routine ones for 3 hours of d2."""
    wishes = [request(f"u{i:02}", f"p{i}", 0, 45, priority=Priority.URGENT, doctors=("d1",)) for i in range(50)]
    wishes += [request(f"r{i:02}", f"q{i}", 0, 45, doctors=("d1",)) for i in range(30)]
    wishes += [request(f"s{i:02}", f"s{i}", 0, 3, doctors=("d2",)) for i in range(5)]
    return problem([available("d1", 0, 45), available("d2", 0, 3)], wishes, hospitals=[hospital("h1", "UTC", (0, 50))])


@pytest.fixture(scope="module")
def made(crowd: Problem) -> Plan:
    return plan(crowd)


def wrong(given_: Problem, made: Plan) -> set[str]:
    """The requests of which something is told that does not hold."""
    return {violation.ids[0] for violation in verify(given_, made) if violation.code == "conflict"}


def altered(made: Plan, id_: str, **changes: object) -> Plan:
    """The plan with other fields in the certificate of a request; None takes a field away."""
    conflicts = []
    for conflict in made.conflicts:
        told = {**conflict.certificate, **changes} if conflict.request == id_ else conflict.certificate
        conflicts.append(
            replace(conflict, certificate={key: value for key, value in told.items() if value is not None})
        )
    return replace(made, conflicts=tuple(conflicts))


def shared(made: Plan) -> tuple[Conflict, Conflict]:
    """A conflict whose part another one names, and that one."""
    user = next(conflict for conflict in made.conflicts if "with" in conflict.certificate)
    return next(c for c in made.conflicts if c.request == user.certificate["with"][0]), user


def test_a_large_set_is_told_once_and_passes(crowd: Problem, made: Plan) -> None:
    assert verify(crowd, made) == ()
    told, user = shared(made)
    assert len(told.certificate["requests"]) == 46
    assert user.certificate == {"rule": "offers", "requests": [user.request], "offers": [], "with": [told.request]}


def test_a_part_that_is_altered_is_found(crowd: Problem, made: Plan) -> None:
    told, _ = shared(made)
    requests, offers = told.certificate["requests"], told.certificate["offers"]
    others = [id_ for id_ in requests if id_ != told.request]
    for changes in (
        {"requests": others},
        {"requests": requests[:-1] if requests[-1] != told.request else requests[1:]},
        {"requests": [*requests, requests[0]]},
        {"requests": [*requests, "r00"]},
        {"requests": [*others[1:], told.request], "offers": offers[1:]},
        {"offers": offers[1:]},
        {"offers": [*offers, {**offers[0], "doctor": "d2"}]},
        {"offers": [{**offers[0], "hospital": "h9"}, *offers[1:]]},
        {"offers": [{**offers[0], "patient": "p1"}, *offers[1:]]},
        {"with": [told.request]},
    ):
        assert told.request in wrong(crowd, altered(made, told.request, **changes)), changes


def test_a_part_that_is_named_wrongly_is_found(crowd: Problem, made: Plan) -> None:
    told, user = shared(made)
    routine = next(c.request for c in made.conflicts if c.request.startswith("r"))
    alone = next(c for c in made.conflicts if c.request.startswith("s"))
    booked = made.bookings[0].request
    for named in (None, [], [booked], ["nobody"], [user.request], [routine], [told.request] * 2, [alone.request]):
        assert user.request in wrong(crowd, altered(made, user.request, **{"with": named})), named
    without_need = altered(made, routine, **{"with": [told.request, alone.request]})
    assert routine in wrong(crowd, without_need)
    both = altered(made, user.request, requests=sorted([user.request, told.certificate["requests"][0], "u00"]))
    assert user.request in wrong(crowd, both)


def test_a_set_with_somebody_too_many_is_found() -> None:
    """Two sets, each of which proves itself, told as one: true, but not the least."""
    wishes = [request(f"r{i}", f"p{i}", 9, 10, doctors=("d1",)) for i in range(2)]
    wishes += [request(f"s{i}", f"q{i}", 9, 10, doctors=("d2",)) for i in range(1)]
    given_ = problem([available("d1", 9, 10), available("d2", 9, 10)], wishes)
    made = plan(given_)
    (conflict,) = made.conflicts
    mine = conflict.certificate
    more = altered(
        made,
        conflict.request,
        requests=[*mine["requests"], "s0"],
        offers=[*mine["offers"], {**mine["offers"][0], "doctor": "d2"}],
    )
    assert wrong(given_, made) == set()
    assert wrong(given_, more) == {conflict.request}


NONSENSE = [None, True, -1, 10**40, 1.5, "", "x" * 100_000, [], {}, [[]], [{}], [None], {"id": 1}, [[{"a": []}]], "r00"]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_nonsense_in_facts_and_certificates_is_a_violation_and_never_a_crash(seed: int, data) -> None:
    given_ = small(seed)
    made = plan(given_)
    told = json.loads(plan_to_json(made))
    places = [
        place for conflict in told["conflicts"] for key in ("facts", "certificate") for place in inside(conflict, key)
    ]
    if not places:
        return
    parent, step = data.draw(st.sampled_from(places))
    before = json.dumps(parent[step])
    parent[step] = data.draw(st.sampled_from([value for value in NONSENSE if json.dumps(value) != before]))
    if isinstance(parent[step], dict) or step not in ("facts", "certificate"):  # the schema refuses others
        assert any(v.code == "conflict" for v in verify(given_, read_plan(json.dumps(told))))


def inside(parent, step):
    """Every place of a value within `parent[step]`, itself among them."""
    yield parent, step
    value = parent[step]
    for inner in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from inside(value, inner)


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-14:00"])
def test_instants_outside_the_calendar_are_violations_too(start: str) -> None:
    given_ = problem([available("d1", 9, 10)], [request("r1", "p1", 9, 10), request("r2", "p2", 9, 10)])
    made = plan(given_)
    far = datetime.fromisoformat(start)
    elsewhere = replace(made, bookings=(replace(made.bookings[0], start=far),))
    assert {"not_a_candidate", "conflict"} <= {violation.code for violation in verify(given_, elsewhere)}
    assert made.prices is not None
    dear = replace(made, prices=replace(made.prices, doctors={"d1": {far: 3}}))
    assert "prices" in {violation.code for violation in verify(given_, dear)}


def test_who_accepts_an_hour_that_only_lower_priorities_hold_is_found() -> None:
    given_ = problem(
        [available("d1", 9, 10)], [request("r1", "p1", 9, 10), request("r2", "p2", 9, 10, priority=Priority.SOON)]
    )
    made = plan(given_)
    (booking,), (conflict,) = made.bookings, made.conflicts
    assert (booking.request, conflict.request) == ("r2", "r1")
    fact = {**conflict.facts["winners"][0], "request": "r1"}
    offer = conflict.certificate["offers"]
    swapped = replace(
        made,
        bookings=(replace(booking, request="r1"),),
        conflicts=(
            replace(
                conflict,
                request="r2",
                kind=ConflictKind.OUTCOMPETED,
                facts={"winners": [fact], "moved": []},
                certificate={"rule": "offers", "requests": ["r1", "r2"], "offers": offer},
            ),
        ),
    )
    sentences = [violation.sentence for violation in verify(given_, swapped)]
    assert any("could be booked without displacing" in sentence for sentence in sentences)
    assert any("names a request of lower priority" in sentence for sentence in sentences)
