"""Whether a plan's prices prove its bound. No solver is asked: prices are added up and compared.

What is proved, and why (weak duality of linear programming). Every hour that a request or a movable appointment could
have, a candidate, gains something: a booking the weight of its priority less its inconvenience; a new hour of an
appointment the weight of a move, taken off, less its inconvenience; staying nothing. Let the prices *cover* every
candidate: the price of its request or appointment, and those of all instants of its doctor and of its patient inside
its hour, add up to its gain at least. Now take any plan and add this up over its hours. Nobody pays twice: an instant
of a doctor or patient lies in one hour at most (rules 3 and 4), a request has one hour at most, a movable appointment
exactly one. Whoever and whatever is left over has a price of 0 or more, but for the appointments, whose price may have
either sign because every plan has them. So **no plan gains more than the sum of all prices**.

A gain stands for the goals in their order if each weight exceeds all that the goals below can add up to: a move more
than the inconvenience of everybody's dearest candidate together; a routine request at least all moves and one more; a
soon one at least all routine ones and one more; an urgent one at least all soon ones and one more. So a plan whose gain
is the sum is the best, and any other cannot be better than what the sum can buy, read goal by goal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from planner.instants import HOUR_US, micros
from planner.plan import ProvedPrices
from planner.verify.book import Book
from planner.verify.rules import Goals
from planner.verify.timelines import Ints, Timeline, ints
from planner.verify.violation import Violation

LARGEST = 2**60
"""Prices and gains are smaller, and of an hour's instants at most twice as much is counted: so 64 bits hold all."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the verifier found out about all candidates while it covered them.

    `having[rank]` is the number of seekers of a rank that have one, `dearest` the sum of the largest inconvenience
    of each, `uncovered` the ids of seekers with a candidate that the prices do not cover.
    """

    number: int
    having: tuple[int, ...]
    dearest: int
    uncovered: tuple[str, ...]


class Instants:
    """Numbers at instants of owners, to be added up inside hours."""

    def __init__(self, owner: Ints, at: Ints, number: Ints) -> None:
        self._timeline = Timeline(owner, at)
        number = number[self._timeline.order]
        self._before = np.concatenate([[0], np.cumsum(number)])
        self._roughly = np.concatenate([[0], np.cumsum(number.astype(np.float64))])

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int]]) -> "Instants":
        """From rows of owner, instant and number."""
        return cls(*np.array(rows, dtype=np.int64).reshape(-1, 3).T)

    def inside(self, owner: Ints, start: Ints) -> Ints:
        """The sum over the owner's instants inside `[start, start + 1 hour)`, or twice `LARGEST` if it is more.

        Sums from the beginning may wrap around, but then differences do too, and are right.
        """
        first, last = self._timeline.within(owner, start, start + HOUR_US)
        few = self._roughly[last] - self._roughly[first] < 2 * LARGEST
        return np.where(few, self._before[last] - self._before[first], 2 * LARGEST)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a plan's prices prove, and what is wrong with them.

    The plan gains `gain`, and no plan gains more than `total`: none is better than `best`. `proved` says whether the
    plan's bound claims no more than that; where it does, it rests on the word of a solver. Without prices, or with
    faulty ones, nothing is proved.
    """

    violations: tuple[Violation, ...] = ()
    candidates: int = 0
    total: int = 0
    gain: int = 0
    best: Goals | None = None
    proved: bool = False


def prices_prove(book: Book, reached: Goals) -> Proof:
    """Cover all candidates by the plan's prices, if it has any, and add them up. The plan has `reached` its goals."""
    prices = book.plan.prices
    if prices is None:
        return Proof()
    faults = list(_unfit(book, prices))
    if faults:
        return Proof(_violations(faults))
    found = cover(book, prices)
    weights = (prices.weights["urgent"], prices.weights["soon"], prices.weights["routine"], prices.weights["move"])
    total, gain = prices.total // prices.unit, _gain(weights, reached)  # gains are whole
    faults += [f"A candidate of {id_} gains more than the prices that it would pay." for id_ in found.uncovered]
    faults += _too_small(weights, found)
    if gain > total:
        faults.append(f"The plan gains {gain:,}, more than all prices together, {total:,}.")
    if faults:
        return Proof(_violations(faults), found.number, total, gain)
    best = best_within(total, weights, found)
    return Proof((), found.number, total, gain, best, Goals.of(book.plan.bound).key >= best.key)


def cover(book: Book, prices: ProvedPrices) -> Candidates:
    """Compare every candidate's gain with the prices that it would pay. Linear, some candidates at a time."""
    seekers, hours = book.seekers, book.hours
    weights = [-prices.weights["move"], *(prices.weights[name] for name in ("urgent", "soon", "routine"))]
    worth = prices.unit * np.array(weights)
    own = ints(
        [prices.requests.get(id_, 0) for id_ in book.requests]
        + [prices.appointments.get(id_, 0) for id_ in book.movable_number]
    )
    of_doctor = Instants.of(_rows(prices.doctors, book.doctor_number))
    of_patient = Instants.of(_rows(prices.patients, book.patient_number))
    at_hour = of_doctor.inside(hours.doctor, hours.start)
    dearest = np.full(len(own), -1)
    uncovered = np.zeros(len(own), dtype=np.bool_)
    number = 0
    for block in book.blocks(np.arange(len(own))):
        rows = book.candidates(block)
        number += len(rows.seeker)
        missing = (worth[seekers.rank[block]] - own[block])[rows.seeker] - prices.unit * rows.cost - at_hour[rows.hour]
        short = np.flatnonzero(missing > 0)
        who, hour = block[rows.seeker[short]], rows.hour[short]
        uncovered[who[missing[short] > of_patient.inside(seekers.patient[who], hours.start[hour])]] = True
        first = np.flatnonzero(np.diff(rows.seeker, prepend=-1))
        if len(first):
            dearest[block[rows.seeker[first]]] = np.maximum.reduceat(rows.cost, first)
    movable = np.arange(len(book.requests), len(own))  # where they stand, they may stay: that gains nothing
    where = book.stays(movable)
    pays = own[movable] + of_doctor.inside(where.doctor, where.start) + of_patient.inside(where.patient, where.start)
    uncovered[movable[pays < 0]] = True
    dearest[movable] = np.maximum(dearest[movable], 0)
    having = np.bincount(seekers.rank[dearest >= 0], minlength=4).tolist()
    named = tuple(book.ids[who] for who in np.flatnonzero(uncovered).tolist())
    return Candidates(number + len(movable), tuple(having), int(dearest[dearest > 0].sum()), named)


def best_within(total: int, weights: tuple[int, int, int, int], found: Candidates) -> Goals:
    """The best goals, read in their order, of any plan that gains at most `total`.

    What lies below a goal takes off less than one routine booking weighs, and adds nothing that a better goal would not
    outweigh: so `n` bookings of a priority are possible only if they weigh less than that more than what is left.
    """
    *of_bookings, move = weights
    booked = []
    for weight, most in zip(of_bookings, found.having[1:], strict=True):
        booked.append(max(0, min(most, (total + of_bookings[-1] - 1) // weight)))
        total -= booked[-1] * weight
    return Goals(booked[0], booked[1], booked[2], *divmod(max(-total, 0), move))


def _unfit(book: Book, prices: ProvedPrices) -> Iterator[str]:
    """Prices of nobody, negative ones, and numbers that are too large to be added up."""
    if prices.unit < 1 or any(not 0 < weight * prices.unit < LARGEST for weight in prices.weights.values()):
        yield "A weight or the unit is not positive, or too large."
    for owners, known, what in (
        (prices.requests, book.requests, "request"),
        (prices.appointments, book.movable_number, "movable appointment"),
        (prices.doctors, book.specialties, "doctor"),
        (prices.patients, book.patient_number, "patient"),
    ):
        yield from (f"A price is given to {id_[:80]}, which is no {what}." for id_ in owners if id_ not in known)
    for owners, least in ((prices.requests, 0), (prices.appointments, 1 - LARGEST)):
        yield from (
            f"The price of {id_[:80]} is negative, or too large."
            for id_, price in owners.items()
            if not least <= price < LARGEST
        )
    for id_, of in (*prices.doctors.items(), *prices.patients.items()):
        if not 0 <= min(of.values(), default=0) <= max(of.values(), default=0) < LARGEST:
            yield f"A price of {id_[:80]} is negative, or too large."


def _too_small(weights: tuple[int, int, int, int], found: Candidates) -> Iterator[str]:
    """Weights under which a lower goal could buy a higher one."""
    urgent, soon, routine, move = weights
    movables, _, soons, routines = found.having
    for name, weight, least in (
        ("move", move, found.dearest + 1),
        ("routine", routine, move * (movables + 1)),
        ("soon", soon, routine * (routines + 1)),
        ("urgent", urgent, soon * (soons + 1)),
    ):
        if weight < least:
            yield f"The weight of {name} is {weight:,} and must be {least:,} at least."


def _gain(weights: tuple[int, int, int, int], reached: Goals) -> int:
    urgent, soon, routine, move = weights
    booked = urgent * reached.urgent + soon * reached.soon + routine * reached.routine
    return booked - move * reached.moved - reached.inconvenience


def _rows(prices: Mapping[str, Mapping[datetime, int]], numbers: Mapping[str, int]) -> list[tuple[int, int, int]]:
    return [(numbers[id_], micros(at), price) for id_, of in prices.items() for at, price in of.items()]


def _violations(faults: Sequence[str]) -> tuple[Violation, ...]:
    return tuple(Violation("prices", fault) for fault in faults)
