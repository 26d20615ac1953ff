"""A click on an availability: when it is, who is seen in it, and another time or none."""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlalchemy import func
from sqlalchemy.orm import Session

from api.appointment_view import AppointmentOut, select_appointments, shown
from api.named import gone, hospital_names, user_names
from api.problems import STATUS
from api.web import clocks
from api.web.dialogs.new_availability import add_faults, read_period
from api.web.dialogs.places import Place, seen_version
from api.web.forms import Faults, SentForm, TypedTime
from api.web.rendering import done, page
from api.web.words import t
from models.availabilities import change_availability, withdraw_availability
from models.base import ends
from models.faults import Refusal, Refused
from models.schedule import Appointment, AppointmentStatus, Availability
from models.session import transaction

router = APIRouter(prefix="/app/dialogs/availabilities/{availability_id}")


@dataclass(frozen=True, slots=True)
class Shown:
    """An availability and the booked appointments in it."""

    id: uuid.UUID
    place: Place
    start: dt.datetime
    end: dt.datetime
    version: int
    appointments: Sequence[AppointmentOut]

    @property
    def told(self) -> str:
        """When it is."""
        return self.place.period(self.start, self.end)

    def clock(self, appointment: AppointmentOut) -> str:
        """When one of its appointments is."""
        start, end = (dt.datetime.fromisoformat(each) for each in (appointment.start, appointment.end))
        return clocks.span(start, end, self.place.zone)


@router.get("")
def show(request: Request, availability_id: uuid.UUID) -> Response:
    """The availability, with a form to change it."""
    with transaction() as session:
        found = _read(session, availability_id)
    return _form(request, found, times=_times(found))


@router.post("")
def change(request: Request, availability_id: uuid.UUID, sent: SentForm) -> Response:
    """Let it be at another time; or the form again, with what stands against it."""
    faults: Faults = {}
    with transaction() as session:
        found = _read(session, availability_id)
    times = {name: TypedTime.as_sent(sent, name, found.place.zone) for name in ("start", "end")}
    wanted = read_period(sent, found.place, faults)
    if wanted is None:
        return _form(request, found, 422, faults=faults, times=times)

    def step(session: Session) -> None:
        change_availability(session, availability_id, wanted.start, wanted.end, seen_version(sent))

    sentence = t("dialogs-availability-changed", period=found.place.period(wanted.start, wanted.end))
    return _do(request, found, step, sentence, times)


@router.get("/withdraw")
def ask_to_withdraw(request: Request, availability_id: uuid.UUID) -> Response:
    """The question that comes before; or who stands against it."""
    with transaction() as session:
        found = _read(session, availability_id)
    return page(request, "dialogs/withdraw.html", shown=found)


@router.post("/withdraw")
def withdraw(request: Request, availability_id: uuid.UUID, sent: SentForm) -> Response:
    """Withdraw it, unless booked appointments stand in it."""
    with transaction() as session:
        found = _read(session, availability_id)

    def step(session: Session) -> None:
        withdraw_availability(session, availability_id, seen_version(sent))

    sentence = t("dialogs-availability-withdrawn", doctor=found.place.doctor.name, period=found.told)
    return _do(request, found, step, sentence, _times(found))


def _do(
    request: Request, found: Shown, step: Callable[[Session], None], sentence: str, times: dict[str, TypedTime]
) -> Response:
    """Take a step and say that it is done; or show the availability as it is now, with what stands against it."""
    try:
        with transaction() as session:
            step(session)
    except Refused as refusal:
        if refusal.refusal is Refusal.NOT_FOUND:
            raise
        with transaction() as session:
            found = _read(session, found.id)
        if refusal.refusal is Refusal.STALE:
            changed = {"": [t("dialogs-changed-since")]}
            return _form(request, found, STATUS[refusal.refusal], faults=changed, times=_times(found))
        # The dialog names the patients of the appointments in the way; the fault, which may be logged, does not.
        against = {fault.facts["appointment"] for fault in refusal.faults if "appointment" in fault.facts}
        faults: Faults = {}
        add_faults((fault for fault in refusal.faults if fault.code != "appointment_stands"), faults)
        return _form(request, found, STATUS[refusal.refusal], faults=faults, times=times, against=against)
    return done(sentence, "schedule-changed")


def _form(
    request: Request,
    found: Shown,
    status: int = 200,
    *,
    times: dict[str, TypedTime],
    faults: Faults | None = None,
    against: set[str] | None = None,
) -> Response:
    inside = [each for each in found.appointments if str(each.id) in (against or ())]
    context = {"shown": found, "faults": faults or {}, "against": inside, **times}
    return page(request, "dialogs/availability.html", status, **context)


def _times(found: Shown) -> dict[str, TypedTime]:
    zone = found.place.zone
    return {"start": TypedTime.at(found.start, zone), "end": TypedTime.at(found.end, zone)}


def _read(session: Session, availability_id: uuid.UUID) -> Shown:
    row = session.get(Availability, availability_id)
    if row is None:
        raise gone("availability", availability_id)
    doctor = user_names(session, [row.doctor_id])[row.doctor_id]
    hospital = hospital_names(session, [row.hospital_id])[row.hospital_id]
    standing = session.execute(
        select_appointments()
        .where(
            Appointment.doctor_id == row.doctor_id,
            Appointment.hospital_id == row.hospital_id,
            Appointment.status == AppointmentStatus.BOOKED,
            Appointment.during.overlaps(row.during),
        )
        .order_by(func.lower(Appointment.during))
    )
    start, end = ends(row.during)
    return Shown(row.id, Place(doctor, hospital), start, end, row.version, shown(standing))
