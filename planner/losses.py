"""What each of many losses would do: whom of the displaced another hour could be found for, and whom not.

The answer to each is that of planning its own problem (`planner.loss.without`). But nearly everything about these
problems is the same, and is made columns of only once: the hours, which of them are free, and when patients are busy.
A loss takes what is left of that by a mask, looks up what its few requests accept, and is an assignment to solve:

- where all who have any candidate can be assigned at once, that is the most there can be;
- otherwise `planner.search` decides by priority who goes without, exactly.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from planner.budget import Budget
from planner.candidates import candidates_of
from planner.columns import Columns, columns, seekers_of, wishes_of
from planner.displaced import displaced
from planner.goals import score
from planner.hours import Bools, Hours, Ints, spans
from planner.instants import HOUR_US, micros
from planner.loss import Loss, Outcome, without
from planner.matching import matching
from planner.model import Solver
from planner.problem import Appointment, Problem
from planner.rules import doctor_in_one_place, patient_in_one_place
from planner.search import search
from planner.solve import carried_out


def outcomes(
    problem: Problem,
    losses: Iterable[Loss],
    *,
    cancel_unplaced: bool = False,
    time_limit: float = 30.0,
    seed: int = 0,
    solver_workers: int | None = None,
) -> Iterator[Outcome]:
    """What each of the losses would do to the schedule of `problem` (whose requests are left aside), in their order.

    Unless the policy is to `cancel_unplaced`, appointments for which no hour is found keep theirs, as far as their
    patients are concerned: others of the same patient get no hour that overlaps it. `time_limit` is in seconds, for
    each loss. The other parameters are those of `planner.solve.plan`.
    """
    shared = Shared.of(problem)
    solver = Solver(seed, solver_workers or os.cpu_count() or 1)
    for loss in losses:
        yield _outcome(shared, loss, solver, Budget(time_limit), cancel_unplaced=cancel_unplaced)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all losses have in common.

    `table` has the columns of the schedule as it stands, without any request; its hours are the offers. `taken` are the
    other available hours, with their keys (`Moments.key`). `visits` are the appointments of each patient.
    """

    problem: Problem
    table: Columns
    taken: Hours
    taken_key: Ints
    visits: dict[str, list[Appointment]]
    appointments: dict[str, Appointment]
    doctors: dict[str, int]
    hospitals: dict[str, int]

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Linear in the size of the schedule, but for sorting."""
        table = columns(replace(problem, requests=()))
        offers, taken = table.hours.take(~table.taken), table.hours.take(table.taken)
        visits: defaultdict[str, list[Appointment]] = defaultdict(list)
        for appointment in problem.appointments:
            visits[appointment.patient].append(appointment)
        return cls(
            problem,
            _with_offers(table, offers),
            taken,
            table.moments.key(taken.doctor, taken.moment),
            dict(visits),
            {appointment.id: appointment for appointment in problem.appointments},
            {id_: number for number, id_ in enumerate(table.doctors)},
            {id_: number for number, id_ in enumerate(table.hospitals)},
        )

    def frees(self, loss: Loss) -> bool:
        """Whether moving what the loss displaces makes room at an hour that is not lost.

        Only where an appointment reaches out of what is lost, or its doctor is at two hospitals at once.
        """
        moved = [self.appointments[each.moves] for each in loss.requests if each.moves is not None]
        rows = [(self.doctors[each.doctor], micros(each.start)) for each in moved]
        freed = self.table.moments.overlapping(*np.array(rows, dtype=np.int64).reshape(-1, 2).T)
        first, last = (np.searchsorted(self.taken_key, freed, side=side) for side in ("left", "right"))
        return bool((~self.lost(self.taken.take(spans(first, last)), loss)).any())

    def left(self, loss: Loss) -> Columns:
        """The columns of a loss: its requests, and their candidates among the offers that it leaves."""
        table = self.table
        requests = tuple(sorted(loss.requests, key=lambda request: request.id))
        patients = {name: number for number, name in enumerate(sorted({request.patient for request in requests}))}
        seekers, hospital_sets = seekers_of(requests, (), table.moments, patients, self.hospitals)
        wishes = wishes_of(self.problem, requests, (), self.doctors)
        moved = {request.moves for request in requests}
        busy = [
            (number, micros(visit.start))
            for name, number in patients.items()
            for visit in self.visits.get(name, ())
            if visit.id not in moved
        ]
        busy_at = table.moments.overlapping(*np.array(busy, dtype=np.int64).reshape(-1, 2).T)
        offers = table.hours.take(~self.lost(table.hours, loss))
        found, left_out = candidates_of(offers, table.moments, seekers, wishes, hospital_sets, busy_at, whole=False)
        return replace(
            _with_offers(table, offers), requests=requests, patients=tuple(patients), hospital_sets=hospital_sets,
            seekers=seekers, wishes=wishes, candidates=found, left_out=left_out,
        )  # fmt: skip

    def lost(self, hours: Hours, loss: Loss) -> Bools:
        """Which of some hours are lost."""
        start = self.table.moments.start[hours.moment]
        lost: Bools = (start < micros(loss.during.end)) & (start + HOUR_US > micros(loss.during.start))
        if loss.doctor is not None:
            lost &= hours.doctor == self.doctors[loss.doctor]
        if loss.hospital is not None:
            lost &= hours.hospital == self.hospitals[loss.hospital]
        return lost


def _with_offers(table: Columns, offers: Hours) -> Columns:
    return replace(table, hours=offers, taken=np.zeros(len(offers), dtype=np.bool_))


def _outcome(shared: Shared, loss: Loss, solver: Solver, budget: Budget, *, cancel_unplaced: bool) -> Outcome:
    frees = shared.frees(loss)
    table = columns(without(shared.problem, loss)) if frees else shared.left(loss)
    simple = len(table.patients) == len(table.requests) and not frees  # then nobody's old hour is of use to anybody
    chosen = _everybody(table)
    proved = chosen is not None and (simple or np.count_nonzero(chosen) == len(table.requests))
    if chosen is None or not proved:
        chosen, proved = _searched(table, solver, budget)
    found = _told(shared.problem, table, chosen, proved=proved)
    if simple or cancel_unplaced or not found.stranded:
        return found
    return _where_others_stay(without(shared.problem, loss), found, solver, budget)


def _where_others_stay(own: Problem, found: Outcome, solver: Solver, budget: Budget) -> Outcome:
    """What is found where nobody gets an hour that overlaps one of the same patient's that stays, for want of another.

    As with a reschedule, each round leaves out the requests of those who would lose theirs, so that they stand.
    """
    requests, proved = own.requests, found.proved
    while losing := set(displaced(own, found)):
        own = replace(own, requests=tuple(each for each in own.requests if each.moves not in losing))
        table = columns(own)
        chosen, best = _searched(table, solver, budget)
        proved &= best
        found = _told(own, table, chosen, proved=proved)
    placed = {booking.request for booking in found.bookings}
    return replace(found, stranded=tuple(sorted(each.id for each in requests if each.id not in placed)))


def _everybody(table: Columns) -> Bools | None:
    """Candidates (a mask) that give an hour to everybody who has any: no plan does more. None where none were found."""
    found = matching(table.candidates, table.moments)
    if found.matched < found.seekers:
        return None
    picked = table.candidates.take(found.chosen)
    every = np.ones(len(picked), dtype=np.bool_)
    rules = (doctor_in_one_place, patient_in_one_place)
    return None if any(len(rule(picked, table.moments).broken(every)) for rule in rules) else found.chosen


def _searched(table: Columns, solver: Solver, budget: Budget) -> tuple[Bools, bool]:
    """The best candidates (a mask), and whether that is proved."""
    found = search(table.candidates, table.moments, len(table.requests), solver, budget, table.left_out)
    return found.plan, score(table.candidates, found.plan) == found.bound


def _told(problem: Problem, table: Columns, chosen: Bools, *, proved: bool) -> Outcome:
    bookings, _ = carried_out(problem, table, chosen)
    placed = {booking.request for booking in bookings}
    return Outcome(bookings, tuple(each.id for each in table.requests if each.id not in placed), proved)
