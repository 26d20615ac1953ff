"""Which hours, added to the availabilities, would place the requests that are left over.

The planner plans twice. Without any extra hours, as ever: that says who has an hour, and who is left over. Then with
all hours that could be added, where whoever had an hour has to keep one (perhaps another), and the goals are, strictly
in this order: the most of those left over booked, by priority; the fewest extra hours used; the fewest appointments
moved; the least inconvenience. So bound and proof are those of every plan.

As a rule k extra hours place no more than k requests: without the bookings in them, a plan without extra hours is left.
So hours that place one request each are a best choice in any number: see `ExtraHours.one_each`.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from planner.added import NOBODY, Hour, Seats, added_hours
from planner.budget import Budget
from planner.candidates import MOVABLE, ROUTINE, SOON
from planner.columns import Columns, columns
from planner.goals import Weights, score
from planner.hours import Bools, Ints
from planner.instants import HOUR_US, LocalClock, join, micros
from planner.model import Solver
from planner.plan import ExtraHours
from planner.problem import HOUR, Availability, Problem
from planner.search import best_under, search


def extra_hours(
    problem: Problem,
    candidates: Sequence[Hour],
    *,
    time_limit: float = 30.0,
    seed: int = 0,
    solver_workers: int | None = None,
) -> ExtraHours:
    """The fewest of the `candidates` that place the most of the requests that are left over without them.

    Candidates that could not be added are passed over: see `addable`. Who has an hour without them keeps one.
    `time_limit` is in seconds, for both plans together; the other parameters are those of `planner.solve.plan`.

    Raises
    ------
    KeyError
        where a candidate names a doctor or a hospital that the problem does not have.
    """
    budget = Budget(time_limit)
    solver = Solver(seed, solver_workers or os.cpu_count() or 1)
    hours = addable(problem, candidates)
    table = columns(with_hours(problem, hours), whole=True)
    hour_of = _extra_hour_of(table, hours)
    extra = hour_of != NOBODY
    before, proved = _without(problem, table, solver, budget)
    left = [number for number in range(len(table.requests)) if not before.taken[number]]
    if not left or not extra.any():
        return ExtraHours((), 0, tuple(table.requests[number].id for number in left), proved)
    after, proved_too = _with(table, extra, before, solver, budget)
    found = added_hours(table, hours, hour_of, before, after)
    still = tuple(table.requests[number].id for number in left if not after.taken[number])
    return ExtraHours(found, len(left) - len(still), still, proved and proved_too)


def with_hours(problem: Problem, hours: Iterable[Hour]) -> Problem:
    """The problem with these hours added to the availabilities."""
    added = (Availability(hour.doctor, hour.hospital, hour.start, hour.start + HOUR) for hour in hours)
    return replace(problem, availabilities=(*problem.availabilities, *added))


def addable(problem: Problem, candidates: Iterable[Hour]) -> tuple[Hour, ...]:
    """The candidates that can be added, each once, ascending by doctor, hospital and start.

    Not those off the hour by their hospital's clock or outside its openings; not those that are available already; not
    those that overlap an availability of the doctor at another hospital, where the doctor would be in two places.
    Candidates may overlap each other: no two of these are used.
    """
    clocks = {hospital.id: LocalClock(hospital.timezone) for hospital in problem.hospitals}
    openings = {h.id: join((micros(o.start), micros(o.end)) for o in h.openings) for h in problem.hospitals}
    doctors = {doctor.id for doctor in problem.doctors}
    here = _periods(problem)
    everywhere: defaultdict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for (doctor, hospital), periods in here.items():
        everywhere[doctor] += [(hospital, begin, end) for begin, end in periods]
    kept: dict[tuple[str, str, int], Hour] = {}
    for hour in candidates:
        if hour.doctor not in doctors:
            raise KeyError(hour.doctor)
        begin, end = micros(hour.start), micros(hour.start) + HOUR_US
        elsewhere = any(a < end and begin < b for place, a, b in everywhere[hour.doctor] if place != hour.hospital)
        if (
            clocks[hour.hospital].full_hours(begin, end)
            and _inside(openings[hour.hospital], begin, end)
            and not _inside(here.get((hour.doctor, hour.hospital), ()), begin, end)
            and not elsewhere
        ):
            kept[hour.doctor, hour.hospital, begin] = hour
    return tuple(kept[key] for key in sorted(kept))


def _periods(problem: Problem) -> dict[tuple[str, str], list[tuple[int, int]]]:
    periods: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for a in problem.availabilities:
        periods[a.doctor, a.hospital].append((micros(a.start), micros(a.end)))
    return {place: join(of) for place, of in periods.items()}


def _inside(periods: Iterable[tuple[int, int]], begin: int, end: int) -> bool:
    return any(a <= begin and end <= b for a, b in periods)


def _extra_hour_of(table: Columns, hours: Sequence[Hour]) -> Ints:
    """For each candidate of the table the number of the extra hour that it is in, or NOBODY.

    Full hours of one clock never overlap: so hours that are added make no others, whatever they touch.
    """
    doctors = {id_: number for number, id_ in enumerate(table.doctors)}
    hospitals = {id_: number for number, id_ in enumerate(table.hospitals)}
    rows = [(doctors[hour.doctor], hospitals[hour.hospital], micros(hour.start)) for hour in hours]
    doctor, hospital, start = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    moments, candidates = table.moments, table.candidates

    def key(doctor: Ints, hospital: Ints, moment: Ints) -> Ints:
        return moments.key(doctor * len(hospitals) + hospital, moment)

    keys = key(doctor, hospital, np.searchsorted(moments.start, start))
    asked = key(candidates.doctor, candidates.hospital, candidates.moment)
    at = np.searchsorted(keys, asked)
    found = at < len(keys)
    found[found] = keys[at[found]] == asked[found]
    return np.where(found, at, NOBODY)


def _without(problem: Problem, table: Columns, solver: Solver, budget: Budget) -> tuple[Seats, bool]:
    """Who has which hour in the best plan without extra hours, by the candidates of `table`, and whether that is proved
    the best. It is the plan that `planner.solve.plan` makes, so that those left over are the same.
    """
    own = columns(problem)
    found = search(own.candidates, own.moments, len(own.seekers.rank), solver, budget, own.left_out)
    chosen = own.candidates.take(np.flatnonzero(found.plan))
    moment = np.searchsorted(table.moments.start, own.moments.start[chosen.moment])

    def key(seeker: Ints, doctor: Ints, moment: Ints) -> Ints:
        return table.moments.key(seeker * len(table.doctors) + doctor, moment)

    every = table.candidates
    seats = np.isin(key(every.seeker, every.doctor, every.moment), key(chosen.seeker, chosen.doctor, moment))
    return Seats.of(table, np.flatnonzero(seats)), score(own.candidates, found.plan) == found.bound


def _with(table: Columns, extra: Bools, before: Seats, solver: Solver, budget: Budget) -> tuple[Seats, bool]:
    """Who has which hour in the best plan with extra hours in which all keep one who have one, and whether that is
    proved. To the planner's stages, who has an hour is a movable appointment that stands there.
    """
    candidates = table.candidates
    kept = before.taken[candidates.seeker]
    stays = np.zeros(len(candidates), dtype=np.bool_)
    stays[before.candidate[before.taken]] = True
    cost, weights = next(each for each in _prices(table, extra, before) if each[1].fit())
    asked = replace(candidates, cost=cost, moves=kept & ~stays, rank=np.where(kept, MOVABLE, candidates.rank))
    best = best_under(asked, table.moments, len(table.seekers.rank), weights, solver, budget)
    return Seats.of(table, np.flatnonzero(best.plan)), sum(weights.gain(asked)[best.plan].tolist()) == best.bound


def _prices(table: Columns, extra: Bools, before: Seats) -> Iterator[tuple[Ints, Weights]]:
    """What each candidate costs, and what it is worth to those left over that they get an hour.

    First with all goals in their order; then, for where that does not fit into 64 bits, without the inconvenience; then
    without the appointments moved besides.
    """
    candidates = table.candidates
    nothing, moves = np.zeros_like(candidates.cost), candidates.moves.astype(np.int64)
    lacking = np.bincount(table.seekers.rank[~before.taken], minlength=ROUTINE + 1).tolist()
    most_hours = len(np.unique(candidates.seeker[extra]))  # no plan uses more: one for each seeker who accepts any
    for inconvenience, moved in ((candidates.cost, moves), (nothing, moves), (nothing, nothing)):
        one_move = int(np.maximum.reduceat(inconvenience, candidates.begins).sum()) + 1
        one_hour = one_move * (len(table.movables) + 1)
        routine = one_hour * (most_hours + 1)
        soon = routine * (lacking[ROUTINE] + 1)
        weights = Weights(move=0, routine=routine, soon=soon, urgent=soon * (lacking[SOON] + 1))
        yield one_hour * extra + one_move * moved + inconvenience, weights
