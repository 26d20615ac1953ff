"""The proof that a plan is the best: its prices cover every candidate, and what is altered in them is found."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from planner.plan import Plan, PlanStatus, ProvedPrices
from planner.problem import Priority, Problem
from planner.solve import plan
from planner.verify import Report, check
from planner.verify.book import Book
from planner.verify.proof import cover
from tests.planner.brute_force import HOUR, best_goals, bookable_hours
from tests.planner.brute_force import _cost as candidate_cost
from tests.planner.problems import available, problem, request, small

seeds = st.integers(0, 2**32)


def priced(seed: int) -> tuple[Problem, Plan, ProvedPrices]:
    """A small problem with a plan that its prices prove. (Rarely they do not reach the best plan: then no example.)"""
    given_ = small(seed)
    made = plan(given_)
    assume(made.prices is not None and check(given_, made).proof.proved)
    assert made.prices is not None
    return given_, made, made.prices


def with_prices(made: Plan, **changes: object) -> Plan:
    return replace(made, prices=replace(made.prices, **changes))


def codes(report: Report) -> set[str]:
    return {violation.code for violation in report.violations}


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_prices_prove_plans_that_nothing_beats(seed: int) -> None:
    given_, made, _ = priced(seed)
    report = check(given_, made)
    assert report.violations == ()
    assert report.proof.best == best_goals(given_)
    assert made.status == PlanStatus.OPTIMAL


def slack(given_: Problem, prices: ProvedPrices) -> dict[str, int]:
    """For each seeker that has candidates, the least that the prices of one of them exceed its gain by. By hand."""
    replaced = {wish.moves for wish in given_.requests}
    standing = [a for a in given_.appointments if a.id not in replaced]
    fixed = [a for a in standing if not a.movable]
    least: dict[str, int] = {}

    def note(who, own: int, doctor: str, start, worth: int) -> None:
        owned = ((prices.doctors, doctor), (prices.patients, who.patient))
        told = [(at, price) for of, owner in owned for at, price in of.get(owner, {}).items()]
        excess = own + sum(price for at, price in told if start <= at < start + HOUR) - worth * prices.unit
        least[who.id] = min(excess, least.get(who.id, excess))

    for doctor, hospital, start in bookable_hours(given_):
        near = [a for a in fixed if abs(a.start - start) < HOUR]
        for wish in given_.requests:
            cost = candidate_cost(given_, wish, doctor, hospital, start)
            if cost is not None and not any(a.doctor == doctor or a.patient == wish.patient for a in near):
                worth = prices.weights[str(wish.priority)] - cost
                note(wish, prices.requests.get(wish.id, 0), doctor, start, worth)
        for mine in (a for a in standing if a.movable and a.doctor == doctor):
            inside = mine.window is None or mine.window.start <= start <= mine.window.end - HOUR
            inside = inside and (mine.hospitals is None or hospital in mine.hospitals)
            if inside and not any(a.doctor == doctor or a.patient == mine.patient for a in near):
                worth = -prices.weights["move"] - abs(start - mine.start) // HOUR
                note(mine, prices.appointments.get(mine.id, 0), doctor, start, worth)
    for mine in (a for a in standing if a.movable):
        note(mine, prices.appointments.get(mine.id, 0), mine.doctor, mine.start, 0)
    return least


@settings(max_examples=150, deadline=None)
@given(seeds, st.integers(0, 60), st.randoms())
def test_covering_agrees_with_looking_at_every_candidate(seed: int, less: int, random) -> None:
    """Prices that are right, and prices of which some are lower: the same seekers are found that pay too little."""
    given_, made, prices = priced(seed)

    def lowered(told):
        return {key: max(0, price - random.choice([0, 0, less])) for key, price in told.items()}

    altered = replace(
        prices,
        requests=lowered(prices.requests),
        appointments={id_: price - random.choice([0, less]) for id_, price in prices.appointments.items()},
        doctors={id_: lowered(of) for id_, of in prices.doctors.items()},
        patients={id_: lowered(of) for id_, of in prices.patients.items()},
    )
    for told in (prices, altered):
        short = slack(given_, told)
        found = cover(Book(given_, made), told)
        assert sorted(found.uncovered) == sorted(id_ for id_, excess in short.items() if excess < 0)
        requests = {wish.id: wish.priority for wish in given_.requests}
        having = [sum(requests.get(id_) == priority for id_ in short) for priority in Priority]
        assert list(found.having[1:]) == having


@settings(max_examples=150, deadline=None)
@given(seeds, st.data())
def test_a_price_that_is_altered_is_found(seed: int, data) -> None:
    """A lower one proves too much, and is wrong. A higher one is right, but proves less: never what does not hold."""
    given_, made, prices = priced(seed)
    places = [("requests", id_, None) for id_ in prices.requests]
    places += [("appointments", id_, None) for id_ in prices.appointments]
    places += [
        (key, id_, at) for key in ("doctors", "patients") for id_, of in getattr(prices, key).items() for at in of
    ]
    assume(places)
    key, id_, at = data.draw(st.sampled_from(places))
    by = data.draw(st.integers(1, 50)) * prices.unit
    for change in (-by, by):
        told = dict(getattr(prices, key))
        told[id_] = told[id_] + change if at is None else {**told[id_], at: told[id_][at] + change}
        report = check(given_, with_prices(made, **{key: told}))
        assert codes(report) == ({"prices"} if change < 0 else set())
        assert report.proof.proved == (report.proof.best == best_goals(given_))


@settings(max_examples=100, deadline=None)
@given(seeds, st.sampled_from(["urgent", "soon", "routine", "move"]), st.integers(1, 5))
def test_a_weight_that_is_altered_is_found(seed: int, name: str, by: int) -> None:
    given_, made, prices = priced(seed)
    for change in (-by, by):
        report = check(given_, with_prices(made, weights={**prices.weights, name: prices.weights[name] + change}))
        used = name == "move" or any(str(wish.priority) == name for wish in given_.requests)
        assert not report.proof.proved or report.violations == ()
        if change < 0 and used:
            assert "prices" in codes(report)


def test_weights_that_let_many_routine_requests_buy_a_soon_one_prove_nothing() -> None:
    """Two routine requests are booked instead of a soon one: best under weights of 2 and 3, but not in order."""
    wishes = [
        request("r1", "p1", 9, 10, doctors=("d1",)),
        request("r2", "p1", 10, 11, doctors=("d1",)),
        request("s1", "p1", 9, 10, doctors=("d2",), priority=Priority.SOON),
    ]
    given_ = problem([available("d1", 9, 11), available("d2", 9, 10)], wishes)
    made = plan(given_)
    assert check(given_, made).proof.proved
    cheap = with_prices(made, weights={"move": 1, "routine": 2, "soon": 3, "urgent": 100})
    assert any("The weight of soon" in violation.sentence for violation in check(given_, cheap).violations)


HUGE = (-1, 10**40, -(10**40), 2**63, 2**60)


@pytest.mark.parametrize("number", HUGE)
def test_numbers_that_make_no_sense_are_violations(number: int) -> None:
    given_ = problem([available("d1", 9, 10)], [request("r1", "p1", 9, 10), request("r2", "p2", 9, 10)])
    made = plan(given_)
    assert made.prices is not None
    (at,) = made.prices.doctors["d1"]
    for changes in (
        {"requests": {"r1": number}},
        {"doctors": {"d1": {at: number}}},
        {"patients": {"p1": {at: number}}},
        {"weights": {**made.prices.weights, "soon": number}},
        {"unit": number},
        {"appointments": {"a1": number}},
        {"requests": {**made.prices.requests, "x" * 10**6: 5}},
        {"doctors": {**made.prices.doctors, "d2": {at: 5}}},
        {"patients": {"nobody": {at: 5}}},
    ):
        report = check(given_, with_prices(made, **changes))
        assert codes(report) == {"prices"}, changes
        assert all(len(violation.sentence) < 300 for violation in report.violations)


def test_many_dear_instants_in_one_hour_are_added_up_without_running_over() -> None:
    given_ = problem([available("d1", 9, 10)], [request("r1", "p1", 9, 10), request("r2", "p2", 9, 10)])
    made = plan(given_)
    start = made.bookings[0].start
    dear = {start + i * (HOUR / 3600): 2**60 - 1 for i in range(3600)}
    report = check(given_, with_prices(made, doctors={"d1": dear}))
    assert report.violations == ()
    assert not report.proof.proved
    assert report.proof.total > 2**64


def test_a_plan_without_prices_is_right_but_not_proved() -> None:
    given_ = problem([available("d1", 9, 10)], [request("r1", "p1", 9, 10)])
    report = check(given_, replace(plan(given_), prices=None))
    assert report.violations == ()
    assert not report.proof.proved
    assert report.proof.best is None


def test_a_bound_may_claim_no_more_than_the_prices_prove() -> None:
    given_ = problem([available("d1", 9, 10)], [request("r1", "p1", 9, 10), request("r2", "p2", 9, 10)])
    made = plan(given_)
    assert made.prices is not None
    loose = with_prices(made, requests=dict.fromkeys(("r1", "r2"), made.prices.weights["routine"]), doctors={})
    claims = replace(loose, status=PlanStatus.FEASIBLE)
    for booked, honest in ((2, True), (1, False)):
        bound = replace(made.bound, booked={**made.bound.booked, Priority.ROUTINE: booked}, inconvenience=0)
        assert check(given_, replace(claims, bound=bound)).proof.proved is honest
