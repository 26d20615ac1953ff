"""The five hard rules, and the count of the goals, restated."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from planner.instants import HOUR_US, micros
from planner.plan import Objective, PlanStatus
from planner.problem import Priority
from planner.verify.book import BOOKED, MOVED, PLACE_HOURS, RANK, STANDS, Book
from planner.verify.hours import on_the_hour
from planner.verify.periods import Owned, overlaps
from planner.verify.timelines import Ints, microseconds
from planner.verify.violation import Violation

KINDS = {STANDS: "appointment", MOVED: "moved", BOOKED: "booking"}


def every_request_answered_once(book: Book) -> Iterator[Violation]:
    """Rule 1."""
    answers = Counter([b.request for b in book.plan.bookings] + [c.request for c in book.plan.conflicts])
    for request in book.requests:
        if answers[request] != 1:
            sentence = f"Request {request} has {answers[request]} answers; it must have a booking or a conflict."
            yield Violation("answered_once", sentence, (request,))
    for request in answers:
        if request not in book.requests:
            yield Violation("unknown_request", f"The plan answers {request}, which is no request.", (request,))


def bookings_are_candidates(book: Book) -> Iterator[Violation]:
    """Rule 2, but for hours that overlap: those are rules 3 and 4."""
    entries, seekers = book.entries, book.seekers
    bookings = [booking for booking in book.plan.bookings if booking.request in book.requests]
    which = np.flatnonzero(entries.kind == BOOKED)
    number, start = entries.number[which], entries.start[which]
    inside = (seekers.begin[number] <= start) & (start <= seekers.end[number] - HOUR_US)
    checks = zip(bookings, _missing(book, which), inside.tolist(), strict=True)
    for booking, missing, in_window in checks:
        request, wrong = book.requests[booking.request], missing
        if wrong is None and not (in_window and book.accepts(request, booking.doctor, booking.hospital)):
            wrong = "is not what the request accepts"
        if wrong is not None:
            sentence = f"The booking of request {request.id} at {booking.start.isoformat()} {wrong}."
            yield Violation("not_a_candidate", sentence, (request.id, booking.doctor, booking.hospital))


def _missing(book: Book, which: Ints) -> list[str | None]:
    """For each of these entries, what keeps its hour from being one that can be offered at all."""
    entries = book.entries
    doctor, hospital = entries.doctor[which], entries.hospital[which]
    at, of = book.held(doctor, hospital, entries.start[which])
    known = at.owner >= 0
    full = np.zeros(len(which), dtype=np.bool_)
    full[known] = on_the_hour(book.clocks, book.clock_of[hospital[known]], at.begin[known])
    kept = (
        (known, "names an unknown doctor or hospital"),
        (full, "does not start on the hour by the hospital's clock"),
        (book.opened.holds(of), "is outside the hospital's openings"),
        (book.attended.holds(at), "is outside the doctor's availability"),
    )
    found: list[str | None] = np.select([~each for each, _ in kept], [told for _, told in kept], "").tolist()
    return [told or None for told in found]


def no_hours_overlap(book: Book) -> Iterator[Violation]:
    """Rules 3 and 4."""
    yield from _overlaps(book, "doctor_overlap", book.entries.doctor)
    yield from _overlaps(book, "patient_overlap", book.entries.patient)


def _overlaps(book: Book, code: str, owner: Ints) -> Iterator[Violation]:
    entries = book.entries
    earlier, later = overlaps(Owned(owner, entries.start, entries.start + HOUR_US))
    for first, second in zip(earlier.tolist(), later.tolist(), strict=True):
        who = "the patient" if code == "patient_overlap" else f"doctor {list(book.doctor_number)[int(owner[first])]}"
        names = [f"{KINDS[int(entries.kind[entry])]} {book.name(entry)}" for entry in (first, second)]
        sentence = f"The hours of {names[0]} and {names[1]} overlap for {who}."
        yield Violation(code, sentence, (book.name(first), book.name(second)))


def moves_are_allowed(book: Book) -> Iterator[Violation]:
    """Rule 5, but for hours that overlap."""
    times = Counter(move.appointment for move in book.plan.moved)
    missing = dict(zip(book.moves, _missing(book, np.flatnonzero(book.entries.kind == MOVED)), strict=True))
    for move in book.plan.moved:
        start = micros(move.start)
        appointment = book.appointments.get(move.appointment)
        if appointment is None or move.appointment not in book.movable_number:
            wrong: str | None = "is not a movable appointment"
        elif times[move.appointment] > 1:
            wrong = "is moved more than once"
        elif move.doctor != appointment.doctor:
            wrong = "is moved to another doctor"
        elif appointment.window is not None and not (
            micros(appointment.window.start) <= start <= micros(appointment.window.end) - HOUR_US
        ):
            wrong = "is moved out of its window"
        elif appointment.hospitals is not None and move.hospital not in appointment.hospitals:
            wrong = "is moved to a hospital where it may not be"
        else:
            wrong = missing[move]
        if wrong is not None:
            yield Violation("move", f"Appointment {move.appointment} {wrong}.", (move.appointment,))


class Goals(NamedTuple):
    """The numbers of an objective or a bound."""

    urgent: int
    soon: int
    routine: int
    moved: int
    inconvenience: int

    @classmethod
    def of(cls, told: Objective) -> "Goals":
        urgent, soon, routine = (told.booked.get(priority, 0) for priority in Priority)
        return cls(urgent, soon, routine, told.moved, told.inconvenience)

    @property
    def key(self) -> tuple[int, ...]:
        """Greater means better, goal by goal."""
        return (*self[:3], -self.moved, -self.inconvenience)


def goals_are_counted_right(book: Book, reached: Goals) -> Iterator[Violation]:
    """The objective is what the plan has `reached`; no more than its bound; and equal to it where it says `optimal`."""
    plan = book.plan
    told, bound = Goals.of(plan.objective), Goals.of(plan.bound)
    if reached != told:
        yield Violation("objective", f"The objective says {tuple(told)}, the plan achieves {tuple(reached)}.")
    if told.key > bound.key:
        yield Violation("bound", "The objective is better than its bound.")
    if (plan.status == PlanStatus.OPTIMAL) != (told == bound):
        yield Violation("status", f"The status is {plan.status}, which does not fit objective and bound.")


def count(book: Book) -> Goals:
    """What the plan achieves. An hour is away from where it was preferred, or stood, by whole hours, rounded down."""
    entries = book.entries
    booked = entries.kind == BOOKED
    preferred = book.seekers.preferred[entries.number[booked]]
    old = microseconds(book.appointments[move.appointment].start for move in book.moves)
    away = np.abs(entries.start - np.concatenate([entries.start[entries.kind == STANDS], old, preferred]))
    places = 0
    for booking in book.plan.bookings:
        request = book.requests.get(booking.request)
        if request is not None and request.doctors is not None and booking.doctor in request.doctors:
            at = request.doctors.index(booking.doctor)
            places += at if request.places is None else request.places[at]
    inconvenience = int((away // HOUR_US).sum()) + PLACE_HOURS * places
    urgent, soon, routine = (int((entries.rank[booked] == RANK[priority]).sum()) for priority in Priority)
    return Goals(urgent, soon, routine, len(book.plan.moved), inconvenience)


RULES = (
    every_request_answered_once,
    bookings_are_candidates,
    no_hours_overlap,
    moves_are_allowed,
)
