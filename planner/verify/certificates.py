"""Whether certificates prove what they say, by counting. Their shapes are in docs/planning-problem.md.

Each says of a refused request: it and others, all of its priority or a higher one, cannot all be booked, whatever is
chosen. Those that count offers are checked in `hall.py`, those that count instants here.

An instant of a doctor or a patient lies in one hour at most. Each member of the set needs an hour, and so at least the
least weight of the instants inside any hour that it could have. If these needs add up to more than all the weights,
somebody goes without (Farkas 1902). A set that is told at another conflict is that conflict's, with instants and all,
without its refused request and with this one instead.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.instants import HOUR_US
from planner.plan import Conflict, ConflictKind, PlanStatus
from planner.problem import Appointment, Request
from planner.verify.book import Book
from planner.verify.conflicts import UNREADABLE
from planner.verify.hall import Part, offer_faults
from planner.verify.proof import Instants
from planner.verify.timelines import Ints, ints
from planner.verify.violation import Violation

INSTANTS = ("patient", "movable", "overlap")
FIELDS = {
    "offers": {"rule", "requests", "offers"},
    **{rule: {"rule", "requests", "appointments", "instants"} for rule in INSTANTS},
    **{rule: {"rule", "requests", "appointments"} for rule in ("search", "unproved")},
}
"""The fields of each rule; `with` may come on top of those of `offers`."""
LARGEST_WEIGHT = 2**40
SEARCH_STEPS = 20_000
"""How many choices a `search` certificate is tried with before it is left standing as neither proved nor disproved."""


def certificates_prove(book: Book) -> Iterator[Violation]:
    """The certificate of every outcompeted request."""
    outcompeted = [c for c in book.plan.conflicts if c.kind == ConflictKind.OUTCOMPETED and c.request in book.requests]
    counting = _Counting(book, {conflict.request: conflict for conflict in outcompeted})
    faults: dict[str, str] = {}
    parts: list[Part] = []
    for conflict in outcompeted:
        try:
            if _rule(conflict) == "offers":
                parts.append(Part.read(book, conflict))
            elif (fault := counting.fault(conflict)) is not None:
                faults[conflict.request] = fault
        except UNREADABLE as error:
            faults[conflict.request] = f"cannot be read ({type(error).__name__}: {str(error)[:200]})"
    for id_, fault in offer_faults(book, parts):
        faults.setdefault(id_, fault)
    for id_, fault in faults.items():
        yield Violation("conflict", f"The certificate of request {id_} {fault}.", (id_,))


def _rule(conflict: Conflict) -> str:
    """The certificate's rule. Raises KeyError where there is no such rule, ValueError where fields are amiss."""
    rule, fields = conflict.certificate["rule"], set(conflict.certificate)
    if fields - {"with"} != FIELDS[rule]:
        raise ValueError(f"the fields of the rule {rule} are {', '.join(sorted(FIELDS[rule]))}")
    if not all(isinstance(conflict.certificate[field], list) for field in fields - {"rule"}):
        raise TypeError("all fields but the rule are lists")
    return str(rule)


@dataclass(frozen=True, slots=True)
class _Set:
    """What each member (a seeker's number) needs, what all of them do, and the weighted instants."""

    needs: dict[int, int]
    need: int
    of_doctor: Instants
    of_patient: Instants
    total: int


class _Counting:
    """Looks at certificates that name members, and at each set once."""

    def __init__(self, book: Book, conflicts: Mapping[str, Conflict]) -> None:
        self._book, self._conflicts = book, conflicts
        self._sets: dict[str, _Set] = {}

    def fault(self, conflict: Conflict) -> str | None:
        """What is wrong with a certificate; None if nothing is. Raises what `UNREADABLE` lists."""
        rule, status = conflict.certificate["rule"], self._book.plan.status
        own, other = self._members(conflict), self._named(conflict)
        refused, rank = self._book.request_number[conflict.request], self._book.seekers.rank
        if refused not in own:
            return "does not name its own request"
        if len(set(own)) < len(own):
            return "counts somebody twice"
        shared = [] if other is None else [self._book.request_number[other.request]]
        if rank[own + shared].max() > rank[refused]:
            return "names a request or a conflict of lower priority"
        if rule == "unproved":
            return None if status == PlanStatus.FEASIBLE else "proves nothing although the plan is optimal"
        if rule == "search":
            others = [] if other is None else self._members(other)
            return _search_fault(self._book, ints({*own, *others}.difference(shared) | {refused}))
        return self._instants_fault(conflict, own, other)

    def _instants_fault(self, conflict: Conflict, own: list[int], other: Conflict | None) -> str | None:
        """Whether the members need more than there is. A set that is shared gives up its refused request's need."""
        if other is None:
            mine = self._set(conflict)
            return None if mine.need > mine.total else "has instants that suffice for everybody"
        shared, replaced = self._set(other), self._book.request_number[other.request]
        if any(member in shared.needs and member != replaced for member in own):
            return "counts somebody twice"
        need = shared.need - shared.needs[replaced] + sum(_needs(self._book, own, shared.of_doctor, shared.of_patient))
        return None if need > shared.total else "shares instants that suffice for everybody"

    def _members(self, conflict: Conflict) -> list[int]:
        requests = [self._book.request_number[id_] for id_ in conflict.certificate["requests"]]
        return requests + [self._book.movable_number[id_] for id_ in conflict.certificate["appointments"]]

    def _named(self, conflict: Conflict) -> Conflict | None:
        """The conflict whose set this one shares. Raises ValueError where it is none that can be shared."""
        if "with" not in conflict.certificate:
            return None
        (id_,) = conflict.certificate["with"]
        other = self._conflicts[id_]
        same = other.certificate["rule"] == conflict.certificate["rule"] != "unproved"
        if not same or "with" in other.certificate or conflict.certificate.get("instants"):
            raise ValueError("shares a set of another rule, one that is shared itself, or adds instants to it")
        return other

    def _set(self, conflict: Conflict) -> _Set:
        found = self._sets.get(conflict.request)
        if found is None:
            doctors, patients = _instants(self._book, conflict.certificate["instants"])
            of_doctor, of_patient, members = Instants.of(doctors), Instants.of(patients), self._members(conflict)
            needs = dict(zip(members, _needs(self._book, members, of_doctor, of_patient), strict=True))
            total = sum(weight for *_, weight in (*doctors, *patients))
            found = self._sets[conflict.request] = _Set(needs, sum(needs.values()), of_doctor, of_patient, total)
        return found


Weights = list[tuple[int, int, int]]
"""Rows of owner, instant and weight."""


def _instants(book: Book, told: Sequence[Mapping[str, Any]]) -> tuple[Weights, Weights]:
    """The instants of doctors, and those of patients. Raises KeyError, TypeError or ValueError."""
    doctors: Weights = []
    patients: Weights = []
    for instant in told:
        ((kind, id_),) = ((key, value) for key, value in instant.items() if key not in ("at", "weight"))
        weight, at = instant.get("weight", 1), book.told_micros(instant["at"])
        if type(weight) is not int or not 0 < weight < LARGEST_WEIGHT:
            raise ValueError("a weight is no whole number above 0, or too large")
        if kind == "doctor":
            doctors.append((book.doctor_number[id_], at, weight))
        else:
            people: dict[str, Mapping[str, Request | Appointment]] = {
                "patient_of_request": book.requests,
                "patient_of_appointment": book.appointments,
            }
            patients.append((book.patient_number[people[kind][id_].patient], at, weight))
    return doctors, patients


def _needs(book: Book, members: Sequence[int], of_doctor: Instants, of_patient: Instants) -> list[int]:
    """The least weight inside any hour that each member could have."""
    who = ints(members)
    rows = book.candidates(who)
    start = book.hours.start[rows.hour]
    weight = of_doctor.inside(book.hours.doctor[rows.hour], start)
    weight += of_patient.inside(book.seekers.patient[who][rows.seeker], start)
    least = np.full(len(who), LARGEST_WEIGHT)  # a member without any hour proves it at once
    np.minimum.at(least, rows.seeker, weight)
    stays = np.flatnonzero(who >= len(book.requests))
    where = book.stays(who[stays])
    weight = of_doctor.inside(where.doctor, where.start) + of_patient.inside(where.patient, where.start)
    least[stays] = np.minimum(least[stays], weight)
    return least.tolist()


def _search_fault(book: Book, members: Ints) -> str | None:
    """Tries to give everybody an hour, those with the fewest first. Finding a way disproves the certificate."""
    choices = _choices(book, members)
    taken: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    steps = 0

    def place(number: int) -> bool:
        nonlocal steps
        if number == len(choices):
            return True
        patient, hours = choices[number]
        for doctor, start in hours:
            steps += 1
            if steps > SEARCH_STEPS:
                return False
            held = [taken["doctor", doctor], taken["patient", patient]]
            if any(abs(start - other) < HOUR_US for of in held for other in of):
                continue
            for of in held:
                of.append(start)
            if place(number + 1):
                return True
            for of in held:
                of.pop()
        return False

    return "is disproved: there is a way to give everybody an hour" if place(0) else None


def _choices(book: Book, members: Ints) -> list[tuple[int, list[tuple[int, int]]]]:
    """Each member's patient and the (doctor, start) it could have, those with the fewest first."""
    rows, where = book.candidates(members), book.stays(members[members >= len(book.requests)])
    hours: list[list[tuple[int, int]]] = [[] for _ in members]
    places = zip(book.hours.doctor[rows.hour].tolist(), book.hours.start[rows.hour].tolist(), strict=True)
    for member, place in zip(rows.seeker.tolist(), places, strict=True):
        hours[member].append(place)
    for member, doctor, start in zip(
        np.flatnonzero(members >= len(book.requests)).tolist(), where.doctor.tolist(), where.start.tolist(), strict=True
    ):
        hours[member].append((doctor, start))
    return sorted(zip(book.seekers.patient[members].tolist(), hours, strict=True), key=lambda choice: len(choice[1]))
