"""Whether conflicts tell the truth: the kind, the facts (sufficient and minimal), and the alternatives."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planner.instants import HOUR_US, micros
from planner.plan import Alternative, Conflict, ConflictKind, PlanStatus
from planner.problem import Appointment, Request
from planner.verify.book import WEIGHT, Book, Entry, Hour, told_micros
from planner.verify.certificates import certificate_fault
from planner.verify.violation import Violation

FACTS = {
    ConflictKind.HOSPITAL_CLOSED: {"hospitals", "window", "next_opening"},
    ConflictKind.NO_AVAILABILITY: {"doctors", "hospitals", "window", "nearest_availability"},
    ConflictKind.HOURS_TAKEN: {"appointments"},
    ConflictKind.PATIENT_BUSY: {"appointments"},
    ConflictKind.OUTCOMPETED: {"winners", "moved"},
}
"""The facts of each kind."""

MOST_ALTERNATIVES = 3


def conflicts_are_true(book: Book) -> Iterator[Violation]:
    """Each conflict's kind, facts and certificate."""
    whole = {c.request: c for c in book.plan.conflicts}
    for conflict in book.plan.conflicts:
        request = book.requests.get(conflict.request)
        if request is None:
            continue
        try:
            fault = _fault(book, request, conflict) or _needless_fault(conflict)
            if fault is None and conflict.kind == ConflictKind.OUTCOMPETED:
                fault = certificate_fault(book, request, conflict, whole)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            fault = f"has facts or a certificate that cannot be read ({type(error).__name__}: {error})"
        if fault is not None:
            yield Violation("conflict", f"The conflict of request {request.id} {fault}.", (request.id,))


def _fault(book: Book, request: Request, conflict: Conflict) -> str | None:
    """What is wrong with the kind or the facts; None if nothing is. The kinds are tried in their order."""
    wanted = book.wanted(request)
    if not wanted:
        return _nobody_there_fault(book, request, conflict)
    standing = {hour: _standing(book.of_doctor.overlapping(hour[0], hour[2])) for hour in wanted}
    free = [hour for hour in wanted if not standing[hour]]
    if not free:
        return _kind_fault(conflict, ConflictKind.HOURS_TAKEN) or _held_fault(
            [standing[hour] for hour in wanted], _named(book, conflict.facts["appointments"], "id", "appointment")
        )
    busy = {hour: _standing(book.of_patient.overlapping(request.patient, hour[2])) for hour in free}
    candidates = [hour for hour in free if not busy[hour]]
    if not candidates:
        return _kind_fault(conflict, ConflictKind.PATIENT_BUSY) or _held_fault(
            [busy[hour] for hour in free], _named(book, conflict.facts["appointments"], "id", "appointment")
        )
    return _kind_fault(conflict, ConflictKind.OUTCOMPETED) or _winners_fault(book, request, conflict, candidates)


def _needless_fault(conflict: Conflict) -> str | None:
    """Facts of another kind, or a certificate where there is nothing to prove."""
    needless = conflict.facts.keys() - FACTS[conflict.kind]
    if needless:
        return f"has facts that its kind does not have: {', '.join(sorted(needless))}"
    return (
        "has a certificate without need" if conflict.certificate and conflict.kind != ConflictKind.OUTCOMPETED else None
    )


def _kind_fault(conflict: Conflict, kind: ConflictKind) -> str | None:
    return None if conflict.kind == kind else f"is of the kind {conflict.kind} and should be {kind}"


def _standing(entries: Sequence[Entry]) -> frozenset[Entry]:
    return frozenset(entry for entry in entries if entry.kind == "appointment")


def _nobody_there_fault(book: Book, request: Request, conflict: Conflict) -> str | None:
    hospitals = book.hospitals_of(request)
    begin, end = micros(request.earliest), micros(request.latest)
    is_open = any(
        next(book.full_hours(hospital, max(a, begin), min(b, end)), None) is not None
        for hospital in hospitals
        for a, b in book.openings[hospital]
    )
    kind = ConflictKind.NO_AVAILABILITY if is_open else ConflictKind.HOSPITAL_CLOSED
    fault = _kind_fault(conflict, kind)
    if fault is not None:
        return fault
    facts = conflict.facts
    if sorted(facts["hospitals"]) != hospitals:
        return "does not name exactly the hospitals that the request accepts"
    window = facts["window"]
    if (told_micros(window["earliest"]), told_micros(window["latest"])) != (begin, end):
        return "does not tell the request's window"
    if kind == ConflictKind.HOSPITAL_CLOSED:
        return _next_opening_fault(book, hospitals, begin, facts["next_opening"])
    if facts["doctors"] != book.doctors_of(request):
        return "does not name exactly the doctors that the request accepts, best first"
    return _nearest_fault(book, request, facts["nearest_availability"])


def _next_opening_fault(book: Book, hospitals: Sequence[str], begin: int, told: Mapping[str, Any] | None) -> str | None:
    """The opening told must hold the first whole hour of all that begin at or after the window does."""
    firsts = []
    for hospital in hospitals:
        for a, b in book.openings[hospital]:
            first = next(book.full_hours(hospital, max(a, begin), b), None)
            if first is not None:
                firsts.append(first)
                break
    if told is None:
        return "hides the next opening" if firsts else None
    period = (told_micros(told["start"]), told_micros(told["end"]))
    known = told["hospital"] in hospitals and period in book.openings[told["hospital"]]
    right = known and firsts and told_micros(told["first_hour"]) == min(firsts) and period[0] <= min(firsts) < period[1]
    return None if right else "tells a next opening that is not the next"


def _nearest_fault(book: Book, request: Request, told: Mapping[str, Any] | None) -> str | None:
    """The availability told must hold a whole hour that is as near to the window as any."""
    begin, end = micros(request.earliest), micros(request.latest)

    def outside(start: int) -> int:
        return max(begin - start, start + HOUR_US - end)

    nearest: dict[tuple[str, str], int] = {}
    for doctor in book.doctors_of(request):
        for hospital in book.hospitals_of(request):
            starts = book.hours_in(doctor, hospital, -(2**62), 2**62)
            if starts:
                nearest[doctor, hospital] = min(outside(start) for start in starts)
    if told is None:
        return "hides the nearest availability" if nearest else None
    place, period = (told["doctor"], told["hospital"]), (told_micros(told["start"]), told_micros(told["end"]))
    if place not in nearest or period not in book.available[place]:
        return "tells an availability that does not exist"
    hours = book.hours_in(*place, *period)
    if not hours or min(outside(start) for start in hours) != min(nearest.values()):
        return "tells an availability that is not the nearest"
    return None


def _named(book: Book, told: Sequence[Mapping[str, Any]], key: str, kind: str) -> frozenset[Entry]:
    """The entries of the book that facts name; raises ValueError if one has no such hour."""
    named: set[Entry] = set()
    for fact in told:
        entry = book.by_name.get((kind, fact[key]))
        if entry is None or (entry.doctor, entry.hospital, entry.start) != (
            fact["doctor"], fact["hospital"], told_micros(fact["start"])
        ):  # fmt: skip
            raise ValueError(f"{kind} {fact[key]} has no such hour")
        if entry in named:
            raise ValueError(f"{kind} {fact[key]} is named twice")
        named.add(entry)
    return frozenset(named)


def _held_fault(held: Sequence[frozenset[Entry]], named: frozenset[Entry]) -> str | None:
    """Whether `named` proves all hours held, would free one if it were gone, and holds nobody who is not needed.

    `held` has one entry per hour: all who hold it. Linear in their number.
    """
    proofs = [holders & named for holders in held]
    if not all(proofs):
        return "does not explain every hour"
    frees = [len(proof) == len(holders) for proof, holders in zip(proofs, held, strict=True)]
    if not any(frees):
        return "names nothing that would free an hour"
    only = {next(iter(proof)) for proof in proofs if len(proof) == 1}
    freeing = Counter(entry for proof, free in zip(proofs, frees, strict=True) if free for entry in proof)
    needless = [entry for entry in named if entry not in only and freeing[entry] < sum(frees)]
    return f"names {needless[0].id} without need" if needless else None


def _winners_fault(book: Book, request: Request, conflict: Conflict, candidates: Sequence[Hour]) -> str | None:
    weight = WEIGHT[request.priority]
    held = []
    for doctor, _, start in candidates:
        holders = {*book.of_doctor.overlapping(doctor, start), *book.of_patient.overlapping(request.patient, start)}
        held.append(frozenset(entry for entry in holders if entry.weight <= weight))
    if not all(held):
        if book.plan.status == PlanStatus.OPTIMAL:
            return "could be booked without displacing anybody of the same or a higher priority"
        held = [holders for holders in held if holders]
    named = _named(book, conflict.facts["winners"], "request", "booking") | _named(
        book, conflict.facts["moved"], "appointment", "moved"
    )
    if any(entry.weight > weight for entry in named):
        return "names a winner of lower priority"
    return _held_fault(held, named) if held or named else None


def alternatives_are_bookable(book: Book) -> Iterator[Violation]:
    """Each alternative is free as the plan leaves things, was not asked for, and names what it gives up."""
    appointments = book.appointments
    booked = {booking.request for booking in book.plan.bookings}
    kept = {
        request.id: appointments[request.moves]
        for request in book.problem.requests
        if request.moves is not None and request.id not in booked
    }
    for conflict in book.plan.conflicts:
        request = book.requests.get(conflict.request)
        if request is None:
            continue
        fault = _order_fault(request, conflict)
        if fault is not None:
            yield Violation("alternatives", f"The alternatives of request {request.id} {fault}.", (request.id,))
        others = [appointment for id_, appointment in kept.items() if id_ != request.id]
        for alternative in conflict.alternatives:
            wrong = _alternative_fault(book, request, alternative, others)
            if wrong is not None:
                sentence = f"The alternative of request {request.id} at {alternative.start.isoformat()} {wrong}."
                yield Violation("alternative", sentence, (request.id, alternative.doctor))


def _order_fault(request: Request, conflict: Conflict) -> str | None:
    preferred = micros(request.earliest if request.preferred is None else request.preferred)
    away = [abs(micros(a.start) - preferred) for a in conflict.alternatives]
    if len(away) > MOST_ALTERNATIVES or away != sorted(away):
        return "are too many or not the nearest first"
    if len({(a.doctor, a.hospital, micros(a.start)) for a in conflict.alternatives}) < len(away):
        return "name an hour twice"
    return None


def _alternative_fault(
    book: Book, request: Request, alternative: Alternative, kept: Sequence[Appointment]
) -> str | None:
    """What is wrong with an alternative. `kept`: appointments that other requests could not replace."""
    hour = (alternative.doctor, alternative.hospital, micros(alternative.start))
    if _unbookable(book, request, hour):
        return "is not free"
    if any(
        abs(micros(a.start) - hour[2]) < HOUR_US and (a.doctor == hour[0] or a.patient == request.patient) for a in kept
    ):
        return "overlaps an appointment that its request could not replace"
    if book.accepts(request, hour):
        return "gives nothing up"
    told = alternative.gives_up
    once = len(set(told)) == len(told) == sum(_given_up(request, hour))
    return None if once else "does not name each thing that it gives up once"


def _given_up(request: Request, hour: Hour) -> tuple[bool, bool, bool]:
    """Whether the time, the doctor and the hospital are others than the request asks for."""
    doctor, hospital, start = hour
    return (
        not micros(request.earliest) <= start <= micros(request.latest) - HOUR_US,
        request.doctors is not None and doctor not in request.doctors,
        request.hospitals is not None and hospital not in request.hospitals,
    )


def _unbookable(book: Book, request: Request, hour: Hour) -> bool:
    doctor, hospital, start = hour
    return bool(
        doctor not in book.specialties
        or hospital not in book.zones
        or not book.is_full_hour(hospital, start)
        or not book.is_open(hospital, start)
        or not book.is_available(doctor, hospital, start)
        or book.of_doctor.overlapping(doctor, start)
        or book.of_patient.overlapping(request.patient, start)
    )
