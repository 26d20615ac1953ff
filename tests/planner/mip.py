"""The best possible goals of a whole problem by a mixed integer program, goal after goal.

Knows nothing of the planner but the plain types. An hour needs its doctor and its patient at each quarter of it: no
prices, no weights, no thought about how hours can overlap.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from planner.problem import Priority, Problem
from tests.planner.brute_force import HOUR, QUARTER, bookable_hours
from tests.planner.brute_force import _cost as inconvenience

Need = tuple[str, str, datetime]


@dataclass(frozen=True)
class Choice:
    """An hour that `who`, a request or a movable appointment by id, could have.

    `goals` is what it adds to each goal, more being better.
    """

    who: str
    must: bool
    doctor: str
    patient: str
    start: datetime
    goals: tuple[int, int, int, int, int]

    def needs(self) -> list[Need]:
        """What no other choice may need."""
        return needs(self.doctor, self.patient, self.start)


def needs(doctor: str, patient: str, start: datetime) -> list[Need]:
    """The doctor and the patient, quarter by quarter. Every offset of a zone is a whole number of quarters."""
    quarters = [start.astimezone(UTC) + i * QUARTER for i in range(4)]
    return [(kind, owner, at) for at in quarters for kind, owner in (("doctor", doctor), ("patient", patient))]


def choices(problem: Problem) -> list[Choice]:
    """Every hour that a request or a movable appointment could have, fixed appointments being where they are."""
    replaced = {request.moves for request in problem.requests}
    standing = [a for a in problem.appointments if a.id not in replaced]
    hours = sorted(bookable_hours(problem))
    found = []
    for a in (a for a in standing if a.movable):
        for doctor, hospital, start in hours:
            inside = a.window is None or (a.window.start <= start and start + HOUR <= a.window.end)
            inside = inside and (a.hospitals is None or hospital in a.hospitals)
            if doctor == a.doctor and inside and start != a.start:
                away = abs(start - a.start) // HOUR
                found.append(Choice(a.id, True, doctor, a.patient, start, (0, 0, 0, -1, -away)))
    for r in problem.requests:
        booked = tuple(int(r.priority == priority) for priority in Priority)
        for doctor, hospital, start in hours:
            cost = inconvenience(problem, r, doctor, hospital, start)
            if cost is not None:
                found.append(Choice(r.id, False, doctor, r.patient, start, (*booked, 0, -cost)))
    fixed = {need for a in standing if not a.movable for need in needs(a.doctor, a.patient, a.start)}
    return [choice for choice in found if fixed.isdisjoint(choice.needs())] + [_stay(a) for a in standing if a.movable]


def best(problem: Problem) -> tuple[int, int, int, int, int]:
    """Booked urgent, soon and routine, appointments moved, inconvenience: the best in this order."""
    options = choices(problem)
    if not options:
        return (0, 0, 0, 0, 0)
    rows: defaultdict[object, list[int]] = defaultdict(list)
    needed = set()
    for number, choice in enumerate(options):
        for row in (choice.who, *choice.needs()):
            rows[row].append(number)
        if choice.must:
            needed.add(choice.who)
    members = list(rows.values())
    row = np.repeat(np.arange(len(members)), [len(of) for of in members])
    matrix = csr_array((np.ones(len(row)), (row, np.concatenate(members))), shape=(len(members), len(options)))
    least = [float(key in needed) for key in rows]
    most = [1.0] * len(rows)
    reached: list[int] = []
    for goal in np.array([choice.goals for choice in options], dtype=float).T:
        result = milp(
            -goal,
            integrality=np.ones(len(options)),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, least, most),
            options={"mip_rel_gap": 0.0},
        )
        assert result.status == 0, result.message
        reached.append(round(-result.fun))
        matrix = vstack([matrix, csr_array(goal[np.newaxis])], format="csr")
        least, most = [*least, float(reached[-1])], [*most, np.inf]
    urgent, soon, routine, moved, cost = reached
    return urgent, soon, routine, -moved, -cost


def _stay(appointment) -> Choice:
    return Choice(appointment.id, True, appointment.doctor, appointment.patient, appointment.start, (0, 0, 0, 0, 0))
