"""The two bare relaxations that ours is compared with: the assignment alone, fed whole numpy columns.

They know that a seeker takes one hour and that a (doctor, moment) is taken once. They know no patients, no hours that
overlap in part, no reasons for refusals and no proof.
"""

from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from bench.catalogue import by_name
from bench.clock import least
from bench.goals import class_gain, reached
from bench.results import References
from planner.columns import Columns, columns
from planner.hours import Bools, Ints

ONE_WAY = 2_000_000
"""With more candidates, Jonker-Volgenant is run only with the smaller side as rows."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The assignment of a problem: one entry per candidate, its row and column counted from 0.

    Rows are seekers or, `turned`, hours of doctors.
    """

    row: Ints
    column: Ints
    gain: Ints
    rows: int
    columns: int

    @classmethod
    def of(cls, table: Columns) -> Self:
        candidates = table.candidates
        seekers, row = np.unique(candidates.seeker, return_inverse=True)
        hours, column = np.unique(table.moments.key(candidates.doctor, candidates.moment), return_inverse=True)
        return cls(row, column, class_gain(table), len(seekers), len(hours))

    def turned(self) -> Self:
        return type(self)(self.column, self.row, self.gain, self.columns, self.rows)


def measure(name: str) -> References:
    """Both relaxations of the instance `name`, both ways round. Raises AssertionError where they disagree."""
    table = columns(by_name(name).make(), whole=True)
    relaxation = Relaxation.of(table)
    flows = [least(partial(solve_flow, way)) for way in (relaxation, relaxation.turned())]
    assignments = [least(partial(solve_assignment, way)) for way in _ways_to_assign(relaxation)]
    values = {reached(table, chosen) for _, chosen in (*flows, *assignments)}
    assert len(values) == 1
    return References(
        tuple(seconds for seconds, _ in flows), tuple(seconds for seconds, _ in assignments), values.pop()
    )


def _ways_to_assign(relaxation: Relaxation) -> list[Relaxation]:
    """Both ways round, or only the better one where the other takes minutes: fewer rows than columns."""
    ways = sorted((relaxation, relaxation.turned()), key=lambda way: way.rows)
    return ways[:1] if len(relaxation.gain) > ONE_WAY else ways


def solve_flow(relaxation: Relaxation) -> Bools:
    """The chosen candidates by OR-Tools' `SimpleMinCostFlow`: rows supply one unit, columns and "none" drain them."""
    rows, columns = relaxation.rows, relaxation.columns
    sink = rows + columns
    flow = min_cost_flow.SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(
        relaxation.row, rows + relaxation.column, np.ones_like(relaxation.gain), -relaxation.gain
    )
    tails = np.arange(sink)
    ones = np.ones(sink, dtype=np.int64)
    flow.add_arcs_with_capacity_and_unit_cost(tails, np.full(sink, sink), ones, np.zeros(sink, dtype=np.int64))
    flow.set_nodes_supplies(np.arange(rows), np.ones(rows, dtype=np.int64))
    flow.set_node_supply(sink, -rows)
    assert flow.solve() == flow.OPTIMAL
    return np.asarray(flow.flows(np.arange(len(relaxation.gain))) > 0)


def solve_assignment(relaxation: Relaxation) -> Bools:
    """The chosen candidates by SciPy's sparse Jonker-Volgenant; each row has a column of its own that means none."""
    rows, columns, gain = relaxation.rows, relaxation.columns, relaxation.gain
    ascending = bool((np.diff(relaxation.row) >= 0).all())
    order = slice(None) if ascending else np.argsort(relaxation.row, kind="stable")
    row, column = relaxation.row[order], relaxation.column[order]
    none = int(gain.max(initial=0)) + 1  # every cost is positive then, as it has to be: SciPy takes 0 for no entry
    ends = np.zeros(rows + 1, dtype=np.int32)
    np.cumsum(np.bincount(row, minlength=rows) + 1, out=ends[1:])
    places, costs = np.empty(len(gain) + rows, dtype=np.int32), np.empty(len(gain) + rows)
    own, others = ends[1:] - 1, np.arange(len(gain)) + row
    places[others], costs[others] = column, none - gain[order]
    places[own], costs[own] = columns + np.arange(rows), none
    _, matched = min_weight_full_bipartite_matching(csr_array((costs, places, ends), shape=(rows, columns + rows)))
    return np.asarray(matched[relaxation.row] == relaxation.column)
