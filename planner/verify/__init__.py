"""Checks a plan against its problem without a solver.

The rules are stated here a second time, in other words than the model's, so that a mistake there is not repeated here.
Everything is linear in the sizes of problem and plan, but for logarithms.
"""

from planner.plan import Plan
from planner.problem import Problem
from planner.verify.book import Book
from planner.verify.conflicts import alternatives_are_bookable, conflicts_are_true
from planner.verify.rules import RULES
from planner.verify.violation import Violation

__all__ = ["Violation", "verify"]


def verify(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """Everything wrong with `plan` as an answer to `problem`; empty if it is right.

    Checked are the five rules, that objective and bound are counted right and fit the status, and for every conflict
    its kind, its facts, its certificate and its alternatives. That no better plan exists is not checked: that takes a
    solver.
    """
    book = Book(problem, plan)
    checks = (*RULES, conflicts_are_true, alternatives_are_bookable)
    return tuple(violation for check in checks for violation in check(book))
