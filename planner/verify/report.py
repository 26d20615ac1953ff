"""All checks of a plan, and what they found."""

from collections.abc import Callable
from dataclasses import dataclass

from planner.plan import Plan
from planner.problem import Problem
from planner.verify.alternatives import alternatives_are_bookable
from planner.verify.book import Book
from planner.verify.certificates import certificates_prove
from planner.verify.conflicts import conflicts_are_true
from planner.verify.proof import Proof, prices_prove
from planner.verify.rules import RULES, count, goals_are_counted_right
from planner.verify.violation import Violation


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong with a plan (nothing if it is right), and what its prices prove."""

    violations: tuple[Violation, ...]
    proof: Proof


def check(problem: Problem, plan: Plan, progress: Callable[[str], None] = lambda _what: None) -> Report:
    """Check `plan` as an answer to `problem`; `progress` is told what is checked next.

    Checked are the five rules, that objective and bound are counted right and fit the status, that no plan is better
    than the prices say, and for every conflict its kind, its facts, its certificate and its alternatives.
    """
    progress("the rules")
    book = Book(problem, plan)
    violations = [violation for rule in RULES for violation in rule(book)]
    reached = count(book)
    violations += goals_are_counted_right(book, reached)
    progress("the proof")
    proof = prices_prove(book, reached)
    violations += proof.violations
    for what, rule in (
        ("the reasons", conflicts_are_true),
        ("the certificates", certificates_prove),
        ("the alternatives", alternatives_are_bookable),
    ):
        progress(what)
        violations += rule(book)
    return Report(tuple(violations), proof)
