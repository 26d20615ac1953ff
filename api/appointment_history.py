"""The hours that an appointment had before the one it has."""

import uuid
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.named import HospitalName, PersonName, gone, hospital_names, user_names
from api.pages import ByNumber, Page
from api.problems import documented
from api.times import InstantOut, local
from models.base import ends
from models.rescheduling.tables import FormerHour
from models.schedule import Appointment
from models.session import transaction

router = APIRouter(prefix="/appointments", tags=["Appointments"])


class FormerHourOut(BaseModel):
    """An hour that an appointment had, until it was moved to another."""

    doctor: PersonName
    hospital: HospitalName
    start: InstantOut
    end: InstantOut
    left_at: InstantOut = Field(description="When it was moved away from this hour")
    reschedule: uuid.UUID | None = Field(description="The reschedule that moved it; null: somebody did by hand")


@router.get(
    "/{appointment_id}/history",
    summary="Read an appointment's former hours",
    responses=documented(not_found=["unknown_appointment"]),
)
def read_history(appointment_id: uuid.UUID, asked: ByNumber) -> Page[FormerHourOut]:
    """The hours it had before, in the order in which it had them; none where it was never moved."""
    hours = select(FormerHour).where(FormerHour.appointment_id == appointment_id)
    if asked.after is not None:
        hours = hours.where(FormerHour.id > asked.after)
    with transaction() as session:
        if session.get(Appointment, appointment_id) is None:
            raise gone("appointment", appointment_id)
        rows = session.scalars(hours.order_by(FormerHour.id).limit(asked.limit + 1)).all()
        return asked.page(rows, lambda row: (row.id,), lambda page: _shown(session, page))


def _shown(session: Session, hours: Sequence[FormerHour]) -> list[FormerHourOut]:
    doctors = user_names(session, (each.doctor_id for each in hours))
    hospitals = hospital_names(session, (each.hospital_id for each in hours))
    return [_one_shown(each, doctors[each.doctor_id], hospitals[each.hospital_id]) for each in hours]


def _one_shown(hour: FormerHour, doctor: PersonName, hospital: HospitalName) -> FormerHourOut:
    zone = ZoneInfo(hospital.timezone)
    start, end = ends(hour.during)
    return FormerHourOut(
        doctor=doctor,
        hospital=hospital,
        start=local(start, zone),
        end=local(end, zone),
        left_at=local(hour.left_at, zone),
        reschedule=hour.reschedule_id,
    )
