"""Two hospitals, two doctors, two patients of whom one has an address, and what is done to their appointments."""

import datetime as dt
import uuid
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models.appointments import book_appointments, change_status
from models.availabilities import create_availabilities
from models.deliveries.handing import use_channels
from models.deliveries.tables import Channel, Delivery
from models.directory import upsert_patients, upsert_users
from models.hours import create_hospitals
from models.inputs import (
    AppointmentIn,
    AppointmentMove,
    AvailabilityIn,
    HospitalIn,
    HoursIn,
    PatientIn,
    UserIn,
    Weekday,
)
from models.moving import move_appointment
from models.people import Role
from models.schedule import AppointmentStatus
from models.session import transaction

ADELAIDE = ZoneInfo("Australia/Adelaide")
TODAY = dt.datetime.now(dt.UTC).date()
DAY = TODAY + dt.timedelta(days=14 - TODAY.weekday())
"""A Monday one to two weeks ahead."""


def at(hour: int) -> dt.datetime:
    """An hour of that day by the clocks of Adelaide."""
    return dt.datetime.combine(DAY, dt.time(hour), ADELAIDE)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass
class Clinic:
    """Each call is a transaction of its own."""

    @staticmethod
    def build() -> "Clinic":
        """The clinic; every channel hears of what happens in it from now on."""
        week = {day: [HoursIn(opens="08:00", closes="18:00")] for day in Weekday}
        with transaction() as session:
            hospitals = [
                HospitalIn(external_id=id_, name=name, timezone="Australia/Adelaide", operating_hours=week)
                for id_, name in (("lake", "Blue Lake Hospital"), ("caves", "Caves Road Clinic"))
            ]
            # Openings begin a little earlier, so that an hour that has passed can be recorded.
            create_hospitals(session, hospitals, now() - dt.timedelta(days=3))
            doctors = {"d1": "Dr Priya Nguyen", "d2": "Dr Tom Baker"}
            upsert_users(session, {id_: UserIn(name=name, role=Role.DOCTOR) for id_, name in doctors.items()})
            patients = {
                "p1": PatientIn(name="Liam O'Brien", email="liam@example.org"),
                "p2": PatientIn(name="Mia Reid"),
            }
            upsert_patients(session, patients)
            create_availabilities(
                session,
                [
                    AvailabilityIn(doctor="d1", hospital="lake", start=at(8), end=at(18)),
                    AvailabilityIn(doctor="d2", hospital="caves", start=at(8), end=at(18)),
                ],
            )
        with transaction() as session:
            use_channels(session, list(Channel))
        return Clinic()

    def book(self, hour: int, patient: str = "p1") -> uuid.UUID:
        row = AppointmentIn(patient=patient, doctor="d1", hospital="lake", start=at(hour))
        with transaction() as session:
            return book_appointments(session, [row], now())[0]

    def record(self) -> uuid.UUID:
        """Book an hour that has passed."""
        past = dt.datetime.now(ADELAIDE).replace(minute=0, second=0, microsecond=0) - dt.timedelta(days=1)
        start = past.replace(hour=10)
        with transaction() as session:
            create_availabilities(
                session,
                [AvailabilityIn(doctor="d1", hospital="lake", start=start, end=start + dt.timedelta(hours=1))],
            )
            row = AppointmentIn(patient="p1", doctor="d1", hospital="lake", start=start)
            return book_appointments(session, [row], now())[0]

    def move(self, appointment: uuid.UUID, hour: int, doctor: str | None = None, hospital: str | None = None) -> None:
        to = AppointmentMove(doctor=doctor, hospital=hospital, start=at(hour))
        with transaction() as session:
            move_appointment(session, appointment, to, None, now())

    def change(self, appointment: uuid.UUID, status: AppointmentStatus) -> None:
        with transaction() as session:
            change_status(session, appointment, status)

    def cancel(self, appointment: uuid.UUID) -> None:
        self.change(appointment, AppointmentStatus.CANCELLED)

    def patient(self, external_id: str, name: str, email: str | None) -> None:
        with transaction() as session:
            upsert_patients(session, {external_id: PatientIn(name=name, email=email)})

    def deliveries(self, channel: Channel | None = None) -> list[Delivery]:
        """All of them, in the order of their messages."""
        rows = select(Delivery).order_by(Delivery.message_id, Delivery.channel)
        if channel:
            rows = rows.where(Delivery.channel == channel)
        with transaction() as session:
            return list(session.scalars(rows))

    def statuses(self, channel: Channel) -> list[str]:
        return [each.status.value for each in self.deliveries(channel)]
