"""Moving an appointment: dragged to another hour, or given one of the free hours of a day, or a time that is typed."""

import datetime as dt
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api.appointment_view import AppointmentOut
from api.problems import STATUS
from api.schedule_view import Wanted as WantedRows
from api.schedule_view import columns, read_rows, working_days
from api.times import LocalDate, Now
from api.web import clocks, forms
from api.web.dialogs.appointment import hour_of, read_appointment, show_as_it_is
from api.web.dialogs.places import Hour, Place, seen_version, the_place
from api.web.dialogs.why_not import Wanted, why_not
from api.web.forms import Faults, Left, Sent, SentForm, TypedTime
from api.web.rendering import done, page
from api.web.words import t
from models.faults import Refusal, Refused
from models.hospitals import Hospital
from models.inputs import AppointmentMove
from models.moving import move_appointment
from models.session import transaction

router = APIRouter(prefix="/app")


@router.get("/dialogs/appointments/{appointment_id}/move")
def ask(
    request: Request,
    appointment_id: uuid.UUID,
    now: Now,
    date: Annotated[LocalDate | None, Left, Query()] = None,
    doctor: Annotated[uuid.UUID | None, Query()] = None,
) -> Response:
    """The free hours of a day at the appointment's hospital: of its own doctor, or of another one."""
    with transaction() as session:
        found = read_appointment(session, appointment_id)
        context = _free_hours(session, found, date, doctor, now)
    typed = TypedTime.at(hour_of(found).start, context["hour"].place.zone)
    again = date is not None or doctor is not None
    return page(request, "dialogs/move.html", at=typed, faults={}, again=again, **context)


@router.post("/appointments/{appointment_id}/move")
def move(request: Request, appointment_id: uuid.UUID, sent: SentForm, now: Now) -> Response:
    """Move it at once; where that cannot be, say why and where it could be moved instead."""
    faults: Faults = {}
    with transaction() as session:
        found = read_appointment(session, appointment_id)
        place = the_place(
            session,
            forms.first(sent, "doctor") or str(found.doctor.id),
            forms.first(sent, "hospital") or str(found.hospital.id),
        )
    to = _read(sent, place, faults)
    if to is None:
        return _typed_wrong(request, found, sent, place, faults, now)
    try:
        with transaction() as session:
            move_appointment(session, appointment_id, to, seen_version(sent), now)
    except Refused as refusal:
        if refusal.refusal is Refusal.NOT_FOUND:
            raise
        if refusal.refusal is Refusal.STALE:
            return show_as_it_is(request, appointment_id, now, STATUS[refusal.refusal], t("dialogs-changed-since"))
        again = f"/app/appointments/{appointment_id}/move"
        kept = {"version": forms.first(sent, "version") or ""}
        wanted = Wanted(Hour(place, to.start), found.patient.name, again, kept)
        return why_not(request, refusal, wanted, t("dialogs-not-moved"))
    hour = Hour(place, to.start)
    moved = t("dialogs-moved", patient=found.patient.name, doctor=place.doctor.name, hour=hour.told)
    return done(moved, "schedule-changed")


def _read(sent: Sent, place: Place, faults: Faults) -> AppointmentMove | None:
    """The hour that is wanted: the instant of a button or a drop, or the local time that was typed as `at`."""
    start: str | dt.datetime | None = forms.first(sent, "start")
    if start is None:
        start = forms.read_time(sent, "at", place.zone, faults)
        if start is None and not faults:
            forms.add(faults, "at", t("dialogs-time-missing"))
    if faults:
        return None
    names = {"doctor": str(place.doctor.id), "hospital": str(place.hospital.id)}
    return forms.read(AppointmentMove, {**names, "start": start}, faults)


def _typed_wrong(
    request: Request, found: AppointmentOut, sent: Sent, place: Place, faults: Faults, now: dt.datetime
) -> Response:
    with transaction() as session:
        context = _free_hours(session, found, None, place.doctor.id, now)
    typed = TypedTime.as_sent(sent, "at", place.zone)
    return page(request, "dialogs/move.html", 422, at=typed, faults=faults, again=True, **context)


def _free_hours(
    session: Session, found: AppointmentOut, date: dt.date | None, doctor: uuid.UUID | None, now: dt.datetime
) -> dict[str, Any]:  # Any: the template's
    """What the template needs: the day, its doctors with free hours, and the hours of the chosen one."""
    hour = hour_of(found)
    zone = hour.place.zone
    date = date or max(hour.start, now).astimezone(zone).date()
    hospital = session.get_one(Hospital, found.hospital.id)
    days = working_days(session, hospital, date, 1)
    rows = read_rows(session, hospital.id, days, WantedRows(also=[found.doctor.id]))
    there = columns(rows, zone, days, now)
    chosen = doctor or found.doctor.id
    free = next((column.free for column in there if column.doctor.id == chosen), ())
    return {
        "appointment": found,
        "hour": hour,
        "date": date,
        "day": clocks.day(date),
        "doctors": [
            (column.doctor, len(column.free)) for column in there if column.free or column.doctor.id == found.doctor.id
        ],
        "chosen": chosen,
        "hours": [(clocks.clock(start, zone), start.astimezone(zone).isoformat()) for start in free],
    }
