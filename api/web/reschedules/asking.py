"""Asking for a reschedule: the form of a new one, to be planned or only to see what would happen."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.appointment_files import read_appointments
from api.bell import RungBell
from api.named import Reference, doctor_filter, specialties_of, user_names
from api.problems import STATUS
from api.times import LocalDate, Now
from api.web import hospitals
from api.web.forms import Faults, Left, Sent, SentForm, add, first, of
from api.web.rendering import page
from api.web.reschedules.form import RescheduleForm, at_field, read_reschedule
from api.web.reschedules.week import DAYS, typed_week
from api.web.words import t
from models.faults import Fault, Refused
from models.hospitals import Hospital
from models.inputs import MAX_BATCH, MAX_CHOICES
from models.people import Doctor, User
from models.rescheduling.inputs import RescheduleIn
from models.rescheduling.jobs import create_reschedule
from models.rescheduling.tables import Cause
from models.session import transaction

router = APIRouter(prefix="/app/reschedules")

_CAUSES = (Cause.DOCTOR_UNAVAILABLE, Cause.HOSPITAL_CLOSED, Cause.ROOM, Cause.HOURS_CHANGED, Cause.APPOINTMENTS)
"""What may have happened, the most frequent first."""

_DAY = dt.timedelta(days=1)
_HELD = "appointment_held"


class Prefilled(BaseModel):
    """What a link to the form fills in: whole days by the hospital's clock, `until` being the last of them."""

    cause: Annotated[Cause | None, Left] = None
    doctor: Annotated[list[Reference], Query(max_length=MAX_CHOICES)] = []
    hospital: Annotated[Reference | None, Left] = None
    date: Annotated[LocalDate | None, Left] = None
    until: Annotated[LocalDate | None, Left] = None
    other_doctor: bool = False
    other_hospital: bool = False


@dataclass(frozen=True, slots=True)
class _Choices:
    """Everything that the form chooses from. `last`: the clock of the hospital looked at last."""

    hospitals: Sequence[Hospital]
    doctors: dict[str, str]
    last: ZoneInfo


@router.get("/new")
def ask(request: Request, prefilled: Annotated[Prefilled, Query()], now: Now) -> HTMLResponse:
    """The form: as it begins, or filled in by the link that led here."""
    with transaction() as session:
        choice = hospitals.choose(session, request, prefilled.hospital)
        choices = _choices(session, choice)
        form = _begun(session, choice, prefilled, now)
    return _page(request, form, {}, choices)


@router.post("/new")
def queue(
    request: Request,
    sent: SentForm,
    now: Now,
    bell: RungBell,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Queue the job, or show the form again: with its faults, or after one of its other buttons."""
    faults: Faults = {}
    form = RescheduleForm.sent(sent)
    form = _with_file(form, file, faults) if file else form
    action = first(sent, "do") or "plan"
    with transaction() as session:
        choices = _choices(session, hospitals.choose(session, request, None))
        form = _with_hours(session, form, choices, sent) if action == "place" else form.after(action)
    if action not in ("plan", "ask"):
        return _page(request, form, {}, choices)
    job = read_reschedule(form, sent, form.zone(choices.hospitals, choices.last), faults, what_if=action == "ask")
    if job is None:
        return _page(request, form, faults, choices, status=422)
    return _queued(request, form, job, choices, now, bell)


def _queued(
    request: Request, form: RescheduleForm, job: RescheduleIn, choices: _Choices, now: dt.datetime, bell: RungBell
) -> Response:
    """The way to the page of the queued job; or the form, with what stands against it and who has the appointments."""
    try:
        with transaction() as session:
            id_ = create_reschedule(session, job, now)
    except Refused as refusal:
        held = [fault.facts for fault in refusal.faults if _names_holder(fault)]
        others = [at_field(fault) for fault in refusal.faults if not _names_holder(fault)]
        return _page(request, form, of(others, {}), choices, held=held, status=STATUS[refusal.refusal])
    bell.ring()
    return RedirectResponse(f"{router.prefix}/{id_}", status_code=303)


def _names_holder(fault: Fault) -> bool:
    """Whether a fault says which reschedule holds appointments."""
    return fault.code == _HELD and "reschedule" in fault.facts


def _with_file(form: RescheduleForm, file: UploadFile, faults: Faults) -> RescheduleForm:
    """The form with the appointments that a file names; its faults are added to `faults`."""
    try:
        named = read_appointments(file.file.read()).ids
    except Refused as refusal:
        for fault in refusal.faults:
            add(faults, "file", fault.message)
        return replace(form, appointments="")
    return replace(form, appointments=" ".join(map(str, named)))


def _with_hours(session: Session, form: RescheduleForm, choices: _Choices, sent: Sent) -> RescheduleForm:
    """The form after another hospital was chosen: with the hours that one keeps now."""
    named = first(sent, "hospital")
    hospital = next((each for each in choices.hospitals if each.external_id == named), None)
    return form.with_week(typed_week(session, hospital.id)) if hospital else form


def _begun(session: Session, choice: hospitals.Choice, prefilled: Prefilled, now: dt.datetime) -> RescheduleForm:
    """A form about whole days: those of the link, or today."""
    day = prefilled.date or now.astimezone(choice.zone).date()
    last = max(day, prefilled.until or day)
    form = RescheduleForm(
        cause=(prefilled.cause or Cause.DOCTOR_UNAVAILABLE).value,
        doctors=tuple(dict.fromkeys(_by_external_id(session, prefilled.doctor))),
        hospital=choice.chosen.external_id if choice.chosen else "",
        clock=choice.zone.key,
        start=f"{day}T00:00",
        end=f"{last + _DAY}T00:00",
        other_doctor="yes" if prefilled.other_doctor else "",
        other_hospital="yes" if prefilled.other_hospital else "",
    )
    return form.with_week(typed_week(session, choice.chosen.id)) if choice.chosen else form


def _choices(session: Session, choice: hospitals.Choice) -> _Choices:
    """Whoever has left may be chosen too: that is a reason to reschedule."""
    rows = session.execute(
        select(User.id, User.external_id, User.name, User.active)
        .join(Doctor, Doctor.id == User.id)
        .order_by(User.active.desc(), User.name, User.id)
    ).all()
    specialties = specialties_of(session, [row.id for row in rows])
    about = {row.id: specialties[row.id] if row.active else [t("reschedules-has-left")] for row in rows}
    doctors = {
        row.external_id: f"{row.name} ({', '.join(about[row.id])})" if about[row.id] else row.name for row in rows
    }
    return _Choices(choice.all, doctors, choice.zone)


def _by_external_id(session: Session, references: Sequence[str]) -> list[str]:
    """The doctors of a link, as the form knows them.

    Raises
    ------
    Refused
        where one of them does not exist.

    """
    ids = doctor_filter(session, references)
    names = user_names(session, ids)
    return [names[each].external_id for each in ids]


def _page(
    request: Request,
    form: RescheduleForm,
    faults: Faults,
    choices: _Choices,
    *,
    held: Sequence[Any] = (),  # Any: the facts of a fault
    status: int = 200,
) -> HTMLResponse:
    return page(
        request,
        "reschedules/new.html",
        status,
        form=form,
        faults=faults,
        held=held,
        choices=choices,
        zone=form.zone(choices.hospitals, choices.last),
        zones=form.zones(choices.hospitals),
        causes=_CAUSES,
        days=[(day.value, t(f"reschedules-{day}")) for day in DAYS],
        most=MAX_BATCH,
    )
