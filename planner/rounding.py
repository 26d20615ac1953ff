"""From prices to a plan: whole choices among the candidates that prices leave in question."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from planner.budget import Budget
from planner.hours import Bools
from planner.prices import Priced
from planner.rules import RULES, obeys
from planner.task import Task


def rounded(task: Task, plan: Bools, priced: Priced, budget: Budget) -> Bools:
    """The best plan that is soon found among the candidates that lose little, or `plan`.

    A plan short of the bound by `d` uses only candidates that lose at most `d`. So the search begins with those that
    lose next to nothing and widens only until what it has found is closer to the bound than what it has left out.
    HiGHS' branch and bound mostly finds such plans at once where CP-SAT takes minutes; that they are the best is left
    to CP-SAT to prove.
    """
    reach = 1
    while True:
        gap = priced.bound - task.gained(plan)
        at = np.flatnonzero((priced.loss <= min(reach, gap)) | plan)
        found = _best_whole(task.take(at), budget.left() / 2)
        if found is not None and task.gained(plan) < int(task.gain[at[found]].sum()):
            plan = np.zeros(len(task.gain), dtype=np.bool_)
            plan[at[found]] = True
        if reach >= priced.bound - task.gained(plan) or budget.left() <= 0:
            return plan
        reach *= 4


def _best_whole(task: Task, seconds: float) -> Bools | None:
    """The task as a mixed integer program: the best choice found in time, if it obeys every rule and floor."""
    rows = [rule(task.candidates, task.moments) for rule in RULES]
    limits = [
        LinearConstraint(
            csr_array((np.ones(len(r.row)), (r.row, r.candidate)), shape=(r.count, len(task.gain))),
            float(r.exactly),
            1.0,
        )
        for r in rows
        if r.count
    ]
    limits += [
        LinearConstraint(floor.gain.reshape(1, -1).astype(np.float64), floor.least, np.inf) for floor in task.floors
    ]
    result = milp(
        -task.gain.astype(np.float64),
        integrality=np.ones(len(task.gain)),
        bounds=Bounds(0, 1),
        constraints=limits,
        options={"time_limit": max(seconds, 0.01), "mip_rel_gap": 0.0},
    )
    if result.x is None:
        return None
    chosen = result.x > 0.5
    holds = all(int(floor.gain[chosen].sum()) >= floor.least for floor in task.floors)
    return chosen if holds and obeys(task.candidates, task.moments, chosen) else None
