"""Appointments: booked at an exact hour at once, and what becomes of them."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import func, tuple_
from sqlalchemy.orm import Session

from api import examples
from api.appointment_view import AppointmentOut, select_appointments, shown
from api.conflict_view import with_names
from api.etags import SeenVersion, etag, tag
from api.idempotency import Answer, Posted
from api.named import DoctorFilter, HospitalFilter, PatientFilter, doctor_filter, gone, hospital_filter, patient_filter
from api.pages import ByStart, Page
from api.periods import FromDate, ToDate, on_local_dates
from api.problems import documented
from api.times import Now
from models.appointments import book_appointments, change_status
from models.base import ends
from models.faults import Refused
from models.inputs import AppointmentIn, AppointmentMove
from models.moving import move_appointment
from models.schedule import Appointment, AppointmentStatus
from models.session import transaction

router = APIRouter(prefix="/appointments", tags=["Appointments"])

_HOUR_FAULTS = ["hospital_closed", "no_availability", "hours_taken", "patient_busy"]

_CHANGE = documented(not_found=["unknown_appointment"], clash=["appointment_not_booked"], stale=True)


@router.post(
    "",
    status_code=201,
    response_model=AppointmentOut,
    summary="Book an exact hour at once",
    openapi_extra=examples.body(examples.APPOINTMENT),
    responses=documented(
        clash=_HOUR_FAULTS,
        invalid=[
            "off_the_hour",
            "unknown_patient",
            "unknown_doctor",
            "unknown_hospital",
            "inactive_doctor",
            "no_offset",
        ],
    ),
)
def book_appointment(post: Posted, appointment: AppointmentIn, now: Now) -> Response:
    """Book a patient's hour with a doctor, or hear why not: the reasons a conflict has, with facts and alternatives."""

    def work(session: Session) -> Answer:
        try:
            (id_,) = book_appointments(session, [appointment], now)
        except Refused as refusal:
            raise with_names(session, refusal) from None
        booked = _the(session, id_)
        return Answer(201, booked, {"Location": f"/appointments/{id_}", "ETag": etag(booked.version)})

    return post.once(work)


@router.get(
    "",
    summary="List appointments",
    responses=documented(invalid=["unknown_hospital", "unknown_doctor", "unknown_patient", "dates_run_backward"]),
)
def list_appointments(
    asked: ByStart,
    hospital: HospitalFilter = None,
    doctor: DoctorFilter = [],  # noqa: B006  # FastAPI copies defaults
    patient: PatientFilter = None,
    status: Annotated[list[AppointmentStatus], Query(description="Only of this status; repeat it for several")] = [],  # noqa: B006
    first: FromDate = None,
    last: ToDate = None,
) -> Page[AppointmentOut]:
    """Appointments in the order of their hours."""
    with transaction() as session:
        rows = select_appointments().order_by(func.lower(Appointment.during), Appointment.id).limit(asked.limit + 1)
        if at := hospital_filter(session, hospital):
            rows = rows.where(Appointment.hospital_id == at)
        if doctors := doctor_filter(session, doctor):
            rows = rows.where(Appointment.doctor_id.in_(doctors))
        if of := patient_filter(session, patient):
            rows = rows.where(Appointment.patient_id == of)
        if status:
            rows = rows.where(Appointment.status.in_(status))
        rows = rows.where(*on_local_dates(Appointment.during, Appointment.timezone, first, last))
        if asked.after:
            rows = rows.where(tuple_(func.lower(Appointment.during), Appointment.id) > tuple_(*asked.after))
        found = session.execute(rows).all()
    return asked.page(found, lambda row: (ends(row.Appointment.during)[0], row.Appointment.id), shown)


@router.get("/{appointment_id}", summary="Read an appointment", responses=documented(not_found=["unknown_appointment"]))
def read_appointment(appointment_id: uuid.UUID, response: Response) -> AppointmentOut:
    """One appointment."""
    with transaction() as session:
        found = _the(session, appointment_id)
    tag(response, found.version)
    return found


@router.post(
    "/{appointment_id}/cancel", response_model=AppointmentOut, summary="Cancel an appointment", responses=_CHANGE
)
def cancel_appointment(post: Posted, appointment_id: uuid.UUID, seen: SeenVersion) -> Response:
    """Cancel a booked appointment; its hour is free at once."""
    return _change(post, appointment_id, AppointmentStatus.CANCELLED, seen)


@router.post(
    "/{appointment_id}/complete", response_model=AppointmentOut, summary="Complete an appointment", responses=_CHANGE
)
def complete_appointment(post: Posted, appointment_id: uuid.UUID, seen: SeenVersion) -> Response:
    """Say that a booked appointment has taken place."""
    return _change(post, appointment_id, AppointmentStatus.COMPLETED, seen)


@router.post("/{appointment_id}/no-show", response_model=AppointmentOut, summary="Note a no-show", responses=_CHANGE)
def note_no_show(post: Posted, appointment_id: uuid.UUID, seen: SeenVersion) -> Response:
    """Say that the patient of a booked appointment did not come."""
    return _change(post, appointment_id, AppointmentStatus.NO_SHOW, seen)


@router.post(
    "/{appointment_id}/move",
    response_model=AppointmentOut,
    summary="Move an appointment to another hour",
    openapi_extra=examples.body(examples.APPOINTMENT_MOVE),
    responses=documented(
        not_found=["unknown_appointment"],
        clash=[*_HOUR_FAULTS, "appointment_not_booked", "already_being_moved"],
        invalid=["off_the_hour", "unknown_doctor", "inactive_doctor", "unknown_hospital", "no_offset"],
        stale=True,
    ),
)
def move_an_appointment(
    post: Posted, appointment_id: uuid.UUID, to: AppointmentMove, seen: SeenVersion, now: Now
) -> Response:
    """Give a booked appointment another hour, or hear why not: the reasons a conflict has, with alternatives.

    It keeps its id and its patient, and what is left out: send only `start` for another hour of the same doctor.
    """

    def work(session: Session) -> Answer:
        try:
            move_appointment(session, appointment_id, to, seen, now)
        except Refused as refusal:
            raise with_names(session, refusal) from None
        session.expire_all()
        moved = _the(session, appointment_id)
        return Answer(200, moved, {"ETag": etag(moved.version)})

    return post.once(work)


def _change(post: Posted, appointment_id: uuid.UUID, status: AppointmentStatus, seen: int | None) -> Response:
    def work(session: Session) -> Answer:
        change_status(session, appointment_id, status, seen)
        session.expire_all()
        changed = _the(session, appointment_id)
        return Answer(200, changed, {"ETag": etag(changed.version)})

    return post.once(work)


def _the(session: Session, appointment_id: uuid.UUID) -> AppointmentOut:
    rows = session.execute(select_appointments().where(Appointment.id == appointment_id)).all()
    if not rows:
        raise gone("appointment", appointment_id)
    return shown(rows)[0]
