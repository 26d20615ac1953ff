"""Random little towns: written into the tables, and as plain values for who judges what the planner makes of them."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql.ranges import MultiRange

from models.base import period
from models.booking import BookingRequest, RequestStatus
from models.hospitals import Hospital, Opening, OperatingHours
from models.people import Doctor, DoctorSpecialty, Patient, Role, User
from models.rescheduling.tables import Cause, FormerHour, Reschedule, RescheduleStatus
from models.schedule import Appointment, Availability
from planner.problem import Priority

HOUR = timedelta(hours=1)
ZONES = ("UTC", "UTC", "Europe/Lisbon", "Asia/Kolkata")
DAYS = 3


@dataclass
class Standing:
    """An appointment; `window` and `priority` are what its request asked for, if it had one."""

    id: uuid.UUID
    doctor: uuid.UUID
    hospital: uuid.UUID
    patient: uuid.UUID
    start: datetime
    priority: Priority = Priority.ROUTINE
    window: tuple[datetime, datetime] | None = None
    specialty: str | None = None


@dataclass
class Town:
    """Everything in it. `moved` says how many days ago a reschedule moved a patient."""

    midnight: datetime
    hospitals: dict[uuid.UUID, str] = field(default_factory=dict)
    openings: list[tuple[uuid.UUID, datetime, datetime]] = field(default_factory=list)
    doctors: dict[uuid.UUID, set[str]] = field(default_factory=dict)
    availabilities: list[tuple[uuid.UUID, uuid.UUID, datetime, datetime]] = field(default_factory=list)
    appointments: list[Standing] = field(default_factory=list)
    moved: dict[uuid.UUID, int] = field(default_factory=dict)

    def at(self, hour: float) -> datetime:
        return self.midnight + timedelta(hours=hour)


def random_town(seed: int, midnight: datetime) -> Town:
    """Full days with few hours free, so that there is something to decide."""
    rng = random.Random(seed)
    town = Town(midnight)
    for _ in range(rng.choice([1, 2])):
        hospital = uuid.uuid4()
        town.hospitals[hospital] = rng.choice(ZONES)
        town.openings += [(hospital, town.at(24 * day + 8), town.at(24 * day + 15)) for day in range(DAYS)]
    specialties = [str(uuid.uuid4()), str(uuid.uuid4())]
    for _ in range(rng.randint(2, 4)):
        doctor = uuid.uuid4()
        town.doctors[doctor] = set(rng.sample(specialties, rng.randint(1, 2)))
        for day in range(DAYS):
            begin = rng.choice([8, 8, 9.5, 10])
            end = min(begin + rng.choice([2, 3, 4.5]), 15)
            where = rng.choice(list(town.hospitals))
            town.availabilities.append((doctor, where, town.at(24 * day + begin), town.at(24 * day + end)))
    _fill(town, rng)
    return town


def bookable(town: Town) -> list[tuple[uuid.UUID, uuid.UUID, datetime]]:
    """Every (doctor, hospital, start) on the hour there that lies in an availability."""
    found = []
    for doctor, hospital, begin, end in town.availabilities:
        start = begin
        while start + HOUR <= end:
            if start.astimezone(ZoneInfo(town.hospitals[hospital])).minute == 0:
                found.append((doctor, hospital, start))
            start += timedelta(minutes=30)
    return found


def _fill(town: Town, rng: random.Random) -> None:
    patients = [uuid.uuid4() for _ in range(rng.choice([6, 20]))]
    town.moved = {each: rng.choice([5, 40, 400]) for each in rng.sample(patients, len(patients) // 3)}
    density = rng.choice([0.4, 0.7, 0.9])
    hours = bookable(town)
    for doctor, hospital, start in rng.sample(hours, len(hours)):
        patient = rng.choice(patients)
        clash = any(
            abs(each.start - start) < HOUR and (each.doctor == doctor or each.patient == patient)
            for each in town.appointments
        )
        if clash or rng.random() > density:
            continue
        new = Standing(uuid.uuid4(), doctor, hospital, patient, start)
        if rng.random() < 0.5:
            new.priority = rng.choice(list(Priority))
            new.window = (start - rng.choice([0, 2, 24]) * HOUR, start + rng.choice([1, 3, 24]) * HOUR)
            new.specialty = rng.choice([None, rng.choice(sorted(town.doctors[doctor]))])
        town.appointments.append(new)


def random_reschedule(seed: int, town: Town) -> dict[str, Any]:
    """What is asked for, as it is sent."""
    rng = random.Random(f"asked {seed}")
    start = town.at(rng.choice([0, 7, 9.5, 24]))
    scope: dict[str, Any] = {"start": start, "end": start + timedelta(hours=rng.choice([7, 24, 30]))}
    coming = [str(each.id) for each in town.appointments]
    causes = [Cause.DOCTOR_UNAVAILABLE, Cause.HOSPITAL_CLOSED, Cause.ROOM]
    cause = rng.choice([*causes, Cause.APPOINTMENTS] if coming else causes)
    if cause is Cause.APPOINTMENTS:
        scope = {"appointments": rng.sample(coming, min(len(coming), 4))}
    if cause in (Cause.HOSPITAL_CLOSED, Cause.ROOM):
        scope["hospital"] = str(rng.choice(list(town.hospitals)))
    if cause in (Cause.DOCTOR_UNAVAILABLE, Cause.ROOM):
        doctors = list(town.doctors)
        scope["doctors"] = [str(each) for each in rng.sample(doctors, rng.choice([1, min(2, len(doctors))]))]
    policy = {
        "notice_hours": rng.choice([0, 3, 20]),
        "latest": rng.choice([None, town.at(24 * DAYS), town.at(40)]),
        "same_doctor": rng.random() < 0.4,
        "same_hospital": rng.random() < 0.4,
        "others_move": rng.random() < 0.7,
        "others_within_days": rng.choice([1, 7]),
        "quiet_days": rng.choice([0, 30]),
        "cancel_unplaced": True,
    }
    return {"cause": cause, "scope": scope, "policy": policy}


def write(connection: Connection, town: Town, now: datetime) -> None:
    """Put a town into the tables."""
    patients = {each.patient for each in town.appointments} | town.moved.keys()
    _insert(
        connection,
        Hospital,
        [
            {"id": id_, "name": "H", "timezone": zone, "projected_until": town.at(24 * DAYS).date()}
            for id_, zone in town.hospitals.items()
        ],
    )
    _insert(connection, Opening, [{"hospital_id": id_, "during": period(*span)} for id_, *span in town.openings])
    _insert(connection, OperatingHours, [_day(town, id_, day) for id_ in town.hospitals for day in range(1, 8)])
    people = [{"id": id_, "external_id": str(id_), "name": "Dr. Who", "role": Role.DOCTOR} for id_ in town.doctors]
    _insert(connection, User, people)
    _insert(connection, Doctor, [{"id": id_} for id_ in town.doctors])
    _insert(
        connection,
        DoctorSpecialty,
        [{"doctor_id": id_, "specialty": each} for id_, specialties in town.doctors.items() for each in specialties],
    )
    _insert(connection, Patient, [{"id": id_, "external_id": str(id_), "name": "Anybody"} for id_ in patients])
    _insert(
        connection,
        Availability,
        [
            {"doctor_id": doctor, "hospital_id": hospital, "during": period(start, end)}
            for doctor, hospital, start, end in town.availabilities
        ],
    )
    _write_appointments(connection, town, now)


def _day(town: Town, hospital: uuid.UUID, weekday: int) -> dict[str, Any]:
    """The hours from which the openings are projected."""
    offset = town.midnight.astimezone(ZoneInfo(town.hospitals[hospital])).utcoffset() // timedelta(minutes=1)
    hours = MultiRange([Range(8 * 60 + offset, 15 * 60 + offset)])
    return {"hospital_id": hospital, "weekday": weekday, "hours": hours}


def _write_appointments(connection: Connection, town: Town, now: datetime) -> None:
    requests = {each.id: uuid.uuid4() for each in town.appointments if each.window}
    _insert(
        connection,
        BookingRequest,
        [
            {
                "id": requests[each.id],
                "patient_id": each.patient,
                "priority": each.priority,
                "specialty": each.specialty,
                "earliest": each.window[0],
                "latest": each.window[1],
                "status": RequestStatus.BOOKED,
                "decided_at": now,
            }
            for each in town.appointments
            if each.window
        ],
    )
    _insert(
        connection,
        Appointment,
        [
            {
                "id": each.id,
                "patient_id": each.patient,
                "doctor_id": each.doctor,
                "hospital_id": each.hospital,
                "timezone": town.hospitals[each.hospital],
                "during": period(each.start, each.start + HOUR),
                "booking_request_id": requests.get(each.id),
            }
            for each in town.appointments
        ],
    )
    job = uuid.uuid4()
    old = {"id": job, "cause": Cause.APPOINTMENTS, "what_if": False, "dry_run": True, "scope": {}, "policy": {}}
    _insert(connection, Reschedule, [old | {"status": RescheduleStatus.DISCARDED}])
    _insert(
        connection,
        FormerHour,
        [
            {
                "appointment_id": each.id,
                "doctor_id": each.doctor,
                "hospital_id": each.hospital,
                "during": period(each.start, each.start + HOUR),
                "left_at": now - timedelta(days=town.moved[each.patient]),
                "reschedule_id": job,
            }
            for each in town.appointments
            if each.patient in town.moved
        ],
    )


def _insert(connection: Connection, kind: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(kind), rows)
