"""Appointments that applying a reschedule left standing, and what becomes of their hours once they are gone.

Such an appointment stands in hours that are lost. The availability around it is kept for it alone
(`models.rescheduling.cutting`); when it is cancelled, completed or moved, that goes as well, so that nobody else books
an hour of a doctor who is not there. Every change of appointments therefore takes two steps more: `hold_kept` before
the appointments are locked, since whoever changes an availability locks that first, and `give_up` once they have left
their hours. Somebody may have made more of such an availability since: then it is theirs, and stays.
"""

import datetime as dt
import uuid
from collections.abc import Collection

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from models import outbox
from models.arrays import among
from models.availabilities import availability_message
from models.base import ends
from models.rescheduling.tables import Fate, Reschedule, RescheduledAppointment, RescheduleStatus
from models.schedule import Appointment, AppointmentStatus, Availability


def kept_for(appointments: Collection[uuid.UUID]) -> Select[uuid.UUID]:
    """The ids of the availabilities that are there for some of these appointments alone."""
    return _kept(appointments).with_only_columns(Availability.id)


def kept_hours(
    session: Session, appointments: Collection[uuid.UUID]
) -> dict[tuple[uuid.UUID, uuid.UUID, dt.datetime], uuid.UUID]:
    """Doctor, hospital and start of the hours that are there for some appointments alone, each with its appointment."""
    rows = session.execute(_kept(appointments)).all()
    return {(row.doctor_id, row.hospital_id, ends(row.during)[0]): row.appointment_id for row in rows}


def hold_kept(session: Session, appointments: Collection[uuid.UUID]) -> None:
    """Lock the availabilities that are there for these appointments alone."""
    session.execute(
        select(Availability.id)
        .where(Availability.id.in_(kept_for(appointments)))
        .order_by(Availability.id)
        .with_for_update()
    )


def give_up(session: Session, appointments: Collection[uuid.UUID]) -> None:
    """Withdraw the availabilities that are there for these appointments alone, which have left them, and tell so.

    They are looked for anew: an appointment may have been left standing while we waited for its lock.
    """
    stands = exists().where(
        Appointment.doctor_id == Availability.doctor_id,
        Appointment.status == AppointmentStatus.BOOKED,
        Appointment.during.bool_op("&&")(Availability.during),
    )
    gone = session.execute(
        delete(Availability)
        .where(Availability.id.in_(kept_for(appointments)), ~stands)
        .returning(Availability.id, Availability.hospital_id),
        execution_options={"synchronize_session": False},
    ).all()
    outbox.tell(session, "availability.withdrawn", (availability_message(*each) for each in sorted(gone)))


def _kept(appointments: Collection[uuid.UUID]) -> Select[uuid.UUID, uuid.UUID, Range[dt.datetime], uuid.UUID]:
    """The availabilities of exactly the hour in which an applied reschedule left one of the appointments standing."""
    return (
        select(
            Availability.doctor_id,
            Availability.hospital_id,
            Availability.during,
            RescheduledAppointment.appointment_id,
        )
        .join(
            RescheduledAppointment,
            (RescheduledAppointment.doctor_id == Availability.doctor_id)
            & (RescheduledAppointment.hospital_id == Availability.hospital_id)
            & (RescheduledAppointment.during == Availability.during),
        )
        .join(Reschedule, Reschedule.id == RescheduledAppointment.reschedule_id)
        .where(
            among(RescheduledAppointment.appointment_id, appointments),
            RescheduledAppointment.fate == Fate.LEFT,
            Reschedule.status == RescheduleStatus.APPLIED,
        )
    )
