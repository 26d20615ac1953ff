"""The five hard rules, and the count of the goals, restated."""

from collections import Counter
from collections.abc import Iterator

from planner.instants import HOUR_US, micros
from planner.plan import Objective, PlanStatus
from planner.problem import Priority
from planner.verify.book import Book
from planner.verify.violation import Violation

PLACE_HOURS = 24


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
    for booking in book.plan.bookings:
        request = book.requests.get(booking.request)
        if request is None:
            continue
        hour = (booking.doctor, booking.hospital, micros(booking.start))
        missing = _not_bookable(book, *hour)
        if missing is None and not book.accepts(request, hour):
            missing = "is not what the request accepts"
        if missing is not None:
            sentence = f"The booking of request {request.id} at {booking.start.isoformat()} {missing}."
            yield Violation("not_a_candidate", sentence, (request.id, booking.doctor, booking.hospital))


def _not_bookable(book: Book, doctor: str, hospital: str, start: int) -> str | None:
    """What keeps an hour from being one that can be offered at all; None if nothing does."""
    if doctor not in book.specialties or hospital not in book.zones:
        return "names an unknown doctor or hospital"
    if not book.is_full_hour(hospital, start):
        return "does not start on the hour by the hospital's clock"
    if not book.is_open(hospital, start):
        return "is outside the hospital's openings"
    if not book.is_available(doctor, hospital, start):
        return "is outside the doctor's availability"
    return None


def no_hours_overlap(book: Book) -> Iterator[Violation]:
    """Rules 3 and 4."""
    for code, ledger in (("doctor_overlap", book.of_doctor), ("patient_overlap", book.of_patient)):
        for _, first, second in ledger.clashes():
            who = f"doctor {first.doctor}" if code == "doctor_overlap" else "the patient"
            sentence = f"The hours of {first.kind} {first.id} and {second.kind} {second.id} overlap for {who}."
            yield Violation(code, sentence, (first.id, second.id))


def moves_are_allowed(book: Book) -> Iterator[Violation]:
    """Rule 5, but for hours that overlap."""
    times = Counter(move.appointment for move in book.plan.moved)
    for move in book.plan.moved:
        appointment = book.appointments.get(move.appointment)
        start = micros(move.start)
        if appointment is None or not appointment.movable or appointment.id in book.replaced:
            wrong: str | None = "is not a movable appointment"
        elif times[move.appointment] > 1:
            wrong = "is moved more than once"
        elif move.doctor != appointment.doctor:
            wrong = "is moved to another doctor"
        elif appointment.window is not None and not (
            micros(appointment.window.start) <= start <= micros(appointment.window.end) - HOUR_US
        ):
            wrong = "is moved out of its window"
        else:
            wrong = _not_bookable(book, move.doctor, move.hospital, start)
        if wrong is not None:
            yield Violation("move", f"Appointment {move.appointment} {wrong}.", (move.appointment,))


def goals_are_counted_right(book: Book) -> Iterator[Violation]:
    """The objective is what the plan achieves; no more than its bound; and equal to it where it says `optimal`."""
    plan = book.plan
    counted = _count(book)
    if counted != _goals(plan.objective):
        yield Violation("objective", f"The objective says {_goals(plan.objective)}, the plan achieves {counted}.")
    if _better(_goals(plan.objective)) > _better(_goals(plan.bound)):
        yield Violation("bound", "The objective is better than its bound.")
    if (plan.status == PlanStatus.OPTIMAL) != (_goals(plan.objective) == _goals(plan.bound)):
        yield Violation("status", f"The status is {plan.status}, which does not fit objective and bound.")


def _count(book: Book) -> tuple[int, ...]:
    booked: Counter[Priority] = Counter()
    inconvenience = 0
    for booking in book.plan.bookings:
        request = book.requests.get(booking.request)
        if request is None:
            continue
        booked[request.priority] += 1
        preferred = request.earliest if request.preferred is None else request.preferred
        inconvenience += abs(micros(booking.start) - micros(preferred)) // HOUR_US
        if request.doctors is not None and booking.doctor in request.doctors:
            inconvenience += PLACE_HOURS * request.doctors.index(booking.doctor)
    for move in book.plan.moved:
        if move.appointment in book.appointments:
            old = book.appointments[move.appointment].start
            inconvenience += abs(micros(move.start) - micros(old)) // HOUR_US
    return (*(booked[priority] for priority in Priority), len(book.plan.moved), inconvenience)


def _goals(objective: Objective) -> tuple[int, ...]:
    return (*(objective.booked.get(p, 0) for p in Priority), objective.moved, objective.inconvenience)


def _better(goals: tuple[int, ...]) -> tuple[int, ...]:
    """Greater means better, goal by goal."""
    return (*goals[:3], -goals[3], -goals[4])


RULES = (
    every_request_answered_once,
    bookings_are_candidates,
    no_hours_overlap,
    moves_are_allowed,
    goals_are_counted_right,
)
