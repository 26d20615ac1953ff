"""The least upheaval that a reschedule can do to a little town, by a mixed integer program of its own.

Restates what a reschedule may do from the policy alone, without the planner and the code that makes its problem.
A doctor and a patient are needed at each quarter of an hour that somebody gets.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from planner.problem import Priority
from tests.workers.towns import HOUR, Standing, Town, bookable

QUARTER = timedelta(minutes=15)
Ranks = dict[Any, int]


@dataclass(frozen=True)
class Choice:
    """An hour that an appointment could have. `goals`: placed by class, others moved, hours; the more the better."""

    who: Standing
    must: bool
    doctor: Any
    hospital: Any
    start: datetime
    goals: tuple[int, ...]

    def needs(self) -> list[tuple[Any, datetime]]:
        quarters = [self.start + i * QUARTER for i in range(4)]
        return [(owner, at) for at in quarters for owner in (self.doctor, self.who.patient)]


class Asked:
    """A reschedule of a town."""

    def __init__(self, town: Town, asked: dict[str, Any], now: datetime) -> None:
        self.town, self.now = town, now
        self.scope, self.policy = asked["scope"], asked["policy"]
        self.displaced = [
            each
            for each in town.appointments
            if each.start >= now
            and any(self.is_lost(each.doctor, each.hospital, each.start + i * QUARTER) for i in range(4))
        ]
        ends = [each.start + HOUR for each in self.displaced]
        self.earliest = now + timedelta(hours=self.policy["notice_hours"])
        self.latest = self.policy["latest"] or max(ends, default=now) + timedelta(days=28)

    def is_lost(self, doctor: Any, hospital: Any, at: datetime) -> bool:
        if "appointments" in self.scope:
            return any(
                str(each.id) in self.scope["appointments"]
                and (each.doctor, each.hospital) == (doctor, hospital)
                and each.start <= at < each.start + HOUR
                for each in self.town.appointments
            )
        return (
            self.scope["start"] <= at < self.scope["end"]
            and str(doctor) in self.scope.get("doctors", [str(doctor)])
            and self.scope.get("hospital", str(hospital)) == str(hospital)
        )

    def classes(self) -> Ranks:
        """The class in which each displaced appointment counts: the lower, the earlier."""
        ranks = {
            each.id: (list(Priority).index(each.priority), self.town.moved.get(each.patient, 999) > 365)
            for each in self.displaced
        }
        if len(set(ranks.values())) > 3:
            return {id_: 0 if priority == 0 else 1 if not calm else 2 for id_, (priority, calm) in ranks.items()}
        return {id_: sorted(set(ranks.values())).index(rank) for id_, rank in ranks.items()}

    def hours(self) -> list[tuple[Any, Any, datetime]]:
        return [
            (doctor, hospital, start)
            for doctor, hospital, start in bookable(self.town)
            if self.earliest <= start <= self.latest - HOUR
            and not any(self.is_lost(doctor, hospital, start + i * QUARTER) for i in range(4))
        ]

    def may_see(self, each: Standing, doctor: Any) -> bool:
        if doctor == each.doctor:
            return True
        wanted = {each.specialty} if each.specialty else self.town.doctors[each.doctor]
        return not self.policy["same_doctor"] and bool(wanted & self.town.doctors[doctor])

    def others(self) -> list[Standing]:
        """Who may move to make room."""
        if not self.policy["others_move"]:
            return []
        displaced = {each.patient for each in self.displaced}
        doctors = {d for each in self.displaced for d in self.town.doctors if self.may_see(each, d)}
        found: dict[Any, Standing] = {}
        for each in sorted(self.town.appointments, key=lambda each: (each.start, each.id)):
            calm = self.town.moved.get(each.patient, 999) >= self.policy["quiet_days"]
            near = self.earliest <= each.start < self.latest
            if each.doctor in doctors and each.patient not in displaced and calm and near:
                found.setdefault(each.patient, each)
        return list(found.values())

    def choices(self) -> list[Choice]:
        others, classes, hours = self.others(), self.classes(), self.hours()
        moving = {each.id for each in (*others, *self.displaced)}
        fixed = {
            (owner, each.start + i * QUARTER)
            for each in self.town.appointments
            if each.id not in moving
            for i in range(4)
            for owner in (each.doctor, each.patient)
        }
        found = []
        for each in self.displaced:
            placed = tuple(int(classes[each.id] == i) for i in range(3))
            for doctor, hospital, start in hours:
                if self.may_see(each, doctor) and (hospital == each.hospital or not self.policy["same_hospital"]):
                    away = abs(start - each.start) // HOUR + 24 * (doctor != each.doctor)
                    found.append(Choice(each, False, doctor, hospital, start, (*placed, 0, -away)))
        reach = timedelta(days=self.policy["others_within_days"])
        for each in others:
            window = each.window or (self.earliest, self.latest)
            for doctor, hospital, start in hours:
                inside = window[0] <= start <= window[1] - HOUR and abs(start - each.start) <= reach
                suits = doctor == each.doctor and (hospital == each.hospital or not self.policy["same_hospital"])
                if suits and inside and start != each.start:
                    away = abs(start - each.start) // HOUR
                    found.append(Choice(each, True, doctor, hospital, start, (0, 0, 0, -1, -away)))
        stay = [Choice(each, True, each.doctor, each.hospital, each.start, (0, 0, 0, 0, 0)) for each in others]
        return [choice for choice in found if fixed.isdisjoint(choice.needs())] + stay


def best(options: list[Choice]) -> tuple[int, ...]:
    """The best goals, each after the ones before it."""
    if not options:
        return (0, 0, 0, 0, 0)
    rows: defaultdict[Any, list[int]] = defaultdict(list)
    for number, choice in enumerate(options):
        for row in ((choice.who.id, choice.must), *choice.needs()):
            rows[row].append(number)
    row = np.repeat(np.arange(len(rows)), [len(of) for of in rows.values()])
    column = np.concatenate(list(rows.values()))
    matrix = csr_array((np.ones(len(row)), (row, column)), shape=(len(rows), len(options)))
    least, most = [float(key[1] is True) for key in rows], [1.0] * len(rows)
    reached = []
    for goal in np.array([choice.goals for choice in options], dtype=float).T:
        limits = LinearConstraint(matrix, least, most)
        found = milp(-goal, integrality=np.ones(len(options)), bounds=Bounds(0, 1), constraints=limits)
        assert found.status == 0, found.message
        reached.append(round(-found.fun))
        matrix = vstack([matrix, csr_array(goal[np.newaxis])], format="csr")
        least, most = [*least, float(reached[-1])], [*most, np.inf]
    return tuple(reached)
