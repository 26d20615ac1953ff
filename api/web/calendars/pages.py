"""The page on which addresses of calendars are made, shown once, and revoked."""

import ipaddress
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from api.calendar_feeds import CalendarFeedIn, address
from api.named import gone
from api.problems import STATUS
from api.times import Now
from api.web import forms
from api.web.calendars.listing import list_doctors
from api.web.doctors import all_specialties
from api.web.forms import SentForm
from api.web.rendering import is_fragment, page, part, query, told
from api.web.words import t
from models.access.reach import of
from models.calendar_feeds import CalendarFeed, has_feeds, make_feed, revoke_feed
from models.faults import Refusal, Refused
from models.people import Doctor, User
from models.session import transaction

router = APIRouter(prefix="/app/calendars")


@router.get("")
def show_calendars(
    request: Request,
    now: Now,
    name: str = "",
    specialty: str = "",
    number: Annotated[int, Query(alias="page", ge=1)] = 1,
) -> Response:
    """Doctors and the addresses at which their schedules are read; as a fragment, their list alone."""
    with transaction() as session:
        listing = list_doctors(session, name.strip(), specialty, min(number, 10**6))
        specialties = all_specialties(session)
    template = "calendars/list.html" if is_fragment(request) else "calendars/page.html"
    kept = {"name": name.strip() or None, "specialty": specialty or None}
    return page(
        request,
        template,
        listing=listing,
        specialties=specialties,
        name=name.strip(),
        specialty=specialty,
        now=now,
        address_of=lambda number: "/app/calendars" + query({**kept, "page": str(number) if number > 1 else None}),
    )


@router.get("/new")
def ask_for_calendar(request: Request, doctor: uuid.UUID) -> Response:
    """The question what the device is called."""
    with transaction() as session:
        found = _doctor(session, doctor)
    return _part(request, "calendars/new.html", doctor=found, label="", faults={})


@router.post("")
def make_calendar(request: Request, sent: SentForm) -> Response:
    """Make an address and show it, this once."""
    faults: forms.Faults = {}
    asked = forms.read(CalendarFeedIn, {"label": forms.first(sent, "label") or ""}, faults)
    status = STATUS[Refusal.INVALID]
    with transaction() as session:
        doctor = _doctor(session, _id(forms.first(sent, "doctor")))
        if asked:
            try:
                feed, token = make_feed(session, str(doctor.id), asked.label, of(session))
            except Refused as refused:
                status = STATUS[refused.refusal]
                forms.of(refused.faults, faults)
    if faults:
        label = forms.first(sent, "label") or ""
        return _part(request, "calendars/new.html", status, doctor=doctor, label=label, faults=faults)
    url = address(request, token)
    return _part(
        request,
        "calendars/made.html",
        doctor=doctor,
        feed=feed,
        url=url,
        webcal=f"webcal:{url.partition(':')[2]}",
        only_here=_is_this_machine(request.url.hostname or ""),
        host=request.url.hostname,
    )


@router.get("/{feed_id}/revoke")
def ask_before_revoking(request: Request, feed_id: uuid.UUID) -> Response:
    """The question whether to revoke an address."""
    with transaction() as session:
        feed, doctor = _feed(session, feed_id)
    return _part(request, "calendars/revoke.html", feed=feed, doctor=doctor)


@router.post("/{feed_id}/revoke")
def revoke_calendar(request: Request, feed_id: uuid.UUID) -> Response:
    """Revoke an address."""
    with transaction() as session:
        feed, doctor = _feed(session, feed_id)
        revoke_feed(session, feed_id)
    if not is_fragment(request):
        return RedirectResponse("/app/calendars", status_code=303)
    return told(Response(), t("calendars-revoked", label=feed.label, doctor=doctor.name), close=True)


def _part(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:  # Any: the template's
    return part(request, template, "calendars/alone.html", status, **context)


def _doctor(session: Session, doctor_id: uuid.UUID) -> User:
    known = session.get(Doctor, doctor_id) if has_feeds(doctor_id, of(session)) else None
    found = session.get(User, doctor_id) if known else None
    if found is None:
        raise gone("doctor", doctor_id)
    return found


def _feed(session: Session, feed_id: uuid.UUID) -> tuple[CalendarFeed, User]:
    feed = session.get(CalendarFeed, feed_id)
    if feed is None:
        raise gone("calendar_feed", feed_id)
    return feed, session.get_one(User, feed.doctor_id)


def _id(text: str | None) -> uuid.UUID:
    """The id that a form sends along; one that was tampered with leads nowhere."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise gone("doctor", text) from None


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
