"""Writing a proposal: the new hour of every appointment of a reschedule, or why there is none."""

import datetime as dt
import gzip
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Uuid, delete, select, union_all
from sqlalchemy.dialects.postgresql import TSTZRANGE, insert
from sqlalchemy.orm import Session

from models.arrays import among, table_of
from models.base import period
from models.booking import JsonObject, conflict_json, outcome_json
from models.rescheduling.jobs import end
from models.rescheduling.lost import displaced, lost_by
from models.rescheduling.problem import Concerned, ReschedulingProblem
from models.rescheduling.reaching import is_within
from models.rescheduling.tables import Reschedule, RescheduledAppointment, RescheduleStatus
from models.schedule import Appointment, AppointmentStatus
from planner.plan import Conflict, Plan
from planner.problem import HOUR, Problem
from planner.schemas import plan_to_json, problem_to_json


class Overtaken(Exception):  # noqa: N818  # named for what went wrong
    """The schedule has changed since the problem was read, so that its plan is worth nothing: plan again."""


class HeldElsewhere(Exception):  # noqa: N818  # as above
    """Another reschedule holds an appointment that is displaced since this one was asked for."""

    def __init__(self, appointment: uuid.UUID, holder: uuid.UUID | None) -> None:
        """`holder` is None where it concerns hospitals of which this one does not tell."""
        who = f"the reschedule {holder}" if holder else "a reschedule that concerns other hospitals too"
        super().__init__(
            f"The appointment {appointment} is displaced too by now, and {who} holds it;"
            " apply or discard that one, then plan this one again."
        )


@dataclass(frozen=True, slots=True)
class ExtraHour:
    """An hour in which a doctor could see patients besides; `appointment` would be placed thanks to it."""

    doctor: uuid.UUID
    hospital: uuid.UUID
    start: dt.datetime
    appointment: uuid.UUID


@dataclass(frozen=True, slots=True)
class ExtraHours:
    """Which hours would place those left over: the first k are the best k.

    `placed` is how many more appointments all of them place, `left` who has no hour even then; `proved` whether no
    fewer hours do so much, and no others more.
    """

    hours: tuple[ExtraHour, ...]
    placed: int
    left: tuple[uuid.UUID, ...]
    proved: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """What came of planning `read`.

    `problem` is what `plan` answers: that of `read` without the requests of `withdrawn` appointments, which keep their
    hours since they would have lost them to others otherwise; each with the conflict it was in.
    """

    read: ReschedulingProblem
    problem: Problem
    plan: Plan
    withdrawn: Mapping[uuid.UUID, Conflict]
    extra_hours: ExtraHours | None


@dataclass(frozen=True, slots=True)
class _Place:
    """A new hour, and whose it is."""

    of: Concerned
    doctor: uuid.UUID
    hospital: uuid.UUID
    start: dt.datetime


def write_proposal(session: Session, job: Reschedule, made: Proposal, now: dt.datetime) -> None:
    """Propose what was made for a job, whose row is locked: its appointments are written anew.

    Raises
    ------
    Overtaken
        where the appointments concerned are others by now, or a new hour is taken; nothing is to be committed then.
    HeldElsewhere
        where another job holds one of the displaced.

    """
    places = list(_places(made))
    _refuse_if_overtaken(session, job, made.read, places, now)
    session.execute(delete(RescheduledAppointment).where(RescheduledAppointment.reschedule_id == job.id))
    _hold(session, job, made, places)
    job.plan = outcome_json(made.plan)
    job.extra_hours = None if made.extra_hours is None else _extra_hours_json(made.extra_hours)
    job.problem_json = gzip.compress(problem_to_json(made.problem).encode(), mtime=0)
    job.plan_json = gzip.compress(plan_to_json(made.plan).encode(), mtime=0)
    job.planned_at = now
    end(session, job, RescheduleStatus.PROPOSED, None, now)


def _places(made: Proposal) -> Iterator[_Place]:
    for booking in made.plan.bookings:
        of = made.read.displaced[uuid.UUID(booking.request)]
        yield _Place(of, uuid.UUID(booking.doctor), uuid.UUID(booking.hospital), booking.start)
    for move in made.plan.moved:
        of = made.read.others[uuid.UUID(move.appointment)]
        yield _Place(of, uuid.UUID(move.doctor), uuid.UUID(move.hospital), move.start)


def _refuse_if_overtaken(
    session: Session, job: Reschedule, read: ReschedulingProblem, places: Sequence[_Place], now: dt.datetime
) -> None:
    lost = lost_by(session, job, now)
    if {each.id for each in displaced(session, lost, now)} != read.displaced.keys():
        raise Overtaken("other appointments are displaced by now")
    seen = {each.id: each.version for each in (*read.displaced.values(), *(place.of for place in places))}
    standing = session.execute(
        select(Appointment.id, Appointment.version).where(
            among(Appointment.id, seen), Appointment.status == AppointmentStatus.BOOKED
        )
    )
    if dict(standing.all()) != seen:
        raise Overtaken("an appointment has been changed")
    if _taken(session, seen, places):
        raise Overtaken("a new hour is taken by now")


def _taken(session: Session, leaving: Collection[uuid.UUID], places: Sequence[_Place]) -> bool:
    """Whether an appointment that stays where it is has got a new hour's doctor or patient."""
    wanted = table_of(
        "wanted",
        doctor=(Uuid, [each.doctor for each in places]),
        patient=(Uuid, [each.of.patient for each in places]),
        during=(TSTZRANGE, [period(each.start, each.start + HOUR) for each in places]),
    )
    overlaps = Appointment.occupies.bool_op("&&")(wanted.c.during)
    # One search by doctor and one by patient: each has an index of its own.
    taken = union_all(
        *(
            select(Appointment.id).join(wanted, (owner == wanted_by) & overlaps)
            for owner, wanted_by in (
                (Appointment.doctor_id, wanted.c.doctor),
                (Appointment.patient_id, wanted.c.patient),
            )
        )
    ).subquery()
    return session.scalar(select(taken.c.id).where(~among(taken.c.id, leaving)).limit(1)) is not None


def _hold(session: Session, job: Reschedule, made: Proposal, places: Sequence[_Place]) -> None:
    """Write the appointments of a job. By their ids, so that two jobs that want the same wait in one order."""
    rows = sorted(_rows(job, made, places), key=lambda row: row["appointment_id"])
    if not rows:
        return
    held = insert(RescheduledAppointment).on_conflict_do_nothing().returning(RescheduledAppointment.appointment_id)
    written = set(session.scalars(held, rows))
    lost = next((row for row in rows if row["appointment_id"] not in written), None)
    if lost is None:
        return
    if not lost["displaced"]:
        raise Overtaken("another job holds an appointment that was to make room")
    holder = session.scalar(
        select(Reschedule)
        .join(RescheduledAppointment, RescheduledAppointment.reschedule_id == Reschedule.id)
        .where(RescheduledAppointment.appointment_id == lost["appointment_id"], RescheduledAppointment.held)
    )
    named = holder.id if holder and is_within(holder.hospitals, job.hospitals) else None
    raise HeldElsewhere(lost["appointment_id"], named)


def _rows(job: Reschedule, made: Proposal, places: Sequence[_Place]) -> Iterator[JsonObject]:
    placed = {each.of.id: each for each in places}
    conflicts = {uuid.UUID(each.request): each for each in made.plan.conflicts} | dict(made.withdrawn)
    concerned = [*made.read.displaced.values(), *(placed[id_].of for id_ in made.read.others if id_ in placed)]
    for each in concerned:
        place, conflict = placed.get(each.id), conflicts.get(each.id)
        yield {
            "reschedule_id": job.id,
            "appointment_id": each.id,
            "displaced": each.id in made.read.displaced,
            "held": not job.what_if,
            "priority": each.priority,
            "moved_before": each.moved_before,
            "appointment_version": each.version,
            "doctor_id": each.doctor,
            "hospital_id": each.hospital,
            "during": period(each.during.start, each.during.end),
            "to_doctor_id": place.doctor if place else None,
            "to_hospital_id": place.hospital if place else None,
            "to_during": period(place.start, place.start + HOUR) if place else None,
            "conflict_kind": conflict.kind if conflict else None,
            "conflict": conflict_json(conflict) if conflict else _moot_json(made.read.moot.get(each.id)),
        }


def _moot_json(reason: str | None) -> JsonObject | None:
    """A refusal that the planner had nothing to do with."""
    return None if reason is None else {"message": reason, "facts": {}, "certificate": {}, "alternatives": []}


def _extra_hours_json(extra: ExtraHours) -> JsonObject:
    return {
        "hours": [
            {
                "doctor": str(each.doctor),
                "hospital": str(each.hospital),
                "start": each.start.isoformat(),
                "appointment": str(each.appointment),
            }
            for each in extra.hours
        ],
        "placed": extra.placed,
        "left": [str(each) for each in extra.left],
        "proved": extra.proved,
    }
