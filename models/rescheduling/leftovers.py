"""Appointments that applying a reschedule left standing, and what becomes of their hours once they are gone.

Such an appointment stands in hours that are lost. The availability around it is kept for it alone
(`models.rescheduling.cutting`); when it is cancelled, completed or moved, that goes as well, so that nobody else books
an hour of a doctor who is not there. Every change of appointments therefore takes two steps more: `hold_kept` before
the appointments are locked, since whoever changes an availability locks that first, and `give_up` once they are gone.
Somebody may have made more of such an availability since: then it is theirs, and stays.
"""

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.orm import Session

from models import outbox
from models.availabilities import availability_message
from models.rescheduling.tables import Fate, Reschedule, RescheduledAppointment, RescheduleStatus
from models.schedule import Appointment, AppointmentStatus, Availability
from models.snapshot import among


def kept_for(appointments: Collection[uuid.UUID]) -> Select[uuid.UUID]:
    """The ids of the availabilities that are there for some of these appointments alone."""
    return (
        select(Availability.id)
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


def hold_kept(session: Session, appointments: Collection[uuid.UUID]) -> Sequence[uuid.UUID]:
    """Lock the availabilities that are there for these appointments alone, and return their ids."""
    return session.scalars(
        select(Availability.id)
        .where(Availability.id.in_(kept_for(appointments)))
        .order_by(Availability.id)
        .with_for_update()
    ).all()


def give_up(session: Session, kept: Collection[uuid.UUID]) -> None:
    """Withdraw availabilities that were kept for appointments, where these have left them, and tell so."""
    if not kept:
        return
    stands = exists().where(
        Appointment.doctor_id == Availability.doctor_id,
        Appointment.status == AppointmentStatus.BOOKED,
        Appointment.during.bool_op("&&")(Availability.during),
    )
    gone = session.execute(
        delete(Availability)
        .where(Availability.id.in_(kept), ~stands)
        .returning(Availability.id, Availability.hospital_id),
        execution_options={"synchronize_session": False},
    ).all()
    outbox.tell(session, "availability.withdrawn", (availability_message(*each) for each in sorted(gone)))
