"""The conflicts of refused requests: for each the reason, as facts and in words, and what it could have instead.

Certificates come from the caller: they need linear programs, and whoever asks only why requests have no candidate
(`explain_hopeless`) should not wait for a solver to be loaded.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from planner.alternatives import Alternatives
from planner.columns import Accepted, Columns, Wishes, accepted
from planner.columns import columns as columns_of
from planner.facts import Reasons
from planner.hours import Bools, Ints
from planner.plan import Conflict, ConflictKind
from planner.problem import Problem
from planner.standing import Standing
from planner.wording import Wording

Certify = Callable[[list[int]], Mapping[int, Mapping[str, Any]]]
"""From the numbers of outcompeted requests to their certificates (JSON values, see `planner.plan.Conflict`)."""


def explain_hopeless(problem: Problem, wording: Wording) -> tuple[Conflict, ...]:
    """The conflicts of the requests that have no candidate at all, highest priority first, then by id.

    They need no plan to be known. The alternatives are hours that are free before anything is planned.
    """
    columns = columns_of(problem)
    nothing = np.zeros(len(columns.candidates), dtype=np.bool_)
    hopeless = np.setdiff1d(np.arange(len(columns.requests)), columns.candidates.seeker)
    return conflicts_of(problem, columns, nothing, hopeless, wording)


def conflicts_of(
    problem: Problem, columns: Columns, plan: Bools, refused: Ints, wording: Wording, certify: Certify | None = None
) -> tuple[Conflict, ...]:
    """The conflicts of the `refused` requests (their numbers) under `plan` (a mask of candidates).

    Highest priority first, then by id. `certify` is asked only where somebody was outcompeted; without it the
    certificates are empty.
    """
    refused = refused[np.lexsort((refused, columns.seekers.rank[refused]))]
    numbers = refused.tolist()
    standing = Standing.after(columns, plan)
    reasons = Reasons(problem, columns, standing)
    asked = _accepted_by(columns, refused)
    why = {number: reasons.of(number, hours) for number, hours in zip(numbers, asked, strict=True)}
    outcompeted = [number for number in numbers if why[number].kind == ConflictKind.OUTCOMPETED]
    proofs = certify(outcompeted) if certify and outcompeted else {}
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
