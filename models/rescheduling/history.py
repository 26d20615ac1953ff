"""What is known of appointments from before: the wish that led to each, and whose patients were moved already."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from models.arrays import among
from models.booking import BookingRequest, RequestStatus
from models.rescheduling.tables import FormerHour
from models.schedule import Appointment
from planner.problem import Priority


@dataclass(frozen=True, slots=True)
class Wish:
    """What the booking request asked for that gave an appointment its hour; the hour began and ended within
    `[earliest, latest]`.
    """

    priority: Priority
    specialty: str | None
    earliest: dt.datetime
    latest: dt.datetime


def wishes_of(session: Session, appointments: Collection[uuid.UUID]) -> dict[uuid.UUID, Wish]:
    """The last wish behind each appointment: of the request that booked it, or of the last one that moved it since.

    One that was booked at an exact hour has none.
    """
    asked = (BookingRequest.priority, BookingRequest.specialty, BookingRequest.earliest, BookingRequest.latest)
    booked = (
        select(Appointment.id, BookingRequest.decided_at, *asked)
        .join(BookingRequest, BookingRequest.id == Appointment.booking_request_id)
        .where(among(Appointment.id, appointments))
    )
    moved = (
        select(Appointment.id, BookingRequest.decided_at, *asked)
        .join(BookingRequest, BookingRequest.moves == Appointment.id)
        .where(among(Appointment.id, appointments), BookingRequest.status == RequestStatus.BOOKED)
    )
    either = union_all(booked, moved).subquery()
    rows = session.execute(select(either).order_by(either.c.decided_at))
    return {id_: Wish(priority, specialty, earliest, latest) for id_, _, priority, specialty, earliest, latest in rows}


def moved_since(session: Session, patients: Iterable[uuid.UUID], since: dt.datetime) -> set[uuid.UUID]:
    """Those of the patients of whom a reschedule has moved an appointment after `since`."""
    return set(
        session.scalars(
            select(Appointment.patient_id)
            .join(FormerHour, FormerHour.appointment_id == Appointment.id)
            .where(
                among(Appointment.patient_id, patients),
                FormerHour.reschedule_id.is_not(None),
                FormerHour.left_at > since,
            )
        )
    )
