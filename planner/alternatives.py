"""Hours that refused requests did not ask for but could have: free once the whole plan is carried out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.columns import Columns
from planner.handout import Handout
from planner.hours import Bools, Hours, Ints, spans
from planner.instants import LocalClock, instant, micros
from planner.plan import Alternative
from planner.problem import Problem, Request
from planner.standing import Standing, Timeline
from planner.wording import Wording

MOST = 3
"""How many alternatives a conflict offers at most."""
REACHES = (32, 256)
"""How many free hours on either side of its preferred instant a request is given alternatives from: the second reach
only where the first was not enough to give it hours of its own."""
ROWS = 1_000_000
"""So many hours are looked at together, to bound the memory."""


def alternatives(
    problem: Problem, columns: Columns, standing: Standing, refused: Ints, wording: Wording
) -> list[tuple[Alternative, ...]]:
    """Up to MOST hours for each of the `refused` requests (numbers, ascending), nearest to its preferred instant first.

    An hour is free if it overlaps nothing that is booked, moved or stands. An appointment that a refused request meant
    to replace still stands for everybody but that request.

    Different requests are given different hours, and those of one patient hours that do not overlap, as far as they
    reach: first an hour for each of as many requests as possible, then a second, then a third, always among the free
    hours within REACHES (see `planner.handout`). Only a request that is left with none is told hours of others.
    """
    if not len(refused) or not _free_hours(columns, standing).any():
        return [() for _ in refused]
    free = _Free.of(problem, columns, standing, refused)
    numbers = refused.tolist()
    patients = columns.seekers.patient[refused].tolist()
    handout = Handout(free.hours, columns.moments, dict(zip(numbers, patients, strict=True)))
    order = refused[np.argsort(columns.seekers.rank[refused], kind="stable")]
    nearest: dict[int, list[int]] = {}
    for reach in REACHES:
        lacking = np.array([n for n in order.tolist() if len(handout.given[n]) < MOST], dtype=np.int64)
        nearest.update(free.nearest(np.sort(lacking), reach))
        handout.give(lacking.tolist(), nearest, MOST)
    chosen = {n: _in_order(nearest[n], handout.given[n]) for n in numbers}
    told = _told(problem, free, chosen, wording)
    return [tuple(told[number]) for number in numbers]


def _in_order(nearest: Sequence[int], own: Sequence[int]) -> list[int]:
    """A request's own hours, nearest first; the nearest of others if it has none."""
    return [hour for hour in nearest if hour in own] if own else list(nearest[:MOST])


@dataclass(frozen=True, slots=True)
class _Free:
    """The free hours, ascending by (moment, doctor, hospital), and what requests have to do with them.

    `could_see[n]` and `asked[n]` are rows of `doctor_sets`: the doctors who could see the patient of request `n`, and
    those whom it asks for. `kept` are the requests that did not get to replace their appointments; these are in
    `kept_of_doctor` and `kept_of_patient`.
    """

    columns: Columns
    standing: Standing
    hours: Hours
    doctor_sets: Bools
    could_see: Ints
    asked: Ints
    kept: Ints
    kept_of_doctor: Timeline
    kept_of_patient: Timeline

    @classmethod
    def of(cls, problem: Problem, columns: Columns, standing: Standing, refused: Ints) -> "_Free":
        free = np.flatnonzero(_free_hours(columns, standing))
        free = free[np.argsort(columns.hours.moment[free], kind="stable")]
        sets = _DoctorSets(problem, columns)
        could_see, asked = (np.zeros(len(columns.requests), dtype=np.int64) for _ in range(2))
        for number in refused.tolist():
            could_see[number], asked[number] = sets.of(columns.requests[number])
        kept = np.array([n for n in refused.tolist() if columns.requests[n].moves is not None], dtype=np.int64)
        appointments = {appointment.id: appointment for appointment in problem.appointments}
        replaced = [appointments[columns.requests[n].moves or ""] for n in kept.tolist()]
        start = np.array([micros(appointment.start) for appointment in replaced], dtype=np.int64)
        doctor = np.array([sets.number[appointment.doctor] for appointment in replaced], dtype=np.int64)
        return cls(
            columns, standing, columns.hours.take(free), sets.table(), could_see, asked, kept,
            Timeline.of(doctor, start), Timeline.of(columns.seekers.patient[kept], start),
        )  # fmt: skip

    def nearest(self, numbers: Ints, reach: int) -> Iterator[tuple[int, list[int]]]:
        """Each request of `numbers` with the `reach` nearest hours that it could have instead, best first.

        Of hours equally near, those that give up least come first. Only hours are looked at that are among the `reach`
        next ones before or after the preferred instant.
        """
        sets, of_set = np.unique(self.could_see[numbers], return_inverse=True)
        hours_of = self.doctor_sets[sets] @ np.bincount(self.hours.doctor, minlength=self.doctor_sets.shape[1])
        cost = hours_of + 2 * reach * np.bincount(of_set, minlength=len(sets))
        part = np.cumsum(cost) // ROWS
        for each in np.unique(part).tolist():
            mine = np.flatnonzero(part[of_set] == each)
            yield from self._nearest(numbers[mine], sets[part == each], reach)

    def _nearest(self, numbers: Ints, sets: Ints, reach: int) -> Iterator[tuple[int, list[int]]]:
        """The same for requests whose sets of doctors are among `sets`."""
        moments, seekers = self.columns.moments, self.columns.seekers
        found = [np.flatnonzero(self.doctor_sets[row][self.hours.doctor]) for row in sets.tolist()]
        end = np.cumsum([len(hours) for hours in found])
        table = np.concatenate(found)
        key = moments.key(np.repeat(np.arange(len(sets)), [len(hours) for hours in found]), self.hours.moment[table])
        mine = np.searchsorted(sets, self.could_see[numbers])
        middle = np.searchsorted(key, moments.key(mine, np.searchsorted(moments.start, seekers.preferred[numbers])))
        first = np.maximum(middle - reach, np.append(0, end)[mine])
        last = np.minimum(middle + reach, end[mine])
        asker, hour = np.repeat(np.arange(len(numbers)), last - first), table[spans(first, last)]
        given_up = np.sum(self.given_up(numbers[asker], hour), axis=0)
        possible = np.flatnonzero((given_up > 0) & self._is_free(numbers[asker], hour))
        asker, hour, given_up = asker[possible], hour[possible], given_up[possible]
        away = np.abs(moments.start[self.hours.moment[hour]] - seekers.preferred[numbers][asker])
        order = np.lexsort((hour, given_up, away, asker))
        begin = np.searchsorted(asker, np.arange(len(numbers) + 1))
        hours = hour[order]
        for place, number in enumerate(numbers.tolist()):
            yield number, hours[begin[place] : min(begin[place + 1], begin[place] + reach)].tolist()

    def given_up(self, number: Ints, hour: Ints) -> tuple[Bools, Bools, Bools]:
        """Pair by pair of request and hour: is its time, its doctor, its hospital another than asked for?"""
        seekers, hours = self.columns.seekers, self.hours.take(hour)
        outside = (hours.moment < seekers.first[number]) | (hours.moment >= seekers.last[number])
        other_doctor = ~self.doctor_sets[self.asked[number], hours.doctor]
        return outside, other_doctor, ~self.columns.hospital_sets[seekers.hospitals[number], hours.hospital]

    def _is_free(self, number: Ints, hour: Ints) -> Bools:
        """Pair by pair of request and hour: does it overlap nothing of the patient, and nothing that others keep?"""
        start = self.columns.moments.start[self.hours.moment[hour]]
        patient = self.columns.seekers.patient[number]
        free = np.ones(len(hour), dtype=np.bool_)
        free[self.standing.of_patient.overlapping(patient, start).hour] = False
        for timeline, owner in ((self.kept_of_doctor, self.hours.doctor[hour]), (self.kept_of_patient, patient)):
            pair, keeper = timeline.overlapping(owner, start)
            free[pair[self.kept[keeper] != number[pair]]] = False
        return free


def _free_hours(columns: Columns, standing: Standing) -> Bools:
    """Which of the available hours overlap nothing that their doctor has."""
    moments, hours = columns.moments, columns.hours
    gone = moments.overlapping(standing.doctor, standing.start)
    return np.isin(moments.key(hours.doctor, hours.moment), gone, invert=True)


class _DoctorSets:
    """Sets of doctors, each kept once; a set is called by its place in `table`."""

    def __init__(self, problem: Problem, columns: Columns) -> None:
        self.number = {id_: number for number, id_ in enumerate(columns.doctors)}
        self._specialties = [doctor.specialties for doctor in sorted(problem.doctors, key=lambda doctor: doctor.id)]
        self._everybody = frozenset(range(len(columns.doctors)))
        self._having: dict[frozenset[str], frozenset[int]] = {}
        self._rows: dict[frozenset[int], int] = {}
        self._known: dict[tuple[tuple[str, ...] | None, str | None], tuple[int, int]] = {}

    def of(self, request: Request) -> tuple[int, int]:
        """The doctors who could see the patient, and those whom the request asks for.

        Those could see the patient who are asked for; with a specialty those who have it; without one also those who
        share one with a doctor asked for.
        """
        wish = (request.doctors, request.specialty)
        if wish not in self._known:
            listed = self._everybody
            if request.doctors is not None:
                listed = frozenset(self.number[doctor] for doctor in request.doctors)
            if request.specialty is not None:
                could_see = self._who_have(frozenset({request.specialty}))
            else:
                wanted = frozenset[str]().union(*(self._specialties[doctor] for doctor in listed))
                could_see = self._who_have(wanted) | listed
            self._known[wish] = self._row(could_see), self._row(listed)
        return self._known[wish]

    def table(self) -> Bools:
        """One row per set: whether each doctor is in it."""
        rows = np.zeros((len(self._rows), len(self._everybody)), dtype=np.bool_)
        for doctors, row in self._rows.items():
            rows[row, list(doctors)] = True
        return rows

    def _who_have(self, specialties: frozenset[str]) -> frozenset[int]:
        if specialties not in self._having:
            having = (number for number, has in enumerate(self._specialties) if has & specialties)
            self._having[specialties] = frozenset(having)
        return self._having[specialties]

    def _row(self, doctors: frozenset[int]) -> int:
        return self._rows.setdefault(doctors, len(self._rows))


def _told(
    problem: Problem, free: _Free, chosen: Mapping[int, Sequence[int]], wording: Wording
) -> dict[int, list[Alternative]]:
    """The hours chosen for each request as alternatives, with what they give up."""
    columns, hours = free.columns, free.hours
    zones = {hospital.id: LocalClock(hospital.timezone).zone for hospital in problem.hospitals}
    sentences = (wording.gives_up_window, wording.gives_up_doctor, wording.gives_up_hospital)
    pairs = [(number, hour) for number, given in chosen.items() for hour in given]
    number, hour = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    plain: dict[int, Alternative] = {}
    for one in np.unique(hour).tolist():
        hospital = columns.hospitals[int(hours.hospital[one])]
        start = instant(int(columns.moments.start[hours.moment[one]]), zones[hospital])
        plain[one] = Alternative(columns.doctors[int(hours.doctor[one])], hospital, start, ())
    told: dict[int, list[Alternative]] = {number: [] for number in chosen}
    flags = zip(*(given_up.tolist() for given_up in free.given_up(number, hour)), strict=True)
    for (who, one), given_up in zip(pairs, flags, strict=True):
        request, instead = columns.requests[who], plain[one]
        gives_up = tuple(tell(request, instead) for tell, other in zip(sentences, given_up, strict=True) if other)
        told[who].append(Alternative(instead.doctor, instead.hospital, instead.start, gives_up))
    return told
