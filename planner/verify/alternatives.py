"""Whether alternatives can be had: free as the plan leaves things, not asked for, honest about what they give up."""

from collections.abc import Iterator

import numpy as np

from planner.instants import HOUR_US, micros
from planner.plan import Alternative, Conflict
from planner.problem import Request
from planner.verify.book import Book
from planner.verify.timelines import Ints, Timeline, ints, microseconds, spread
from planner.verify.violation import Violation

MOST = 3


def alternatives_are_bookable(book: Book) -> Iterator[Violation]:
    """Each alternative is free as the plan leaves things, was not asked for, and names what it gives up."""
    for conflict in book.plan.conflicts:
        fault = _order_fault(book.requests[conflict.request], conflict) if conflict.request in book.requests else None
        if fault is not None:
            sentence = f"The alternatives of request {conflict.request} {fault}."
            yield Violation("alternatives", sentence, (conflict.request,))
    offered = [(c, a) for c in book.plan.conflicts if c.request in book.requests for a in c.alternatives]
    number = ints(book.request_number[conflict.request] for conflict, _ in offered)
    start = microseconds(alternative.start for _, alternative in offered)
    inside = (book.seekers.begin[number] <= start) & (start <= book.seekers.end[number] - HOUR_US)
    checks = zip(offered, _held(book, offered, number, start), inside.tolist(), strict=True)
    for (conflict, alternative), held, in_window in checks:
        request = book.requests[conflict.request]
        wrong = held or _silent(book, request, alternative, in_window=in_window)
        if wrong is not None:
            sentence = f"The alternative of request {conflict.request} at {alternative.start.isoformat()} {wrong}."
            yield Violation("alternative", sentence, (conflict.request, alternative.doctor))


def _order_fault(request: Request, conflict: Conflict) -> str | None:
    preferred = micros(request.preferred or request.earliest)
    away = [abs(micros(a.start) - preferred) for a in conflict.alternatives]
    if len(away) > MOST or away != sorted(away):
        return "are too many or not the nearest first"
    if len({(a.doctor, a.hospital, micros(a.start)) for a in conflict.alternatives}) < len(away):
        return "name an hour twice"
    return None


def _held(book: Book, offered: list[tuple[Conflict, Alternative]], number: Ints, start: Ints) -> list[str | None]:
    """For each alternative, why it is not free: by what the plan leaves, or by what stands because of a refusal."""
    doctor = ints(book.doctor_number.get(a.doctor, -1) for _, a in offered)
    hospital = ints(book.hospital_number.get(a.hospital, -1) for _, a in offered)
    patient = book.seekers.patient[number]
    gone = book.hours.find(doctor, hospital, start) < 0
    for timeline, owner in ((book.of_doctor, doctor), (book.of_patient, patient)):
        first, last = timeline.overlapping(owner, start)
        gone |= last > first
    # An appointment whose replacement was refused stands for everybody but the request that was to replace it.
    booked = {booking.request for booking in book.plan.bookings}
    kept = [(r.id, book.appointments[r.moves]) for r in book.requests.values() if r.moves and r.id not in booked]
    since = microseconds(a.start for _, a in kept)
    of_doctor = Timeline(ints(book.doctor_number[a.doctor] for _, a in kept), since)
    of_patient = Timeline(ints(book.patient_number[a.patient] for _, a in kept), since)
    replacing = ints(book.request_number[id_] for id_, _ in kept)
    stands = np.zeros(len(offered), dtype=np.bool_)
    for timeline, owner in ((of_doctor, doctor), (of_patient, patient)):
        which, at = spread(*timeline.overlapping(owner, start))
        stands[which[replacing[timeline.order[at]] != number[which]]] = True
    return [
        "is not free" if taken else "overlaps an appointment that its request could not replace" if stays else None
        for taken, stays in zip(gone.tolist(), stands.tolist(), strict=True)
    ]


def _silent(book: Book, request: Request, alternative: Alternative, *, in_window: bool) -> str | None:
    """What is wrong with what the alternative says that it gives up: the time, the doctor, the hospital."""
    given_up = (
        not in_window,
        request.doctors is not None and alternative.doctor not in request.doctors,
        request.hospitals is not None and alternative.hospital not in request.hospitals,
    )
    if in_window and book.accepts(request, alternative.doctor, alternative.hospital):
        return "gives nothing up"
    told = alternative.gives_up
    once = len(set(told)) == len(told) == sum(given_up)
    return None if once else "does not name each thing that it gives up once"
