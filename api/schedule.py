"""A hospital's day, or up to a week: when it is open, who is available, what stands, and what is free."""

import datetime as dt
import uuid
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.named import DoctorFilter, HospitalName, PersonName, Reference, doctor_filter, hospital_filter
from api.problems import documented
from api.schedule_view import Column, Day, Rows, Standing, Wanted, columns, read_rows, within, working_days
from api.times import InstantOut, LocalDate, Now, local
from models.hospitals import Hospital
from models.inputs import Specialty
from models.schedule import AppointmentStatus
from models.session import transaction
from planner.problem import HOUR

router = APIRouter(prefix="/schedule", tags=["Schedule"])

MAX_DAYS = 7


class PeriodOut(BaseModel):
    """A period `[start, end)`."""

    start: InstantOut
    end: InstantOut


class DayOut(BaseModel):
    """A working day: it ends when its last period does, even past midnight, and the next begins there."""

    date: dt.date
    start: InstantOut
    end: InstantOut
    openings: list[PeriodOut] = Field(description="When the hospital is open; none: closed")
    exception: bool = Field(description="Whether other hours than the weekly ones hold")
    reason: str | None = Field(description="Why, where other hours hold", examples=["Christmas Day"])


class AvailabilityBlock(PeriodOut):
    """A period in which the doctor sees patients here."""

    id: uuid.UUID
    version: int


class AppointmentBlock(PeriodOut):
    """An hour that stands, or has taken place."""

    id: uuid.UUID
    status: AppointmentStatus
    patient: PersonName
    booking_request: uuid.UUID | None
    version: int


class DoctorColumn(PersonName):
    """One doctor's days here."""

    specialties: list[str]
    availabilities: list[AvailabilityBlock]
    appointments: list[AppointmentBlock] = Field(description="Without cancelled ones")
    free_hours: list[PeriodOut] = Field(description="Hours from now on that can be booked as they stand")


class ScheduleOut(BaseModel):
    """Some days of one hospital, in its own time."""

    hospital: HospitalName
    days: list[DayOut]
    doctors: list[DoctorColumn]


@router.get(
    "",
    summary="Read the schedule of a day or a week",
    responses=documented(invalid=["unknown_hospital", "unknown_doctor", "not_a_date", "out_of_range"]),
)
def read_schedule(
    hospital: Annotated[Reference, Query(description="The hospital's `external_id` or `id`", examples=["central"])],
    now: Now,
    date: Annotated[LocalDate | None, Query(description="A local date of the hospital; today if left out")] = None,
    doctor: DoctorFilter = [],  # noqa: B006  # FastAPI copies defaults
    specialty: Annotated[Specialty | None, Query(description="Only doctors of this specialty")] = None,
    days: Annotated[int, Query(ge=1, le=MAX_DAYS, description="How many days")] = 1,
) -> ScheduleOut:
    """What the page shows: open hours, and for every doctor availabilities, appointments and free hours.

    A period that runs past midnight belongs whole to the day on which it starts. Days on which clocks change have 23
    or 25 hours; the offsets say which of two equal times is meant.
    """
    with transaction() as session:
        at = session.get_one(Hospital, hospital_filter(session, hospital))
        zone = ZoneInfo(at.timezone)
        chosen = working_days(session, at, date or now.astimezone(zone).date(), days)
        rows = read_rows(session, at.id, chosen, Wanted(doctor_filter(session, doctor), specialty))
    return ScheduleOut(
        hospital=HospitalName(id=at.id, external_id=at.external_id, name=at.name, timezone=at.timezone),
        days=[_day(day, rows, zone) for day in chosen],
        doctors=[_doctor(column, zone) for column in columns(rows, zone, chosen, now)],
    )


def _day(day: Day, rows: Rows, zone: ZoneInfo) -> DayOut:
    return DayOut(
        date=day.date,
        start=local(day.start, zone),
        end=local(day.end, zone),
        openings=[
            PeriodOut(start=local(start, zone), end=local(end, zone)) for start, end in within(rows.openings, day)
        ],
        exception=day.exception is not None,
        reason=day.exception.reason if day.exception else None,
    )


def _doctor(column: Column, zone: ZoneInfo) -> DoctorColumn:
    return DoctorColumn(
        id=column.doctor.id,
        external_id=column.doctor.external_id,
        name=column.doctor.name,
        specialties=list(column.specialties),
        availabilities=[
            AvailabilityBlock(
                id=each.id, version=each.version, start=local(each.start, zone), end=local(each.end, zone)
            )
            for each in column.availabilities
        ],
        appointments=[_appointment(each, zone) for each in column.standing],
        free_hours=[PeriodOut(start=local(start, zone), end=local(start + HOUR, zone)) for start in column.free],
    )


def _appointment(standing: Standing, zone: ZoneInfo) -> AppointmentBlock:
    return AppointmentBlock(
        id=standing.id,
        status=standing.status,
        patient=PersonName(
            id=standing.patient_id, external_id=standing.patient_external_id, name=standing.patient_name
        ),
        booking_request=standing.booking_request_id,
        version=standing.version,
        start=local(standing.start, zone),
        end=local(standing.end, zone),
    )
