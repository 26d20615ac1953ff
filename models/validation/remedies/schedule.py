"""Remedies that change the schedule, or ask for a reschedule of it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, Range
from sqlalchemy.orm import Session

from models.access.reach import of, whole
from models.appointments import change_status
from models.availabilities import withdraw_availability
from models.base import ends, new_ids, period
from models.faults import Fault, Refusal, Refused, refuse_if
from models.hospitals import Opening
from models.inputs import AppointmentMove
from models.moving import move_appointment
from models.references import lock_to_change, missing
from models.rescheduling.against import Wanted, against, when
from models.rescheduling.changes import Changes, Piece
from models.rescheduling.cutting import write_availabilities
from models.rescheduling.holding import hold_hospitals
from models.rescheduling.jobs import create_reschedule
from models.schedule import Appointment, AppointmentStatus, Availability
from models.validation.remedies.kinds import (
    CancelAppointment,
    MoveAppointment,
    PlanReschedule,
    TrimAvailability,
    WithdrawAvailabilities,
)
from planner.problem import HOUR


def move(session: Session, remedy: MoveAppointment, now: dt.datetime) -> Mapping[str, str]:
    """Move an appointment.

    The hour is judged besides by what the schedule shows: the database may have lost the rule that the appointment
    breaks, and it would let this remedy break it as well.

    Raises
    ------
    Refused
        where the appointment cannot have that hour (any more).

    """
    to = AppointmentMove(doctor=str(remedy.doctor), hospital=str(remedy.hospital), start=remedy.start)
    move_appointment(session, remedy.appointment, to, None, now)
    patient = session.get_one(Appointment, remedy.appointment).patient_id
    hour = period(remedy.start, remedy.start + HOUR)
    wanted = Wanted(remedy.appointment, patient, remedy.doctor, remedy.hospital, hour)
    hospitals = hold_hospitals(session, [remedy.hospital])
    nothing = Changes(before=[], after=[], hours=None)
    told = of(session).hospitals
    with whole(session):  # what stands against it can be out of the caller's reach
        found = list(against(session, [wanted], hospitals, leaving=[remedy.appointment], changes=nothing, told=told))
    refuse_if(found, Refusal.CLASH)
    return {}


def plan(session: Session, remedy: PlanReschedule, now: dt.datetime) -> Mapping[str, str]:
    """Queue a reschedule. Raises as `models.rescheduling.jobs.create_reschedule` does."""
    return {"reschedule": str(create_reschedule(session, remedy.asked(), now))}


def cancel(session: Session, remedy: CancelAppointment, _now: dt.datetime) -> Mapping[str, str]:
    """Cancel an appointment. Raises as `models.appointments.change_status` does."""
    change_status(session, remedy.appointment, AppointmentStatus.CANCELLED)
    return {}


def withdraw(session: Session, remedy: WithdrawAvailabilities, now: dt.datetime) -> Mapping[str, str]:
    """Withdraw the availabilities of a doctor that have not begun.

    Raises
    ------
    Refused
        where there is none (any more), or a booked appointment stands in one.

    """
    ids = session.scalars(
        select(Availability.id)
        .where(Availability.doctor_id == remedy.doctor, func.lower(Availability.during) >= now)
        .order_by(Availability.id)
    ).all()
    if not ids:
        message = "The doctor has no availability to come any more."
        raise Refused(Refusal.CLASH, [Fault("nothing_to_withdraw", "", str(remedy.doctor), message)])
    for id_ in ids:
        withdraw_availability(session, id_, None)
    return {}


def trim(session: Session, remedy: TrimAvailability, _now: dt.datetime) -> Mapping[str, str]:
    """Leave of an availability what lies within the openings, in pieces; the first keeps its id.

    Raises
    ------
    Refused
        where it does not exist, lies within the openings already, or booked appointments would stand outside what is
        left of it; it names them.

    """
    place = session.get(Availability, remedy.availability)
    if place is None:
        raise missing(Availability, remedy.availability)
    hold_hospitals(session, [place.hospital_id])
    row = lock_to_change(session, Availability, remedy.availability, None)
    left = _within_openings(session, row)
    if left == [row.during]:
        message = "The availability lies within the openings already."
        raise Refused(Refusal.CLASH, [Fault("within_openings", "", str(row.id), message)])
    refuse_if(_stranded(session, row, left), Refusal.CLASH)
    before = _piece(row, row.during)
    ids = [row.id, *new_ids(session, max(len(left) - 1, 0))]
    after = [
        _piece(row, during).model_copy(update={"id": id_, "version": row.version if id_ == row.id else 0})
        for id_, during in zip(ids, left, strict=False)
    ]
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    write_availabilities(session, Changes(before=[before], after=after, hours=None))
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    return {}


def _within_openings(session: Session, row: Availability) -> Sequence[Range[dt.datetime]]:
    openings = (
        select(func.range_agg(Opening.during))
        .where(Opening.hospital_id == row.hospital_id, Opening.during.bool_op("&&")(row.during))
        .scalar_subquery()
    )
    within = func.tstzmultirange(Availability.during).op("*", return_type=TSTZMULTIRANGE())(openings)
    return session.scalar(select(within).where(Availability.id == row.id)) or []


def _stranded(session: Session, row: Availability, left: Sequence[Range[dt.datetime]]) -> Iterator[Fault]:
    """The booked appointments in an availability that would stand outside it, were only `left` left of it."""
    standing = select(Appointment.id, Appointment.during, Appointment.timezone).where(
        Appointment.doctor_id == row.doctor_id,
        Appointment.hospital_id == row.hospital_id,
        Appointment.status == AppointmentStatus.BOOKED,
        Appointment.during.bool_op("&&")(row.during),
    )
    for id_, hour, timezone in session.execute(standing.order_by(func.lower(Appointment.during))):
        if not any(piece.contains(hour) for piece in left):
            message = f"The appointment {id_} stands in what would be cut off, {when(ends(hour)[0], timezone)}."
            yield Fault("appointment_stands", "", str(id_), message, facts={"appointment": str(id_)})


def _piece(row: Availability, during: Range[dt.datetime]) -> Piece:
    start, end = ends(during)
    return Piece(id=row.id, doctor=row.doctor_id, hospital=row.hospital_id, start=start, end=end, version=row.version)
