"""What is done with a finding: its remedy is applied, or somebody knows of it and lets it be."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from api.bell import RungBell
from api.problems import STATUS
from api.times import Now
from api.web import forms
from api.web.forms import Faults, Sent, SentForm
from api.web.rendering import done, is_fragment, part
from api.web.reschedules.naming import Known
from api.web.validation import mending
from api.web.validation.standing import CHANGED, PATH
from api.web.validation.telling import Told, tell
from api.web.validation.things import Things
from api.web.words import t
from models.faults import Refusal, Refused
from models.session import transaction
from models.validation.acknowledging import LONGEST, Acknowledgement, acknowledge, clock_of, unacknowledge
from models.validation.reading import the_finding
from models.validation.remedies import apply_remedy
from models.validation.remedies.kinds import Statement

router = APIRouter(prefix="/app/validation/findings/{finding_id}")

_A_WEEK = dt.timedelta(days=7)


@router.get("/acknowledge")
def ask_to_acknowledge(request: Request, finding_id: uuid.UUID, now: Now) -> Response:
    """The question why a finding may be let be, and how long: a week, unless somebody says otherwise."""
    with transaction() as session:
        today = now.astimezone(clock_of(session, the_finding(session, finding_id))).date()
    return _acknowledgement(request, finding_id, now, {"until": [str(today + _A_WEEK)]})


@router.post("/acknowledge")
def let_be(request: Request, finding_id: uuid.UUID, sent: SentForm, now: Now) -> Response:
    """Let it be; or the form again, with its faults."""
    faults: Faults = {}
    given = {"because": forms.first(sent, "because") or "", "until": forms.first(sent, "until") or ""}
    asked = forms.read(Acknowledgement, given, faults)
    status = STATUS[Refusal.INVALID]
    if asked:
        try:
            with transaction() as session:
                acknowledge(session, finding_id, asked, now)
        except Refused as refused:
            if refused.refusal is Refusal.NOT_FOUND:
                raise
            status = STATUS[refused.refusal]
            forms.of(refused.faults, faults)
    if faults:
        return _acknowledgement(request, finding_id, now, sent, faults, status)
    return _done(request, t("validation-is-let-be"))


@router.post("/unacknowledge")
def take_back(request: Request, finding_id: uuid.UUID) -> Response:
    """Let it count again."""
    with transaction() as session:
        unacknowledge(session, finding_id)
    return _done(request, t("validation-counts-again"))


@router.get("/remedy")
def ask_to_mend(request: Request, finding_id: uuid.UUID, now: Now) -> Response:
    """The question before a remedy: it says what will happen."""
    return _remedy(request, finding_id, now)


@router.post("/remedy")
def mend(request: Request, finding_id: uuid.UUID, now: Now, bell: RungBell) -> Response:
    """Apply the remedy; or say what stands against it."""
    try:
        with transaction() as session:
            made = apply_remedy(session, finding_id, now).made
    except Refused as refused:
        if refused.refusal is Refusal.NOT_FOUND:
            raise
        with transaction() as session:
            said = [fault.message for fault in refused.faults]
            known = Known.of(session, said)
        return _remedy(request, finding_id, now, [known.told(each) for each in said], STATUS[refused.refusal])
    bell.ring()
    if "reschedule" in made:
        return _lead_to(request, f"/app/reschedules/{made['reschedule']}")
    return _done(request, t("validation-mended"))


def _acknowledgement(
    request: Request,
    finding_id: uuid.UUID,
    now: dt.datetime,
    sent: Sent,
    faults: Faults | None = None,
    status: int = 200,
) -> Response:
    with transaction() as session:
        told = _told(session, finding_id, now)
        today = now.astimezone(clock_of(session, told.finding)).date()
    values = {name: forms.first(sent, name) or "" for name in ("because", "until")}
    last = today + dt.timedelta(days=LONGEST)
    more = {"values": values, "faults": faults or {}, "first": today, "last": last}
    return _part(request, "validation/acknowledge.html", told, more, status)


def _remedy(
    request: Request, finding_id: uuid.UUID, now: dt.datetime, against: list[str] | None = None, status: int = 200
) -> Response:
    with transaction() as session:
        told = _told(session, finding_id, now)
        remedy = mending.remedy(told.finding)
        things = Things.of(session, mending.named_in(remedy) if remedy else ())
    more = {
        "consequence": mending.consequence(remedy, things) if remedy else t("validation-no-remedy"),
        "statement": remedy.sql if isinstance(remedy, Statement) else None,
        "against": against or [],
    }
    return _part(request, "validation/remedy.html", told, more, status)


def _told(session: Session, finding_id: uuid.UUID, now: dt.datetime) -> Told:
    (told,) = tell(session, [the_finding(session, finding_id)], now)
    return told


def _part(
    request: Request,
    template: str,
    told: Told,
    more: Mapping[str, Any],
    status: int,  # Any: the template's
) -> HTMLResponse:
    return part(request, template, "validation/alone.html", status, told=told, **more)


def _done(request: Request, sentence: str) -> Response:
    return done(sentence, CHANGED) if is_fragment(request) else RedirectResponse(PATH, status_code=303)


def _lead_to(request: Request, address: str) -> Response:
    if is_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)
