"""Other ways to plan the same problem, so that a reader sees what the structure buys."""

import os
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter

import numpy as np
from ortools.sat.python import cp_model
from ortools.sat.python.cp_model_helper import IntegerVariableProto
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from bench.catalogue import by_name
from bench.goals import reached, strict_gain
from bench.results import Compared
from planner.candidates import MOVABLE
from planner.columns import Columns, columns
from planner.hours import Bools, Ints
from planner.instants import HOUR_US
from planner.rules import RULES

GREEDY, CP_SAT, HIGHS = "first come, first served", "plain CP-SAT", "HiGHS"
HIGHS_EXACT = 10**6
"""HiGHS calls 0.999999 a whole number: strict weights only where that hides nothing."""
HIGHS_CANDIDATES = 300_000
"""HiGHS is left out where there are more: it would not get beyond its presolve."""


def methods(candidates: int) -> list[str]:
    """The ways worth trying on so many candidates."""
    return [method for method in METHODS if method != HIGHS or candidates <= HIGHS_CANDIDATES]


def measure(method: str, name: str, time_limit: float) -> Compared:
    """What a method reaches on the instance `name` within about `time_limit` seconds."""
    return METHODS[method](columns(by_name(name).make(), whole=True), time_limit)


def first_come_first_served(table: Columns, _time_limit: float) -> Compared:
    """Each request in its turn takes its least inconvenient hour that is still free; nothing is moved."""
    begin = perf_counter()
    chosen = _greedy(table)
    return Compared(GREEDY, reached(table, chosen), perf_counter() - begin)


def plain_cp_sat(table: Columns, time_limit: float) -> Compared:
    """CP-SAT on all candidates with every rule and all goals, its parameters left as they are, all cores."""
    begin = perf_counter()
    gain = strict_gain(table, urgent_below=2**62 // len(table.candidates))
    model = _model(table, gain)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit
    solver.parameters.num_workers = os.cpu_count() or 1
    status = solver.solve(model)
    seconds = perf_counter() - begin
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Compared(CP_SAT, None, seconds)
    chosen = np.asarray(solver.response_proto.solution, dtype=np.bool_)
    return Compared(CP_SAT, reached(table, chosen), seconds, _gap(gain, chosen, solver.best_objective_bound))


def highs(table: Columns, time_limit: float) -> Compared:
    """HiGHS' branch and cut (`scipy.optimize.milp`) on all candidates with every rule."""
    begin = perf_counter()
    gain = strict_gain(table, urgent_below=HIGHS_EXACT)
    rows = [rule(table.candidates, table.moments) for rule in RULES]
    total = len(table.candidates)
    found = milp(
        -gain.astype(np.float64),
        integrality=np.ones(total),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(
                csr_array((np.ones(len(r.row)), (r.row, r.candidate)), shape=(r.count, total)), int(r.exactly), 1
            )
            for r in rows
            if r.count
        ],
        options={"time_limit": time_limit, "mip_rel_gap": 0},
    )
    seconds = perf_counter() - begin
    if found.x is None:
        return Compared(HIGHS, None, seconds)
    chosen = found.x > 0.5
    return Compared(HIGHS, reached(table, chosen), seconds, _gap(gain, chosen, -found.mip_dual_bound))


def _gap(gain: Ints, chosen: Bools, bound: float) -> float:
    value = int(gain[chosen].sum())
    return max(0.0, (bound - value) / max(1.0, bound)) if bound >= value + 0.5 else 0.0


def _model(table: Columns, gain: Ints) -> cp_model.CpModel:
    """A boolean per candidate and a constraint per row of every rule, appended to the proto as whole columns."""
    model = cp_model.CpModel()
    proto, total = model.proto, len(gain)
    yes_or_no = IntegerVariableProto()
    yes_or_no.domain.extend([0, 1])
    proto.variables.extend([yes_or_no] * total)
    for rule in RULES:
        rows = rule(table.candidates, table.moments)
        order = np.argsort(rows.row, kind="stable")
        ends = np.searchsorted(rows.row[order], np.arange(rows.count + 1)).tolist()
        members = rows.candidate[order].tolist()
        for begin, end in pairwise(ends):
            constraint = proto.constraints.add()
            row = constraint.exactly_one if rows.exactly else constraint.at_most_one
            row.literals.extend(members[begin:end])
    proto.objective.vars.extend(range(total))
    proto.objective.coeffs.extend((-gain).tolist())
    proto.objective.scaling_factor = -1.0
    return model


def _greedy(table: Columns) -> Bools:
    candidates, moments = table.candidates, table.moments
    doctor_busy = np.zeros((len(table.doctors), len(moments)), dtype=np.bool_)
    patient_busy = np.zeros((int(candidates.patient.max(initial=-1)) + 1, len(moments)), dtype=np.bool_)
    overlap_to = np.searchsorted(moments.start, moments.start + HOUR_US)
    chosen: Bools = (candidates.rank == MOVABLE) & ~candidates.moves

    def occupy(candidate: int) -> None:
        moment = candidates.moment[candidate]
        overlapping = slice(moments.overlap_from[moment], overlap_to[moment])
        doctor_busy[candidates.doctor[candidate], overlapping] = True
        patient_busy[candidates.patient[candidate], overlapping] = True

    for stay in np.flatnonzero(chosen).tolist():
        occupy(stay)
    ends = np.searchsorted(candidates.seeker, np.arange(len(table.requests) + 1)).tolist()
    for begin, end in pairwise(ends):
        at, moment = slice(begin, end), candidates.moment[begin:end]
        free = ~doctor_busy[candidates.doctor[at], moment] & ~patient_busy[candidates.patient[at], moment]
        if free.any():
            best = begin + int(np.argmin(np.where(free, candidates.cost[at], np.iinfo(np.int64).max)))
            chosen[best] = True
            occupy(best)
    return chosen


METHODS: dict[str, Callable[[Columns, float], Compared]] = {
    GREEDY: first_come_first_served,
    CP_SAT: plain_cp_sat,
    HIGHS: highs,
}
