"""Booking requests: queued at once, decided by the planners, polled until they are."""

import uuid

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import examples
from api.bell import RungBell
from api.booking_request_view import BookingRequestOut, shown
from api.conflict_view import with_names
from api.idempotency import Answer, Posted
from api.named import gone
from api.pages import ById, Page
from api.pressure import Bounded
from api.problems import documented
from api.request_filter import AskedRequests
from api.times import Now
from api.waiting import Patient
from models.accepting import accept_hour
from models.booking import BookingRequest, RequestStatus
from models.faults import Refused
from models.inputs import BookingRequestChange, BookingRequestIn, ExactHour
from models.requests import cancel_request, queue_requests, replace_request, request_as_sent
from models.session import transaction

router = APIRouter(prefix="/booking-requests", tags=["Booking requests"])

UNDECIDED = (RequestStatus.QUEUED, RequestStatus.PLANNING)

RETRY_AFTER = {"Retry-After": "1"}

QUEUE_FAULTS = (
    "unknown_patient",
    "inactive_patient",
    "unknown_doctor",
    "inactive_doctor",
    "unknown_hospital",
    "unknown_specialty",
    "unknown_appointment",
    "already_being_moved",
    "named_twice",
    "window_runs_backward",
    "no_offset",
)


@router.post(
    "",
    status_code=202,
    response_model=BookingRequestOut,
    summary="Queue a booking request",
    responses=documented(invalid=QUEUE_FAULTS, clash=["already_being_moved"], queues=True),
    openapi_extra=examples.body(examples.BOOKING_REQUEST),
)
def queue_request(post: Posted, request: BookingRequestIn, bell: RungBell, bound: Bounded) -> Response:
    """Queue a patient's wish for one hour. It is decided within seconds; poll `Location` until it is.

    The request is safe once this is answered: whatever is restarted, it is planned.
    """

    def work(session: Session) -> Answer:
        (id_,) = queue_requests(session, [request], admit=bound.admit)
        (queued,) = shown(session, [session.get_one(BookingRequest, id_)])
        return Answer(202, queued, {"Location": f"/booking-requests/{id_}", **RETRY_AFTER})

    return post.once(work, then=bell.ring)


@router.get(
    "",
    summary="List booking requests",
    responses=documented(
        invalid=["unknown_patient", "unknown_hospital", "unknown_doctor", "not_a_choice", "not_an_id"]
    ),
)
def list_requests(asked: ById, which: AskedRequests) -> Page[BookingRequestOut]:
    """Booking requests, oldest first; those of a batch in the order of its lines."""
    with transaction() as session:
        rows = which.select(session).order_by(BookingRequest.id).limit(asked.limit + 1)
        if asked.after:
            rows = rows.where(BookingRequest.id > asked.after)
        found = session.scalars(rows).all()
        return asked.page(found, lambda row: (row.id,), lambda page: shown(session, page))


@router.get(
    "/{request_id}", summary="Read a booking request", responses=documented(not_found=["unknown_booking_request"])
)
async def read_request(request_id: uuid.UUID, patience: Patient, response: Response) -> BookingRequestOut:
    """How a request stands. `Prefer: wait=N` holds the answer back up to N seconds (at most 30) until it is decided.

    Booked, it carries its appointment; in conflict, the kind, the facts that prove it, and alternatives.
    """

    def status() -> RequestStatus | None:
        with transaction() as session:
            return session.scalar(select(BookingRequest.status).where(BookingRequest.id == request_id))

    await patience.until(status, lambda seen: seen not in UNDECIDED)
    request = await run_in_threadpool(_read, request_id)
    if request.status in UNDECIDED:
        response.headers.update(RETRY_AFTER)
    return request


@router.delete(
    "/{request_id}",
    summary="Cancel a booking request",
    responses=documented(not_found=["unknown_booking_request"], clash=["request_decided"]),
)
def delete_request(request_id: uuid.UUID, now: Now) -> BookingRequestOut:
    """Take a request back. One that is booked stays: cancel its appointment instead."""
    with transaction() as session:
        cancel_request(session, request_id, now)
        return shown(session, [session.get_one(BookingRequest, request_id)])[0]


@router.post(
    "/{request_id}/accept",
    response_model=BookingRequestOut,
    summary="Accept another hour for a request in conflict",
    openapi_extra=examples.body(examples.EXACT_HOUR),
    responses=documented(
        not_found=["unknown_booking_request"],
        clash=[
            *("request_not_in_conflict", "hospital_closed", "no_availability", "hours_taken", "patient_busy"),
            *("appointment_not_booked", "already_being_moved"),
        ],
        invalid=["off_the_hour", "unknown_doctor", "inactive_doctor", "unknown_hospital", "inactive_patient"],
    ),
)
def accept_another_hour(post: Posted, request_id: uuid.UUID, hour: ExactHour, now: Now) -> Response:
    """Book one of the alternatives of a conflict, or any other hour that the patient agrees to, at once.

    If it has been taken meanwhile, the answer says why, with the alternatives there are now, and the request stays in
    conflict.
    """

    def work(session: Session) -> Answer:
        try:
            accept_hour(session, request_id, hour, now)
        except Refused as refusal:
            raise with_names(session, refusal) from None
        session.expire_all()
        return Answer(200, shown(session, [session.get_one(BookingRequest, request_id)])[0])

    return post.once(work)


@router.post(
    "/{request_id}/replace",
    status_code=202,
    response_model=BookingRequestOut,
    summary="Change a booking request and queue it again",
    openapi_extra=examples.body(examples.BOOKING_REQUEST_CHANGE),
    responses=documented(
        not_found=["unknown_booking_request"], clash=["request_decided", "already_being_moved"], invalid=QUEUE_FAULTS
    ),
)
def replace_with_another(
    post: Posted, request_id: uuid.UUID, change: BookingRequestChange, bell: RungBell, now: Now
) -> Response:
    """Cancel a request that has no booking and queue another in its place: wider, or just once more.

    Send what is to be other than it was; the rest stays. The answer is the new request, which has an id of its own.
    """

    def work(session: Session) -> Answer:
        wanted = change.applied_to(request_as_sent(session, request_id))
        id_ = replace_request(session, request_id, wanted, now)
        (queued,) = shown(session, [session.get_one(BookingRequest, id_)])
        return Answer(202, queued, {"Location": f"/booking-requests/{id_}", **RETRY_AFTER})

    return post.once(work, then=bell.ring)


def _read(request_id: uuid.UUID) -> BookingRequestOut:
    with transaction() as session:
        request = session.get(BookingRequest, request_id)
        if request is None:
            raise gone("booking_request", request_id)
        return shown(session, [request])[0]
