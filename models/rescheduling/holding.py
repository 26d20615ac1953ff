"""Locking what a reschedule changes, so that it is judged and changed as one.

In one order: the job, hospitals, availabilities, appointments; rows of one kind by their ids. Hospitals come first,
unlike in `workers.commit`, and that does no harm: the lock keeps those out who change a hospital's hours or its clock,
and not those who book at it.
"""

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.arrays import among
from models.hospitals import Hospital
from models.rescheduling.lost import Lost, overlapping
from models.rescheduling.tables import RescheduledAppointment
from models.schedule import Appointment, Availability


def items_of(session: Session, reschedule_id: uuid.UUID) -> Sequence[RescheduledAppointment]:
    """The appointments of a job, whose row is locked, by their ids."""
    return session.scalars(
        select(RescheduledAppointment)
        .where(RescheduledAppointment.reschedule_id == reschedule_id)
        .order_by(RescheduledAppointment.appointment_id)
        .execution_options(populate_existing=True)
    ).all()


def hold_hospitals(session: Session, hospitals: Iterable[uuid.UUID]) -> dict[uuid.UUID, Hospital]:
    """Keep the hours and the clocks of hospitals from being changed until the transaction ends."""
    rows = session.scalars(
        select(Hospital)
        .where(among(Hospital.id, set(hospitals)))
        .order_by(Hospital.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def hold_availabilities(session: Session, hours: Sequence[Lost]) -> None:
    """Keep the availabilities that overlap some hours from being changed, and from being booked.

    Found first and locked second: one that was changed while we waited for its lock is read anew by whoever asks next.
    """
    near = overlapping(Availability, hours)
    session.execute(
        select(Availability.id)
        .where(Availability.id.in_(select(near.c.id)))
        .order_by(Availability.id)
        .with_for_update()
    )


def hold_appointments(session: Session, appointments: Iterable[uuid.UUID]) -> dict[uuid.UUID, Appointment]:
    """Keep appointments from being changed. Returns them as they are now."""
    rows = session.scalars(
        select(Appointment)
        .where(among(Appointment.id, set(appointments)))
        .order_by(Appointment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}
