"""One booking request: followed until it is decided, then its hour or the reasons, and what can be done about it."""

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.booking_request_view import BookingRequestOut, shown
from api.conflict_view import AlternativeOut, with_names
from api.named import gone
from api.problems import STATUS
from api.times import Now
from api.web import clocks, hospitals, live
from api.web.forms import SentForm, read_hour
from api.web.rendering import done, is_fragment, page, told
from api.web.requests.contested import contested
from api.web.requests.telling import Told, timezones
from api.web.words import t
from models.accepting import accept_hour
from models.booking import BookingRequest
from models.faults import Refused
from models.requests import cancel_request
from models.session import transaction
from planner.plan import ConflictKind
from planner.problem import HOUR, Priority

router = APIRouter(prefix="/app/requests/{request_id}")

_ID = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class Piece(NamedTuple):
    """A piece of a sentence, and the request that it stands for, if any."""

    text: str
    request: uuid.UUID | None = None


@router.get("")
def show(request: Request, request_id: uuid.UUID, now: Now, seen: str | None = None) -> Response:
    """The page; only what may have changed where a page that shows it asks again, and nothing if it has not."""
    with transaction() as session:
        since = live.since(session)
        found = _read(session, request_id)
        if is_fragment(request) and seen == _version(found):
            return Response(status_code=204)
        context = _context(session, request, found, now)
    template = "requests/one_state.html" if is_fragment(request) else "requests/one.html"
    return page(request, template, live_since=since, **context)


@router.post("/accept")
def accept(request: Request, request_id: uuid.UUID, sent: SentForm, now: Now) -> Response:
    """Book an hour that the patient agrees to; where it cannot be had, say why and what else could be."""
    try:
        hour = read_hour(sent)
        with transaction() as session:
            accept_hour(session, request_id, hour, now)
    except Refused as refusal:
        return _refused(request, request_id, refusal)
    return _done(request, request_id, t("requests-accepted"))


@router.get("/cancel")
def ask_to_cancel(request: Request, request_id: uuid.UUID) -> Response:
    """The question that comes before."""
    with transaction() as session:
        found = _read(session, request_id)
    return page(request, "requests/cancel.html", wish=found)


@router.post("/cancel")
def cancel(request: Request, request_id: uuid.UUID, now: Now) -> Response:
    """Take a request back."""
    with transaction() as session:
        cancel_request(session, request_id, now)
    return _done(request, request_id, t("requests-cancelled"))


def _read(session: Session, request_id: uuid.UUID) -> BookingRequestOut:
    row = session.get(BookingRequest, request_id)
    if row is None:
        raise gone("booking_request", request_id)
    return shown(session, [row])[0]


def _version(request: BookingRequestOut) -> str:
    """What changes whenever there is anything new to see."""
    appointment = request.appointment
    return f"{request.status}.{appointment.version if appointment else 0}"


def _context(session: Session, request: Request, found: BookingRequestOut, now: dt.datetime) -> dict[str, Any]:
    zones = timezones(session)
    wish = Told(found, zones, hospitals.choose(session, request, None).zone, now)
    return {
        "wish": wish,
        "version": _version(found),
        "picture": contested(session, found, zones, wish.zone, now),
        "sentence": _sentence(session, found),
        "alternatives": [_alternative(each) for each in found.conflict.alternatives] if found.conflict else [],
    }


def _sentence(session: Session, request: BookingRequestOut) -> list[Piece]:
    """Why there is no booking. Other requests are called by their priority, and lead to their own pages."""
    if request.conflict is None:
        return []
    parts = _ID.split(request.conflict.message)
    ids = [uuid.UUID(text) for text in parts[1::2]]
    rows = session.execute(select(BookingRequest.id, BookingRequest.priority).where(BookingRequest.id.in_(ids)))
    priorities: Mapping[uuid.UUID, Priority] = dict(rows.all())
    pieces = []
    for place, text in enumerate(parts):
        if place % 2 == 0:
            pieces.append(Piece(text))
        elif priority := priorities.get(uuid.UUID(text)):
            pieces.append(Piece(t("requests-other", priority=priority), uuid.UUID(text)))
        else:
            pieces.append(Piece(t("requests-other-appointment")))
    return pieces


def _alternative(alternative: AlternativeOut) -> dict[str, Any]:  # Any: what a template reads by name
    zone = ZoneInfo(alternative.hospital.timezone)
    start = dt.datetime.fromisoformat(alternative.start).astimezone(dt.UTC)
    day = clocks.day(start.astimezone(zone).date())
    return {"hour": alternative, "when": t("requests-on-at", day=day, span=clocks.span(start, start + HOUR, zone))}


def _refused(request: Request, request_id: uuid.UUID, refusal: Refused) -> Response:
    with transaction() as session:
        named = with_names(session, refusal)
    if not is_fragment(request):
        raise named
    offered = [
        AlternativeOut.model_validate(each) for fault in named.faults for each in fault.facts.get("alternatives", ())
    ]
    is_reason = any(fault.code in set(ConflictKind) for fault in named.faults)
    answer = page(
        request,
        "requests/refused.html",
        STATUS[refusal.refusal],
        request_id=request_id,
        faults=named.faults,
        alternatives=[_alternative(each) for each in offered],
        is_reason=is_reason,
    )
    answer.headers.update({"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML"})
    return told(answer, changed="requests-changed")


def _done(request: Request, request_id: uuid.UUID, sentence: str) -> Response:
    if is_fragment(request):
        return done(sentence, "requests-changed")
    return RedirectResponse(f"/app/requests/{request_id}", status_code=303)
