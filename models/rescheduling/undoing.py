"""Undoing a reschedule that was applied, whole or not at all: as long as nobody has built upon it."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.access.reach import of, whole
from models.arrays import among
from models.faults import Fault, Refusal, Refused
from models.hospitals import Hospital, Opening
from models.references import lock_to_change
from models.rescheduling.against import Told, Wanted, against, elsewhere, fault, too_near, when
from models.rescheduling.changes import Changes, HoursChange, Piece
from models.rescheduling.holding import hold_appointments, hold_availabilities, hold_hospitals, items_of
from models.rescheduling.jobs import end, held_elsewhere
from models.rescheduling.lost import Lost, lost_table, overlapping
from models.rescheduling.reaching import is_within
from models.rescheduling.tables import Fate, Reschedule, RescheduledAppointment, RescheduleStatus
from models.rescheduling.writing import ScheduleChanged, Work, meanwhile, write
from models.schedule import Appointment, AppointmentStatus, Availability
from models.stored_hours import hours_kept


@dataclass(frozen=True, slots=True)
class _Applied:
    """What applying did, and the schedule as it is now, locked."""

    moved: Sequence[RescheduledAppointment]
    cancelled: Sequence[RescheduledAppointment]
    changes: Changes
    found: Mapping[uuid.UUID, Availability]
    appointments: Mapping[uuid.UUID, Appointment]
    hospitals: Mapping[uuid.UUID, Hospital]
    told: Told

    def old(self, item: RescheduledAppointment) -> Wanted:
        """The hour that an appointment is to have again."""
        patient = self.appointments[item.appointment_id].patient_id
        return Wanted(item.appointment_id, patient, item.doctor_id, item.hospital_id, item.during)

    @property
    def back(self) -> Changes:
        """What takes the changes back. An hour that was kept for somebody who is gone is withdrawn already."""
        back = self.changes.turned_round()
        return back.model_copy(update={"before": [each for each in back.before if each.id in self.found]})


def undo_reschedule(session: Session, reschedule_id: uuid.UUID, version: int | None, now: dt.datetime) -> None:
    """Give everybody the hour back that they had before a reschedule was applied, and restore what was withdrawn.

    `version`: what the caller saw of it; None: whatever it is. Those that applying left standing stay as they are.

    Raises
    ------
    Refused
        where it does not exist, has changed since the caller saw it, or is not applied (any more).
    ScheduleChanged
        where an appointment, an old hour, an availability or the hospital's hours are not as applying left them; it
        names every change.

    """
    job = lock_to_change(session, Reschedule, reschedule_id, version)
    if job.status is not RescheduleStatus.APPLIED:
        message = f"The reschedule is {job.status}, and only one that is applied can be undone."
        raise Refused(Refusal.CLASH, [Fault("reschedule_not_applied", "status", job.status.value, message)])
    told = of(session).hospitals
    with whole(session):  # what stands against it can be out of the caller's reach
        _undo(session, job, now, told)


def _undo(session: Session, job: Reschedule, now: dt.datetime, told: Told) -> None:
    applied = _hold(session, job, told)
    if found := list(_changed_since(session, applied, now)):
        raise ScheduleChanged(job.id, found, "applied", "it cannot be undone while that is so")
    work = Work(
        moved=[(applied.appointments[each.appointment_id], applied.old(each)) for each in applied.moved],
        cancelled=[],
        booked=[(applied.appointments[each.appointment_id], applied.old(each)) for each in applied.cancelled],
        changes=applied.back,
    )
    try:
        with session.begin_nested():
            write(session, job.id, work, applied.hospitals, now)
            detail = f"{len(work.moved)} moved back, {len(work.booked)} booked again."
            end(session, job, RescheduleStatus.UNDONE, detail, now)
    except IntegrityError as error:
        raise ScheduleChanged(job.id, [meanwhile(error)], "applied", "try again") from error


def _hold(session: Session, job: Reschedule, told: Told) -> _Applied:
    """Lock everything that undoing a job changes or rests on, and read it."""
    items, changes = items_of(session, job.id), Changes.model_validate(job.changes)
    places = {place for each in items for place in (each.hospital_id, each.to_hospital_id) if place}
    hospitals = hold_hospitals(session, places | ({changes.hours.hospital} if changes.hours else set()))
    hours = [Lost(each.hospital_id, each.doctor_id, each.during) for each in items]
    hours += [Lost(each.to_hospital_id, each.to_doctor_id, each.to_during) for each in items if each.to_during]
    hold_availabilities(session, [*hours, *_as_lost(changes.before), *_as_lost(changes.after)])
    rows = select(Availability).where(among(Availability.id, [each.id for each in changes.after]))
    found = {each.id: each for each in session.scalars(rows.execution_options(populate_existing=True))}
    appointments = hold_appointments(session, [each.appointment_id for each in items])
    moved = [each for each in items if each.fate is Fate.MOVED]
    cancelled = [each for each in items if each.fate is Fate.CANCELLED]
    return _Applied(moved, cancelled, changes, found, appointments, hospitals, told)


def _changed_since(session: Session, applied: _Applied, now: dt.datetime) -> Iterator[Fault]:
    """Everything in which the schedule is not as applying left it."""
    gone = set()
    for item in (*applied.moved, *applied.cancelled):
        found = list(_lost_sight_of(applied, item, now))
        yield from found
        if found:
            gone.add(item.appointment_id)
    concerned = [each for each in (*applied.moved, *applied.cancelled) if each.appointment_id not in gone]
    wanted = [applied.old(each) for each in concerned]
    yield from held_elsewhere(session, [each.appointment for each in wanted], applied.told)
    yield from too_near(wanted, now, applied.hospitals, "has passed")
    leaving = {each.appointment_id for each in applied.moved}
    yield from against(session, wanted, applied.hospitals, leaving=leaving, changes=applied.back, told=applied.told)
    yield from _availabilities_changed(applied)
    yield from _doctors_elsewhere(session, applied)
    if applied.changes.hours:
        yield from _hours_changed(session, applied.changes.hours)
    else:
        yield from _closed_since(session, applied.changes)


def _lost_sight_of(applied: _Applied, item: RescheduledAppointment, now: dt.datetime) -> Iterator[Fault]:
    """Why an appointment is not as applying left it."""
    appointment, old = applied.appointments[item.appointment_id], applied.old(item)
    if item.fate is Fate.CANCELLED:
        if appointment.status is not AppointmentStatus.CANCELLED:
            facts = {"appointment": str(appointment.id), "status": appointment.status.value}
            yield fault("appointment_not_cancelled", appointment.id, f"is {appointment.status} by now", facts)
    elif item.to_doctor_id and item.to_hospital_id and item.to_during:
        new = Wanted(appointment.id, old.patient, item.to_doctor_id, item.to_hospital_id, item.to_during)
        yield from elsewhere(appointment, new, applied.told)
        if new.start < now and appointment.status is AppointmentStatus.BOOKED:
            hour = when(new.start, appointment.timezone)
            yield fault("appointment_begun", appointment.id, f"has begun, at {hour}", new.facts)


def _availabilities_changed(applied: _Applied) -> Iterator[Fault]:
    for piece in applied.changes.after:
        row = applied.found.get(piece.id)
        if row is None and piece.stands:
            continue  # withdrawn when its appointment had gone
        if row is None or (row.doctor_id, row.hospital_id, row.during) != (piece.doctor, piece.hospital, piece.during):
            what = "changed" if row else "withdrawn"
            message = f"The availability {piece.id} has been {what} since."
            yield Fault("availability_changed_since", "", str(piece.id), message, facts={"availability": str(piece.id)})


def _doctors_elsewhere(session: Session, applied: _Applied) -> Iterator[Fault]:
    """Availabilities that were added since where withdrawn ones are to be restored."""
    changes = applied.changes
    known = [each.id for each in (*changes.before, *changes.after)]
    anywhere = [Lost(None, each.doctor, each.during) for each in changes.before]
    added = overlapping(Availability, anywhere)
    rows = select(Availability.id, Availability.hospital_id).where(Availability.id.in_(select(added.c.id)))
    for id_, hospital in session.execute(rows.where(~among(Availability.id, known)).order_by(Availability.id)):
        if is_within([hospital], applied.told):
            message = f"The doctor has the availability {id_} by now, where a withdrawn one would be again."
            yield Fault("doctor_elsewhere", "", str(id_), message, facts={"availability": str(id_)})
        else:
            message = "The doctor is at another hospital by now, where a withdrawn availability would be again."
            yield Fault("doctor_elsewhere", "", None, message)


def _hours_changed(session: Session, change: HoursChange) -> Iterator[Fault]:
    """The weekly hours, or those of dates, that somebody has changed after us."""
    now = hours_kept(session, change.hospital)
    facts = {"hospital": str(change.hospital)}
    if change.after.week is not None and {day: list(spans) for day, spans in now.week.items()} != change.after.week:
        message = f"The weekly hours of the hospital {change.hospital} have been changed since."
        yield Fault("hours_changed_since", "", str(change.hospital), message, facts=facts)
    for date, after in change.after.dated.items():
        found = now.dated.get(date)
        if (list(found.hours) if found else None) != (after and after.hours):
            message = f"The hours of the hospital {change.hospital} on {date} have been changed since."
            yield Fault("hours_changed_since", "", str(date), message, facts=facts | {"date": str(date)})


def _closed_since(session: Session, changes: Changes) -> Iterator[Fault]:
    """Availabilities that are to be restored where the hospital is not open any more."""
    rows = lost_table(_as_lost(changes.before))
    openings = (
        select(func.range_agg(Opening.during))
        .where(Opening.hospital_id == rows.c.hospital_id, Opening.during.bool_op("&&")(rows.c.during))
        .scalar_subquery()
    )
    outside = select(rows.c.doctor_id, rows.c.hospital_id, rows.c.during).where(
        ~func.coalesce(openings.bool_op("@>")(rows.c.during), literal(value=False))
    )
    for doctor, hospital, during in session.execute(outside):
        message = f"The hospital {hospital} is not open any more for all of the availability of the doctor {doctor}"
        facts = {"hospital": str(hospital), "doctor": str(doctor), "start": during.lower.isoformat()}
        yield Fault(
            "hours_changed_since", "", str(hospital), f"{message} that begins at {facts['start']}.", facts=facts
        )


def _as_lost(pieces: Sequence[Piece]) -> list[Lost]:
    return [Lost(each.hospital, each.doctor, each.during) for each in pieces]
