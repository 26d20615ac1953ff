"""Booking requests: queued at once, decided by the planners, polled until they are."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import examples
from api.bell import RungBell
from api.booking_request_view import BookingRequestOut, shown
from api.idempotency import Answer, Posted
from api.named import PatientFilter, gone, patient_filter
from api.pages import ById, Page
from api.problems import documented
from api.times import Now
from api.waiting import Patient
from models.booking import BookingRequest, RequestStatus
from models.inputs import BookingRequestIn
from models.requests import cancel_request, queue_requests
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
    responses=documented(invalid=QUEUE_FAULTS, clash=["already_being_moved"]),
    openapi_extra=examples.body(examples.BOOKING_REQUEST),
)
def queue_request(post: Posted, request: BookingRequestIn, bell: RungBell) -> Response:
    """Queue a patient's wish for one hour. It is decided within seconds; poll `Location` until it is.

    The request is safe once this is answered: whatever is restarted, it is planned.
    """

    def work(session: Session) -> Answer:
        (id_,) = queue_requests(session, [request])
        (queued,) = shown(session, [session.get_one(BookingRequest, id_)])
        return Answer(202, queued, {"Location": f"/booking-requests/{id_}", **RETRY_AFTER})

    return post.once(work, then=bell.ring)


@router.get(
    "", summary="List booking requests", responses=documented(invalid=["unknown_patient", "not_a_choice", "not_an_id"])
)
def list_requests(
    asked: ById,
    batch: Annotated[uuid.UUID | None, Query(description="Only of this batch")] = None,
    status: Annotated[list[RequestStatus], Query(description="Only of this status; repeat it for several")] = [],  # noqa: B006  # FastAPI copies defaults
    patient: PatientFilter = None,
) -> Page[BookingRequestOut]:
    """Booking requests, oldest first; those of a batch in the order of its lines."""
    with transaction() as session:
        rows = select(BookingRequest).order_by(BookingRequest.id).limit(asked.limit + 1)
        if batch:
            rows = rows.where(BookingRequest.batch_id == batch)
        if status:
            rows = rows.where(BookingRequest.status.in_(status))
        if patient_id := patient_filter(session, patient):
            rows = rows.where(BookingRequest.patient_id == patient_id)
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


def _read(request_id: uuid.UUID) -> BookingRequestOut:
    with transaction() as session:
        request = session.get(BookingRequest, request_id)
        if request is None:
            raise gone("booking_request", request_id)
        return shown(session, [request])[0]
