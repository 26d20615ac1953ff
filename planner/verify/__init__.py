"""Checks a plan against its problem without a solver.

The rules are stated here a second time, in other words than the model's, so that a mistake there is not repeated here.
Everything is linear in the sizes of problem and plan, but for logarithms.
"""

from planner.plan import Plan
from planner.problem import Problem
from planner.verify.proof import Proof
from planner.verify.report import Report, check
from planner.verify.violation import Violation

__all__ = ["Proof", "Report", "Violation", "check", "verify"]


def verify(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """Everything wrong with `plan` as an answer to `problem`; empty if it is right. `check` says more."""
    return check(problem, plan).violations
