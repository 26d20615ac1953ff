"""A hospital that the product opened, for the tests of clocks and hours."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models.appointments import book_appointments
from models.availabilities import create_availabilities
from models.directory import upsert_patients, upsert_users
from models.hours import create_hospitals
from models.inputs import (
    AppointmentIn,
    AvailabilityIn,
    HospitalIn,
    HoursIn,
    PatientIn,
    UserIn,
    Weekday,
    WeekHours,
)
from models.people import Role
from models.session import transaction
from planner.problem import HOUR
from tests.workers.conftest import NOW

TOMORROW = datetime(2030, 1, 8, tzinfo=UTC)


def every_day(opens: str, closes: str) -> WeekHours:
    return {day: [HoursIn(opens=opens, closes=closes)] for day in Weekday}


def open_lisbon() -> UUID:
    """A hospital that is open from 9 to 17, a doctor who is there tomorrow from 9 to 12, and an appointment at 10."""
    with transaction() as session:
        [id_] = create_hospitals(session, [hospital("lisbon", "Europe/Lisbon")], NOW)
        upsert_users(session, {"d": UserIn(name="Dr Sousa", role=Role.DOCTOR, specialties=["cardiology"])})
        upsert_patients(session, {"p": PatientIn(name="Ana"), "q": PatientIn(name="Rui")})
        available(session, TOMORROW + 9 * HOUR, TOMORROW + 12 * HOUR)
        booked(session, TOMORROW + 10 * HOUR)
    return id_


def hospital(name: str, timezone: str, week: WeekHours | None = None) -> HospitalIn:
    hours = every_day("09:00", "17:00") if week is None else week
    return HospitalIn(external_id=name, name=name.title(), timezone=timezone, operating_hours=hours)


def available(session: Session, start: datetime, end: datetime) -> UUID:
    [id_] = create_availabilities(session, [AvailabilityIn(doctor="d", hospital="lisbon", start=start, end=end)])
    return id_


def booked(session: Session, start: datetime, patient: str = "p") -> UUID:
    [id_] = book_appointments(
        session, [AppointmentIn(patient=patient, doctor="d", hospital="lisbon", start=start)], NOW
    )
    return id_
