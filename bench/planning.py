"""The planner against the bare relaxation of the same instance, in the same run.

Ours is everything from a problem in memory to a verified plan with every conflict explained. The references solve only
the assignment of requests to doctors' hours, knowing neither patients nor conflicts: OR-Tools' `SimpleMinCostFlow` and
SciPy's sparse Jonker-Volgenant algorithm, both fed whole columns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from bench.instances import Size, instance
from planner.columns import Columns, columns
from planner.goals import Weights
from planner.hours import Ints
from planner.solve import plan
from planner.verify import verify

T = TypeVar("T")

SIZES = (
    Size("500, loose", 500, 20, 10, 400),
    Size("1,000, loose", 1000, 40, 10, 800),
    Size("1,000, overloaded", 1000, 14, 10, 800),
    Size("3,000, loose", 3000, 60, 20, 2400),
    Size("3,000, few patients", 3000, 60, 20, 900),
)
REPEATS = 3


@dataclass(frozen=True)
class Measured:
    """Seconds, each the least of several repeats, and what came out."""

    size: Size
    candidates: int
    booked: int
    status: str
    expanding: float
    planning: float
    verifying: float
    flow: float
    assignment: float

    @property
    def ratio(self) -> float:
        """Ours over the faster of the two references."""
        return (self.planning + self.verifying) / min(self.flow, self.assignment)


def measure(size: Size) -> Measured:
    """Measure one instance. Raises AssertionError where the plan does not pass `verify`."""
    problem = instance(size)
    expanding, table = best_of(lambda: columns(problem))
    planning, made = best_of(lambda: plan(problem, time_limit=60))
    verifying, violations = best_of(lambda: verify(problem, made))
    assert violations == ()
    requests, hours, gain = _assignment(table)
    flow, _ = best_of(lambda: solve_flow(requests, hours, gain))
    assignment, _ = best_of(lambda: solve_assignment(requests, hours, gain))
    booked = len(made.bookings)
    return Measured(size, len(table.candidates), booked, made.status, expanding, planning, verifying, flow, assignment)


def best_of(work: Callable[[], T]) -> tuple[float, T]:
    """The least time in seconds of several repeats, and what the last one gave."""
    seconds = []
    for _ in range(REPEATS):
        begin = perf_counter()
        result = work()
        seconds.append(perf_counter() - begin)
    return min(seconds), result


def solve_flow(requests: Ints, hours: Ints, gain: Ints) -> int:
    """The assignment as a flow: source supply at each request, every hour and "no hour" drain into one sink."""
    requests_count, hours_count = int(requests.max()) + 1, int(hours.max()) + 1
    sink = requests_count + hours_count
    flow = min_cost_flow.SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(requests, requests_count + hours, np.ones_like(gain), -gain)
    everyone, everything = np.arange(requests_count), requests_count + np.arange(hours_count)
    for tails in (everyone, everything):
        ones = np.ones(len(tails), dtype=np.int64)
        flow.add_arcs_with_capacity_and_unit_cost(tails, np.full(len(tails), sink), ones, 0 * ones)
    flow.set_nodes_supplies(everyone, np.ones(requests_count, dtype=np.int64))
    flow.set_node_supply(sink, -requests_count)
    assert flow.solve() == flow.OPTIMAL
    return -int(flow.optimal_cost())


def solve_assignment(requests: Ints, hours: Ints, gain: Ints) -> int:
    """The same as a matching of rows to columns, in which every request has a column of its own that means no hour."""
    requests_count, hours_count = int(requests.max()) + 1, int(hours.max()) + 1
    none = int(gain.max()) + 1
    rows = np.concatenate([requests, np.arange(requests_count)])
    places = np.concatenate([hours, hours_count + np.arange(requests_count)])
    costs = np.concatenate([none - gain, np.full(requests_count, none)]).astype(np.float64)
    shape = (requests_count, hours_count + requests_count)
    row, column = min_weight_full_bipartite_matching(csr_array((costs, (rows, places)), shape=shape))
    return int(none * len(row) - csr_array((costs, (rows, places)), shape=shape)[row, column].sum())


def _assignment(table: Columns) -> tuple[Ints, Ints, Ints]:
    """Row, column and gain of every candidate, rows and columns numbered from 0."""
    candidates = table.candidates
    _, row = np.unique(candidates.seeker, return_inverse=True)
    _, column = np.unique(table.moments.key(candidates.doctor, candidates.moment), return_inverse=True)
    weights = Weights.of(candidates)
    return row, column, weights.gain(candidates)
