"""The schedule as the planner is to know it, read from a database that may break its own rules.

Rows that lack something or are no whole period are left out, and hospitals whose clock nobody knows are never open.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.arrays import among
from models.base import ends, period, whole_period
from models.hospitals import Hospital, Opening
from models.people import User
from models.schedule import Appointment, AppointmentStatus, Availability
from models.validation.clocks import zone_of
from planner import problem as planning
from planner.problem import Period, Problem

NOWHERE = "UTC"
"""The zone that a hospital is given whose own nobody knows; it does not matter, since it is never open."""


def booked_hours(near: Period) -> ColumnElement[bool]:
    """Whether an appointment is booked for a whole hour that overlaps `near`."""
    start = func.lower(Appointment.during)
    hour = func.tstzrange(start, start + dt.timedelta(hours=1))
    ids = (Appointment.id, Appointment.doctor_id, Appointment.hospital_id, Appointment.patient_id)
    return and_(
        Appointment.status == AppointmentStatus.BOOKED,
        _overlap(Appointment.during, near),
        Appointment.during == hour,
        start.is_not(None),
        *(id_.is_not(None) for id_ in ids),
    )


def read_schedule(
    session: Session,
    near: Period,
    *,
    doctors: Collection[uuid.UUID],
    patients: Collection[uuid.UUID],
    hospitals: Collection[uuid.UUID] | None,
    standing: Sequence[Appointment],
) -> Problem:
    """The schedule `near` some time, without any request: who of the active `doctors` is available at the `hospitals`
    (None: anywhere), and what is booked with them and of the `patients`; and what is `standing`, wherever that is.
    """
    availabilities = tuple(_availabilities(session, near, doctors, hospitals))
    seeing = {uuid.UUID(each.doctor) for each in availabilities}
    appointments = _appointments(session, near, seeing, patients) | {str(row.id): _planned(row) for row in standing}
    places: list[planning.Availability | planning.Appointment] = [*availabilities, *appointments.values()]
    who = {*(each.doctor for each in places), *map(str, doctors)}
    where = {*(each.hospital for each in places), *map(str, hospitals or ())}
    return Problem(
        hospitals=tuple(_hospitals(session, near, where)),
        doctors=tuple(planning.Doctor(id_, frozenset()) for id_ in sorted(who)),
        availabilities=availabilities,
        appointments=tuple(appointments.values()),
        requests=(),
    )


def _availabilities(
    session: Session, near: Period, doctors: Collection[uuid.UUID], hospitals: Collection[uuid.UUID] | None
) -> Iterator[planning.Availability]:
    found = (
        select(Availability.doctor_id, Availability.hospital_id, Availability.during)
        .join(User, User.id == Availability.doctor_id)
        .where(
            User.active,
            among(Availability.doctor_id, doctors),
            Availability.hospital_id.is_not(None),
            _whole(Availability.during, near),
        )
        .order_by(Availability.doctor_id, Availability.during)
    )
    if hospitals is not None:
        found = found.where(among(Availability.hospital_id, hospitals))
    for doctor, hospital, during in session.execute(found):
        start, end = ends(during)
        yield planning.Availability(str(doctor), str(hospital), max(start, near.start), end)


def _appointments(
    session: Session, near: Period, doctors: Collection[uuid.UUID], patients: Collection[uuid.UUID]
) -> dict[str, planning.Appointment]:
    found = select(
        Appointment.id,
        Appointment.doctor_id,
        Appointment.hospital_id,
        Appointment.patient_id,
        func.lower(Appointment.during),
    ).where(booked_hours(near), or_(among(Appointment.doctor_id, doctors), among(Appointment.patient_id, patients)))
    return {
        str(id_): planning.Appointment(str(id_), str(doctor), str(hospital), str(patient), start)
        for id_, doctor, hospital, patient, start in session.execute(found.order_by(Appointment.id))
    }


def _planned(row: Appointment) -> planning.Appointment:
    start, _ = ends(row.during)
    return planning.Appointment(str(row.id), str(row.doctor_id), str(row.hospital_id), str(row.patient_id), start)


def _hospitals(session: Session, near: Period, ids: Collection[str]) -> Iterator[planning.Hospital]:
    known = {uuid.UUID(each) for each in ids}
    zones = dict(session.execute(select(Hospital.id, Hospital.timezone).where(among(Hospital.id, known))).all())
    openings: dict[uuid.UUID, list[Period]] = {id_: [] for id_ in known}
    rows = select(Opening.hospital_id, Opening.during).where(
        among(Opening.hospital_id, known), _whole(Opening.during, near)
    )
    for hospital, during in session.execute(rows.order_by(Opening.during)):
        openings[hospital].append(Period(*ends(during)))
    for id_ in sorted(known):
        zone = zones.get(id_)
        if zone and zone_of(zone):
            yield planning.Hospital(str(id_), zone, tuple(openings[id_]))
        else:
            yield planning.Hospital(str(id_), NOWHERE, ())


def _whole(during: InstrumentedAttribute[Range[dt.datetime]], near: Period) -> ColumnElement[bool]:
    """Whether a column is a whole period that overlaps `near`."""
    return and_(_overlap(during, near), text(whole_period(f"{during.class_.__tablename__}.{during.key}")))


def _overlap(during: InstrumentedAttribute[Range[dt.datetime]], near: Period) -> ColumnElement[bool]:
    return during.bool_op("&&")(literal(period(near.start, near.end), TSTZRANGE))
