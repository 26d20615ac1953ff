"""The time limit: kept, with the best plan so far, an honest bound, and every refusal still explained."""

from time import perf_counter

import pytest

from planner.plan import PlanStatus
from planner.problem import Priority
from planner.solve import plan
from planner.verify import verify
from tests.planner.problems import available, problem, request


def crowd(requests: int, patients: int):
    """More requests than hours, and few patients, who cannot be in two places."""
    doctors = [f"d{i}" for i in range(8)]
    wishes = [
        request(
            f"r{i:04}",
            f"p{i % patients}",
            8 + i % 3,
            18,
            priority=list(Priority)[i % 3],
            doctors=tuple(doctors[i % 5 :]),
        )
        for i in range(requests)
    ]
    return problem([available(doctor, 8, 18) for doctor in doctors], wishes)


@pytest.mark.parametrize("limit", [0.0, 0.05])
def test_a_plan_is_right_even_when_there_is_no_time(limit: float) -> None:
    crowded = crowd(200, 20)
    begin = perf_counter()
    made = plan(crowded, time_limit=limit)
    took = perf_counter() - begin
    assert verify(crowded, made) == ()
    assert took < limit + 5, "explaining takes its own time, but not more than it may"


def test_without_time_the_bound_stays_honest() -> None:
    crowded = crowd(60, 9)
    best, hasty = plan(crowded), plan(crowded, time_limit=0.0)
    assert best.status == PlanStatus.OPTIMAL
    assert key(hasty.objective) <= key(best.objective) <= key(hasty.bound)


def key(goals) -> tuple[int, ...]:
    return (*(goals.booked[p] for p in Priority), -goals.moved, -goals.inconvenience)
