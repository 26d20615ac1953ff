"""What is done with a reschedule: applied, discarded, planned again, undone; and hours added for those left over."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from api.bell import RungBell
from api.problems import STATUS
from api.times import Now
from api.web.dialogs.places import seen_version
from api.web.forms import SentForm, first
from api.web.rendering import done, is_fragment, page
from api.web.reschedules.moves import patients_in, without_ids
from api.web.reschedules.one import read
from api.web.words import t
from models.faults import Fault, Refusal, Refused
from models.rescheduling.adding import add_extra_hours
from models.rescheduling.jobs import discard_reschedule, plan_again
from models.session import transaction

router = APIRouter(prefix="/app/reschedules/{reschedule_id}")

CHANGED = "reschedules-changed"
"""What a page hears that shows the job."""


@router.post("/discard")
def discard(request: Request, reschedule_id: uuid.UUID, sent: SentForm, now: Now) -> Response:
    """Let it be."""

    def step(session: Session) -> None:
        discard_reschedule(session, reschedule_id, seen_version(sent), now)

    return _do(request, reschedule_id, step, t("reschedules-discarded"), now)


@router.post("/again")
def again(request: Request, reschedule_id: uuid.UUID, sent: SentForm, now: Now, bell: RungBell) -> Response:
    """Plan it anew against the schedule as it is now; `what_if` says whether only to ask."""
    what_if = {"yes": True, "no": False}.get(first(sent, "what_if") or "")
    try:
        with transaction() as session:
            new = plan_again(session, reschedule_id, now, what_if=what_if)
    except Refused as refusal:
        return _refused(request, reschedule_id, refusal, now)
    bell.ring()
    return _lead_to(request, new)


@router.post("/extra-hours")
def add_hours(request: Request, reschedule_id: uuid.UUID, sent: SentForm, now: Now, bell: RungBell) -> Response:
    """Let doctors be available in the best of the extra hours, and plan again: both, or neither."""
    try:
        count = _count(first(sent, "count") or "")
        with transaction() as session:
            add_extra_hours(session, reschedule_id, count, now)
            new = plan_again(session, reschedule_id, now)
    except Refused as refusal:
        return _refused(request, reschedule_id, refusal, now)
    bell.ring()
    return _lead_to(request, new)


def _count(text: str) -> int:
    """How many hours to add. Raises Refused where that is no number from 1 on."""
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text)):
        raise Refused(Refusal.INVALID, [Fault("invalid_value", "count", text, t("reschedules-count-missing"))])
    return int(text)


def _do(
    request: Request, reschedule_id: uuid.UUID, step: Callable[[Session], None], sentence: str, now: dt.datetime
) -> Response:
    """Take a step and say that it is done; or say what stands against it."""
    try:
        with transaction() as session:
            step(session)
    except Refused as refusal:
        return _refused(request, reschedule_id, refusal, now)
    if is_fragment(request):
        return done(sentence, CHANGED)
    return RedirectResponse(f"/app/reschedules/{reschedule_id}", status_code=303)


def _lead_to(request: Request, reschedule_id: uuid.UUID) -> Response:
    """The way to another job's page."""
    address = f"/app/reschedules/{reschedule_id}"
    if is_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


def _refused(request: Request, reschedule_id: uuid.UUID, refusal: Refused, now: dt.datetime) -> Response:
    """The dialog that names everything that stands against a step, with planning again beside it."""
    if refusal.refusal is Refusal.NOT_FOUND:
        raise refusal
    with transaction() as session:
        told = read(session, request, reschedule_id, now)
        patients = patients_in(session, [fault.message for fault in refusal.faults])
    reasons = [_reason(fault, refusal, patients) for fault in refusal.faults]
    context: dict[str, Any] = {"told": told, "reasons": reasons}  # Any: the template's
    template = "reschedules/refused.html" if is_fragment(request) else "reschedules/refused_page.html"
    answer = page(request, template, STATUS[refusal.refusal], **context)
    answer.headers.update({"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML"})
    return answer


def _reason(fault: Fault, refusal: Refused, patients: dict[str, str]) -> str:
    if refusal.refusal is Refusal.STALE:
        return t("reschedules-changed-since")
    return without_ids(fault.message, patients)
