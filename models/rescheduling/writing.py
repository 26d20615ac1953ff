"""Writing what a reschedule does, or takes back, in a few statements; the rules are judged once at the end."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import String, TableValuedAlias, Uuid, text, update
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import outbox
from models.appointment_messages import BOOKED, CANCELLED, MOVED, Hour, appointment_message
from models.arrays import among, table_of
from models.booking import JsonObject
from models.faults import Fault, Refusal, Refused
from models.hospitals import Hospital
from models.rescheduling.against import Wanted
from models.rescheduling.changes import Changes
from models.rescheduling.cutting import write_availabilities, write_hours
from models.rescheduling.tables import BECAUSE_OF
from models.schedule import Appointment, AppointmentStatus

_JUDGED_LATER = "appointment_within_availability, availability_within_openings"


class ScheduleChanged(Refused):
    """The schedule is not the one that something was meant for. The first fault says so, the others name how.

    `since` is what the reschedule was then (proposed, applied), `remedy` what to do about it.
    """

    def __init__(self, reschedule_id: uuid.UUID, changes: Sequence[Fault], since: str, remedy: str) -> None:
        ways = f"in {len(changes)} ways" if len(changes) > 1 else "in one way"
        message = f"The schedule has changed {ways} since this was {since}; {remedy}."
        first = Fault("schedule_changed", "", str(reschedule_id), message, facts={"changes": len(changes)})
        super().__init__(Refusal.CLASH, [first, *changes])


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done to appointments, which are locked, and to the hours in which they can stand.

    `moved` are booked and get another hour, `cancelled` lose theirs, `booked` were cancelled and get their own back.
    """

    moved: Sequence[tuple[Appointment, Wanted]]
    cancelled: Sequence[Appointment]
    booked: Sequence[tuple[Appointment, Wanted]]
    changes: Changes


def write(
    session: Session, reschedule_id: uuid.UUID, work: Work, hospitals: Mapping[uuid.UUID, Hospital], now: dt.datetime
) -> None:
    """Do the work, because of a reschedule, and tell it.

    Raises
    ------
    sqlalchemy.exc.IntegrityError
        where a rule of the schedule stands against it.

    """
    messages = _messages(reschedule_id, work)
    session.execute(BECAUSE_OF, {"reschedule": str(reschedule_id)})
    session.execute(text(f"SET CONSTRAINTS {_JUDGED_LATER} DEFERRED"))
    _vacate(session, [each.id for each, _ in work.moved], version=0)
    _vacate(session, [each.id for each in work.cancelled], version=1)
    if work.changes.hours:
        write_hours(session, hospitals[work.changes.hours.hospital], work.changes.hours.after, now)
    write_availabilities(session, work.changes)
    _occupy(session, [hour for _, hour in (*work.moved, *work.booked)], hospitals)
    session.execute(text(f"SET CONSTRAINTS {_JUDGED_LATER} IMMEDIATE"))
    for topic, payloads in messages.items():
        outbox.tell(session, topic, payloads)


def meanwhile(error: IntegrityError) -> Fault:
    """What is said of a change that came while the work was done."""
    rule = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or "a rule of the schedule"
    message = f"Something was changed at the same moment that stands against it ({rule})."
    return Fault("clash_meanwhile", "", None, message)


def _vacate(session: Session, appointments: Sequence[uuid.UUID], version: int) -> None:
    """Let appointments go of their hours, so that they can trade them; nobody sees it before all have new ones."""
    session.execute(
        update(Appointment)
        .where(among(Appointment.id, appointments))
        .values(status=AppointmentStatus.CANCELLED, version=Appointment.version + version),
        execution_options=_UNSEEN,
    )


def _occupy(session: Session, hours: Sequence[Wanted], hospitals: Mapping[uuid.UUID, Hospital]) -> None:
    """Book all hours at once."""
    new = _table(hours, hospitals)
    session.execute(
        update(Appointment)
        .where(Appointment.id == new.c.id)
        .values(
            status=AppointmentStatus.BOOKED,
            doctor_id=new.c.doctor,
            hospital_id=new.c.hospital,
            timezone=new.c.timezone,
            during=new.c.during,
            version=Appointment.version + 1,
        ),
        execution_options=_UNSEEN,
    )


_UNSEEN = {"synchronize_session": False}


def _table(hours: Sequence[Wanted], hospitals: Mapping[uuid.UUID, Hospital]) -> TableValuedAlias:
    return table_of(
        "new_hour",
        id=(Uuid, [each.appointment for each in hours]),
        doctor=(Uuid, [each.doctor for each in hours]),
        hospital=(Uuid, [each.hospital for each in hours]),
        timezone=(String, [hospitals[each.hospital].timezone for each in hours]),
        during=(TSTZRANGE, [each.during for each in hours]),
    )


def _messages(reschedule_id: uuid.UUID, work: Work) -> dict[str, list[JsonObject]]:
    """What is told, by topic; of the appointments as they are before the work."""
    return {
        CANCELLED: [
            appointment_message(each.id, each.version + 1, Hour.of(each), reschedule=reschedule_id)
            for each in work.cancelled
        ],
        MOVED: [
            appointment_message(each.id, each.version + 1, _hour(to), left=Hour.of(each), reschedule=reschedule_id)
            for each, to in work.moved
        ],
        BOOKED: [
            appointment_message(each.id, each.version + 1, _hour(to), reschedule=reschedule_id)
            for each, to in work.booked
        ],
    }


def _hour(wanted: Wanted) -> Hour:
    return Hour(wanted.doctor, wanted.hospital, wanted.start)
