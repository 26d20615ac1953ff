"""A whole schedule in a database, to be validated: hospitals in several zones, full days, every rule held."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.hours import create_hospitals
from models.inputs import HospitalIn, HoursIn, Weekday
from models.session import transaction

ZONES = ("Europe/Lisbon", "Asia/Kolkata", "America/New_York", "Asia/Kathmandu")
OPENS, CLOSES = 8, 18
BOOKED_A_DAY = 8
"""Of the ten hours of a doctor's day the first eight are booked."""
VISITS = 4
"""How many appointments a patient has, about."""


@dataclass(frozen=True, slots=True)
class Size:
    """`doctors` who work on `days` days running, each at one of `hospitals`."""

    doctors: int
    days: int = 50
    hospitals: int = 40

    @property
    def appointments(self) -> int:
        return self.doctors * self.days * BOOKED_A_DAY

    @property
    def patients(self) -> int:
        """Enough that nobody has two appointments on one day."""
        return max(self.appointments // VISITS, self.doctors * BOOKED_A_DAY)


PEOPLE = """
CREATE TEMPORARY TABLE doctors ON COMMIT DROP AS
    SELECT number, uuidv4() AS id FROM generate_series(0, :doctors - 1) AS number;
INSERT INTO app_user (id, external_id, name, role)
    SELECT id, 'd' || number, 'Dr. ' || number, 'doctor' FROM doctors;
INSERT INTO doctor (id) SELECT id FROM doctors;
INSERT INTO doctor_specialty (doctor_id, specialty) SELECT id, 'specialty ' || number % 20 FROM doctors;
INSERT INTO patient (id, external_id, name)
    SELECT uuidv4(), 'p' || number, 'Patient ' || number FROM generate_series(0, :patients - 1) AS number;
"""
AVAILABILITIES = """
INSERT INTO availability (doctor_id, hospital_id, during)
SELECT app_user.id, hospital.id, tstzrange(
    (CAST(:first AS date) + day + make_interval(hours => :opens)) AT TIME ZONE timezone,
    (CAST(:first AS date) + day + make_interval(hours => :closes)) AT TIME ZONE timezone)
FROM app_user
JOIN hospital ON hospital.external_id = 'h' || CAST(substr(app_user.external_id, 2) AS int) % :hospitals,
    generate_series(0, :days - 1) AS day
WHERE role = 'doctor'
"""
# As people book: every doctor's hours are scattered over the table.
APPOINTMENTS = """
INSERT INTO appointment (doctor_id, hospital_id, timezone, patient_id, during)
SELECT app_user.id, hospital.id, timezone, patient.id, tstzrange(start, start + interval '1 hour')
FROM (
    SELECT doctor, hour, (doctor * :booked + hour + CAST(:day AS bigint) * 20011) % :patients AS patient
    FROM generate_series(0, :doctors - 1) AS doctor, generate_series(0, :booked - 1) AS hour
) AS place
JOIN app_user ON app_user.external_id = 'd' || doctor
JOIN hospital ON hospital.external_id = 'h' || doctor % :hospitals
JOIN patient ON patient.external_id = 'p' || place.patient,
LATERAL (
    SELECT (CAST(:first AS date) + :day + make_interval(hours => :opens + hour)) AT TIME ZONE timezone AS start
)
"""


def build(size: Size, now: dt.datetime, progress: Callable[[int], None] = lambda _booked: None) -> None:
    """Write a schedule from the day after tomorrow on into the empty database of the settings, its rules switched on.

    `progress` is told how many appointments there are.
    """
    numbers = build_network(size, now)
    for day in range(size.days):
        with transaction() as session:
            _run(session, APPOINTMENTS, numbers | {"day": day})
        progress((day + 1) * size.doctors * BOOKED_A_DAY)
    with transaction() as session:
        _run(session, "ANALYZE", {})


def build_network(size: Size, now: dt.datetime) -> dict[str, object]:
    """Write hospitals, people and availabilities alone. Returns the numbers by which they were made."""
    first = now.date() + dt.timedelta(days=2)
    numbers: dict[str, object] = {
        "doctors": size.doctors,
        "patients": size.patients,
        "hospitals": size.hospitals,
        "days": size.days,
        "first": first,
        "opens": OPENS,
        "closes": CLOSES,
        "booked": BOOKED_A_DAY,
    }
    with transaction() as session:
        create_hospitals(session, [_hospital(number) for number in range(size.hospitals)], now)
        _run(session, PEOPLE, numbers)
        _run(session, AVAILABILITIES, numbers)
    return numbers


def _hospital(number: int) -> HospitalIn:
    hours = HoursIn(opens=f"{OPENS:02}:00", closes=f"{CLOSES:02}:00")
    return HospitalIn(
        external_id=f"h{number}",
        name=f"Hospital {number}",
        timezone=ZONES[number % len(ZONES)],
        operating_hours={day: [hours] for day in Weekday},
    )


def _run(session: Session, statements: str, numbers: dict[str, object]) -> None:
    for statement in filter(str.strip, statements.split(";")):
        session.execute(text(statement), numbers)
