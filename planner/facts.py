"""The facts of a conflict: sufficient and minimal, as `docs/planning-problem.md` defines it for each kind."""

from dataclasses import dataclass

import numpy as np

from planner.absence import Absence, Facts
from planner.candidates import Wishes, accepted
from planner.columns import Columns
from planner.evidence import least_proofs
from planner.hours import Bools, Ints
from planner.instants import LocalClock, instant
from planner.plan import ConflictKind
from planner.problem import Problem
from planner.standing import Held, Standing, distinct

KINDS = (ConflictKind.HOURS_TAKEN, ConflictKind.PATIENT_BUSY, ConflictKind.OUTCOMPETED)
"""The kinds of requests that accept some available hour; a request's kind is a place among them."""
TAKEN, BUSY, OUTCOMPETED = range(3)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request got no booking: the first thing that is missing, and the facts that prove it."""

    kind: ConflictKind
    facts: Facts


@dataclass(frozen=True, slots=True)
class Wanted:
    """The available hours, taken or not, that refused requests accept; one that is at two hospitals counts once.

    Ascending by `asker`, the place of the request among the refused ones. `start` is in microseconds.
    """

    asker: Ints
    doctor: Ints
    patient: Ints
    start: Ints


def reasons(problem: Problem, columns: Columns, standing: Standing, refused: Ints) -> list[Reason]:
    """The reason of each of the `refused` requests (their numbers, ascending), once the plan is carried out.

    Linear in the hours that they accept, but for sorting.
    """
    wanted = _wanted(columns, refused)
    count = np.bincount(wanted.asker, minlength=len(refused))
    taken = _standing_only(standing.of_doctor.overlapping(wanted.doctor, wanted.start), standing)
    is_taken = _overlapped(taken, wanted)
    busy = _standing_only(standing.of_patient.overlapping(wanted.patient, wanted.start), standing)
    is_busy = _overlapped(busy, wanted) & ~is_taken
    kind = np.full(len(refused), TAKEN)
    kind[wanted.asker[is_busy]] = BUSY
    kind[wanted.asker[~is_taken & ~is_busy]] = OUTCOMPETED
    of_hour = kind[wanted.asker]
    decide = {TAKEN: of_hour == TAKEN, BUSY: is_busy & (of_hour == BUSY), OUTCOMPETED: ~is_taken & ~is_busy}
    winners = _no_lower(_holders(standing, wanted), standing, columns.seekers.rank[refused][wanted.asker])
    held = Held(*np.concatenate([
        _of_hours(pairs, decide[which]) for which, pairs in ((TAKEN, taken), (BUSY, busy), (OUTCOMPETED, winners))
    ], axis=1))  # fmt: skip
    order = np.argsort(held.hour, kind="stable")
    proofs = least_proofs(Held(held.hour[order], held.holder[order]), wanted.asker, len(refused))
    tell, absence = Teller(problem, columns, standing), Absence(problem, columns)
    found = []
    for place, number in enumerate(refused.tolist()):
        if count[place]:
            found.append(Reason(KINDS[kind[place]], tell.facts(int(kind[place]), proofs[place])))
        else:
            found.append(Reason(*absence.of(columns.requests[number])))
    return found


class Teller:
    """Tells holders as facts, each made once and referred to as often as it is needed."""

    def __init__(self, problem: Problem, columns: Columns, standing: Standing) -> None:
        self._columns, self._standing = columns, standing
        self._zones = {hospital.id: LocalClock(hospital.timezone).zone for hospital in problem.hospitals}
        self._told: dict[str, dict[int, Facts]] = {}
        self._at: dict[tuple[int, str], str] = {}

    def facts(self, kind: int, proof: Ints) -> Facts:
        """The facts of a kind of KINDS, from the holders that prove it."""
        if kind != OUTCOMPETED:
            return {"appointments": self._all("id", proof)}
        moved = self._standing.moved[proof]
        return {"winners": self._all("request", proof[~moved]), "moved": self._all("appointment", proof[moved])}

    def _all(self, as_: str, holders: Ints) -> list[Facts]:
        """Holders as facts that call their id `as_`, the start by the hospital's clock. Never the patient."""
        told = self._told.setdefault(as_, {})
        return [told.get(holder) or told.setdefault(holder, self._tell(as_, holder)) for holder in holders.tolist()]

    def _tell(self, as_: str, holder: int) -> Facts:
        standing, columns = self._standing, self._columns
        hospital = columns.hospitals[int(standing.hospital[holder])]
        place = (int(standing.start[holder]), hospital)
        if place not in self._at:
            self._at[place] = instant(place[0], self._zones[hospital]).isoformat()
        doctor = columns.doctors[int(standing.doctor[holder])]
        return {as_: standing.ids[holder], "doctor": doctor, "hospital": hospital, "start": self._at[place]}


def _wanted(columns: Columns, refused: Ints) -> Wanted:
    seekers, moments = columns.seekers, columns.moments
    asker = np.full(len(seekers.rank), -1, dtype=np.int64)
    asker[refused] = np.arange(len(refused))
    which = asker[columns.wishes.seeker] >= 0
    wishes = Wishes(columns.wishes.seeker[which], columns.wishes.doctor[which], columns.wishes.place[which])
    every = accepted(columns.hours, moments, seekers, wishes, columns.hospital_sets)
    again = np.zeros(len(every.seeker), dtype=np.bool_)
    same = [np.diff(column) == 0 for column in (every.seeker, every.hours.doctor, every.hours.moment)]
    again[1:] = np.logical_and.reduce(same)
    seeker, start = every.seeker[~again], moments.start[every.hours.moment[~again]]
    return Wanted(asker[seeker], every.hours.doctor[~again], seekers.patient[seeker], start)


def _holders(standing: Standing, wanted: Wanted) -> Held:
    """Everybody who overlaps an hour and needs its doctor or its patient, once each."""
    sides = (standing.of_doctor.overlapping(wanted.doctor, wanted.start),
             standing.of_patient.overlapping(wanted.patient, wanted.start))  # fmt: skip
    base = len(standing.ids) + 1
    pairs = np.concatenate([held.hour * base + held.holder for held in sides])
    return Held(*np.divmod(distinct(pairs), base))


def _standing_only(held: Held, standing: Standing) -> Held:
    which = standing.stands[held.holder]
    return Held(held.hour[which], held.holder[which])


def _no_lower(held: Held, standing: Standing, rank: Ints) -> Held:
    """Without holders of lower priority than the request; `rank` has its rank for every hour."""
    which = standing.rank[held.holder] <= rank[held.hour]
    return Held(held.hour[which], held.holder[which])


def _overlapped(held: Held, wanted: Wanted) -> Bools:
    found = np.zeros(len(wanted.asker), dtype=np.bool_)
    found[held.hour] = True
    return found


def _of_hours(held: Held, which: Bools) -> tuple[Ints, Ints]:
    kept = which[held.hour]
    return held.hour[kept], held.holder[kept]
