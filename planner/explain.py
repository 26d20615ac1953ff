"""The conflicts of a plan: for every request without a booking the reason, the certificate and what it could have."""

from collections.abc import Callable
from functools import partial

import numpy as np

from planner.alternatives import Alternatives
from planner.budget import Budget
from planner.certificates import Certificates
from planner.columns import Accepted, Columns, Wishes, accepted
from planner.columns import columns as columns_of
from planner.facts import Reasons
from planner.hours import Bools, Ints
from planner.plan import Conflict, ConflictKind
from planner.problem import Problem
from planner.standing import Standing
from planner.wording import Wording


def explain(
    problem: Problem, columns: Columns, plan: Bools, wording: Wording, *, optimal: bool, budget: Budget
) -> tuple[Conflict, ...]:
    """The conflicts of `plan` (a mask of candidates), highest priority first, then by id.

    `budget` limits the linear programs among the certificates; everything else takes about as long as there are hours
    that refused requests accept.
    """
    refused = np.setdiff1d(np.arange(len(columns.requests)), columns.candidates.seeker[plan])
    certificates = partial(Certificates, problem, columns, plan, optimal=optimal, budget=budget)
    return _conflicts(problem, columns, plan, refused, wording, certificates)


def explain_hopeless(problem: Problem, wording: Wording) -> tuple[Conflict, ...]:
    """The conflicts of the requests that have no candidate at all, in the same order: they need no plan to be known.

    The alternatives are hours that are free before anything is planned.
    """
    table = columns_of(problem)
    nothing = np.zeros(len(table.candidates), dtype=np.bool_)
    refused = np.setdiff1d(np.arange(len(table.requests)), table.candidates.seeker)
    return _conflicts(problem, table, nothing, refused, wording, None)


def _conflicts(
    problem: Problem,
    columns: Columns,
    plan: Bools,
    refused: Ints,
    wording: Wording,
    certificates: Callable[[], Certificates] | None,
) -> tuple[Conflict, ...]:
    refused = refused[np.lexsort((refused, columns.seekers.rank[refused]))]
    numbers = refused.tolist()
    standing = Standing.after(columns, plan)
    reasons = Reasons(problem, columns, standing)
    asked = _accepted_by(columns, refused)
    why = {number: reasons.of(number, hours) for number, hours in zip(numbers, asked, strict=True)}
    outcompeted = [number for number in numbers if why[number].kind == ConflictKind.OUTCOMPETED]
    proofs = certificates().of(outcompeted) if certificates and outcompeted else {}
    alternatives = Alternatives(problem, columns, standing, numbers, wording)
    return tuple(
        Conflict(
            request=columns.requests[number].id,
            kind=why[number].kind,
            message=wording.message(why[number].kind, columns.requests[number], why[number].facts),
            facts=why[number].facts,
            certificate=proofs.get(number, {}),
            alternatives=alternatives.of(number),
        )
        for number in numbers
    )


def _accepted_by(columns: Columns, refused: Ints) -> list[Accepted]:
    """The available hours, taken or not, that each of the refused requests accepts."""
    which = np.isin(columns.wishes.seeker, refused)
    wishes = Wishes(columns.wishes.seeker[which], columns.wishes.doctor[which], columns.wishes.place[which])
    every = accepted(columns.hours, columns.moments, columns.seekers, wishes, columns.hospital_sets)
    begin, end = (np.searchsorted(every.seeker, refused, side=side) for side in ("left", "right"))
    return [
        Accepted(every.seeker[a:b], every.place[a:b], every.hours.take(np.arange(a, b)))
        for a, b in zip(begin.tolist(), end.tolist(), strict=True)
    ]
