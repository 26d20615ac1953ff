"""Reschedules as jobs: asked for, discarded, asked for again. A job holds its appointments until it is decided."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import outbox
from models.access.reach import of, whole
from models.arrays import among
from models.base import ends
from models.faults import Fault, Refusal, Refused, refuse_if
from models.inputs import MAX_BATCH
from models.references import Directory, check_reference, find_doctors, find_hospitals, lock_to_change
from models.rescheduling.history import moved_since, wishes_of
from models.rescheduling.inputs import LostHour, RescheduleIn, Scope, ScopeIn
from models.rescheduling.lost import displaced, lost_by
from models.rescheduling.reaching import hospitals_of, is_within
from models.rescheduling.tables import (
    Reschedule,
    RescheduledAppointment,
    RescheduleEvent,
    RescheduleStatus,
)
from models.schedule import Appointment, AppointmentStatus
from planner.problem import Priority

UNPLANNED = (RescheduleStatus.QUEUED, RescheduleStatus.PLANNING)
"""A job that has no proposal yet."""

UNDECIDED = (*UNPLANNED, RescheduleStatus.PROPOSED)
"""A job that holds its appointments, unless it only asks."""

REMEMBERED = dt.timedelta(days=365)
"""How long somebody who was moved by a reschedule goes first."""


def create_reschedule(session: Session, asked: RescheduleIn, now: dt.datetime) -> uuid.UUID:
    """Queue a job that finds other hours for what a scope displaces. Ring the bell once the transaction has committed.

    Raises
    ------
    Refused
        where the scope names nobody, has passed or displaces too many (invalid), or where another job holds one of the
        appointments (clash); it names those jobs.

    """
    scope = _look_up(session, asked, now)
    job = Reschedule(
        cause=asked.cause,
        label=asked.label,
        what_if=asked.what_if,
        dry_run=asked.dry_run,
        scope=scope.model_dump(mode="json", exclude_none=True),
        policy=asked.policy.model_dump(mode="json"),
        hospitals=hospitals_of(scope, asked.policy, of(session)),
        created_at=now,
    )
    return _queue(session, job, now)


def plan_again(
    session: Session, reschedule_id: uuid.UUID, now: dt.datetime, *, what_if: bool | None = None
) -> uuid.UUID:
    """Queue a new job with the scope and policy of another, which is discarded where it was undecided.

    `what_if` None: as it was. Raises as `create_reschedule` does, and where there is no such job.
    """
    old = lock_to_change(session, Reschedule, reschedule_id, None)
    if old.status in UNDECIDED:
        end(session, old, RescheduleStatus.DISCARDED, "It is planned again.", now)
    refuse_if(_passed(Scope.model_validate(old.scope), now))
    job = Reschedule(
        cause=old.cause,
        label=old.label,
        what_if=old.what_if if what_if is None else what_if,
        dry_run=True,
        scope=old.scope,
        policy=old.policy,
        hospitals=old.hospitals,
        replaces=old.id,
        created_at=now,
    )
    return _queue(session, job, now)


def discard_reschedule(session: Session, reschedule_id: uuid.UUID, version: int | None, now: dt.datetime) -> None:
    """Let a job be, and its appointments go. `version`: what the caller saw; None: any.

    Raises
    ------
    Refused
        where it does not exist, has changed since, or is decided already.

    """
    reschedule = lock_to_change(session, Reschedule, reschedule_id, version)
    if reschedule.status not in UNDECIDED:
        message = f"The reschedule is {reschedule.status} already; only one that waits or is proposed can be discarded."
        raise Refused(Refusal.CLASH, [Fault("reschedule_decided", "status", reschedule.status, message)])
    end(session, reschedule, RescheduleStatus.DISCARDED, None, now)


def end(
    session: Session, reschedule: Reschedule, status: RescheduleStatus, detail: str | None, now: dt.datetime
) -> None:
    """Let a job, whose row is locked, be of another status; once it is decided it holds no appointment any more."""
    reschedule.status = status
    reschedule.version += 1
    reschedule.lease_expires_at = None
    reschedule.stage = None
    if status not in UNDECIDED:
        session.execute(
            update(RescheduledAppointment)
            .where(RescheduledAppointment.reschedule_id == reschedule.id, RescheduledAppointment.held)
            .values(held=False)
        )
    note(session, reschedule.id, status, detail, now)


def note(
    session: Session, reschedule_id: uuid.UUID, status: RescheduleStatus, detail: str | None, now: dt.datetime
) -> None:
    """Write what happened to a job into its history, and tell other systems."""
    session.flush()
    session.add(RescheduleEvent(reschedule_id=reschedule_id, status=status, detail=detail, at=now))
    session.flush()
    outbox.tell(session, f"reschedule.{status}", [{"reschedule": str(reschedule_id)}])


def _queue(session: Session, job: Reschedule, now: dt.datetime) -> uuid.UUID:
    told = of(session).hospitals
    with whole(session):  # other jobs, and what led to an appointment, can be out of the caller's reach
        return _queued(session, job, now, told)


def _queued(session: Session, job: Reschedule, now: dt.datetime, told: Collection[uuid.UUID] | None) -> uuid.UUID:
    concerned = displaced(session, lost_by(session, job, now), now)
    if len(concerned) > MAX_BATCH:
        message = f"The scope displaces {len(concerned)} appointments, and one job takes {MAX_BATCH}; divide it."
        raise Refused(Refusal.INVALID, [Fault("too_many_displaced", "scope", str(len(concerned)), message)])
    session.add(job)
    session.flush()
    _hold(session, job, concerned, now, told)
    note(session, job.id, RescheduleStatus.QUEUED, None, now)
    return job.id


def _hold(
    session: Session,
    job: Reschedule,
    concerned: Sequence[Appointment],
    now: dt.datetime,
    told: Collection[uuid.UUID] | None,
) -> None:
    """Write the appointments of a job. By their ids, so that two jobs that want the same wait in one order."""
    if not concerned:
        return
    before = moved_since(session, (each.patient_id for each in concerned), now - REMEMBERED, job.hospitals)
    wishes = wishes_of(session, [each.id for each in concerned])
    rows = [
        {
            "reschedule_id": job.id,
            "appointment_id": each.id,
            "displaced": True,
            "held": not job.what_if,
            "priority": wishes[each.id].priority if each.id in wishes else Priority.ROUTINE,
            "moved_before": each.patient_id in before,
            "appointment_version": each.version,
            "doctor_id": each.doctor_id,
            "hospital_id": each.hospital_id,
            "during": each.during,
        }
        for each in concerned
    ]
    held = insert(RescheduledAppointment).on_conflict_do_nothing().returning(RescheduledAppointment.appointment_id)
    written = set(session.scalars(held, rows))
    if elsewhere := {each.id for each in concerned} - written:
        message = "Another reschedule held some of these appointments until just now; ask again."
        just_let_go = Fault("appointment_held", "", None, message)  # between our insert and this look
        raise Refused(Refusal.CLASH, list(held_elsewhere(session, elsewhere, told)) or [just_let_go])


def held_elsewhere(
    session: Session, appointments: Collection[uuid.UUID], hospitals: Collection[uuid.UUID] | None
) -> Iterator[Fault]:
    """What stands against taking some appointments: each job that holds any of them. One that concerns more than
    `hospitals` (None: all) is not named.
    """
    holders = (
        select(Reschedule.id, Reschedule.hospitals, func.count(), func.min(text("appointment_id::text")))
        .join(RescheduledAppointment, RescheduledAppointment.reschedule_id == Reschedule.id)
        .where(among(RescheduledAppointment.appointment_id, appointments), RescheduledAppointment.held)
        .group_by(Reschedule.id)
        .order_by(Reschedule.id)
    )
    for job, concerned, count, example in session.execute(holders):
        holds = f"holds {count} of these appointments, such as {example}"
        if is_within(concerned, hospitals):
            message = f"The reschedule {job} {holds}; apply or discard it first."
            facts = {"reschedule": str(job), "appointments": count}
            yield Fault("appointment_held", "", str(job), message, facts=facts)
        else:
            message = f"A reschedule that concerns other hospitals too {holds}; whoever can see it has to decide it."
            yield Fault("appointment_held", "", None, message, facts={"appointments": count})


def _look_up(session: Session, asked: RescheduleIn, now: dt.datetime) -> Scope:
    sent = asked.scope
    doctors = find_doctors(session, sent.doctors or ())
    hospitals = find_hospitals(session, [sent.hospital] if sent.hospital else ())
    faults = list(_unknown(sent, doctors, hospitals))
    hours: list[LostHour] | None = None
    if sent.appointments is not None:
        hours, strange = _their_hours(session, sent.appointments, now)
        faults += strange
    refuse_if(faults)
    scope = Scope(
        doctors=list(dict.fromkeys(doctors[each].id for each in sent.doctors)) if sent.doctors else None,
        hospital=hospitals[sent.hospital].id if sent.hospital else None,
        start=sent.start,
        end=sent.end,
        operating_hours=sent.operating_hours,
        hours=hours,
    )
    refuse_if(_passed(scope, now))
    return scope


def _unknown(sent: ScopeIn, doctors: Directory, hospitals: Directory) -> Iterator[Fault]:
    """Who is named and not there. A doctor who has left may well be named: that is a reason to reschedule."""
    for place, reference in enumerate(sent.doctors or ()):
        if reference not in doctors:
            yield from check_reference(doctors, "doctor", f"scope.doctors[{place}]", reference)
    if sent.hospital and sent.hospital not in hospitals:
        yield from check_reference(hospitals, "hospital", "scope.hospital", sent.hospital)


def _passed(scope: Scope, now: dt.datetime) -> Iterator[Fault]:
    if scope.end and scope.end <= now:
        message = f"The scope had ended at {scope.end.isoformat()}, and it is {now.isoformat()}; choose a later end."
        yield Fault("scope_passed", "scope.end", scope.end.isoformat(), message)


def _their_hours(
    session: Session, appointments: Sequence[uuid.UUID], now: dt.datetime
) -> tuple[list[LostHour], list[Fault]]:
    """The hours of some appointments, and what is wrong with those that have none to lose."""
    known = {each.id: each for each in session.scalars(select(Appointment).where(Appointment.id.in_(appointments)))}
    hours, faults = [], []
    for place, id_ in enumerate(appointments):
        field = f"scope.appointments[{place}]"
        row = known.get(id_)
        if row is None:
            message = f"There is no appointment {id_}; leave it out."
            faults.append(Fault("unknown_appointment", field, str(id_), message))
        elif row.status is not AppointmentStatus.BOOKED:
            message = f"The appointment {id_} is {row.status} already; leave it out."
            faults.append(Fault("appointment_not_booked", field, str(id_), message))
        elif ends(row.during)[0] < now:
            message = f"The appointment {id_} has begun already; leave it out."
            faults.append(Fault("appointment_begun", field, str(id_), message))
        else:
            hours.append(LostHour(doctor=row.doctor_id, hospital=row.hospital_id, start=ends(row.during)[0]))
    return hours, faults
