"""Applying a proposal, whole or not at all: hours withdrawn, appointments moved, cancelled or left standing."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.access.reach import of, whole
from models.base import ends
from models.faults import Fault, Refusal, Refused
from models.hospitals import Hospital
from models.references import lock_to_change
from models.rescheduling.against import Told, Wanted, against, elsewhere, fault, too_near, when
from models.rescheduling.changes import Changes
from models.rescheduling.cutting import Standing, cut_availabilities, cut_hours
from models.rescheduling.holding import hold_appointments, hold_availabilities, hold_hospitals, items_of
from models.rescheduling.inputs import Policy, Scope
from models.rescheduling.jobs import end
from models.rescheduling.leftovers import kept_for
from models.rescheduling.lost import Lost, begun, displaced, lost_by
from models.rescheduling.tables import Cause, Fate, Reschedule, RescheduledAppointment, RescheduleStatus
from models.rescheduling.writing import ScheduleChanged, Work, meanwhile, write
from models.schedule import Appointment, Availability
from planner.problem import HOUR

CLOSING = (Cause.HOSPITAL_CLOSED, Cause.HOURS_CHANGED)
"""Causes by which the hospital itself loses the hours."""


@dataclass(frozen=True, slots=True)
class _Proposal:
    """What was proposed, and the schedule as it is now, locked."""

    items: Sequence[RescheduledAppointment]
    policy: Policy
    lost: Sequence[Lost]
    displaced: Mapping[uuid.UUID, Appointment]
    appointments: Mapping[uuid.UUID, Appointment]
    hospitals: Mapping[uuid.UUID, Hospital]
    moves: Sequence[Wanted]
    told: Told

    def old(self, item: RescheduledAppointment) -> Wanted:
        """The hour that an appointment had when it was planned."""
        patient = self.appointments[item.appointment_id].patient_id
        return Wanted(item.appointment_id, patient, item.doctor_id, item.hospital_id, item.during)

    @property
    def cancelled(self) -> list[RescheduledAppointment]:
        """The appointments that no hour was found for, where the policy has these cancelled."""
        return [each for each in self.items if each.to_during is None and self.policy.cancel_unplaced]

    @property
    def left(self) -> list[RescheduledAppointment]:
        """Those where it has not: they are left standing."""
        return [each for each in self.items if each.to_during is None and not self.policy.cancel_unplaced]


def apply_reschedule(session: Session, reschedule_id: uuid.UUID, version: int | None, now: dt.datetime) -> None:
    """Do what a reschedule proposes, all of it. `version`: what the caller saw of it; None: whatever it is.

    Raises
    ------
    Refused
        where it does not exist, has changed since the caller saw it, or is no proposal (any more).
    ScheduleChanged
        where the schedule is not the one that the proposal was made for; it names every change.

    """
    job = lock_to_change(session, Reschedule, reschedule_id, version)
    _refuse_unless_proposed(job)
    told = of(session).hospitals
    with whole(session):  # what stands against it can be out of the caller's reach
        _apply(session, job, now, told)


def _apply(session: Session, job: Reschedule, now: dt.datetime, told: Told) -> None:
    proposal = _hold(session, job, now, told)
    changes = _changes(session, job, proposal, now)
    if found := list(_changed_since(session, proposal, changes, now)):
        raise ScheduleChanged(job.id, found, "proposed", "plan again")
    work = Work(
        moved=[(proposal.appointments[each.appointment], each) for each in proposal.moves],
        cancelled=[proposal.appointments[each.appointment_id] for each in proposal.cancelled],
        booked=[],
        changes=changes,
    )
    try:
        with session.begin_nested():
            write(session, job.id, work, proposal.hospitals, now)
            _decide_fates(session, job.id, proposal.policy)
            job.changes = changes.model_dump(mode="json")
            end(session, job, RescheduleStatus.APPLIED, _told(proposal), now)
    except IntegrityError as error:  # somebody was quicker whom no lock of ours kept waiting
        raise ScheduleChanged(job.id, [meanwhile(error)], "proposed", "try again") from error


def _refuse_unless_proposed(job: Reschedule) -> None:
    if job.what_if:
        message = "The reschedule only asks what would happen; plan it again, for real, to apply it."
        raise Refused(Refusal.CLASH, [Fault("reschedule_only_asks", "", str(job.id), message)])
    if job.status is not RescheduleStatus.PROPOSED:
        message = f"The reschedule is {job.status}, and only one that is proposed can be applied."
        raise Refused(Refusal.CLASH, [Fault("reschedule_not_proposed", "status", job.status.value, message)])


def _hold(session: Session, job: Reschedule, now: dt.datetime, told: Told) -> _Proposal:
    """Lock everything that applying a job changes or rests on, and read it."""
    scope = Scope.model_validate(job.scope)
    items = items_of(session, job.id)
    places = {scope.hospital, *(place for each in items for place in (each.hospital_id, each.to_hospital_id))}
    hospitals = hold_hospitals(session, filter(None, places))
    lost = lost_by(session, job, now)
    old = [Lost(each.hospital_id, each.doctor_id, each.during) for each in items]
    new = [Lost(each.to_hospital_id, each.to_doctor_id, each.to_during) for each in items if each.to_during]
    hold_availabilities(session, [*lost, *old, *new])
    concerned = {each.id: each for each in displaced(session, lost, now)}
    appointments = hold_appointments(session, {each.appointment_id for each in items} | concerned.keys())
    moves = [
        Wanted(each.appointment_id, appointments[each.appointment_id].patient_id, doctor, hospital, during)
        for each in items
        for doctor, hospital, during in [(each.to_doctor_id, each.to_hospital_id, each.to_during)]
        if doctor and hospital and during
    ]
    return _Proposal(items, Policy.model_validate(job.policy), lost, concerned, appointments, hospitals, moves, told)


def _changes(session: Session, job: Reschedule, proposal: _Proposal, now: dt.datetime) -> Changes:
    """What is to become of openings and availabilities.

    An hour that an earlier reschedule kept for an appointment that now leaves it is lost as well. Who is left standing,
    and whose hour has begun already, keeps it.
    """
    leaving = [each.appointment for each in proposal.moves] + [each.appointment_id for each in proposal.cancelled]
    kept = session.scalars(select(Availability).where(Availability.id.in_(kept_for(leaving))))
    lost = [*proposal.lost, *(Lost(each.hospital_id, each.doctor_id, each.during) for each in kept)]
    standing = [Standing(each.appointment_id, each.doctor_id, each.hospital_id, each.during) for each in proposal.left]
    standing += [Standing(each.id, each.doctor_id, each.hospital_id, each.during) for each in begun(session, lost, now)]
    before, after = cut_availabilities(session, lost, standing)
    scope, hours = Scope.model_validate(job.scope), None
    if job.cause in CLOSING and scope.hospital:
        hospital = proposal.hospitals[scope.hospital]
        hours = cut_hours(session, hospital, scope.operating_hours, proposal.lost, standing, job.label)
    return Changes(before=before, after=after, hours=hours)


def _changed_since(session: Session, proposal: _Proposal, changes: Changes, now: dt.datetime) -> Iterator[Fault]:
    """Everything in which the schedule is not the one that the proposal was made for."""
    gone = set()
    for item in proposal.items:
        found = list(_lost_sight_of(proposal, item, now))
        yield from found
        if found:
            gone.add(item.appointment_id)
    known = {each.appointment_id for each in proposal.items if each.displaced}
    for id_, appointment in proposal.displaced.items():
        if id_ not in known:
            hour = when(ends(appointment.during)[0], appointment.timezone)
            message = f"stands in hours that are lost, {hour}, and the proposal knows nothing of it"
            yield fault("displaced_since", id_, message, {"appointment": str(id_)})
    moves = [each for each in proposal.moves if each.appointment not in gone]
    notice = proposal.policy.notice_hours
    limit = f"is in less than {notice} hours" if notice else "has passed"
    yield from too_near(moves, now + notice * HOUR, proposal.hospitals, limit)
    leaving = {each.appointment for each in proposal.moves} | {each.appointment_id for each in proposal.cancelled}
    yield from against(session, moves, proposal.hospitals, leaving=leaving, changes=changes, told=proposal.told)


def _lost_sight_of(proposal: _Proposal, item: RescheduledAppointment, now: dt.datetime) -> Iterator[Fault]:
    """Why an appointment is not the one any more that the proposal was made for."""
    old, appointment = proposal.old(item), proposal.appointments[item.appointment_id]
    changed = list(elsewhere(appointment, old, proposal.told))
    if changed:
        yield from changed
    elif old.start < now:
        message = f"has begun, at {when(old.start, appointment.timezone)}"
        yield fault("appointment_begun", old.appointment, message, old.facts)
    elif item.displaced and old.appointment not in proposal.displaced:
        message = f"keeps its hour, {when(old.start, appointment.timezone)}, which is not lost any more"
        yield fault("displaced_no_more", old.appointment, message, old.facts)
    elif not item.displaced and old.start < now + proposal.policy.notice_hours * HOUR:
        hour, notice = when(old.start, appointment.timezone), proposal.policy.notice_hours
        message = f"was to make room, and is in less than {notice} hours, {hour}"
        yield fault("appointment_too_near", old.appointment, message, old.facts)


def _decide_fates(session: Session, reschedule_id: uuid.UUID, policy: Policy) -> None:
    unplaced = Fate.CANCELLED if policy.cancel_unplaced else Fate.LEFT
    session.execute(
        update(RescheduledAppointment)
        .where(RescheduledAppointment.reschedule_id == reschedule_id)
        .values(fate=case((RescheduledAppointment.to_during.is_(None), unplaced.value), else_=Fate.MOVED.value)),
        execution_options={"synchronize_session": False},
    )


def _told(proposal: _Proposal) -> str:
    counts = {"moved": len(proposal.moves), "cancelled": len(proposal.cancelled), "left standing": len(proposal.left)}
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count or what == "moved") + "."
