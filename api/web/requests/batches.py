"""Batches: a CSV file of requests with its faults by line, and the progress of those that were queued."""

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api import batch_files, file_faults
from api.bell import RungBell
from api.booking_batches import BatchOut, shown
from api.named import gone
from api.pages import checked, decode_id, encode
from api.pressure import Bounded, PutOff
from api.problems import PROTOCOL_STATUS, STATUS
from api.times import Now
from api.web import clocks, live
from api.web.rendering import is_fragment, page
from api.web.words import t
from models.booking import BookingBatch, BookingRequest, PlanningRun, RequestStatus
from models.faults import Refused
from models.files.columns import COLUMNS
from models.files.kinds import Kind
from models.inputs import MAX_BATCH
from models.session import transaction

router = APIRouter(prefix="/app/requests")

_AT_ONCE = 30
_FAULTS_SHOWN = 200
_LONGEST_LABEL = 200


@router.get("/upload")
def ask_for_file(request: Request) -> HTMLResponse:
    """The form."""
    return _upload_page(request)


@router.post("/upload")
def upload(
    request: Request,
    bell: RungBell,
    bound: Bounded,
    file: Annotated[UploadFile | None, File()] = None,
    label: Annotated[str, Form()] = "",
) -> Response:
    """Queue the requests of a file, or tell all of its faults."""
    if file is None or not file.filename:
        return _upload_page(request, 422, label=label, problem=t("requests-choose-file"))
    called = " ".join(label.split()) or file.filename
    try:
        requests = batch_files.read_requests(file.file.read())
        with transaction() as session:
            batch = batch_files.queue_file(session, requests, called[:_LONGEST_LABEL], bound.admit)
    except Refused as refusal:
        return _upload_page(request, STATUS[refusal.refusal], label=label, refusal=refusal, name=file.filename)
    except PutOff as full:
        return full.told_by(
            _upload_page(request, PROTOCOL_STATUS[full.code], label=label, problem=full.detail), request
        )
    bell.ring()
    return RedirectResponse(f"{router.prefix}/batches/{batch}", status_code=303)


@router.get("/template.csv")
def template() -> Response:
    """A file to begin with."""
    headers = {"Content-Disposition": 'attachment; filename="requests.csv"'}
    return Response(batch_files.csv_template(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/batches")
def list_batches(
    request: Request, now: Now, before: Annotated[str | None, Query(), checked(decode_id)] = None
) -> HTMLResponse:
    """Batches, the newest first."""
    rows = select(BookingBatch).order_by(BookingBatch.id.desc()).limit(_AT_ONCE + 1)
    if before:
        rows = rows.where(BookingBatch.id < decode_id(before))
    with transaction() as session:
        since = live.since(session)
        found = session.scalars(rows).all()
        batches = shown(session, found[:_AT_ONCE])
    older = encode(found[_AT_ONCE - 1].id) if len(found) > _AT_ONCE else None
    template = "requests/batches_rows.html" if is_fragment(request) else "requests/batches.html"
    ages = {batch.id: _ago(batch.created_at, now) for batch in batches}
    return page(request, template, batches=batches, ages=ages, older=older, before=before, live_since=since)


@router.get("/batches/{batch_id}")
def show_batch(request: Request, batch_id: uuid.UUID, now: Now) -> HTMLResponse:
    """How far a batch is; only its progress where a page that shows it asks again."""
    with transaction() as session:
        since = live.since(session)
        row = session.get(BookingBatch, batch_id)
        if row is None:
            raise gone("booking_batch", batch_id)
        (batch,) = shown(session, [row])
        seconds = _seconds(session, row, now, done=batch.done)
    template = "requests/batch_progress.html" if is_fragment(request) else "requests/batch.html"
    return page(
        request,
        template,
        batch=batch,
        age=_ago(batch.created_at, now),
        seconds=clocks.lasting(seconds),
        summary=_summary(batch, clocks.lasting(seconds)),
        live_since=since,
    )


def _upload_page(
    request: Request,
    status: int = 200,
    *,
    label: str = "",
    name: str = "",
    problem: str = "",
    refusal: Refused | None = None,
) -> HTMLResponse:
    faults = refusal.faults if refusal else ()
    return page(
        request,
        "requests/upload.html",
        status,
        label=label,
        name=name,
        problem=problem,
        faults=[(fault, file_faults.without_line(fault)) for fault in faults[:_FAULTS_SHOWN]],
        count=len(faults),
        columns=COLUMNS[Kind.REQUESTS],
        most=MAX_BATCH,
    )


def _seconds(session: Session, batch: BookingBatch, now: dt.datetime, *, done: bool) -> float:
    """How long the batch has taken so far or, where all is decided, took."""
    if not done:
        return (now - batch.created_at).total_seconds()
    # By its planning runs: what somebody does about a conflict days later is not their time.
    finished = session.scalar(
        select(func.max(PlanningRun.finished_at))
        .join(BookingRequest, BookingRequest.planning_run_id == PlanningRun.id)
        .where(BookingRequest.batch_id == batch.id)
    )
    return ((finished or batch.created_at) - batch.created_at).total_seconds()


def _summary(batch: BatchOut, seconds: str) -> str:
    """What came of a batch, or how far it is."""
    counts = batch.counts
    if not batch.done:
        decided = round(batch.progress * batch.size)
        return t("requests-batch-under-way", decided=f"{decided:,}", size=f"{batch.size:,}")
    booked, conflicts = counts[RequestStatus.BOOKED], counts[RequestStatus.CONFLICT]
    told = t("requests-batch-done", size=batch.size, booked=booked, conflicts=conflicts, seconds=seconds)
    others = [
        t("requests-state-count-of", state=t(f"common-status-{status}"), count=counts[status])
        for status in (RequestStatus.FAILED, RequestStatus.CANCELLED)
        if counts[status]
    ]
    return " ".join([told, *others])


def _ago(instant: str, now: dt.datetime) -> str:
    return clocks.ago(dt.datetime.fromisoformat(instant), now)
