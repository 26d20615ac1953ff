"""A click on an appointment: who is seen when and where, and what can become of it."""

import datetime as dt
import uuid

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.appointment_view import AppointmentOut, select_appointments, shown
from api.named import gone
from api.problems import STATUS
from api.times import Now
from api.web.dialogs.places import Hour, Place, seen_version
from api.web.forms import SentForm
from api.web.rendering import done, page
from api.web.words import t
from models.appointments import change_status
from models.faults import Refusal, Refused
from models.schedule import Appointment, AppointmentStatus
from models.session import transaction

router = APIRouter(prefix="/app/dialogs/appointments/{appointment_id}")

_DONE = {
    AppointmentStatus.CANCELLED: "dialogs-done-cancelled",
    AppointmentStatus.COMPLETED: "dialogs-done-completed",
    AppointmentStatus.NO_SHOW: "dialogs-done-no-show",
}
"""What is said once an appointment has ended like that."""


@router.get("")
def show(request: Request, appointment_id: uuid.UUID, now: Now) -> Response:
    """The appointment and what can be done with it."""
    return show_as_it_is(request, appointment_id, now)


@router.get("/cancel")
def ask_to_cancel(request: Request, appointment_id: uuid.UUID) -> Response:
    """The question that comes before."""
    with transaction() as session:
        found = read_appointment(session, appointment_id)
    return page(request, "dialogs/cancel.html", appointment=found, hour=hour_of(found))


@router.post("/cancel")
def cancel(request: Request, appointment_id: uuid.UUID, sent: SentForm, now: Now) -> Response:
    """Cancel it."""
    return _end(request, appointment_id, AppointmentStatus.CANCELLED, sent, now)


@router.post("/complete")
def complete(request: Request, appointment_id: uuid.UUID, sent: SentForm, now: Now) -> Response:
    """Say that it has taken place."""
    return _end(request, appointment_id, AppointmentStatus.COMPLETED, sent, now)


@router.post("/no-show")
def note_no_show(request: Request, appointment_id: uuid.UUID, sent: SentForm, now: Now) -> Response:
    """Say that the patient did not come."""
    return _end(request, appointment_id, AppointmentStatus.NO_SHOW, sent, now)


def _end(
    request: Request, appointment_id: uuid.UUID, status: AppointmentStatus, sent: SentForm, now: dt.datetime
) -> Response:
    """Let it end like that; where it has changed meanwhile, show it as it is now."""
    try:
        with transaction() as session:
            change_status(session, appointment_id, status, seen_version(sent))
            session.expire_all()
            found = read_appointment(session, appointment_id)
    except Refused as refusal:
        if refusal.refusal is Refusal.NOT_FOUND:
            raise
        stale = refusal.refusal is Refusal.STALE
        notice = t("dialogs-changed-since") if stale else refusal.faults[0].message
        return show_as_it_is(request, appointment_id, now, STATUS[refusal.refusal], notice)
    sentence = t(_DONE[status], patient=found.patient.name, hour=hour_of(found).told)
    return done(sentence, "schedule-changed")


def show_as_it_is(
    request: Request, appointment_id: uuid.UUID, now: dt.datetime, status: int = 200, notice: str = ""
) -> Response:
    """The dialog of an appointment; `notice` says why it is shown again."""
    with transaction() as session:
        found = read_appointment(session, appointment_id)
    hour = hour_of(found)
    context = {"appointment": found, "hour": hour, "begun": hour.start <= now, "notice": notice}
    return page(request, "dialogs/appointment.html", status, **context)


def read_appointment(session: Session, appointment_id: uuid.UUID) -> AppointmentOut:
    """The appointment of an id, with names.

    Raises
    ------
    Refused
        where there is none.

    """
    rows = session.execute(select_appointments().where(Appointment.id == appointment_id)).all()
    if not rows:
        raise gone("appointment", appointment_id)
    return shown(rows)[0]


def hour_of(appointment: AppointmentOut) -> Hour:
    """The hour that an appointment has."""
    place = Place(appointment.doctor, appointment.hospital)
    return Hour(place, dt.datetime.fromisoformat(appointment.start))
