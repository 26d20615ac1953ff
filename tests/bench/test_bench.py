"""The bench runs, and what it measures agrees where it must."""

from pathlib import Path

import pytest
from rich.console import Console

from bench import comparisons
from bench.catalogue import INSTANCES, named
from bench.closures import Closure, closed_hospital
from bench.goals import reached, told
from bench.instances import Size, half_hour_zones, hospitals_apart, movable_appointments, one_hospital, theatres
from bench.machine import machine
from bench.page import page
from bench.plot import draw
from bench.references import Relaxation, solve_assignment, solve_flow
from bench.results import Bench, read, write
from bench.run import Wanted, run
from bench.tables import print_results
from planner.columns import columns
from planner.plan import PlanStatus
from planner.schemas import problem_to_json, read_problem
from planner.solve import plan

SMALL = {
    "loose": one_hospital(Size(30, 3, 8, 12)),
    "overloaded": one_hospital(Size(40, 3, 3, 8, window=2)),
    "apart": hospitals_apart(2, Size(15, 2, 8, 5)),
    "operations": theatres(Size(30, 3, 10, None)),
    "zones": half_hour_zones(Size(30, 3, 8, 6, window=2)),
    "movable": movable_appointments(Size(30, 3, 8, 6, window=2)),
    "closed": closed_hospital(Closure(24, 3, 0.05, 3, 2, 2, days=7, within=6, movable=0.3)),
}


@pytest.fixture(params=SMALL)
def small(request: pytest.FixtureRequest):
    return SMALL[request.param]


def test_instances_are_problems_that_nobody_refuses(small) -> None:
    assert read_problem(problem_to_json(small)) == small


def test_instances_have_names_of_their_own() -> None:
    assert len({instance.name for instance in INSTANCES}) == len(INSTANCES)
    assert [instance.name for instance in named(["tight", "500"])] == ["500 tight"]
    assert named(["no", "such", "thing"]) == []


def test_ours_equals_an_independent_solver_and_no_relaxation_is_below_it(small) -> None:
    table, made = columns(small), plan(small)
    assert made.status == PlanStatus.OPTIMAL
    best = told(made.objective)
    exact = comparisons.highs(table, 60)
    assert (exact.reached, exact.gap) == (best, 0)
    assert comparisons.first_come_first_served(table, 60).reached.key <= best.key
    relaxation = Relaxation.of(table)
    for solve in (solve_flow, solve_assignment):
        for either_way in (relaxation, relaxation.turned()):
            assert reached(table, solve(either_way)).key >= best.key


def test_plain_cp_sat_plans_a_small_problem() -> None:
    table = columns(SMALL["movable"])
    found = comparisons.plain_cp_sat(table, 60)
    assert (found.reached, found.gap) == (told(plan(SMALL["movable"]).objective), 0)


def test_the_smallest_instance_is_measured_and_written_down(tmp_path: Path) -> None:
    with (tmp_path / "terminal").open("w") as terminal:
        console = Console(file=terminal, width=120)
        wanted = Wanted(limit=60, references=True, comparisons=True, comparison_limit=1)
        results = run(named(["500", "loose"]), wanted, console)
        print_results(results, console)
    assert "500 loose" in (tmp_path / "terminal").read_text()
    bench = Bench(machine(), 1, tuple(results))
    write(tmp_path / "results", bench)
    assert read(tmp_path / "results") == bench
    draw(results, tmp_path / "one.svg")
    draw(results, tmp_path / "two.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert f"| 500 loose | {results[0].ours.candidates:,} | optimal |" in page(bench)
