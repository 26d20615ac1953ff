"""Linear programs for certificates: weights of instants, where the prices of the whole plan do not show enough."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from planner.budget import Budget
from planner.candidates import MOVABLE, Candidates
from planner.hours import Bools, Moments, spans
from planner.proof import InstantPrices
from planner.rules import (
    InstantRows,
    Rows,
    doctor_in_one_place,
    movable_keeps_an_hour,
    one_hour_per_request,
    patient_in_one_place,
)
from planner.walks import NOBODY, Claims
from planner.weighing import Weighted, positive

LARGEST = 60_000
"""No linear program of more candidates than this: an explanation should not take longer than the plan."""
LARGEST_MULTIPLE = 12
"""Prices are read as fractions with a denominator up to this."""


def weights_by_program(candidates: Candidates, moments: Moments, budget: Budget) -> Iterator[Weighted]:
    """Whole weights that might prove how few of the seekers of some candidates can have an hour, simplest first.

    They are the dual values of the rules on doctors and patients in the linear program that books the most seekers
    (Farkas 1902), times 1, 2, 3 and so on. Nothing comes if the program is too large or the budget spent.
    """
    if len(candidates) > LARGEST or budget.left() <= 0:
        return
    requests, movables = one_hour_per_request(candidates, moments), movable_keeps_an_hour(candidates, moments)
    doctor, patient = doctor_in_one_place(candidates, moments), patient_in_one_place(candidates, moments)
    solved = linprog(
        -(candidates.rank != MOVABLE).astype(np.float64),
        A_ub=vstack([_matrix(rows) for rows in (doctor, patient, requests)]),
        b_ub=np.ones(doctor.count + patient.count + requests.count),
        A_eq=_matrix(movables) if movables.count else None,
        b_eq=np.ones(movables.count) if movables.count else None,
        method="highs",
        options={"time_limit": budget.left()},
    )
    if solved.status != 0:
        return
    prices = -solved.ineqlin.marginals
    of_doctor, of_patient = prices[: doctor.count], prices[doctor.count : doctor.count + patient.count]
    for multiple in range(1, LARGEST_MULTIPLE + 1):
        yield Weighted(_rounded(doctor, of_doctor * multiple), _rounded(patient, of_patient * multiple))


def _rounded(rows: InstantRows, prices: NDArray[np.float64]) -> InstantPrices:
    return positive(rows.owner, rows.moment, np.rint(prices).astype(np.int64))


def _matrix(rows: Rows) -> csr_array:
    """One row per row, one column per candidate."""
    size = rows.last - rows.first
    row = spans(rows.first, rows.last)
    column = np.repeat(np.arange(len(size)), size)
    return csr_array((np.ones(len(row)), (row, column)), shape=(rows.count, len(size)))


def in_the_way(candidates: Candidates, moments: Moments, plan: Bools) -> Claims:
    """Who needs which instants, and who holds them, by any rule: whoever stands in whose way.

    A request and everybody who stands in its way, in their way, and so on, cannot all have an hour: otherwise they
    could, at the cost of requests of lower priority only, if `candidates` are those of its priority or higher.
    """
    rules = doctor_in_one_place(candidates, moments), patient_in_one_place(candidates, moments)
    holder = np.full(sum(rows.count for rows in rules), NOBODY, dtype=np.int64)
    seeker, thing, begin = [], [], 0
    for rows in rules:
        at = begin + spans(rows.first, rows.last)
        who = np.repeat(candidates.seeker, rows.last - rows.first)
        chosen = np.repeat(plan, rows.last - rows.first)
        holder[at[chosen]] = who[chosen]
        seeker.append(who)
        thing.append(at)
        begin += rows.count
    order = np.argsort(np.concatenate(seeker), kind="stable")
    return Claims(np.concatenate(seeker)[order], np.concatenate(thing)[order], holder)
