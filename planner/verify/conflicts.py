"""Whether conflicts tell the truth: their kinds and their facts, sufficient and minimal. All conflicts as columns."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from planner.instants import instant
from planner.plan import Conflict, ConflictKind, PlanStatus
from planner.verify.book import BOOKED, MOVED, STANDS, Book
from planner.verify.nobody import nobody_fault
from planner.verify.timelines import Bools, Ints, Timeline, ints, spread
from planner.verify.violation import Violation

FACTS = {
    ConflictKind.HOSPITAL_CLOSED: {"hospitals", "window", "next_opening"},
    ConflictKind.NO_AVAILABILITY: {"doctors", "hospitals", "window", "nearest_availability"},
    ConflictKind.HOURS_TAKEN: {"appointments"},
    ConflictKind.PATIENT_BUSY: {"appointments"},
    ConflictKind.OUTCOMPETED: {"winners", "moved"},
}
"""The facts of each kind."""

NOBODY, TAKEN, BUSY, OUTCOMPETED = range(4)
KINDS = {
    TAKEN: ConflictKind.HOURS_TAKEN, BUSY: ConflictKind.PATIENT_BUSY, OUTCOMPETED: ConflictKind.OUTCOMPETED
}  # fmt: skip
KEYS = {STANDS: "id", MOVED: "appointment", BOOKED: "request"}
"""What facts call the id of an entry."""
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading a value of another shape raises."""


def conflicts_are_true(book: Book) -> Iterator[Violation]:
    """Each conflict's kind and facts."""
    asked = [conflict for conflict in book.plan.conflicts if conflict.request in book.requests]
    numbers = ints(book.request_number[conflict.request] for conflict in asked)
    facts = _Facts(book)
    done = 0
    for block in book.blocks(numbers):
        part = asked[done : done + len(block)]
        done += len(block)
        for conflict, fault in zip(part, _faults(book, facts, part, block), strict=True):
            if fault is not None:
                sentence = f"The conflict of request {conflict.request} {fault}."
                yield Violation("conflict", sentence, (conflict.request,))


def _faults(book: Book, facts: "_Facts", conflicts: Sequence[Conflict], numbers: Ints) -> list[str | None]:
    """What is wrong with the kind or the facts of each conflict; None where nothing is."""
    question = _Question.of(book, numbers)
    faults: list[str | None] = []
    named: list[list[int]] = []
    for conflict, kind in zip(conflicts, question.kind.tolist(), strict=True):
        entries: list[int] = []
        try:
            fault = _needless(conflict)
            if fault is None and kind == NOBODY:
                fault = nobody_fault(book, book.requests[conflict.request], conflict)
            elif fault is None and conflict.kind != KINDS[kind]:
                fault = f"is of the kind {conflict.kind} and should be {KINDS[kind]}"
            elif fault is None:
                entries = facts.of(conflict)
        except UNREADABLE as error:
            fault = f"has facts that cannot be read ({type(error).__name__}: {str(error)[:200]})"
        faults.append(fault)
        named.append(entries)
    optimal = book.plan.status == PlanStatus.OPTIMAL
    held = _held_faults(book, question, named, optimal=optimal)
    judged = [None if kind == NOBODY else fault for kind, fault in zip(question.kind.tolist(), held, strict=True)]
    return [fault or other for fault, other in zip(faults, judged, strict=True)]


def _needless(conflict: Conflict) -> str | None:
    """Facts of another kind, or a certificate where there is nothing to prove."""
    needless = conflict.facts.keys() - FACTS[conflict.kind]
    if needless:
        return f"has facts that its kind does not have: {', '.join(sorted(needless))[:200]}"
    proved = conflict.certificate and conflict.kind != ConflictKind.OUTCOMPETED
    return "has a certificate without need" if proved else None


class _Facts:
    """Reads the entries that facts name. What a fact should be is known by its id; others are read word by word."""

    def __init__(self, book: Book) -> None:
        self._book, entries = book, book.entries
        doctors, hospitals = [*book.doctor_number, ""], [*book.hospital_number, ""]  # the last is that of number -1
        zones = [ZoneInfo(zone) for zone in (*book.zones.values(), "UTC")]
        at = cache(lambda start, hospital: _told(start, zones[hospital]))
        self._entries: dict[int, dict[Hashable, int]] = {STANDS: {}, MOVED: {}, BOOKED: {}}
        self._facts: list[dict[str, str]] = []
        columns = (entries.kind, entries.doctor, entries.hospital, entries.start)
        for entry, (kind, doctor, hospital, start) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
            id_ = book.name(entry)
            self._entries[kind][id_] = entry
            self._facts.append({
                KEYS[kind]: id_, "doctor": doctors[doctor], "hospital": hospitals[hospital],
                "start": at(start, hospital),
            })  # fmt: skip

    def of(self, conflict: Conflict) -> list[int]:
        """The entries named. Raises what `UNREADABLE` lists where a fact is none, or is no hour that somebody has."""
        if conflict.kind != ConflictKind.OUTCOMPETED:
            return self._read(conflict.facts["appointments"], STANDS)
        return self._read(conflict.facts["winners"], BOOKED) + self._read(conflict.facts["moved"], MOVED)

    def _read(self, told: Sequence[Mapping[str, Any]], kind: int) -> list[int]:
        if not isinstance(told, list):
            raise TypeError("the entries are no list")
        key = KEYS[kind]
        known = self._entries[kind]
        entries = list(map(known.__getitem__, map(itemgetter(key), told)))
        if told != list(map(self._facts.__getitem__, entries)):
            for fact, entry in zip(told, entries, strict=True):
                self._compare(fact, entry)
        if len(set(entries)) < len(entries):
            raise ValueError("somebody is named twice")
        return entries

    def _compare(self, fact: Mapping[str, Any], entry: int) -> None:
        """Raises ValueError where the fact is another; its start may be told with another offset."""
        right = self._facts[entry]
        at = self._book.told_micros(fact["start"])
        if {**fact, "start": right["start"]} != right or at != int(self._book.entries.start[entry]):
            raise ValueError(f"{self._book.name(entry)[:80]} has another hour, or the fact says something else")


def _told(start: int, zone: ZoneInfo) -> str:
    """An instant by the clock of a zone; nothing for one that no calendar has in UTC."""
    try:
        return instant(start, zone).isoformat()
    except OverflowError:
        return ""


@dataclass(frozen=True, slots=True)
class _Question:
    """What keeps some refused requests from their hours.

    `kind` has one entry per request. `conflict` has one per hour in question and says whose it is. The pairs `(hour,
    entry)` say who holds the hours: all that count for the kind.
    """

    kind: Ints
    conflict: Ints
    hour: Ints
    entry: Ints

    @classmethod
    def of(cls, book: Book, numbers: Ints) -> "_Question":
        entries, rows = book.entries, book.wanted(numbers)
        count, of = len(numbers), rows.seeker
        start, doctor = book.hours.start[rows.hour], book.hours.doctor[rows.hour]
        patient = book.seekers.patient[numbers][of]
        by_doctor, by_patient = (
            _overlapping(book.of_doctor, doctor, start),
            _overlapping(book.of_patient, patient, start),
        )
        taken, busy = (_stands(book, pairs, len(of)) for pairs in (by_doctor, by_patient))
        some, free, bookable = (
            np.bincount(of[which], minlength=count) > 0 for which in (of >= 0, ~taken, ~taken & ~busy)
        )
        kind = some.astype(np.int64) + free + bookable
        kind_at = kind[of]
        asked = (kind_at == TAKEN) | ((kind_at == BUSY) & ~taken) | ((kind_at == OUTCOMPETED) & ~taken & ~busy)
        hour, entry = (np.concatenate(column) for column in zip(by_doctor, by_patient, strict=True))
        twice = np.arange(len(hour)) >= len(by_doctor[0])  # an entry of the doctor and the patient is met twice
        twice &= entries.doctor[entry] == doctor[hour]
        standing, theirs = entries.kind[entry] == STANDS, np.arange(len(hour)) < len(by_doctor[0])
        counts = np.where(
            kind_at[hour] == TAKEN,
            standing & theirs,
            np.where(
                kind_at[hour] == BUSY,
                standing & ~theirs,
                ~twice & (entries.rank[entry] <= book.seekers.rank[numbers][of[hour]]),
            ),
        )
        counts &= asked[hour]
        number = np.cumsum(asked) - 1
        return cls(kind, of[asked], number[hour[counts]], entry[counts])


def _overlapping(timeline: Timeline, owner: Ints, start: Ints) -> tuple[Ints, Ints]:
    """The pairs (place in `start`, entry) of hours of the owners that overlap."""
    hour, at = spread(*timeline.overlapping(owner, start))
    return hour, timeline.order[at]


def _stands(book: Book, pairs: tuple[Ints, Ints], count: int) -> Bools:
    """Which of the hours an appointment overlaps that stands where it stood."""
    hour, entry = pairs
    standing: Bools = np.bincount(hour[book.entries.kind[entry] == STANDS], minlength=count) > 0
    return standing


def _held_faults(book: Book, question: _Question, named: Sequence[Sequence[int]], *, optimal: bool) -> list[str | None]:
    """Whether each conflict's named entries prove its hours held, would free one if they were gone, and are all needed.

    `named` has one list of entries per conflict. An hour that nobody of the same or a higher priority holds could have
    been booked: in an optimal plan that is wrong, in another such hours are left aside.
    """
    count, of = len(named), question.conflict
    many = len(book.entries.kind) + 1
    owner = np.repeat(np.arange(count), [len(entries) for entries in named])
    keys = owner * many + ints(chain.from_iterable(named))
    order = np.argsort(keys)
    keys, owner = keys[order], owner[order]
    pair = of[question.hour] * many + question.entry
    at = np.minimum(np.searchsorted(keys, pair), max(len(keys) - 1, 0))
    told = keys[at] == pair if len(keys) else np.zeros(len(pair), dtype=np.bool_)
    holders = np.bincount(question.hour, minlength=len(of))
    proofs = np.bincount(question.hour[told], minlength=len(of))
    held = holders > 0
    freed = held & (proofs == holders)
    freed_of = np.bincount(of[freed], minlength=count)
    hour, at = question.hour[told], at[told]
    only = np.bincount(at[proofs[hour] == 1], minlength=len(keys)) > 0
    needless = ~only & (np.bincount(at[freed[hour]], minlength=len(keys)) < freed_of[owner])

    def some(which: Ints) -> list[bool]:
        return (np.bincount(which, minlength=count) > 0).tolist()  # type: ignore[no-any-return]

    faults: list[str | None] = []
    columns = (
        some(of[~held]),
        some(of[held & (proofs == 0)]),
        some(of[freed]),
        some(of[held]),
        some(owner),
        some(owner[needless]),
    )
    for bare, silent, frees, asked, names, too_many in zip(*columns, strict=True):
        if bare and optimal:
            faults.append("could be booked without displacing anybody of the same or a higher priority")
        elif silent:
            faults.append("does not explain every hour")
        elif not frees and (asked or names):
            faults.append("names nothing that would free an hour")
        else:
            faults.append("names somebody without need" if too_many else None)
    return faults
