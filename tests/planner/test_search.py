"""The search as a whole and its later stages alone: right whatever way it goes, proved, the same on every machine."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from planner import program, search, tighten
from planner.budget import Budget
from planner.decision import Decided, Proposal, decided
from planner.model import Solver, SolverRefusedError, decide
from planner.network import Network, Tariff
from planner.plan import Plan, PlanStatus
from planner.problem import Priority, Problem
from planner.relaxation import relax
from planner.repair import plain_plan, repair
from planner.schemas import plan_to_json
from planner.solve import plan
from planner.verify import check, verify
from planner.whole import improved, whole_plan
from tests.planner.medium import medium
from tests.planner.problems import available, problem, request, small
from tests.planner.stages import Case, assert_covering

SIZES = [(12, 2, 3), (20, 4, 4), (30, 5, 8), (60, 4, 20)]
"""Requests, doctors and patients of problems with many clashes."""


def reached(made: Plan) -> tuple[int, ...]:
    return (*(made.objective.booked[p] for p in Priority), made.objective.moved, made.objective.inconvenience)


@cache
def solved() -> list[tuple[Problem, Case, int]]:
    """Problems with the gains of their best plans."""
    given_ = [medium(seed, *size) for seed in range(2) for size in SIZES] + [small(seed) for seed in range(30)]
    cases = [case for case in map(Case.of, given_) if len(case.network)]
    return [(case.problem, case, case.best_gain()) for case in cases]


def by_simple_means(network: Network, chosen, _tariff: Tariff, _budget: Budget):
    """Instead of repair: a poor plan and poor prices."""
    tariff = Tariff.none(network)
    tariff.cover(network)
    return plain_plan(network, chosen), tariff


def starts(network: Network):
    """Plans and covering tariffs to start later stages with: from repair, and poor ones."""
    chosen, tariff = relax(network)
    yield by_simple_means(network, chosen, tariff, Budget(60))
    yield repair(network, chosen, tariff, Budget(60))


def gap(network: Network, plan_, tariff: Tariff) -> float:
    return tariff.gap(network, plan_) / tariff.unit


@pytest.mark.parametrize("time", [60, -1])
def test_tightening_makes_neither_plan_nor_bound_worse(time: float) -> None:
    closed = opened = 0
    for _, case, best in solved():
        network = case.network
        for plan_, tariff in starts(network):
            before = tariff.bound
            closer, tighter = tighten.tighten(network, plan_, tariff, Budget(time))
            assert case.faults(closer) == []
            assert_covering(network, tighter)
            assert network.gained(plan_) <= network.gained(closer) <= best <= tighter.bound <= before
            opened += gap(network, plan_, tariff) >= 1
            closed += gap(network, plan_, tariff) >= 1 > gap(network, closer, tighter)
    assert opened > 20
    assert closed > 0.7 * opened if time > 0 else closed == 0


@pytest.mark.parametrize("few", [15, 1])
@pytest.mark.parametrize("time", [60, -1])
def test_the_program_of_all_rules_makes_a_plan_and_a_bound(time: float, few: int, monkeypatch) -> None:
    monkeypatch.setattr(program, "BEGIN_WITH", few)
    proved = 0
    for _, case, best in solved():
        network = case.network
        for _, tariff in starts(network):
            before = tariff.bound
            plan_, tighter = program.program(network, tariff, Budget(time))
            assert case.faults(plan_) == []
            assert_covering(network, tighter)
            assert network.gained(plan_) <= best <= tighter.bound <= before
            proved += gap(network, plan_, tighter) < 1
    assert proved > 0.7 * 2 * len(solved()) or time < 0


def test_whole_plans_are_found_by_branch_and_bound() -> None:
    for _, case, best in solved():
        network = case.network
        for plan_, tariff in starts(network):
            found = whole_plan(network, plan_, tariff, Budget(60))
            assert case.faults(found) == []
            assert network.gained(found) == best
            assert (whole_plan(network, plan_, tariff, Budget(-1)) == plan_).all()


def test_a_plan_is_improved_as_far_as_it_may_change() -> None:
    everybody, nobody, improvable = 0, 0, 0
    for _, case, best in solved():
        network = case.network
        plan_, tariff = next(starts(network))
        improvable += network.gained(plan_) < best
        everything = np.ones(network.rows, dtype=bool)
        everybody += network.gained(improved(network, plan_, tariff, everything, Budget(60))) == best
        nobody += (improved(network, plan_, tariff, ~everything, Budget(60)) == plan_).all()
        half = everything.copy()
        half[: network.seekers : 2] = False
        found = improved(network, plan_, tariff, half, Budget(60))
        assert case.faults(found) == []
        assert network.gained(found) >= network.gained(plan_)
        assert half[network.seeker[found != plan_]].all()
    assert everybody == nobody == len(solved())
    assert improvable > 5


SWITCHES = {
    "as it is": {},
    "repair always": {"MANY": 1},
    "program always": {"MANY": -1},
    "no repair": {"MANY": 1, "repair": by_simple_means},
    "no prices": {"MANY": 1, "tighten": lambda _network, plan_, tariff, _budget: (plan_, tariff)},
    "every part apart": {"TOGETHER": 1},
    "simple means only": {"expected_seconds": lambda _network: 10**9},
}


@pytest.mark.parametrize("way", SWITCHES)
def test_whatever_way_the_search_goes_it_finds_the_best(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SWITCHES[way].items():
        monkeypatch.setattr(search, name, value)
    for given_, case, best in solved():
        made = plan(given_)
        assert verify(given_, made) == ()
        assert made.status == PlanStatus.OPTIMAL
        assert gain(case.network, made) == best


def gain(network: Network, made: Plan) -> int:
    weights = network.weights
    urgent, soon, routine, moved, inconvenience = reached(made)
    booked = urgent * weights.urgent + soon * weights.soon + routine * weights.routine
    return booked - moved * weights.move - inconvenience


def test_tightening_copes_with_a_price_that_nobody_would_pay() -> None:
    for seed in range(8):
        network = Case.of(medium(seed, 12, 3, 8)).network
        plan_, tariff = repair(network, *relax(network), Budget(60))
        tariff.place[np.setdiff1d(np.arange(network.places), network.place[plan_])[0]] += 1_000
        closer, tighter = tighten.tighten(network, plan_, tariff, Budget(60))
        assert_covering(network, tighter)
        assert gap(network, closer, tighter) <= gap(network, plan_, tariff)


@pytest.mark.parametrize("seed", range(6))
def test_hospitals_that_share_nobody_are_planned_as_well_as_each_alone(seed: int, monkeypatch) -> None:
    alone = [medium(seed, *SIZES[seed % 4]), medium(seed + 100, 12, 2, 3), small(seed)]
    both = side_by_side(*alone)
    expected = tuple(sum(goal) for goal in zip(*map(reached, map(plan, alone)), strict=True))
    for together in (50_000, 1):
        monkeypatch.setattr(search, "TOGETHER", together)
        made = plan(both)
        assert verify(both, made) == ()
        assert (made.status, reached(made)) == (PlanStatus.OPTIMAL, expected)


@pytest.mark.parametrize("together", [50_000, 1])
def test_however_many_cores_there_are_the_plan_has_the_same_bytes(together: int, monkeypatch) -> None:
    """Poor prices, so that there are several parts to decide, each with something to find."""
    monkeypatch.setattr(search, "TOGETHER", together)
    monkeypatch.setattr(search, "repair", by_simple_means)
    monkeypatch.setattr(search, "tighten", lambda _network, plan_, tariff, _budget: (plan_, tariff))
    monkeypatch.setattr(search, "MANY", 1)
    both = side_by_side(*(medium(seed, 12, 2, 3) for seed in range(5)))
    plans = [plan(both, solver_workers=workers) for workers in (1, 4, 2, 4)]
    assert len({plan_to_json(replace(made, receipt=replace(made.receipt, seconds={}))) for made in plans}) == 1


def side_by_side(*problems: Problem) -> Problem:
    """Hospitals that share nobody, as one problem."""
    renamed = [_with_own_ids(number, given_) for number, given_ in enumerate(problems)]
    fields = ("hospitals", "doctors", "availabilities", "appointments", "requests")
    return Problem(*(tuple(row for given_ in renamed for row in getattr(given_, field)) for field in fields))


def _with_own_ids(number: int, given_: Problem) -> Problem:
    def own(ids):
        return tuple(f"{number}{id_}" for id_ in ids)

    def named(row, *fields: str):
        return replace(row, **{field: f"{number}{old}" for field in fields if (old := getattr(row, field))})

    everywhere = [hospital.id for hospital in given_.hospitals]
    return Problem(
        tuple(named(hospital, "id") for hospital in given_.hospitals),
        tuple(named(doctor, "id") for doctor in given_.doctors),
        tuple(named(availability, "doctor", "hospital") for availability in given_.availabilities),
        tuple(
            replace(
                named(a, "id", "doctor", "hospital", "patient"),
                hospitals=None if a.hospitals is None else own(a.hospitals),
            )
            for a in given_.appointments
        ),
        tuple(
            replace(
                named(wish, "id", "patient", "moves"),
                doctors=None if wish.doctors is None else own(wish.doctors),
                hospitals=own(everywhere if wish.hospitals is None else wish.hospitals),
            )
            for wish in given_.requests
        ),
    )


def test_the_solver_refuses_a_hint_that_breaks_a_rule() -> None:
    """Two requests for the only hour there is: together they seem to lose nothing."""
    wishes = [request(f"r{i}", f"p{i}", 9, 10) for i in range(2)]
    network = Case.of(problem([available("d1", 9, 10)], wishes)).network
    _, tariff = by_simple_means(network, np.zeros(2, dtype=bool), Tariff.none(network), Budget(60))
    right = decide(network, tariff, np.arange(2), np.array([True, False]), 0, Budget(60))
    assert (len(right.chosen), right.least_loss) == (1, right.hint_loss)
    with pytest.raises(SolverRefusedError):
        decide(network, tariff, np.arange(2), np.array([True, True]), 0, Budget(60))


def test_the_solver_finds_the_best_plan_from_any_plan_that_obeys_the_rules() -> None:
    for _, case, best in solved():
        network = case.network
        for plan_, tariff in starts(network):
            for workers in (1, 3):
                (found,) = decided([Proposal(network, plan_, tariff)], Solver(0, workers), Budget(60))
                assert case.faults(found.plan) == []
                assert network.gained(found.plan) == best == found.bound


def test_without_time_the_solver_leaves_the_plan_and_the_bound_of_the_prices() -> None:
    for _, case, best in solved():
        network = case.network
        plan_, tariff = next(starts(network))
        (found,) = decided([Proposal(network, plan_, tariff)], Solver(), Budget(-1))
        assert (found.plan == plan_).all()
        assert best <= found.bound == tariff.bound


def test_prices_that_do_not_cover_everything_are_noticed_by_the_solver_and_by_verify(monkeypatch) -> None:
    """The negative control: a stage that takes an hour too much off a price makes a plan look better than it is."""

    def too_cheap(_network: Network, plan_, tariff: Tariff, _budget: Budget):
        tariff.seeker[np.argmax(tariff.seeker)] -= tariff.unit
        return plan_, tariff

    given_ = medium(0, 12, 3, 8)
    assert check(given_, plan(given_)).proof.proved
    monkeypatch.setattr(search, "MANY", 1)
    monkeypatch.setattr(search, "tighten", too_cheap)
    with pytest.raises(SolverRefusedError):
        plan(given_)
    monkeypatch.setattr(search, "decided", lambda proposals, *_: [Decided(p.plan, p.tariff.bound) for p in proposals])
    assert "prices" in {violation.code for violation in verify(given_, plan(given_))}
