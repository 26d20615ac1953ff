"""The planning problem of a reschedule: who needs another hour, who may move to make room, and what is left to have.

Every displaced appointment becomes a request that moves it and has its id. What is lost is cut out of openings and
availabilities. Where the policy lets others move, they are movable within their windows. Ids are UUIDs as strings, as
in `models.snapshot`.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.arrays import among
from models.base import ends
from models.people import DoctorSpecialty, Patient, User
from models.rescheduling.history import Wish, moved_since, wishes_of
from models.rescheduling.inputs import Policy
from models.rescheduling.jobs import REMEMBERED
from models.rescheduling.lost import Lost, displaced, lost_by
from models.rescheduling.others import Other, read_others
from models.rescheduling.reaching import confined
from models.rescheduling.remaining import Remaining
from models.rescheduling.tables import Reschedule
from models.schedule import Appointment
from models.settings import settings
from models.snapshot import ONE_VIEW, Snapshot, problem_of
from planner import problem as planning
from planner.problem import Availability, Period, Priority, Problem, Request

LAST_RESORT = dt.timedelta(days=28)
"""How long after the last displaced hour a new one may still be, where the policy does not say."""

LEFT = "The patient is no longer active in the directory, so no other hour was looked for."


@dataclass(frozen=True, slots=True)
class Concerned:
    """An appointment as it was when the problem was read: one that is displaced, or that may move to make room.

    `priority` and `specialty` are those of its booking request. `moved_before`: a reschedule has moved its patient
    within `REMEMBERED`.
    """

    id: uuid.UUID
    version: int
    patient: uuid.UUID
    doctor: uuid.UUID
    hospital: uuid.UUID
    during: Period
    priority: Priority
    specialty: str | None
    moved_before: bool

    @classmethod
    def of(cls, row: Appointment, wish: Wish | None, before: Collection[uuid.UUID]) -> Self:
        """`before`: the patients who were moved before."""
        return cls(
            row.id,
            row.version,
            row.patient_id,
            row.doctor_id,
            row.hospital_id,
            Period(*ends(row.during)),
            wish.priority if wish else Priority.ROUTINE,
            wish.specialty if wish else None,
            row.patient_id in before,
        )


@dataclass(frozen=True, slots=True)
class ReschedulingProblem:
    """A reschedule as a planning problem, read at `now`.

    `displaced` and `others` are the appointments that have to, and that may, get another hour, by their ids; `moot`
    those displaced ones for which none is looked for, with the reason. `names` maps the ids of doctors and hospitals to
    what people call them. `availabilities` are those of the schedule before anything is lost. `departed` are doctors
    whom the directory no longer has active.
    """

    problem: Problem
    now: dt.datetime
    policy: Policy
    names: Mapping[str, str]
    displaced: Mapping[uuid.UUID, Concerned]
    others: Mapping[uuid.UUID, Concerned]
    moot: Mapping[uuid.UUID, str]
    remaining: Remaining
    availabilities: Sequence[Availability]
    departed: Collection[str]


def read_problem(session: Session, reschedule_id: uuid.UUID, now: dt.datetime) -> ReschedulingProblem:
    """The problem of a reschedule as the schedule stands at `now`.

    Call it in a transaction of its own, before anything else: it asks for one view of all tables.
    """
    session.connection(execution_options={"isolation_level": ONE_VIEW})
    job = session.get_one(Reschedule, reschedule_id)
    lost = lost_by(session, job, now)
    policy = Policy.model_validate(job.policy)
    return problem_of_losing(session, displaced(session, lost, now), lost, policy, now, job)


def problem_of_losing(
    session: Session,
    rows: Sequence[Appointment],
    lost: Sequence[Lost],
    policy: Policy,
    now: dt.datetime,
    job: Reschedule | None = None,
) -> ReschedulingProblem:
    """The problem of giving the appointments `rows` other hours, while some hours are `lost`.

    `job` is the one that asks, if one does: hours are then found, and others moved, at the hospitals that it concerns.
    """
    hospitals = job.hospitals if job else None
    concerned = concerned_of(session, rows, wishes_of(session, [each.id for each in rows]), now, hospitals)
    moot = moot_of(session, rows)
    asking = [each for id_, each in concerned.items() if id_ not in moot]

    window = window_of(policy, rows, now)
    doctors = acceptable_doctors(session, asking, same=policy.same_doctor)
    requests = requests_of(asking, doctors, window, policy, hospitals)
    others: dict[uuid.UUID, Other] = {}
    if policy.others_move and requests:
        acceptable = set().union(*doctors.values())
        others = read_others(session, job, policy, window, now, acceptable, rows)
    moving = [each.row for each in others.values()]
    reach = dt.timedelta(days=settings().plan_reach_days)
    taken = problem_of(session, requests, now=now, reach=reach, patients={each.patient_id for each in moving})
    remaining = Remaining(lost)
    return ReschedulingProblem(
        problem=confined(_problem(taken, remaining, others, policy, hospitals), hospitals),
        now=now,
        policy=policy,
        names=taken.names,
        displaced=concerned,
        others=concerned_of(session, moving, {id_: each.wish for id_, each in others.items()}, now, hospitals),
        moot=moot,
        remaining=remaining,
        availabilities=taken.problem.availabilities,
        departed=_departed(session, {each.doctor for each in asking}),
    )


def planned_priorities(concerned: Iterable[Concerned]) -> dict[uuid.UUID, Priority]:
    """The priority that each displaced appointment is planned with: its own, and within it those moved before first.

    Own priorities do where none is shared by some who were moved before and some who were not. Otherwise the ranks
    (priority, moved before) that occur become the planner's three in their order; where there are more than three,
    urgent ones stay urgent, those moved before become soon, and all the rest routine.
    """
    rows = list(concerned)
    priorities = list(Priority)
    ranks = sorted({_rank(each) for each in rows})
    if len({priority for priority, _ in ranks}) == len(ranks):
        return {each.id: each.priority for each in rows}
    if len(ranks) <= len(priorities):
        planned = dict(zip(ranks, priorities, strict=False))
        return {each.id: planned[_rank(each)] for each in rows}
    return {
        each.id: Priority.URGENT
        if each.priority is Priority.URGENT
        else Priority.SOON
        if each.moved_before
        else Priority.ROUTINE
        for each in rows
    }


def _rank(each: Concerned) -> tuple[int, bool]:
    """The lower the earlier."""
    return list(Priority).index(each.priority), not each.moved_before


def concerned_of(
    session: Session,
    rows: Sequence[Appointment],
    wishes: Mapping[uuid.UUID, Wish | None],
    now: dt.datetime,
    hospitals: Collection[uuid.UUID] | None = None,
) -> dict[uuid.UUID, Concerned]:
    """Appointments as a reschedule that concerns `hospitals` (None: all) sees them, by their ids; `wishes` are those
    behind them.
    """
    before = moved_since(session, {each.patient_id for each in rows}, now - REMEMBERED, hospitals)
    return {each.id: Concerned.of(each, wishes.get(each.id), before) for each in rows}


def moot_of(session: Session, rows: Iterable[Appointment]) -> dict[uuid.UUID, str]:
    """The appointments for which no other hour is looked for, with the reason."""
    patients = {each.id: each.patient_id for each in rows}
    left = set(session.scalars(select(Patient.id).where(among(Patient.id, set(patients.values())), ~Patient.active)))
    return {id_: LEFT for id_, patient in patients.items() if patient in left}


def _departed(session: Session, doctors: Collection[uuid.UUID]) -> frozenset[str]:
    return frozenset(map(str, session.scalars(select(User.id).where(among(User.id, doctors), ~User.active))))


def window_of(policy: Policy, rows: Sequence[Appointment], now: dt.datetime) -> Period:
    """Where every new hour has to lie; empty where the policy leaves no time."""
    latest = policy.latest or max((ends(each.during)[1] for each in rows), default=now) + LAST_RESORT
    return Period(min(now + dt.timedelta(hours=policy.notice_hours), latest), latest)


def _near(old: Period, window: Period, days: int | None) -> Period:
    """What of a window is at most some days from an old hour; empty where nothing is."""
    if days is None:
        return window
    reach = dt.timedelta(days=days)
    latest = min(old.end + reach, window.end)
    return Period(min(max(old.start - reach, window.start), latest), latest)


def acceptable_doctors(
    session: Session, asking: Iterable[Concerned], *, same: bool
) -> dict[uuid.UUID, tuple[uuid.UUID, ...]]:
    """Who may see each patient, by appointment: the doctor of the appointment first, then, unless it must be the
    `same`, active doctors with the specialty that was asked for, or with any of the doctor's where none was.
    """
    rows = list(asking)
    if same:
        return {each.id: (each.doctor,) for each in rows}
    own: dict[uuid.UUID, set[str]] = {each.doctor: set() for each in rows}
    specialists: dict[str, set[uuid.UUID]] = {}
    for doctor, specialty, active in session.execute(
        select(DoctorSpecialty.doctor_id, DoctorSpecialty.specialty, User.active).join(
            User, User.id == DoctorSpecialty.doctor_id
        )
    ):
        if doctor in own:
            own[doctor].add(specialty)
        if active:
            specialists.setdefault(specialty, set()).add(doctor)

    @cache
    def acceptable(doctor: uuid.UUID, specialty: str | None) -> tuple[uuid.UUID, ...]:
        wanted = {specialty} if specialty else own[doctor]
        found = set().union(*(specialists.get(each, ()) for each in wanted))
        return doctor, *sorted(found - {doctor})

    return {each.id: acceptable(each.doctor, each.specialty) for each in rows}


def requests_of(
    asking: Sequence[Concerned],
    doctors: Mapping[uuid.UUID, tuple[uuid.UUID, ...]],
    window: Period,
    policy: Policy,
    hospitals: Collection[uuid.UUID] | None = None,
) -> list[Request]:
    """What displaced appointments ask of the planner: an hour within `window` with one of their `doctors`, at one of
    `hospitals` (None: at any) as far as the policy lets them.
    """
    priorities = planned_priorities(asking)
    windows = {each.id: _near(each.during, window, policy.within_days) for each in asking}
    return [
        Request(
            id=str(each.id),
            patient=str(each.patient),
            priority=priorities[each.id],
            earliest=windows[each.id].start,
            latest=windows[each.id].end,
            doctors=tuple(map(str, doctors[each.id])),
            places=None if policy.same_doctor else (0, *(1 for _ in doctors[each.id][1:])),
            hospitals=_where(str(each.hospital), policy, hospitals),
            preferred=each.during.start,
            moves=str(each.id),
        )
        for each in asking
    ]


def _where(own: str, policy: Policy, hospitals: Collection[uuid.UUID] | None) -> tuple[str, ...] | None:
    """Where the new hour of an appointment may be that is at the hospital `own`; None: anywhere."""
    if policy.same_hospital:
        return (own,)
    return None if hospitals is None else tuple(map(str, sorted(hospitals)))


def _problem(
    taken: Snapshot,
    remaining: Remaining,
    others: Mapping[uuid.UUID, Other],
    policy: Policy,
    hospitals: Collection[uuid.UUID] | None,
) -> Problem:
    """The problem of the schedule without what is lost, and with the others movable."""

    def movable(each: planning.Appointment) -> planning.Appointment:
        other = others.get(uuid.UUID(each.id))
        if other is None:
            return each
        return replace(each, movable=True, window=other.window, hospitals=_where(each.hospital, policy, hospitals))

    return replace(
        taken.problem,
        hospitals=tuple(map(remaining.open, taken.problem.hospitals)),
        availabilities=tuple(rest for each in taken.problem.availabilities for rest in remaining.available(each)),
        appointments=tuple(map(movable, taken.problem.appointments)),
    )
