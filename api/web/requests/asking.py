"""Asking for an hour: the form of a new request, and of one that is changed and tried again."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.bell import RungBell
from api.booking_request_view import shown
from api.named import gone
from api.pressure import Bounded, PutOff
from api.problems import PROTOCOL_STATUS, STATUS
from api.times import Now
from api.web import hospitals
from api.web.doctors import active_doctors, all_specialties
from api.web.forms import Faults, SentForm, add, first, of
from api.web.rendering import page
from api.web.requests.telling import Told, timezones
from api.web.requests.wish_form import TIMES, WishForm, read_wish
from models.booking import BookingRequest
from models.directory import search_patients
from models.faults import Fault, Refused
from models.hospitals import Hospital
from models.inputs import BookingRequestIn
from models.people import Patient
from models.requests import Admit, queue_requests, replace_request, request_as_sent
from models.schedule import Appointment
from models.session import transaction
from planner.problem import HOUR, Priority

router = APIRouter(prefix="/app/requests")

_FOUND_AT_ONCE = 8
_FIELDS = {"patient", "doctors", "specialty", "hospitals", "priority", "clock", *TIMES}


@dataclass(frozen=True, slots=True)
class _Choices:
    """Everything that the form chooses from. `last`: the clock of the hospital looked at last."""

    hospitals: Sequence[Hospital]
    doctors: dict[str, str]
    specialties: Sequence[str]
    last: ZoneInfo


@router.get("/new")
def ask(
    request: Request,
    now: Now,
    replaces: uuid.UUID | None = None,
    like: uuid.UUID | None = None,
    moves: uuid.UUID | None = None,
) -> HTMLResponse:
    """The form: empty, like a request that there is, or for another hour for an appointment."""
    with transaction() as session:
        choices = _choices(session, request)
        if known := replaces or like:
            wish = request_as_sent(session, known)
            (there,) = shown(session, [session.get_one(BookingRequest, known)])
            zone = Told(there, timezones(session), choices.last, now).zone
            form = WishForm.of(wish, zone, str(replaces or ""))
        else:
            form = _empty(session, choices.last, now, moves)
        found = _patients(session, form)
    return _page(request, form, {}, choices, found)


@router.post("/new")
def queue(request: Request, sent: SentForm, now: Now, bell: RungBell, bound: Bounded) -> Response:
    """Queue the request, or show the form again: with its faults, or after one of its other buttons."""
    form, faults = WishForm.sent(sent), Faults()
    action = first(sent, "do") or "queue"
    with transaction() as session:
        choices = _choices(session, request)
        zone = form.zone(choices.hospitals, choices.last)
        wish = read_wish(form, sent, zone, now, faults) if action == "queue" else None
        found = _patients(session, form)
    if wish is None:
        return _page(request, form.after(action), _placed(faults), choices, found, 422 if faults else 200)
    try:
        with transaction() as session:
            id_ = _queued(session, wish, form.replaces, now, bound.admit)
    except Refused as refusal:
        of([_at_field(fault) for fault in refusal.faults], faults)
        return _page(request, form, faults, choices, found, STATUS[refusal.refusal])
    except PutOff as full:
        status = PROTOCOL_STATUS[full.code]
        return full.told_by(_page(request, form, {"": [full.detail]}, choices, found, status), request)
    bell.ring()
    return RedirectResponse(f"{router.prefix}/{id_}", status_code=303)


@router.post("/patients")
def search(request: Request, sent: SentForm) -> HTMLResponse:
    """The patients who may be meant. What was typed comes in a body, since addresses end up in logs."""
    form = WishForm.sent(sent)
    with transaction() as session:
        found = _patients(session, form)
    return page(request, "requests/patients.html", form=form, **found)


def _queued(session: Session, wish: BookingRequestIn, replaces: str, now: dt.datetime, admit: Admit) -> uuid.UUID:
    if not replaces:
        return queue_requests(session, [wish], admit=admit)[0]
    try:
        replaced = uuid.UUID(replaces)
    except ValueError:
        raise gone("booking_request", replaces) from None
    return replace_request(session, replaced, wish, now)


def _placed(faults: Faults) -> Faults:
    """Faults of what has no field to stand beside, which only another program's form can have, told of the whole."""
    placed: Faults = {}
    for field, sentences in faults.items():
        for sentence in sentences:
            add(placed, *((field, sentence) if field in _FIELDS else ("", f"{field}: {sentence}")))
    return placed


def _at_field(fault: Fault) -> Fault:
    """A fault of a field of the form; of anything else, one of the whole."""
    known = fault.field.partition("[")[0] in _FIELDS
    return fault if known else Fault(fault.code, "", fault.value, fault.message)


def _empty(session: Session, zone: ZoneInfo, now: dt.datetime, moves: uuid.UUID | None) -> WishForm:
    """A form that begins with the next full hour; for another hour for an appointment, with its patient."""
    next_hour = (now.astimezone(zone) + HOUR).replace(minute=0, tzinfo=None).isoformat(timespec="minutes")
    if moves is None:
        return WishForm(clock=zone.key, earliest=next_hour)
    appointment = session.get(Appointment, moves)
    if appointment is None:
        raise gone("appointment", moves)
    patient = session.get_one(Patient, appointment.patient_id).external_id
    return WishForm(clock=zone.key, earliest=next_hour, patient=patient, moves=str(moves))


def _page(
    request: Request,
    form: WishForm,
    faults: Faults,
    choices: _Choices,
    found: Mapping[str, Any],  # Any: the template's
    status: int = 200,
) -> HTMLResponse:
    """The form; `found`: its patients."""
    return page(
        request,
        "requests/new.html",
        status,
        form=form,
        faults=faults,
        choices=choices,
        zone=form.zone(choices.hospitals, choices.last),
        zones=form.zones(choices.hospitals),
        priorities=list(Priority),
        **found,
    )


def _patients(session: Session, form: WishForm) -> dict[str, Any]:  # Any: what a template reads by name
    """The patient who is chosen, and others who were searched for."""
    chosen = session.scalar(select(Patient).where(Patient.external_id == form.patient)) if form.patient else None
    found = search_patients(session, form.search, _FOUND_AT_ONCE + 1) if form.search else []
    return {"chosen": chosen, "found": [each for each in found if each is not chosen], "most": _FOUND_AT_ONCE}


def _choices(session: Session, request: Request) -> _Choices:
    choice = hospitals.choose(session, request, None)
    doctors = {
        each.external_id: f"{each.name} ({', '.join(each.specialties)})" if each.specialties else each.name
        for each in active_doctors(session)
    }
    return _Choices(choice.all, doctors, all_specialties(session), choice.zone)
