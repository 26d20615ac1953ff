"""Why a plan leaves requests without a booking: their conflicts, each with the certificate that it has to be so."""

import numpy as np

from planner.budget import Budget
from planner.certificates import Certificate, Certificates
from planner.columns import Columns
from planner.conflicts import conflicts_of
from planner.hours import Bools
from planner.plan import Conflict
from planner.problem import Problem
from planner.wording import Wording


def explain(
    problem: Problem, columns: Columns, plan: Bools, wording: Wording, *, optimal: bool, budget: Budget
) -> tuple[Conflict, ...]:
    """The conflicts of `plan` (a mask of candidates), highest priority first, then by id.

    `budget` limits the linear programs among the certificates; everything else takes about as long as there are hours
    that refused requests accept.
    """

    def certify(outcompeted: list[int]) -> dict[int, Certificate]:
        return Certificates(problem, columns, plan, optimal=optimal, budget=budget).of(outcompeted)

    refused = np.setdiff1d(np.arange(len(columns.requests)), columns.candidates.seeker[plan])
    return conflicts_of(problem, columns, plan, refused, wording, certify)
