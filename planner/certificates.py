"""Why no plan books an `outcompeted` request beside the winners: arguments that anyone can check by counting.

The argument is Hall's (1935): a set of requests that together accept fewer offers than they are. It is found the way
Kuhn (1955) finds that a matching cannot grow: walk from the refused request to the offers it accepts, from those to the
requests that have them, and so on; if the walk never meets a free offer, the requests met are one more than the offers.
Every request met could give its place to the refused one, so none of them can be left out: the set is minimal.

Where the walk meets a free offer, one that the rule on patients or on overlapping hours forbids to use, the argument
counts instants of patients and doctors instead of offers, weighted with the prices of a linear program (Farkas 1902).
"""

from typing import Any

import numpy as np

from planner.budget import Budget
from planner.columns import MOVABLE, Candidates, Columns
from planner.hours import Bools, Ints
from planner.instants import LocalClock, instant
from planner.prices import Floats, price
from planner.problem import Problem
from planner.rules import Rows, doctor_in_one_place, patient_in_one_place
from planner.task import Task
from planner.walks import Blocking, OfferGraph, Walk

Certificate = dict[str, Any]  # JSON values; the shapes are in docs/planning-problem.md

ALONE = 40
"""A set of more requests than this is told once, for all refused requests of a priority that lead into it."""
LARGEST_PROGRAM = 60_000
"""No linear program of more candidates than this: an explanation should not take longer than the plan."""
LARGEST_WEIGHT = 12
"""Prices are read as fractions with a denominator up to this."""


class Certificates:
    """Finds the certificates of a plan's refused requests.

    `optimal`: whether the plan is proved the best. If not, a refused request might have been bookable, and a
    certificate can be "unproved".
    """

    def __init__(self, problem: Problem, columns: Columns, plan: Bools, *, optimal: bool, budget: Budget) -> None:
        self._columns, self._plan, self._optimal, self._budget = columns, plan, optimal, budget
        self._zones = {hospital.id: LocalClock(hospital.timezone).zone for hospital in problem.hospitals}
        self._offers = OfferGraph(columns, plan)
        self._blocking: Blocking | None = None

    def of(self, refused: list[int]) -> dict[int, Certificate]:
        """A certificate for each of the refused requests, which are given by number."""
        found: dict[int, Certificate] = {}
        large: dict[int, list[int]] = {}
        for seeker in refused:
            if not self._optimal and self._budget.left() <= 0:
                found[seeker] = {"rule": "unproved", "requests": self._ids(np.array([seeker]))[0], "appointments": []}
                continue
            rank = int(self._columns.seekers.rank[seeker])
            walk = self._offers.walk([seeker], rank, shared=True)
            if walk is None:
                found[seeker] = self._by_instants(seeker, rank)
            elif len(walk.seekers) > ALONE or walk.met_shared:
                self._offers.share(walk, rank)
                large.setdefault(rank, []).append(seeker)
            else:
                found[seeker] = self._by_offers(walk)
        for rank, seekers in large.items():
            whole = self._offers.walk(seekers, rank, shared=False)
            if whole is not None:
                found[seekers[0]] = self._by_offers(whole)
                same = {"rule": found[seekers[0]]["rule"], "same_as": self._columns.requests[seekers[0]].id}
                found |= dict.fromkeys(seekers[1:], same)
        return found

    def _by_offers(self, walk: Walk) -> Certificate:
        """The requests met, and all the offers they accept, one fewer; with movable appointments met, as instants."""
        columns = self._columns
        requests, appointments = self._ids(walk.seekers)
        doctor, moment = self._offers.place(walk.nodes)
        starts = columns.moments.start[moment].tolist()
        if appointments:
            at = [
                {"doctor": columns.doctors[d], "at": self._utc(s)} for d, s in zip(doctor.tolist(), starts, strict=True)
            ]
            return {"rule": "movable", "requests": requests, "appointments": appointments, "instants": at}
        hospitals = [columns.hospitals[h] for h in self._offers.hospital[walk.nodes].tolist()]
        offers = [
            {"doctor": columns.doctors[d], "hospital": h, "start": instant(s, self._zones[h]).isoformat()}
            for d, h, s in zip(doctor.tolist(), hospitals, starts, strict=True)
        ]
        return {"rule": "offers", "requests": requests, "offers": offers}

    def _by_instants(self, seeker: int, rank: int) -> Certificate:
        """An argument for the cases in which offers alone do not show it."""
        columns = self._columns
        if self._blocking is None:
            self._blocking = Blocking(columns, self._plan)
        involved = self._blocking.closure(seeker, rank)
        requests, appointments = self._ids(involved)
        candidates = columns.candidates.take(np.isin(columns.candidates.seeker, involved))
        if len(candidates) <= LARGEST_PROGRAM and self._budget.left() > 0:
            booked = Task(candidates, columns.moments, (candidates.rank != MOVABLE).astype(np.int64))
            priced = price(booked, 0, self._budget)
            if priced is not None:
                rows = [rule(candidates, columns.moments) for rule in (doctor_in_one_place, patient_in_one_place)]
                weighted = whole_weights(candidates, rows, priced.prices)
                if weighted is not None:
                    return self._weighted(candidates, rows, *weighted)
        rule = "search" if self._optimal else "unproved"
        return {"rule": rule, "requests": requests, "appointments": appointments}

    def _weighted(self, candidates: Candidates, rows: list[Rows], weights: Ints, needs: Ints) -> Certificate:
        """The seekers that need something, and the instants that weigh something."""
        of_seeker = candidates.seeker[np.searchsorted(candidates.seeker, np.unique(candidates.seeker))]
        requests, appointments = self._ids(of_seeker[needs > 0])
        instants = []
        for row in np.flatnonzero(weights).tolist():
            of_doctor = row < rows[0].count
            rule, number = (rows[0], row) if of_doctor else (rows[1], row - rows[0].count)
            members = rule.candidate[rule.row == number]
            at = int(self._columns.moments.start[candidates.moment[members].max()])
            told: Certificate = {"at": self._utc(at)}
            if of_doctor:
                told["doctor"] = self._columns.doctors[int(candidates.doctor[members[0]])]
            else:
                some_requests, some_appointments = self._ids(candidates.seeker[members])
                kind = "request" if some_requests else "appointment"
                told[f"patient_of_{kind}"] = (some_requests or some_appointments)[0]
            if weights[row] != 1:
                told["weight"] = int(weights[row])
            instants.append(told)
        patients = any("doctor" not in told for told in instants)
        rule_name = "patient" if patients else "movable" if appointments else "overlap"
        return {"rule": rule_name, "requests": requests, "appointments": appointments, "instants": instants}

    def _ids(self, seekers: Ints) -> tuple[list[str], list[str]]:
        """The ids of requests, and of movable appointments, ascending."""
        count = len(self._columns.requests)
        numbers = np.unique(seekers).tolist()
        requests = [self._columns.requests[number].id for number in numbers if number < count]
        return requests, [self._columns.movables[number - count].id for number in numbers if number >= count]

    @staticmethod
    def _utc(us: int) -> str:
        return instant(us).isoformat()


def whole_weights(candidates: Candidates, rows: list[Rows], prices: Floats) -> tuple[Ints, Ints] | None:
    """Whole weights of the rows, and what each seeker needs, if they prove that not all seekers can have an hour.

    A seeker needs at least the least total weight of the rows that one of its candidates uses. If the needs add up to
    more than the weights, and each row serves one, somebody goes without. `prices` are the program's; the smallest
    multiple of them whose rounding is such a proof is taken. None if there is none.
    """
    offset = np.concatenate([rows[0].row, rows[1].row + rows[0].count])
    member = np.concatenate([rows[0].candidate, rows[1].candidate])
    first = np.searchsorted(candidates.seeker, np.unique(candidates.seeker))
    for multiple in range(1, LARGEST_WEIGHT + 1):
        weights = np.maximum(np.rint(prices * multiple), 0).astype(np.int64)
        uses = np.zeros(len(candidates), dtype=np.int64)
        np.add.at(uses, member, weights[offset])
        needs = np.minimum.reduceat(uses, first)
        if int(needs.sum()) > int(weights.sum()):
            return weights, needs
    return None
