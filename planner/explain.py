"""Why a plan leaves requests without a booking: their conflicts, each with the certificate that it has to be so."""

import numpy as np

from planner.budget import Budget
from planner.certificates import Certificates
from planner.columns import Columns
from planner.conflicts import conflicts_of
from planner.hours import Bools, Ints
from planner.plan import Conflict
from planner.problem import Problem
from planner.proof import Prices
from planner.telling import Certificate
from planner.wording import Wording


def explain(
    problem: Problem,
    columns: Columns,
    plan: Bools,
    wording: Wording,
    *,
    optimal: bool,
    budget: Budget,
    prices: Prices | None = None,
) -> tuple[Conflict, ...]:
    """The conflicts of `plan` (a mask of candidates), highest priority first, then by id.

    `prices` are those that prove the plan's bound; where patients, movable appointments or overlapping hours decide,
    they usually hold the certificates. `budget` limits the linear programs for those that they do not hold; everything
    else takes about as long as there are candidates.
    """

    def certify(outcompeted: Ints) -> dict[int, Certificate]:
        finder = Certificates(problem, columns, plan, prices=prices, optimal=optimal, budget=budget)
        return finder.of(outcompeted)

    booked = np.zeros(len(columns.seekers.rank), dtype=np.bool_)
    booked[columns.candidates.seeker[plan]] = True
    refused = np.flatnonzero(~booked[: len(columns.requests)])
    return conflicts_of(problem, columns, plan, refused, wording, certify)
