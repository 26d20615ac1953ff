"""A click on an empty hour: a doctor is to see patients then."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.problems import STATUS
from api.web import forms
from api.web.dialogs.places import AskedDoctor, AskedHospital, Place, the_place
from api.web.forms import Faults, Sent, SentForm, TypedTime
from api.web.rendering import done, page
from api.web.words import t
from models.availabilities import create_availabilities
from models.faults import Fault, Refused
from models.inputs import AvailabilityIn, Instant
from models.session import transaction

router = APIRouter(prefix="/app/dialogs/availability/new")


@router.get("")
def ask(
    request: Request,
    doctor: AskedDoctor,
    hospital: AskedHospital,
    start: Annotated[Instant, Query()],
    end: Annotated[Instant, Query()],
) -> Response:
    """The form, filled in with the hours that were clicked."""
    with transaction() as session:
        place = the_place(session, doctor, hospital)
    return _form(request, place, TypedTime.at(start, place.zone), TypedTime.at(end, place.zone))


@router.post("")
def add(request: Request, sent: SentForm) -> Response:
    """Add it; or the form again, with what stands against it."""
    faults: Faults = {}
    with transaction() as session:
        place = the_place(session, forms.first(sent, "doctor") or "", forms.first(sent, "hospital") or "")
    wanted = read_period(sent, place, faults)
    status = 422
    if wanted:
        try:
            with transaction() as session:
                create_availabilities(session, [wanted])
        except Refused as refusal:
            status = STATUS[refusal.refusal]
            add_faults(refusal.faults, faults)
        else:
            period = place.period(wanted.start, wanted.end)
            added = t("dialogs-availability-added", doctor=place.doctor.name, period=period)
            return done(added, "schedule-changed")
    start, end = (TypedTime.as_sent(sent, name, place.zone) for name in ("start", "end"))
    return _form(request, place, start, end, faults, status)


def _form(
    request: Request,
    place: Place,
    start: TypedTime,
    end: TypedTime,
    faults: Faults | None = None,
    status: int = 200,
) -> Response:
    context = {"place": place, "start": start, "end": end, "faults": faults or {}}
    return page(request, "dialogs/new_availability.html", status, **context)


def add_faults(refused: Iterable[Fault], faults: Faults) -> None:
    """Add what is wrong: at its field, or where the whole period clashes with the schedule, above both."""
    whole = ("outside_openings", "doctor_elsewhere")
    forms.of((replace(fault, field="") if fault.code in whole else fault for fault in refused), faults)


def read_period(sent: Sent, place: Place, faults: Faults) -> AvailabilityIn | None:
    """The availability that the fields `start` and `end` mean by the hospital's clock; None where they have faults."""
    ends = {}
    for name in ("start", "end"):
        if forms.first(sent, name) is None:
            forms.add(faults, name, t("dialogs-time-missing"))
        ends[name] = forms.read_time(sent, name, place.zone, faults)
    if faults:
        return None
    names = {"doctor": str(place.doctor.id), "hospital": str(place.hospital.id)}
    return forms.read(AvailabilityIn, {**names, **ends}, faults)
