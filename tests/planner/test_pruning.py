"""Large problems: what is left out of their candidates is what no plan needs."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import candidates, pruning
from planner.columns import columns
from planner.plan import PlanStatus
from planner.problem import Problem
from planner.pruning import cheapest
from planner.solve import plan
from planner.verify import verify
from tests.planner import mip
from tests.planner.medium import medium
from tests.planner.problems import available, problem, request, small
from tests.planner.test_goals import reached
from tests.planner.test_rescheduling import lost_day

seeds = st.integers(0, 2**32)


@pytest.fixture(autouse=True)
def every_problem_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "BEYOND", 0)
    monkeypatch.setattr(candidates, "BLOCK", 40)


def planned_without_what_no_plan_needs(given_: Problem) -> None:
    made = plan(given_)
    assert verify(given_, made) == ()
    assert made.status == PlanStatus.OPTIMAL
    assert reached(made) == mip.best(given_)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seeds)
def test_small_problems_are_planned_as_well(seed: int) -> None:
    planned_without_what_no_plan_needs(small(seed))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seeds, st.sampled_from([(1, 2, 1), (3, 3, 2), (4, 6, 4), (6, 10, 2), (12, 12, 12)]))
def test_few_requests_with_many_hours_are_planned_as_well(seed: int, size: tuple[int, int, int]) -> None:
    planned_without_what_no_plan_needs(medium(seed, *size, windows=(30, 60, 90)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seeds)
def test_lost_days_are_made_good_as_well(seed: int) -> None:
    planned_without_what_no_plan_needs(lost_day(seed))


def test_candidates_are_left_out_of_the_problems_above() -> None:
    """Else the tests above would be content if nothing ever were."""
    fewer = 0
    for seed in range(20):
        given_ = medium(seed, 3, 3, 2, windows=(30, 60, 90))
        table = columns(given_)
        fewer += len(table.candidates) < len(columns(given_, whole=True).candidates)
    assert fewer > 5


def test_too_few_candidates_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: with a single candidate each, plans are worse."""
    monkeypatch.setattr(candidates, "needed", lambda *given: np.ones_like(given[2]))
    worse = 0
    for seed in range(12):
        given_ = medium(seed, 12, 3, 12, windows=(30, 60))
        worse += reached(plan(given_)) != mip.best(given_)
    assert worse > 2


def test_a_request_keeps_as_many_of_its_cheapest_hours_as_it_has_rivals_and_one_more() -> None:
    """Two requests for d1, one of them also for d2; a third one for d3 alone is nobody's rival."""
    given_ = problem(
        [available("d1", 0, 9), available("d2", 0, 9), available("d3", 0, 9)],
        [
            request("r1", "p1", 0, 9, doctors=("d1",)),
            request("r2", "p2", 0, 9, doctors=("d1", "d2")),
            request("r3", "p3", 0, 9, doctors=("d3",)),
        ],
    )
    table = columns(given_)
    assert np.bincount(table.candidates.seeker).tolist() == [2, 2, 1]
    assert table.candidates.cost.tolist() == [0, 1, 0, 1, 0]
    assert table.left_out is not None
    assert table.left_out.cheapest.tolist() == [2, 2, 1]
    assert table.left_out.dearest.tolist() == [8, 32, 8]


def test_hours_as_cheap_as_the_last_one_kept_are_kept_too() -> None:
    seeker, cost = np.array([0, 0, 0, 2, 2, 2]), np.array([5, 1, 5, 3, 9, 4])
    assert cheapest(seeker, cost, np.array([2, 1, 2])).tolist() == [True, True, True, True, False, True]


def test_with_too_many_ways_to_choose_everybody_counts_as_a_rival(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "CELLS", 0)
    given_ = problem(
        [available("d1", 0, 9), available("d2", 0, 9)],
        [request("r1", "p1", 0, 9, doctors=("d1",)), request("r2", "p2", 0, 9, doctors=("d2",))],
    )
    assert np.bincount(columns(given_).candidates.seeker).tolist() == [2, 2]


def test_nothing_is_left_out_of_a_problem_of_usual_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "BEYOND", 2_000_000)
    table = columns(medium(3, 3, 3, 2, windows=(30, 60, 90)))
    assert table.left_out is None
