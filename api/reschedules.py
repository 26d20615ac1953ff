"""Reschedules: hours are lost, and their appointments get others with the least upheaval. Asked for, planned, proposed,
and then applied or discarded.
"""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from api import appointment_files, examples, file_faults
from api.appointment_files import FileAsked
from api.bell import RungBell
from api.booking_requests import RETRY_AFTER
from api.etags import etag, tag
from api.idempotency import Answer, Posted
from api.media import CsvRoute
from api.named import gone
from api.pages import ById, ByStart, Page
from api.problems import documented
from api.reschedule_view import RescheduleLine, RescheduleOut, lines, whole
from api.rescheduled_view import RescheduledOut, rescheduled
from api.times import Now
from api.waiting import Patient
from models.rescheduling import reading
from models.rescheduling.inputs import RescheduleIn
from models.rescheduling.jobs import UNPLANNED, create_reschedule
from models.rescheduling.tables import Reschedule, RescheduleStatus
from models.session import transaction

router = APIRouter(prefix="/reschedules", tags=["Reschedules"])

ASKED_WRONGLY = (
    "unknown_doctor",
    "unknown_hospital",
    "unknown_appointment",
    "appointment_not_booked",
    "appointment_begun",
    "appointment_twice",
    "scope_incomplete",
    "scope_surplus",
    "scope_runs_backward",
    "scope_too_long",
    "scope_passed",
    "too_many_displaced",
    "what_if_applied",
    "no_offset",
)


async def _csv_body(request: Request) -> bytes:
    return await request.body()


def plan_csv(
    post: Posted, data: Annotated[bytes, Depends(_csv_body)], asked: FileAsked, bell: RungBell, now: Now
) -> Response:
    """Reschedule the appointments of a CSV file; documented with `plan_reschedule`, whose address it shares."""

    def work(session: Session) -> Answer:
        file = appointment_files.read_appointments(data)
        return queued(session, appointment_files.queue_file(session, file, asked.of(file.ids), now))

    return post.once(work, then=bell.ring)


router.add_api_route("", plan_csv, methods=["POST"], route_class_override=CsvRoute, include_in_schema=False)


def _in_openapi() -> dict[str, Any]:  # Any: an OpenAPI object
    """What FastAPI cannot derive from `plan_reschedule`: the example of its body, and that it may be a CSV file."""
    operation = examples.body(examples.RESCHEDULE)
    operation["requestBody"]["content"]["text/csv"] = appointment_files.documentation()
    return {**operation, "parameters": appointment_files.parameters()}


@router.post(
    "",
    status_code=202,
    response_model=RescheduleOut,
    summary="Plan a reschedule",
    openapi_extra=_in_openapi(),
    responses=documented(
        invalid=[*ASKED_WRONGLY, "too_many", *file_faults.FAULTS],
        clash=["appointment_held"],
    ),
)
def plan_reschedule(post: Posted, asked: RescheduleIn, bell: RungBell, now: Now) -> Response:
    """Find other hours for the appointments that a doctor's absence, a closed hospital or the like displaces.

    Nothing is changed until the proposal is applied, unless `dry_run` is false. Until then no other reschedule can have
    these appointments. With `what_if` it is a question only: nothing is held, and it cannot be applied. Poll `Location`
    until it is `proposed`.

    Sent as a CSV file of appointments (`Content-Type: text/csv`), the `facts` of every fault are its `line` and
    `column`.
    """

    def work(session: Session) -> Answer:
        return queued(session, create_reschedule(session, asked, now))

    return post.once(work, then=bell.ring)


@router.get("", summary="List reschedules")
def list_reschedules(
    asked: ById,
    status: Annotated[list[RescheduleStatus], Query(description="Only of this status; repeat it for several")] = [],  # noqa: B006  # FastAPI copies defaults
) -> Page[RescheduleLine]:
    """Reschedules, newest first."""
    jobs = select(Reschedule).order_by(Reschedule.id.desc()).limit(asked.limit + 1)
    jobs = jobs.options(defer(Reschedule.extra_hours), defer(Reschedule.changes))  # long, and not shown in lists
    if status:
        jobs = jobs.where(Reschedule.status.in_(status))
    if asked.after:
        jobs = jobs.where(Reschedule.id < asked.after)
    with transaction() as session:
        rows = session.scalars(jobs).all()
        return asked.page(rows, lambda row: (row.id,), lambda page: lines(session, page))


@router.get("/{reschedule_id}", summary="Read a reschedule", responses=documented(not_found=["unknown_reschedule"]))
async def read_reschedule(reschedule_id: uuid.UUID, patience: Patient, response: Response) -> RescheduleOut:
    """How a reschedule stands. `Prefer: wait=N` holds the answer back up to N seconds (at most 30) until it is planned.

    Proposed, it carries its numbers and what is proved of them; who gets which hour is at `/appointments` below it.
    """

    def status() -> RescheduleStatus | None:
        with transaction() as session:
            return session.scalar(select(Reschedule.status).where(Reschedule.id == reschedule_id))

    await patience.until(status, lambda seen: seen not in UNPLANNED)
    found = await run_in_threadpool(_read, reschedule_id)
    if found.status in UNPLANNED:
        response.headers.update(RETRY_AFTER)
    tag(response, found.version)
    return found


@router.get(
    "/{reschedule_id}/appointments",
    summary="Read the appointments of a reschedule",
    responses=documented(not_found=["unknown_reschedule"]),
)
def list_appointments(
    reschedule_id: uuid.UUID,
    asked: ByStart,
    kind: Annotated[
        reading.Kind | None,
        Query(description="Only those displaced; of these those placed or unplaced; or others, that make room"),
    ] = None,
) -> Page[RescheduledOut]:
    """Who gets which hour, and why others get none, in the order of the hours they had."""
    with transaction() as session:
        the_job(session, reschedule_id)
        found = reading.items(session, reschedule_id, kind=kind, after=asked.after, limit=asked.limit + 1)
        return asked.page(
            found, lambda item: (item.before.start, item.appointment), lambda page: rescheduled(session, page)
        )


def queued(session: Session, reschedule_id: uuid.UUID) -> Answer:
    """The answer that tells of a new job and where to follow it."""
    session.expire_all()
    job = whole(session, the_job(session, reschedule_id))
    headers = {"Location": f"/reschedules/{reschedule_id}", "ETag": etag(job.version), **RETRY_AFTER}
    return Answer(202, job, headers)


def the_job(session: Session, reschedule_id: uuid.UUID) -> Reschedule:
    """The reschedule that an address names.

    Raises
    ------
    Refused
        where there is none.

    """
    job = session.get(Reschedule, reschedule_id)
    if job is None:
        raise gone("reschedule", reschedule_id)
    return job


def _read(reschedule_id: uuid.UUID) -> RescheduleOut:
    with transaction() as session:
        return whole(session, the_job(session, reschedule_id))
