"""What one more hour would be worth: how many more of the requests that wait could be booked.

An hour that is added lies apart from all others of its doctor, so it changes nothing but for whoever takes it. With
the hour, the best plan is either the best one without it, or some request takes it and the others are planned as well
as they can be without that request. So the worth of an hour is the greatest *gain* of a request that accepts it: what
its booking counts, less what the best plan of the others falls short of the best plan of all.

A request that the best plan leaves out gains what its booking counts: the others stay as they are. What any other
gains is bounded by the prices of the best plan (weak duality: the prices of the others cover whatever they are given):
what the booking counts, less the price of the request and those of the patient's instants in that hour. Without
crossings the bound is the gain itself, for the prices of places are the least there are (Leonard 1983: then a bidder's
profit is what the others fall short of without them). Where the bound exceeds what others gain by the hour, the others
are planned again.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from planner.base_plan import BasePlan
from planner.budget import Budget
from planner.hour_gains import DayGains, Gains, Takers
from planner.hours import Bools
from planner.idle_hours import Day, Roster, idle_days, kinds
from planner.instants import LocalClock, instant
from planner.model import Solver
from planner.problem import Doctor, Period, Priority, Problem

DAYS = 14
"""So many days are looked at, beginning with today."""


@dataclass(frozen=True, slots=True)
class HourValue:
    """What one more hour of a specialty would be worth at a hospital on one of its days.

    `waiting`: the requests that the best plan leaves out and that accept an hour of it. `books`: how many more requests
    the best plan would book with the best hour of it, `priority` the most important one of these, `doctor` and `start`
    whose hour that is and when (None: no hour books anybody). Not `proved`: an estimate.
    """

    hospital: str
    specialty: str
    date: date
    waiting: int
    books: int
    priority: Priority | None
    doctor: str | None
    start: datetime | None
    proved: bool


def hour_values(
    problem: Problem,
    hospitals: Iterable[str],
    busy: Mapping[str, Sequence[Period]],
    since: datetime,
    *,
    time_limit: float = 30.0,
    checks: int | None = None,
    solver: Solver | None = None,
) -> tuple[HourValue, ...]:
    """What one more hour is worth at each of the `hospitals`, for each specialty and each of `DAYS` local dates, the
    first being that of `since`, wherever somebody waits for one; by hospital, date and specialty.

    The hours are the full ones of the openings in which a doctor of `busy` is not busy, with at least one specialty;
    none starts before `since`. The requests of `problem` are those that wait; it has no movable appointments.
    `time_limit` is that of planning in seconds; when it runs out, what is left is estimated, and so it is after so many
    `checks` (None: any number). Looking at all the hours comes on top. `solver`: its seed, and how many parts it solves
    at a time (None: one per core).
    """
    budget = Budget(time_limit)
    solver = solver or Solver(workers=os.cpu_count() or 1)
    base = BasePlan.of(problem, solver, budget)
    if base.booked.all():
        return ()
    skills = _Skills.of(_by_id(problem))
    wanted = set(hospitals)
    places = sorted((each for each in problem.hospitals if each.id in wanted), key=lambda each: each.id)
    gains, waiting, left = Gains(base), [], budget.left()
    for day in idle_days(places, _roster(problem, base, busy), since, DAYS):
        takers = Takers.of(base, day)
        gains.add(day, takers)
        waiting.append(_waiting(base, day, takers, skills))
    zones = {each.id: LocalClock(each.timezone).zone for each in places}
    return tuple(
        _best(base, of_day, skills, skill, count, zones[of_day.day.hospital])
        for of_day, counts in zip(gains.checked(solver, Budget(left), checks), waiting, strict=True)
        for skill, count in enumerate(counts)
        if count
    )


def _by_id(problem: Problem) -> list[Doctor]:
    """The doctors as they are numbered."""
    return sorted(problem.doctors, key=lambda each: each.id)


def _roster(problem: Problem, base: BasePlan, busy: Mapping[str, Sequence[Period]]) -> Roster:
    """When those are busy who have a specialty."""
    doctors = _by_id(problem)
    skilled = {each.id for each in doctors if each.specialties}
    able = {id_: periods for id_, periods in busy.items() if id_ in skilled}
    return Roster(able, base.table.doctors, kinds(doctors, problem.requests))


@dataclass(frozen=True, slots=True)
class _Skills:
    """The specialties, and which doctors (columns, by number) have each of them (rows)."""

    names: tuple[str, ...]
    has: Bools

    @classmethod
    def of(cls, doctors: Sequence[Doctor]) -> "_Skills":
        names = tuple(sorted({name for each in doctors for name in each.specialties}))
        has = np.array([[name in each.specialties for each in doctors] for name in names], dtype=np.bool_)
        return cls(names, has.reshape(len(names), len(doctors)))


def _waiting(base: BasePlan, day: Day, takers: Takers, skills: _Skills) -> list[int]:
    """By specialty: how many of the requests that the base plan leaves out accept an hour of it on this day."""
    left_out = ~base.booked[takers.request]
    request, doctor = takers.request[left_out], day.doctor[takers.hour[left_out]]
    return [len(np.unique(request[has[doctor]])) for has in skills.has]


def _best(base: BasePlan, gains: DayGains, skills: _Skills, skill: int, waiting: int, zone: ZoneInfo) -> HourValue:
    """The hour of a specialty that books the most, then the most important; the earliest; the doctor first by id."""
    day = gains.day
    which = np.flatnonzero(skills.has[skill][day.doctor])
    more = base.more_booked(gains.gain[which])
    books = more.sum(axis=1)
    at = np.lexsort((day.doctor[which], day.start[which], -gains.gain[which], -books))[0]
    proved = bool(gains.proved[which].all())
    value = HourValue(day.hospital, skills.names[skill], day.date, waiting, 0, None, None, None, proved)
    if books[at] <= 0:
        return value
    return replace(
        value,
        books=int(books[at]),
        priority=next(priority for priority, count in zip(Priority, more[at].tolist(), strict=True) if count > 0),
        doctor=base.table.doctors[day.doctor[which[at]]],
        start=instant(int(day.start[which[at]]), zone),
    )
