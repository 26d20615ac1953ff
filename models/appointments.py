"""Appointments at an exact hour: booked at once or refused with the reasons, and what becomes of them."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import outbox
from models.faults import Refusal, refuse_if
from models.inputs import AppointmentIn
from models.references import Found


@dataclass(frozen=True, slots=True)
class Wanted:
    """An hour that someone wants, everything in it looked up."""

    row: int
    patient: Found
    doctor: Found
    hospital: Found
    start: dt.datetime


def book_appointments(session: Session, rows: Sequence[AppointmentIn]) -> list[uuid.UUID]:
    """Book appointments, all or none. Returns their ids, in order.

    Raises
    ------
    Refused
        naming those that name nobody or start off the hour (invalid), and those whose hour cannot be had (clash),
        each with the reason that a conflict would give.

    """
    wanted = _look_up(session, rows)
    if not wanted:
        return []
    try:
        with session.begin_nested():
            booked = _insert(session, wanted)
            # What is missing lost to a standing appointment, or to another of these.
            refuse_if((_taken(each) for each in wanted if each.row not in booked), Refusal.CLASH)
    except IntegrityError:  # outside an availability
        refuse_if(_refusals(session, wanted), Refusal.CLASH)
        raise
    outbox.tell(session, "appointment.booked", ({"appointment": str(id_)} for id_ in booked.values()))
    return [booked[each.row] for each in wanted]
