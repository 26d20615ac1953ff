"""Batches: up to ten thousand booking requests queued together, all or none, and followed together."""

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api import batch_files, examples, file_faults
from api.bell import RungBell
from api.booking_requests import QUEUE_FAULTS, RETRY_AFTER, UNDECIDED
from api.idempotency import Answer, Posted
from api.media import CsvRoute
from api.named import gone
from api.pages import ById, Page
from api.pressure import Bounded
from api.problems import documented
from api.times import UTC, InstantOut, local
from api.waiting import Patient
from models.booking import BookingBatch, BookingRequest, Conflict, RequestStatus
from models.inputs import MAX_BATCH, BookingRequestIn, Input, Text
from models.requests import create_batch, queue_requests
from models.session import transaction
from planner.plan import ConflictKind

router = APIRouter(prefix="/booking-batches", tags=["Booking requests"])


class BatchIn(Input):
    """Requests that are queued all or none."""

    label: Text | None = Field(None, description="For people", examples=["Cardiology waiting list, week 49"])
    requests: list[BookingRequestIn] = Field(min_length=1, max_length=MAX_BATCH)


class BatchOut(BaseModel):
    """How far a batch is. Its requests: `GET /booking-requests?batch={id}`, in the order they were sent."""

    id: uuid.UUID
    label: str | None
    size: int
    counts: dict[RequestStatus, int] = Field(description="Requests by status")
    conflicts: dict[ConflictKind, int] = Field(description="Requests in conflict, by kind")
    done: bool = Field(description="Whether every request is decided")
    progress: float = Field(description="The share of requests that are decided, from 0 to 1", examples=[0.25])
    created_at: InstantOut


async def _csv_body(request: Request) -> bytes:
    return await request.body()


def queue_csv(
    post: Posted,
    data: Annotated[bytes, Depends(_csv_body)],
    bell: RungBell,
    bound: Bounded,
    label: Annotated[Text | None, Query()] = None,
) -> Response:
    """Queue the requests of a CSV file; documented with `queue_batch`, whose address it shares."""

    def work(session: Session) -> Answer:
        return _queued(session, batch_files.queue_file(session, batch_files.read_requests(data), label, bound.admit))

    return post.once(work, then=bell.ring)


router.add_api_route("", queue_csv, methods=["POST"], route_class_override=CsvRoute, include_in_schema=False)


def _in_openapi() -> dict[str, Any]:  # Any: an OpenAPI object
    """What FastAPI cannot derive from `queue_batch`: the example of its body, and that it may be a CSV file."""
    operation = examples.body(examples.BATCH)
    operation["requestBody"]["content"]["text/csv"] = batch_files.documentation()
    label = {"type": "string", "minLength": 1, "maxLength": 200}
    about = "For people; for CSV bodies only, JSON has it in the body"
    operation["parameters"] = [{"name": "label", "in": "query", "schema": label, "description": about}]
    return operation


@router.post(
    "",
    status_code=202,
    response_model=BatchOut,
    summary="Queue a batch of booking requests",
    openapi_extra=_in_openapi(),
    responses=documented(
        invalid=[*QUEUE_FAULTS, "too_many", *file_faults.FAULTS],
        clash=["already_being_moved"],
        queues=True,
    ),
)
def queue_batch(post: Posted, batch: BatchIn, bell: RungBell, bound: Bounded) -> Response:
    """Queue up to 10,000 requests, all or none. Where some will not do, none is queued and every fault is named.

    Sent as a CSV file (`Content-Type: text/csv`), the `facts` of every fault are its `line` and `column`. Follow the
    batch at `Location`.
    """

    def work(session: Session) -> Answer:
        id_ = create_batch(session, len(batch.requests), batch.label)
        queue_requests(session, batch.requests, id_, admit=bound.admit)
        return _queued(session, id_)

    return post.once(work, items="requests", then=bell.ring)


def _queued(session: Session, batch: uuid.UUID) -> Answer:
    (queued,) = shown(session, [session.get_one(BookingBatch, batch)])
    return Answer(202, queued, {"Location": f"/booking-batches/{batch}", **RETRY_AFTER})


@router.get("", summary="List batches")
def list_batches(asked: ById) -> Page[BatchOut]:
    """Batches, newest first."""
    batches = select(BookingBatch).order_by(BookingBatch.id.desc()).limit(asked.limit + 1)
    if asked.after:
        batches = batches.where(BookingBatch.id < asked.after)
    with transaction() as session:
        rows = session.scalars(batches).all()
        return asked.page(rows, lambda row: (row.id,), lambda page: shown(session, page))


@router.get("/{batch_id}", summary="Read a batch", responses=documented(not_found=["unknown_booking_batch"]))
async def read_batch(batch_id: uuid.UUID, patience: Patient, response: Response) -> BatchOut:
    """How far a batch is. `Prefer: wait=N` holds the answer back up to N seconds (at most 30) until it is done."""

    def undecided() -> bool:
        with transaction() as session:
            waiting = select(BookingRequest.id).where(
                BookingRequest.batch_id == batch_id, BookingRequest.status.in_(UNDECIDED)
            )
            return bool(session.scalar(select(waiting.exists())))

    await patience.until(undecided, lambda seen: not seen)
    batch = await run_in_threadpool(_read, batch_id)
    if not batch.done:
        response.headers.update(RETRY_AFTER)
    return batch


def _read(batch_id: uuid.UUID) -> BatchOut:
    with transaction() as session:
        batch = session.get(BookingBatch, batch_id)
        if batch is None:
            raise gone("booking_batch", batch_id)
        return shown(session, [batch])[0]


def shown(session: Session, batches: Sequence[BookingBatch]) -> list[BatchOut]:
    """Batches as answers give them, in order, with a fixed number of queries however many there are."""
    statuses: dict[uuid.UUID, Counter[RequestStatus]] = {batch.id: Counter() for batch in batches}
    kinds: dict[uuid.UUID, Counter[ConflictKind]] = {batch.id: Counter() for batch in batches}
    in_batches = BookingRequest.batch_id.in_(statuses)
    counted = select(BookingRequest.batch_id, BookingRequest.status, func.count()).where(in_batches)
    for id_, status, count in session.execute(counted.group_by(BookingRequest.batch_id, BookingRequest.status)):
        if id_:
            statuses[id_][status] = count
    counted_kinds = (
        select(BookingRequest.batch_id, Conflict.kind, func.count())
        .join(Conflict, Conflict.booking_request_id == BookingRequest.id)
        .where(in_batches, BookingRequest.status == RequestStatus.CONFLICT)
    )
    for id_, kind, count in session.execute(counted_kinds.group_by(BookingRequest.batch_id, Conflict.kind)):
        if id_:
            kinds[id_][kind] = count
    return [_one_shown(batch, statuses[batch.id], kinds[batch.id]) for batch in batches]


def _one_shown(batch: BookingBatch, statuses: Counter[RequestStatus], kinds: Counter[ConflictKind]) -> BatchOut:
    decided = sum(count for status, count in statuses.items() if status not in UNDECIDED)
    return BatchOut(
        id=batch.id,
        label=batch.label,
        size=batch.size,
        counts={status: statuses[status] for status in RequestStatus},
        conflicts={kind: kinds[kind] for kind in ConflictKind},
        done=decided == batch.size,
        progress=round(decided / batch.size, 4),
        created_at=local(batch.created_at, UTC),
    )
