"""What is done with a reschedule: applied, discarded, planned again, undone; and hours added for those left over."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from api.bell import RungBell
from api.problems import STATUS
from api.times import Now
from api.web.dialogs.places import seen_version
from api.web.forms import SentForm, first
from api.web.rendering import done, is_fragment, page
from api.web.rendering import told as told_page
from api.web.reschedules.naming import Known
from api.web.reschedules.one import read
from api.web.words import t
from models.faults import Fault, Refusal, Refused
from models.inputs import MAX_BATCH
from models.rescheduling.adding import add_extra_hours
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.jobs import UNDECIDED, discard_reschedule, plan_again
from models.rescheduling.undoing import undo_reschedule
from models.session import transaction

router = APIRouter(prefix="/app/reschedules/{reschedule_id}")

_SUMMED_UP = "schedule_changed"
"""The fault that says how many others there are."""

CHANGED = "reschedules-changed"
"""What a page hears that shows the job."""


@router.get("/apply")
def ask_to_apply(request: Request, reschedule_id: uuid.UUID, now: Now) -> Response:
    """The question that comes before."""
    return _question(request, reschedule_id, "reschedules/apply.html", now)


@router.post("/apply")
def apply(request: Request, reschedule_id: uuid.UUID, sent: SentForm, now: Now) -> Response:
    """Do what is proposed, all of it; or say what has changed since."""

    def step(session: Session) -> None:
        apply_reschedule(session, reschedule_id, seen_version(sent), now)

    return _do(request, reschedule_id, step, t("reschedules-applied"), now)


@router.get("/undo")
def ask_to_undo(request: Request, reschedule_id: uuid.UUID, now: Now) -> Response:
    """The question that comes before."""
    return _question(request, reschedule_id, "reschedules/undo.html", now)


@router.post("/undo")
def undo(request: Request, reschedule_id: uuid.UUID, sent: SentForm, now: Now) -> Response:
    """Take back what was applied, all of it; or say what was built upon it."""

    def step(session: Session) -> None:
        undo_reschedule(session, reschedule_id, seen_version(sent), now)

    return _do(request, reschedule_id, step, t("reschedules-undone"), now)


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


@router.get("/extra-hours")
def ask_to_add_hours(
    request: Request, reschedule_id: uuid.UUID, now: Now, count: Annotated[int, Query(ge=1, le=MAX_BATCH)]
) -> Response:
    """The question that comes before: even a job that only asks adds them for real."""
    return _question(request, reschedule_id, "reschedules/add_hours.html", now, count=count)


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


def _question(
    request: Request,
    reschedule_id: uuid.UUID,
    template: str,
    now: dt.datetime,
    **more: Any,  # Any: the template's
) -> Response:
    with transaction() as session:
        told = read(session, request, reschedule_id, now)
    return page(request, template, told=told, **more)


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
        known = Known.of(session, [fault.message for fault in refusal.faults])
    stale = refusal.refusal is Refusal.STALE
    reasons = [t("reschedules-changed-since") if stale else known.told(fault.message) for fault in refusal.faults]
    context: dict[str, Any] = {  # Any: the template's
        "told": told,
        "reasons": reasons,
        "holders": [fault.facts["reschedule"] for fault in refusal.faults if "reschedule" in fault.facts],
        "summed_up": refusal.faults[0].code == _SUMMED_UP,
        "plans_again": told.job.status in UNDECIDED,
    }
    template = "reschedules/refused.html" if is_fragment(request) else "reschedules/refused_page.html"
    answer = page(request, template, STATUS[refusal.refusal], **context)
    answer.headers.update({"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML"})
    return told_page(answer, changed=CHANGED)
