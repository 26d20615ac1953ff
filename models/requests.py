"""Queueing booking requests, and taking them back."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models import outbox
from models.access import reach
from models.appointments import being_moved
from models.base import new_ids
from models.booking import (
    BookingBatch,
    BookingRequest,
    BookingRequestDoctor,
    BookingRequestHospital,
    RequestStatus,
)
from models.faults import Fault, Refusal, Refused, refuse_if
from models.hospitals import Hospital
from models.inputs import BookingRequestIn
from models.people import DoctorSpecialty, Patient, User
from models.references import Directory, check_reference, find_doctors, find_hospitals, find_patients, missing
from models.schedule import Appointment, AppointmentStatus

CANCELLABLE = (RequestStatus.QUEUED, RequestStatus.PLANNING, RequestStatus.CONFLICT)
"""What may still be cancelled. A run that plans a cancelled request finds out when it commits."""

Admit = Callable[[Session, Counter[uuid.UUID | None]], None]
"""Lets so many requests of each share into the queue, or raises."""


def _everything(_session: Session, _wanted: Counter[uuid.UUID | None]) -> None:
    """What comes from nobody who can be put off is let in."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database says about everything that some requests name."""

    patients: Directory
    doctors: Directory
    hospitals: Directory
    specialties: frozenset[str]
    # The patient of every appointment that can be moved, and those that another request moves already.
    movable: dict[uuid.UUID, uuid.UUID]
    being_moved: frozenset[uuid.UUID]
    # The first of these requests that moves an appointment.
    first_to_move: dict[uuid.UUID, int]


def queue_requests(
    session: Session,
    rows: Sequence[BookingRequestIn],
    batch: uuid.UUID | None = None,
    *,
    admit: Admit = _everything,
) -> list[uuid.UUID]:
    """Queue requests, all or none. Returns their ids, in order. Ring the bell once the transaction has committed.

    For whoever does not reach every hospital, any hospital is any that they reach. `admit` is asked once everything
    about them is right.

    Raises
    ------
    Refused
        naming everything that does not exist, is no longer active, or contradicts itself.

    """
    rows = _within_reach(session, rows)
    known = _look_up(session, rows)
    refuse_if(fault for row, request in enumerate(rows) for fault in _faults(request, row, known))
    shares = [_share(request, known) for request in rows]
    admit(session, Counter(shares))
    ids = new_ids(session, len(rows))
    session.execute(
        insert(BookingRequest),
        [
            {
                "id": id_,
                "patient_id": known.patients[request.patient].id,
                **request.model_dump(include={"priority", "specialty", "earliest", "latest", "preferred", "moves"}),
                "share": share,
                "batch_id": batch,
                "batch_line": None if batch is None else line,
            }
            for line, (id_, request, share) in enumerate(zip(ids, rows, shares, strict=True), start=1)
        ],
    )
    _write_choices(session, ids, rows, known)
    if ids:  # one message, however many there are: ten thousand queued at once are one event
        batched = {"batch": str(batch)} if batch else {"booking_requests": [str(id_) for id_ in ids]}
        outbox.tell(session, "booking_request.queued", [batched | {"count": len(ids)}])
    return ids


def create_batch(session: Session, size: int, label: str | None = None) -> uuid.UUID:
    """Add a batch for `size` requests and return its id."""
    return session.execute(insert(BookingBatch).values(size=size, label=label).returning(BookingBatch.id)).scalar_one()


def cancel_request(session: Session, request_id: uuid.UUID, now: dt.datetime) -> None:
    """Take a request back.

    Raises
    ------
    Refused
        where it does not exist, or is booked, cancelled or failed already.

    """
    cancelled = session.execute(
        update(BookingRequest)
        .where(BookingRequest.id == request_id, BookingRequest.status.in_(CANCELLABLE))
        .values(status=RequestStatus.CANCELLED, decided_at=now)
        .returning(BookingRequest.id)
    )
    if cancelled.first():
        tell_decided(session, request_id, RequestStatus.CANCELLED)
        return
    status = session.scalar(select(BookingRequest.status).where(BookingRequest.id == request_id))
    if status is None:
        raise missing(BookingRequest, request_id)
    remedy = " Cancel its appointment instead." if status is RequestStatus.BOOKED else ""
    raise Refused(
        Refusal.CLASH,
        [Fault("request_decided", "status", status, f"The request is {status} already.{remedy}")],
    )


def tell_decided(session: Session, request_id: uuid.UUID, status: RequestStatus) -> None:
    """Tell other systems that somebody, not a planner, has decided a request."""
    outbox.tell(session, "booking_request.decided", [{"booking_request": str(request_id), "status": status}])


def replace_request(session: Session, request_id: uuid.UUID, request: BookingRequestIn, now: dt.datetime) -> uuid.UUID:
    """Take a request back and queue another in its place, both or neither. Returns the id of the new one.

    Ring the bell once the transaction has committed. Raises as `cancel_request` and `queue_requests` do.
    """
    with session.begin_nested():
        cancel_request(session, request_id, now)
        (id_,) = queue_requests(session, [request])
    return id_


def request_as_sent(session: Session, request_id: uuid.UUID) -> BookingRequestIn:
    """What one would send to queue a request once more as it is, with doctors, hospitals and patient by external id.

    Raises
    ------
    Refused
        where it does not exist.

    """
    request = session.get(BookingRequest, request_id)
    if request is None:
        raise missing(BookingRequest, request_id)
    doctors = session.scalars(
        select(User.external_id)
        .join(BookingRequestDoctor, BookingRequestDoctor.doctor_id == User.id)
        .where(BookingRequestDoctor.booking_request_id == request_id)
        .order_by(BookingRequestDoctor.position)
    ).all()
    hospitals = session.scalars(
        select(Hospital.external_id)
        .join(BookingRequestHospital, BookingRequestHospital.hospital_id == Hospital.id)
        .where(BookingRequestHospital.booking_request_id == request_id)
        .order_by(Hospital.name, Hospital.id)
    ).all()
    return BookingRequestIn(
        patient=session.get_one(Patient, request.patient_id).external_id,
        priority=request.priority,
        doctors=list(doctors) or None,
        specialty=request.specialty,
        hospitals=list(hospitals) or None,
        earliest=request.earliest,
        latest=request.latest,
        preferred=request.preferred,
        moves=request.moves,
    )


def _within_reach(session: Session, rows: Sequence[BookingRequestIn]) -> Sequence[BookingRequestIn]:
    """The requests with "any hospital" said as the hospitals that it means to whoever asks."""
    hospitals = reach.of(session).hospitals
    if hospitals is None or all(request.hospitals is not None for request in rows):
        return rows
    if not hospitals:
        message = "You act at no hospital, so nothing can be booked for you; an admin can say where you act."
        raise Refused(Refusal.INVALID, [Fault("unknown_hospital", "hospitals", None, message)])
    theirs = {"hospitals": [str(each) for each in sorted(hospitals)]}
    return [request if request.hospitals is not None else request.model_copy(update=theirs) for request in rows]


def _look_up(session: Session, rows: Sequence[BookingRequestIn]) -> _Known:
    moves = {request.moves for request in rows if request.moves}
    return _Known(
        patients=find_patients(session, (request.patient for request in rows), to_book=True),
        doctors=find_doctors(session, (doctor for request in rows for doctor in request.doctors or ())),
        hospitals=find_hospitals(session, (hospital for request in rows for hospital in request.hospitals or ())),
        specialties=_specialties(session) if any(request.specialty for request in rows) else frozenset(),
        movable=_movable(session, moves) if moves else {},
        being_moved=being_moved(session, moves) if moves else frozenset(),
        first_to_move={request.moves: row for row, request in reversed(list(enumerate(rows))) if request.moves},
    )


def _share(request: BookingRequestIn, known: _Known) -> uuid.UUID | None:
    """The hospital for whose turn a request counts; None: it accepts any."""
    return known.hospitals[request.hospitals[0]].id if request.hospitals else None


def _specialties(session: Session) -> frozenset[str]:
    return frozenset(session.scalars(select(DoctorSpecialty.specialty).distinct()))


def _movable(session: Session, appointments: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The patient of each of the appointments that is booked."""
    booked = select(Appointment.id, Appointment.patient_id).where(
        Appointment.id.in_(appointments), Appointment.status == AppointmentStatus.BOOKED
    )
    return dict(session.execute(booked).all())


def _faults(request: BookingRequestIn, row: int, known: _Known) -> Iterator[Fault]:
    yield from check_reference(known.patients, "patient", "patient", request.patient, row)
    for place, doctor in enumerate(request.doctors or ()):
        yield from check_reference(known.doctors, "doctor", f"doctors[{place}]", doctor, row)
    for place, hospital in enumerate(request.hospitals or ()):
        yield from check_reference(known.hospitals, "hospital", f"hospitals[{place}]", hospital, row)
    yield from _named_twice("doctors", request.doctors, known.doctors, row)
    yield from _named_twice("hospitals", request.hospitals, known.hospitals, row)
    if request.specialty and request.specialty not in known.specialties:
        there_are = ", ".join(sorted(known.specialties)) or "none yet"
        yield Fault(
            "unknown_specialty",
            "specialty",
            request.specialty,
            f"No doctor has the specialty {request.specialty!r}; there are: {there_are}.",
            row,
        )
    if request.latest < request.earliest:
        yield Fault(
            "window_runs_backward",
            "latest",
            request.latest.isoformat(),
            f"The window ends before it starts, at {request.earliest.isoformat()}; choose a later end.",
            row,
        )
    if request.moves:
        yield from _move_faults(request, request.moves, row, known)


def _named_twice(field: str, references: Sequence[str] | None, directory: Directory, row: int) -> Iterator[Fault]:
    seen: set[uuid.UUID] = set()
    for place, reference in enumerate(references or ()):
        found = directory.get(reference)
        if found and found.id in seen:
            yield Fault(
                "named_twice",
                f"{field}[{place}]",
                reference,
                f"{reference!r} is in the list already; name it once.",
                row,
            )
        elif found:
            seen.add(found.id)


def _move_faults(request: BookingRequestIn, moves: uuid.UUID, row: int, known: _Known) -> Iterator[Fault]:
    patient = known.patients.get(request.patient)
    if moves not in known.movable or (patient and known.movable[moves] != patient.id):
        yield Fault(
            "unknown_appointment",
            "moves",
            str(moves),
            f"This patient has no booked appointment {moves}; only a booked one can be moved.",
            row,
        )
    elif moves in known.being_moved or known.first_to_move[moves] != row:
        yield Fault(
            "already_being_moved",
            "moves",
            str(moves),
            f"Another request moves the appointment {moves} already; cancel that one first.",
            row,
        )


def _write_choices(session: Session, ids: Sequence[uuid.UUID], rows: Sequence[BookingRequestIn], known: _Known) -> None:
    doctors = [
        {"booking_request_id": id_, "doctor_id": known.doctors[doctor].id, "position": place}
        for id_, request in zip(ids, rows, strict=True)
        for place, doctor in enumerate(request.doctors or ())
    ]
    hospitals = [
        {"booking_request_id": id_, "hospital_id": known.hospitals[hospital].id}
        for id_, request in zip(ids, rows, strict=True)
        for hospital in request.hospitals or ()
    ]
    if doctors:
        session.execute(insert(BookingRequestDoctor), doctors)
    if hospitals:
        session.execute(insert(BookingRequestHospital), hospitals)
