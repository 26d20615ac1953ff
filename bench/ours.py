"""The planner on one instance, measured in the process that calls."""

import resource
import sys
from time import perf_counter

from bench.catalogue import by_name
from bench.clock import again, least
from bench.goals import told
from bench.results import Ours
from planner.columns import columns
from planner.plan import Plan
from planner.problem import Problem
from planner.schemas import problem_to_json, read_problem
from planner.solve import plan
from planner.verify import verify


def measure(name: str, time_limit: float) -> Ours:
    """Plan the instance `name` and verify the plan. Raises AssertionError where it does not pass."""
    problem = by_name(name).make()
    peak_before = _peak()
    first = _run(problem, time_limit)
    peak = _peak()
    runs = [first]
    while again([planning + verifying for planning, verifying, _ in runs]):
        runs.append(_run(problem, time_limit))
    planning, _, made = min(runs, key=lambda run: run[0])
    text = problem_to_json(problem)
    parsing, _ = least(lambda: read_problem(text))
    table = columns(problem, whole=True)
    return Ours(
        name=name,
        requests=len(problem.requests),
        offers=int((~table.taken).sum()),
        candidates=len(table.candidates),
        status=made.status,
        reached=told(made.objective),
        bound=told(made.bound),
        conflicts=len(made.conflicts),
        stages=dict(made.receipt.seconds),
        planning=planning,
        verifying=min(verifying for _, verifying, _ in runs),
        parsing=parsing,
        peak_before=peak_before,
        peak=peak,
        runs=len(runs),
    )


def _run(problem: Problem, time_limit: float) -> tuple[float, float, Plan]:
    """Seconds of planning, of verifying, and the plan."""
    begin = perf_counter()
    made = plan(problem, time_limit=time_limit)
    planned = perf_counter()
    violations = verify(problem, made)
    verified = perf_counter()
    assert violations == (), violations[:3]
    return planned - begin, verified - planned, made


def _peak() -> int:
    """The most memory this process has held so far, in bytes."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024
