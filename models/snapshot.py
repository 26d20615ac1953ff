"""What the planner needs to know of the schedule, read in one transaction, and nothing more.

A planning problem holds the requests, every doctor and hospital they accept, the doctors and hospitals that might stand
in (for alternatives), and what of openings, availabilities and standing appointments lies in or near the windows.
Everything before `now` is cut off, so that no hour in the past is ever offered. Ids are UUIDs as strings.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, false, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, TSTZRANGE, Range
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.arrays import among
from models.base import ends
from models.booking import BookingRequest, BookingRequestDoctor, BookingRequestHospital
from models.hospitals import Hospital, Opening
from models.people import Doctor, DoctorSpecialty, Patient, User
from models.rescheduling.leftovers import kept_for
from models.schedule import Appointment, AppointmentStatus, Availability
from planner import problem as planning
from planner.problem import HOUR, Period, Problem, Request

V = TypeVar("V")

FOLLOWING = 5
"""How many openings of each hospital are read beyond the windows: one of them will hold a whole hour."""

ONE_VIEW = "REPEATABLE READ"
"""All tables as of one moment, or an hour could be seen both before and after an appointment was moved to it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A planning problem as it was when it was read.

    `now` is when that was. `names` maps the ids of doctors and hospitals to what people call them. `moot` maps the
    requests that can no longer be planned, and so are not in the problem, to the reason.
    """

    problem: Problem
    now: datetime
    names: Mapping[str, str]
    moot: Mapping[UUID, str] = field(default_factory=dict)


def read_snapshot(session: Session, requests: Collection[UUID], *, now: datetime, reach: timedelta) -> Snapshot:
    """The problem of planning stored requests at `now`, looking for alternatives up to `reach` around their windows.

    Call it in a transaction of its own, before anything else: it asks for one view of all tables.
    """
    session.connection(execution_options={"isolation_level": ONE_VIEW})
    wishes, moot = _read_requests(session, requests)
    return replace(problem_of(session, wishes, now=now, reach=reach), moot=moot)


def problem_of(
    session: Session, requests: Iterable[Request], *, now: datetime, reach: timedelta, patients: Iterable[UUID] = ()
) -> Snapshot:
    """The problem of planning `requests`, whose ids need not be stored anywhere; the rest as `read_snapshot`.

    A window that began before `now` is cut to what is left of it; of one that has passed, nothing is left. What stands
    of the requests' patients is in the problem, and what stands of `patients`.
    """
    wishes = tuple(replace(each, earliest=min(max(each.earliest, now), each.latest)) for each in requests)
    near = _near(wishes, now, reach)
    doctors = _read_doctors(session, wishes)
    appointments = _read_appointments(session, wishes, doctors, patients, near)
    # With whom else the patients have appointments; nobody asks for them.
    others = _read_specialties(session, {UUID(each.doctor) for each in appointments} - doctors.keys())
    everybody = doctors | others
    problem = Problem(
        hospitals=_read_hospitals(session, near, now),
        doctors=tuple(planning.Doctor(str(id_), specialties) for id_, specialties in sorted(everybody.items())),
        availabilities=_read_availabilities(session, doctors, wishes, near, now),
        appointments=appointments,
        requests=wishes,
    )
    return Snapshot(problem, now, _read_names(session, everybody))


def _near(requests: Iterable[Request], now: datetime, reach: timedelta) -> MultiRange[datetime]:
    """The time from `now` on that lies within `reach` of some window.

    At least an hour, so that a window that has passed still finds what comes after it.
    """
    windows = [
        Range(max(each.earliest - reach, now), max(each.latest, now) + max(reach, HOUR), bounds="[)")
        for each in requests
    ]
    return MultiRange(windows)


def _read_requests(session: Session, ids: Collection[UUID]) -> tuple[list[Request], dict[UUID, str]]:
    doctors = _grouped(
        session.execute(
            select(BookingRequestDoctor.booking_request_id, BookingRequestDoctor.doctor_id)
            .where(BookingRequestDoctor.booking_request_id.in_(ids))
            .order_by(BookingRequestDoctor.position)
        )
    )
    hospitals = _grouped(
        session.execute(
            select(BookingRequestHospital.booking_request_id, BookingRequestHospital.hospital_id)
            .where(BookingRequestHospital.booking_request_id.in_(ids))
            .order_by(BookingRequestHospital.hospital_id)
        )
    )
    wishes = []
    moot = {}
    for row, patient_active, moved in session.execute(
        select(BookingRequest, Patient.active, Appointment.status)
        .join(Patient, Patient.id == BookingRequest.patient_id)
        .outerjoin(Appointment, Appointment.id == BookingRequest.moves)
        .where(BookingRequest.id.in_(ids))
        .order_by(BookingRequest.id)
    ):
        if not patient_active:
            moot[row.id] = "The patient is no longer active in the directory."
        elif row.moves and moved is not AppointmentStatus.BOOKED:
            moot[row.id] = f"The appointment that this request moves, {row.moves}, is not booked but {moved}."
        else:
            wishes.append(_wish(row, doctors.get(row.id), hospitals.get(row.id)))
    return wishes, moot


def _wish(row: BookingRequest, doctors: Sequence[UUID] | None, hospitals: Sequence[UUID] | None) -> Request:
    return Request(
        id=str(row.id),
        patient=str(row.patient_id),
        priority=row.priority,
        earliest=row.earliest,
        latest=row.latest,
        doctors=None if doctors is None else tuple(map(str, doctors)),
        specialty=row.specialty,
        hospitals=None if hospitals is None else tuple(map(str, hospitals)),
        preferred=row.preferred,
        moves=str(row.moves) if row.moves else None,
    )


def _read_doctors(session: Session, requests: Sequence[Request]) -> dict[UUID, frozenset[str]]:
    """Every acceptable doctor, and whoever shares a specialty with one: those are the alternatives."""
    if any(each.doctors is None and each.specialty is None for each in requests):
        return _read_specialties(session, session.scalars(select(Doctor.id)).all())
    listed = {UUID(doctor) for each in requests for doctor in each.doctors or ()}
    specialties = {each.specialty for each in requests if each.specialty}
    specialties = specialties.union(*_read_specialties(session, listed).values())
    peers = session.scalars(select(DoctorSpecialty.doctor_id).where(DoctorSpecialty.specialty.in_(specialties)))
    return _read_specialties(session, listed.union(peers))


def _read_specialties(session: Session, doctors: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """The specialties of each of these doctors; none, of a doctor who has none."""
    rows = session.execute(
        select(DoctorSpecialty.doctor_id, DoctorSpecialty.specialty).where(DoctorSpecialty.doctor_id.in_(doctors))
    )
    found = _grouped(rows)
    return {doctor: frozenset(found.get(doctor, ())) for doctor in doctors}


def _read_hospitals(session: Session, near: MultiRange[datetime], now: datetime) -> tuple[planning.Hospital, ...]:
    """All hospitals: there are few, and any of them may be acceptable or stand in.

    Their openings from the first window to the last, and some after that: a refusal names the next one.
    """
    openings = _grouped(
        session.execute(select(Opening.hospital_id, Opening.during).where(_near_or_next(near)).order_by(Opening.during))
    )
    return tuple(
        planning.Hospital(str(id_), timezone, tuple(_rest(during, now) for during in openings.get(id_, ())))
        for id_, timezone in session.execute(select(Hospital.id, Hospital.timezone).order_by(Hospital.id))
    )


def _near_or_next(near: MultiRange[datetime]) -> ColumnElement[bool]:
    since = min((each.lower for each in near if each.lower), default=None)
    until = max((each.upper for each in near if each.upper), default=None)
    if until is None:
        return false()
    after = Opening.during.bool_op("&&")(literal(Range(until, None, bounds="[)"), TSTZRANGE))
    following = (
        select(Opening.id)
        .where(Opening.hospital_id == Hospital.id, after)
        .order_by(func.lower(Opening.during))
        .limit(FOLLOWING)
        .lateral()
    )
    next_ones = select(following.c.id).select_from(Hospital).join(following, true())
    within = Opening.during.bool_op("&&")(literal(Range(since, until, bounds="[)"), TSTZRANGE))
    return or_(within, Opening.id.in_(next_ones))


def _read_availabilities(
    session: Session, doctors: Collection[UUID], requests: Iterable[Request], near: MultiRange[datetime], now: datetime
) -> tuple[planning.Availability, ...]:
    """The availabilities of active doctors; one whom the directory no longer has active sees nobody.

    Those that a reschedule kept for an appointment which is to be moved are none: they go with it.
    """
    moved = {UUID(each.moves) for each in requests if each.moves}
    rows = session.execute(
        select(Availability.doctor_id, Availability.hospital_id, Availability.during)
        .join(User, User.id == Availability.doctor_id)
        .where(
            User.active,
            Availability.doctor_id.in_(doctors),
            Availability.id.not_in(kept_for(moved)),
            _in(Availability.during, near),
        )
        .order_by(Availability.doctor_id, Availability.during)
    )
    rests = ((doctor, hospital, _rest(during, now)) for doctor, hospital, during in rows)
    return tuple(
        planning.Availability(str(doctor), str(hospital), rest.start, rest.end) for doctor, hospital, rest in rests
    )


def _read_appointments(
    session: Session,
    requests: Sequence[Request],
    doctors: Collection[UUID],
    patients: Iterable[UUID],
    near: MultiRange[datetime],
) -> tuple[planning.Appointment, ...]:
    """The standing appointments of these doctors and patients and of the requests', and those that are to be moved."""
    concerned = {UUID(each.patient) for each in requests}.union(patients)
    moved = {UUID(each.moves) for each in requests if each.moves}
    rows = session.execute(
        select(
            Appointment.id,
            Appointment.doctor_id,
            Appointment.hospital_id,
            Appointment.patient_id,
            func.lower(Appointment.during),
        )
        .where(
            Appointment.status == AppointmentStatus.BOOKED,
            or_(
                among(Appointment.id, moved),
                among(Appointment.doctor_id, doctors) & _in(Appointment.during, near),
                among(Appointment.patient_id, concerned) & _in(Appointment.during, near),
            ),
        )
        .order_by(Appointment.id)
    )
    return tuple(
        planning.Appointment(str(id_), str(doctor), str(hospital), str(patient), start)
        for id_, doctor, hospital, patient, start in rows
    )


def _read_names(session: Session, doctors: Collection[UUID]) -> dict[str, str]:
    people = session.execute(select(User.id, User.name).where(User.id.in_(doctors)))
    places = session.execute(select(Hospital.id, Hospital.name))
    return {str(id_): name for id_, name in [*people, *places]}


def _grouped(rows: Iterable[Row[UUID, V]]) -> dict[UUID, list[V]]:
    groups: dict[UUID, list[V]] = {}
    for key, value in rows:
        groups.setdefault(key, []).append(value)
    return groups


def _in(during: InstrumentedAttribute[Range[datetime]], near: MultiRange[datetime]) -> ColumnElement[bool]:
    return during.bool_op("&&")(literal(near, TSTZMULTIRANGE))


def _rest(during: Range[datetime], now: datetime) -> Period:
    """What is left at `now` of a period that ends after it."""
    start, end = ends(during)
    return Period(max(start, now), end)
