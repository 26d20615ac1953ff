"""What is known of appointments from before: the wish that led to each, and whose patients were moved already."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import func, select, true, union_all
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

    One that was booked at an exact hour has none. Nor has one whose request breaks the rules of a request, which only a
    database edited by hand lets it: nobody could tell what it asked for.
    """
    asked = (BookingRequest.priority, BookingRequest.specialty, BookingRequest.earliest, BookingRequest.latest)
    wishes = select(Appointment.id, *asked, BookingRequest.decided_at).where(
        among(Appointment.id, appointments),
        BookingRequest.priority.in_(list(Priority)),
        func.isfinite(BookingRequest.earliest),
        func.isfinite(BookingRequest.latest),
    )
    booked = wishes.join(BookingRequest, BookingRequest.id == Appointment.booking_request_id)
    moved = wishes.join(BookingRequest, BookingRequest.moves == Appointment.id).where(
        BookingRequest.status == RequestStatus.BOOKED
    )
    either = union_all(booked, moved).subquery()
    columns = (column for column in either.c if column.name != "decided_at")
    rows = session.execute(select(*columns).order_by(either.c.decided_at))
    return {id_: Wish(*wish) for id_, *wish in rows}


def moved_since(
    session: Session,
    patients: Iterable[uuid.UUID],
    since: dt.datetime,
    hospitals: Collection[uuid.UUID] | None = None,
) -> set[uuid.UUID]:
    """Those of the patients of whom a reschedule has moved an appointment after `since`, from one of `hospitals` (None:
    from anywhere).
    """
    return set(
        session.scalars(
            select(Appointment.patient_id)
            .join(FormerHour, FormerHour.appointment_id == Appointment.id)
            .where(
                among(Appointment.patient_id, patients),
                FormerHour.reschedule_id.is_not(None),
                FormerHour.left_at > since,
                true() if hospitals is None else among(FormerHour.hospital_id, hospitals),
            )
        )
    )
