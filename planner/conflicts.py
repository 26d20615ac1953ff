"""The conflicts of refused requests: for each the reason, as facts and in words, and what it could have instead.

Certificates come from the caller: they need linear programs, and whoever asks only why requests have no candidate
(`explain_hopeless`) should not wait for a solver to be loaded.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from planner.alternatives import alternatives
from planner.candidates import MOVABLE
from planner.columns import Columns
from planner.columns import columns as columns_of
from planner.facts import reasons
from planner.hours import Bools, Ints
from planner.plan import Conflict, ConflictKind
from planner.problem import Problem
from planner.standing import Standing
from planner.wording import Wording

Certify = Callable[[Ints], Mapping[int, Mapping[str, Any]]]
"""From the numbers of outcompeted requests, ascending, to their certificates (JSON values, see
`planner.plan.Conflict`)."""


def explain_hopeless(problem: Problem, wording: Wording) -> tuple[Conflict, ...]:
    """The conflicts of the requests that have no candidate at all, highest priority first, then by id.

    They need no plan to be known. The alternatives are hours that are free before anything is planned: where everybody
    stays.
    """
    columns = columns_of(problem)
    candidates = columns.candidates
    stays = (candidates.rank == MOVABLE) & ~candidates.moves
    hopeless = np.setdiff1d(np.arange(len(columns.requests)), candidates.seeker)
    return conflicts_of(problem, columns, stays, hopeless, wording)


def conflicts_of(
    problem: Problem, columns: Columns, plan: Bools, refused: Ints, wording: Wording, certify: Certify | None = None
) -> tuple[Conflict, ...]:
    """The conflicts of the `refused` requests (their numbers) under `plan` (a mask of candidates).

    Highest priority first, then by id. `certify` is asked only where somebody was outcompeted; without it the
    certificates are empty.
    """
    refused = np.sort(refused)
    standing = Standing.after(columns, plan)
    why = reasons(problem, columns, standing, refused)
    outcompeted = refused[np.array([reason.kind == ConflictKind.OUTCOMPETED for reason in why], dtype=np.bool_)]
    proofs = certify(outcompeted) if certify and len(outcompeted) else {}
    instead = alternatives(problem, columns, standing, refused, wording)
    order = np.argsort(columns.seekers.rank[refused], kind="stable")
    conflicts = []
    for place, number in zip(order.tolist(), refused[order].tolist(), strict=True):
        request, reason = columns.requests[number], why[place]
        message = wording.message(reason.kind, request, reason.facts)
        certificate = proofs.get(number, {})
        conflicts.append(Conflict(request.id, reason.kind, message, reason.facts, certificate, instead[place]))
    return tuple(conflicts)
