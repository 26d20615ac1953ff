"""Certificates of outcompeted requests: true ones pass, altered ones do not, and no request in them is one too many."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner import certificates, parts
from planner.budget import Budget
from planner.columns import columns
from planner.explain import explain
from planner.goals import Weights
from planner.plan import ConflictKind, Plan, PlanStatus
from planner.problem import Priority, Problem
from planner.proof import InstantPrices, Prices
from planner.solve import plan
from planner.verify import verify
from planner.wording import Wording
from tests.planner.brute_force import best_goals
from tests.planner.problems import at, available, hospital, problem, request, small


def outcompeted(made: Plan):
    return [conflict for conflict in made.conflicts if conflict.kind == ConflictKind.OUTCOMPETED]


def accepted(given_: Problem, made: Plan, changed) -> bool:
    conflicts = tuple(changed if c.request == changed.request else c for c in made.conflicts)
    return not any(v.code == "conflict" for v in verify(given_, replace(made, conflicts=conflicts)))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_a_certificate_that_is_altered_is_rejected(seed: int, data) -> None:
    given_ = small(seed)
    made = plan(given_)
    altered = [wrong for conflict in outcompeted(made) for wrong in alterations(given_, conflict)]
    if altered:
        wrong = data.draw(st.sampled_from(altered))
        assert not accepted(given_, made, wrong)


def alterations(given_: Problem, conflict):
    told = conflict.certificate
    yield replace(conflict, certificate={})
    yield replace(conflict, certificate={**told, "rule": "unproved"})
    yield replace(conflict, certificate={**told, "rule": "because"})
    yield replace(conflict, certificate={**told, "with": [conflict.request]})
    if told["rule"] == "search":
        return
    for key in ("requests", "appointments"):
        if told["rule"] == "offers":  # of the others, see the next test
            yield from without_one(conflict, key)
        if told.get(key):
            yield replace(conflict, certificate={**told, key: [*told[key], told[key][0]]})
    for i, offer in enumerate(told.get("offers", ())):
        yield replace(conflict, certificate={**told, "offers": told["offers"][:i] + told["offers"][i + 1 :]})
        yield replace(conflict, certificate={**told, "offers": [*told["offers"], {**offer, "doctor": "stranger"}]})
    lower = [r.id for r in given_.requests if rank(r) > rank(find(given_, conflict.request))]
    for id_ in lower:
        yield replace(conflict, certificate={**told, "requests": [*told["requests"], id_]})


def without_one(conflict, key: str):
    members = conflict.certificate.get(key, ())
    for i in range(len(members)):
        yield replace(conflict, certificate={**conflict.certificate, key: members[:i] + members[i + 1 :]})


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
@example(75_866)
def test_sets_that_instants_prove_are_rejected_without_a_member_unless_they_prove_it_still(seed: int) -> None:
    """They need not be minimal; what passes is true all the same, by brute force."""
    given_ = small(seed)
    made = plan(given_)
    for conflict in outcompeted(made):
        if conflict.certificate["rule"] in ("offers", "search"):
            continue
        for key in ("requests", "appointments"):
            for wrong in without_one(conflict, key):
                assert not accepted(given_, made, wrong) or not all_have_an_hour(given_, wrong.certificate)


def all_have_an_hour(given_: Problem, told) -> bool:
    """Whether the members of a set could all have an hour, were nobody there but they and fixed appointments."""
    replaced = {r.moves for r in given_.requests}
    standing = (a for a in given_.appointments if a.id not in replaced)
    there = tuple(a for a in standing if not a.movable or a.id in told["appointments"])
    members = tuple(replace(r, moves=None) for r in given_.requests if r.id in told["requests"])
    return sum(best_goals(replace(given_, requests=members, appointments=there))[:3]) == len(members)


def find(given_: Problem, id_: str):
    return next(r for r in given_.requests if r.id == id_)


def rank(wish) -> int:
    return list(Priority).index(wish.priority)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_offers_are_one_fewer_and_every_request_is_needed(seed: int) -> None:
    """Minimal: leave any one request out, and the others can all be booked (by brute force)."""
    given_ = small(seed)
    made = plan(given_)
    for conflict in outcompeted(made):
        told = conflict.certificate
        if told["rule"] != "offers":
            continue
        assert len(told["offers"]) == len(told["requests"]) - 1
        for left_out in told["requests"]:
            rest = tuple(
                replace(r, patient=r.id) for r in given_.requests if r.id in told["requests"] and r.id != left_out
            )
            fixed = tuple(replace(a, patient=a.id) for a in given_.appointments if not a.movable)
            kept = tuple(a for a in fixed if a.id not in {r.moves for r in given_.requests})
            alone = replace(given_, requests=tuple(replace(r, moves=None) for r in rest), appointments=kept)
            assert sum(best_goals(alone)[:3]) == len(rest)


def test_large_sets_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ALONE", 3)
    wishes = [request(f"r{i}", f"p{i}", 9, 14) for i in range(9)]
    given_ = problem([available("d1", 9, 14)], wishes)
    made = plan(given_)
    first, *others = outcompeted(made)
    assert len(first.certificate["requests"]) == 6
    assert len(first.certificate["offers"]) == 5
    for other in others:
        alone = {"rule": "offers", "requests": [other.request], "offers": [], "with": [first.request]}
        assert other.certificate == alone
    assert verify(given_, made) == ()
    lost = replace(first, certificate={**first.certificate, "requests": first.certificate["requests"][:-1]})
    assert not accepted(given_, made, lost)
    booked = made.bookings[0].request
    for wrong in ({"with": [booked]}, {"rule": "patient"}, {"with": []}, {"with": [others[0].request]}):
        assert not accepted(given_, made, replace(others[0], certificate={**others[0].certificate, **wrong}))


def test_a_part_is_told_by_the_request_that_needs_the_least_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The r accept d1 alone, t also d2: it tells the offers of d2 and names an r, which tells those of d1."""
    monkeypatch.setattr(parts, "ALONE", 2)
    wishes = [request(f"r{i}", f"p{i}", 9, 12, doctors=("d1",), preferred=at(9)) for i in range(6)]
    wishes += [request(f"s{i}", f"q{i}", 9, 12, doctors=("d2",), preferred=at(9)) for i in range(3)]
    wishes += [request("t", "q9", 9, 12, doctors=("d1", "d2"), preferred=at(20))]
    given_ = problem([available("d1", 9, 12), available("d2", 9, 12)], wishes)
    made = plan(given_)
    assert verify(given_, made) == ()
    told = {conflict.request: conflict.certificate for conflict in outcompeted(made)}
    assert told["t"]["with"] == [min(told.keys() - {"t"})]
    assert {offer["doctor"] for offer in told["t"]["offers"]} == {"d2"}


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_sets_told_in_parts_are_the_sets_told_whole(seed: int) -> None:
    given_ = crowded(seed)
    whole = {c.request: c.certificate for c in outcompeted(plan(given_))}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parts, "ALONE", 1)
        made = plan(given_)
    assert verify(given_, made) == ()
    told = {c.request: c.certificate for c in outcompeted(made)}
    for request_, certificate in told.items():
        if certificate["rule"] != "offers":
            continue
        together = [certificate, *(told[other] for other in certificate.get("with", ()))]
        refused = {request_, *certificate.get("with", ())}
        requests = {request_} | {id_ for part in together for id_ in part["requests"] if id_ not in refused}
        assert sorted(requests) == whole[request_]["requests"]
        offers = [tuple(offer.values()) for part in together for offer in part["offers"]]
        assert sorted(offers) == sorted(tuple(offer.values()) for offer in whole[request_]["offers"])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_arguments_of_every_rule_can_be_shared(seed: int) -> None:
    given_ = small(seed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parts, "ALONE", 1)
        made = plan(given_)
    assert not [violation for violation in verify(given_, made) if violation.code == "conflict"]


def crowded(seed: int) -> Problem:
    """Many requests of all priorities for few hours of several doctors, one patient each."""
    rng = random.Random(seed)
    doctors = [f"d{i}" for i in range(rng.randint(1, 5))]
    availabilities = [available(doctor, 9, 9 + rng.randint(1, 3)) for doctor in doctors]
    wishes = []
    for i in range(rng.randint(2, 14)):
        start = 9 + rng.randint(0, 1)
        wanted = tuple(rng.sample(doctors, min(len(doctors), rng.choice([1, 1, 2]))))
        more = {"doctors": wanted, "priority": rng.choice(list(Priority))}
        wishes.append(request(f"r{i}", f"p{i}", start, start + rng.randint(1, 3), **more))
    return problem(availabilities, wishes)


def test_a_priority_that_is_lower_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ALONE", 1)
    wishes = [request(f"r{i}", f"p{i}", 9, 12, priority=list(Priority)[i % 3]) for i in range(15)]
    given_ = problem([available("d1", 9, 12)], wishes)
    made = plan(given_)
    assert verify(given_, made) == ()
    for conflict in outcompeted(made):
        named = conflict.certificate["requests"] + conflict.certificate.get("with", [])
        assert all(rank(find(given_, id_)) <= rank(find(given_, conflict.request)) for id_ in named)


def test_where_no_counting_shows_it_the_set_is_told_and_a_search_finds_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "MULTIPLES", ())
    monkeypatch.setattr(certificates, "weights_by_program", lambda *_: ())
    tried = 0
    for seed in range(150):
        given_ = small(seed)
        made = plan(given_)
        assert not [v for v in verify(given_, made) if v.code == "conflict"]
        for conflict in outcompeted(made):
            if conflict.certificate["rule"] == "search":
                tried += 1
                alone = {**conflict.certificate, "requests": [conflict.request], "appointments": []}
                assert not accepted(given_, made, replace(conflict, certificate=alone))
    assert tried > 10


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_a_linear_program_proves_what_prices_of_the_whole_plan_do_not(seed: int) -> None:
    given_ = small(seed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(certificates, "MULTIPLES", ())
        made = plan(given_)
    assert not [v for v in verify(given_, made) if v.code == "conflict"]
    assert "search" not in {conflict.certificate["rule"] for conflict in outcompeted(made)}


def test_prices_of_the_whole_plan_prove_what_they_can_without_a_linear_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three requests of one patient for one hour of different doctors: the hour of the patient costs a booking."""
    monkeypatch.setattr(certificates, "weights_by_program", lambda *_: ())
    monkeypatch.setattr(parts, "ALONE", 1)
    given_ = problem(
        [available(f"d{i}", 9, 10) for i in range(3)],
        [request(f"r{i}", "p", 9, 10, doctors=(f"d{i}",)) for i in range(3)],
    )
    table = columns(given_)
    weights = Weights.of(table.candidates)
    nothing = np.zeros(0, dtype=np.int64)
    paid = np.array([weights.routine])
    patient = InstantPrices(table.candidates.patient[:1], table.candidates.moment[:1], paid)
    prices = Prices(weights, 1, np.zeros(3, dtype=np.int64), InstantPrices(nothing, nothing, nothing), patient)
    chosen = np.array([True, False, False])
    told = explain(given_, table, chosen, Wording(), optimal=True, budget=Budget(0), prices=prices)
    assert [conflict.certificate for conflict in told] == [
        {
            "rule": "patient",
            "requests": ["r0", "r1"],
            "appointments": [],
            "instants": [{"at": at(9).isoformat(), "patient_of_request": "r0"}],
        },
        {"rule": "patient", "requests": ["r2"], "appointments": [], "instants": [], "with": ["r1"]},
    ]


def test_a_plan_that_is_not_proved_best_may_leave_a_refusal_unproved() -> None:
    given_ = problem([available("d1", 9, 10)], [request("r1", "p1", 9, 10), request("r2", "p2", 9, 10)])
    made = plan(given_)
    loser = outcompeted(made)[0]
    unproved = replace(loser, certificate={"rule": "unproved", "requests": [loser.request], "appointments": []})
    assert not accepted(given_, made, unproved)
    hasty = replace(made, status=PlanStatus.FEASIBLE)
    assert accepted(given_, hasty, unproved)


def test_hours_half_an_hour_apart_count_by_instants() -> None:
    """Three requests, hours at 04:00, 04:30 and 05:00 UTC with one doctor: only two can be."""
    given_ = problem(
        [available("d1", 4, 6), available("d1", 4.5, 5.5, "h2")],
        [request(f"r{i}", f"p{i}", 4, 6) for i in range(3)],
        hospitals=[hospital("h1"), hospital("h2", "Asia/Kolkata")],
    )
    made = plan(given_)
    assert verify(given_, made) == ()
    (conflict,) = outcompeted(made)
    assert conflict.certificate["rule"] == "overlap"
    assert len(conflict.certificate["instants"]) == 2
