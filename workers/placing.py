"""Writing the hours of a plan, so that what lost its hour to somebody else is left out and the rest goes through."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.base import period
from models.hospitals import Hospital
from models.schedule import Appointment, AppointmentStatus
from planner.problem import HOUR
from workers.ground import Placement

HOUR_TAKEN = ("appointment_doctor_free", "appointment_patient_free")
"""The constraints (`models.rules`) by which the database refuses an hour that somebody else has got."""

# Sorted, so that two commits that want the same hours wait for each other in one order.
_BOOK = text("""
    INSERT INTO appointment (patient_id, doctor_id, hospital_id, timezone, during, booking_request_id)
    SELECT wanted.patient, wanted.doctor, wanted.hospital, hospital.timezone,
           tstzrange(wanted.start, wanted.start + interval '1 hour'), wanted.request
    FROM unnest(CAST(:patients AS uuid[]), CAST(:doctors AS uuid[]), CAST(:hospitals AS uuid[]),
                CAST(:starts AS timestamptz[]), CAST(:requests AS uuid[]))
         AS wanted (patient, doctor, hospital, start, request)
    JOIN hospital ON hospital.id = wanted.hospital
    ORDER BY wanted.start, wanted.doctor, wanted.patient
    ON CONFLICT DO NOTHING
    RETURNING booking_request_id, id
""")


def book(session: Session, placements: Sequence[Placement]) -> dict[UUID, UUID]:
    """Write new appointments. Returns the appointment of each request that got its hour; the others lost a race.

    Raises
    ------
    sqlalchemy.exc.IntegrityError
        where a placement breaks another rule than that an hour is had by one; call `hold_ground` first.

    """
    if not placements:
        return {}
    columns = {f"{name}s": [getattr(each, name) for each in placements] for name in _COLUMNS}
    return dict(session.execute(_BOOK, columns).all())


_COLUMNS = ("patient", "doctor", "hospital", "start", "request")


def move(session: Session, placements: Iterable[Placement]) -> list[Placement]:
    """Give standing appointments their new hours. Returns the placements that went through.

    Left out are those whose appointment is no longer booked and those whose new hour somebody else has got. If one
    stays where it is, another that was to take its place is left out too.
    """
    wanted = sorted(placements, key=attrgetter("start", "doctor", "patient"))
    while wanted:
        savepoint = session.begin_nested()
        vacated = _vacate(session, wanted)
        refused = [each for each in wanted if each.appointment not in vacated or not _occupy(session, each)]
        if not refused:
            savepoint.commit()
            break
        savepoint.rollback()
        wanted = [each for each in wanted if each not in refused]
    return wanted


def _vacate(session: Session, placements: Sequence[Placement]) -> set[UUID]:
    """Let appointments go of their hours, so that they can trade them; nobody sees it before all have new ones.

    Compare-and-set: one that is no longer booked is not touched.
    """
    booked = session.scalars(
        select(Appointment.id)
        .where(
            Appointment.id.in_([each.appointment for each in placements]),
            Appointment.status == AppointmentStatus.BOOKED,
        )
        .order_by(Appointment.id)
        .with_for_update()
    ).all()
    session.execute(update(Appointment).where(Appointment.id.in_(booked)).values(status=AppointmentStatus.CANCELLED))
    return set(booked)


def _occupy(session: Session, placement: Placement) -> bool:
    """Book an appointment's new hour; False where somebody else has got it."""
    timezone = select(Hospital.timezone).where(Hospital.id == placement.hospital).scalar_subquery()
    try:
        with session.begin_nested():
            session.execute(
                update(Appointment)
                .where(Appointment.id == placement.appointment)
                .values(
                    status=AppointmentStatus.BOOKED,
                    doctor_id=placement.doctor,
                    hospital_id=placement.hospital,
                    timezone=timezone,
                    during=period(placement.start, placement.start + HOUR),
                    version=Appointment.version + 1,
                )
            )
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) in HOUR_TAKEN:
            return False
        raise
    return True
