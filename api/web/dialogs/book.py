"""A click on a free hour: who is to be seen then? Booked at once, or the reasons why not."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api.times import Now
from api.web import forms
from api.web.dialogs.places import AskedDoctor, AskedHospital, Hour, the_place
from api.web.dialogs.why_not import Wanted, why_not
from api.web.forms import SentForm
from api.web.rendering import done, page
from api.web.words import t
from models.appointments import book_appointments
from models.faults import Refused, refuse_if
from models.inputs import AppointmentIn, Instant
from models.references import check_reference, find_patients
from models.session import transaction

router = APIRouter(prefix="/app/dialogs/book")


@router.get("")
def ask(request: Request, doctor: AskedDoctor, hospital: AskedHospital, start: Annotated[Instant, Query()]) -> Response:
    """The hour, and a search for the patient."""
    with transaction() as session:
        hour = Hour(the_place(session, doctor, hospital), start)
    return page(request, "dialogs/book.html", hour=hour, faults={})


@router.post("")
def book(request: Request, sent: SentForm, now: Now) -> Response:
    """Book it; where it cannot be had, say why and what could be had instead."""
    wanted = forms.read_hour(sent)
    patient = forms.first(sent, "patient")
    with transaction() as session:
        hour = Hour(the_place(session, wanted.doctor, wanted.hospital), wanted.start)
        name = _patient_name(session, patient) if patient else ""
    if patient is None:
        return page(request, "dialogs/book.html", 422, hour=hour, faults={"patient": [t("dialogs-choose-patient")]})
    try:
        with transaction() as session:
            book_appointments(session, [AppointmentIn(patient=patient, **wanted.model_dump())], now)
    except Refused as refusal:
        asked = Wanted(hour, name, "/app/dialogs/book", {"patient": patient})
        return why_not(request, refusal, asked, t("dialogs-not-booked"))
    booked = t("dialogs-booked", patient=name, doctor=hour.place.doctor.name, hour=hour.told)
    return done(booked, "schedule-changed")


def _patient_name(session: Session, patient: str) -> str:
    known = find_patients(session, [patient])
    refuse_if(check_reference(known, "patient", "patient", patient))
    return known[patient].name
