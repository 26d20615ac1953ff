"""The hours that are left for appointments that have to move, in a schedule that breaks its rules."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.arrays import among
from models.rescheduling.inputs import Policy
from models.rescheduling.problem import ReschedulingProblem, problem_of_losing
from models.rescheduling.tables import Reschedule
from models.schedule import Appointment, AppointmentStatus
from models.validation.remedies.kinds import MoveAppointment
from planner.displaced import displaced
from planner.faults import zone_of
from planner.instants import HOUR_US, micros
from planner.plan import Booking
from planner.problem import Appointment as Standing
from planner.problem import Doctor, Hospital, Problem
from workers.solving import make_plan


@dataclass(frozen=True, slots=True)
class Placed:
    """What was found, by appointment: an hour, or why there is none."""

    hours: Mapping[UUID, MoveAppointment]
    reasons: Mapping[UUID, str]


def read_movers(
    session: Session, hospital: UUID, movers: Collection[UUID], policy: Policy, now: datetime
) -> ReschedulingProblem:
    """The problem of giving these appointments of a hospital other hours there: whoever can read the finding can then
    read all of its remedy. No other appointment moves to make room.
    """
    rows = session.scalars(
        select(Appointment)
        .where(among(Appointment.id, movers), Appointment.status == AppointmentStatus.BOOKED)
        .order_by(Appointment.id)
    ).all()
    kept = policy.model_copy(update={"others_move": False, "same_hospital": True})
    return problem_of_losing(session, rows, (), kept, now, Reschedule(hospitals=[hospital]))


@dataclass(frozen=True, slots=True)
class Promised:
    """An hour that an appointment is to move to, and the clock of the hospital where that is."""

    hour: Standing
    timezone: str


def place(read: ReschedulingProblem, promised: Sequence[Promised], *, time_limit: float) -> Placed:
    """Plan what was read, and check the plan. `promised` are hours that others are to move to, or the same patients
    elsewhere.

    An appointment for which no hour is left keeps its own: then it is planned again, so that nobody else gets that.

    Raises
    ------
    workers.solving.PlanRefused
        where the plan breaks a rule.

    """
    reasons = dict(read.moot)
    requests = read.problem.requests
    asked = with_promised(read.problem, promised)
    while True:
        problem, left_out = sound(replace(asked, requests=requests))
        plan = make_plan(problem, read.names, time_limit=time_limit)
        reasons |= {UUID(each.request): each.message for each in plan.conflicts}
        losing = displaced(problem, plan)
        if not losing:
            break
        requests = tuple(each for each in requests if each.id not in losing)
    patients = {each.id: each.patient for each in problem.requests}
    free = [each for each in plan.bookings if not _taken(each, patients[each.request], left_out)]
    hours = {UUID(each.request): _move(each) for each in free}
    return Placed(hours, {id_: reason for id_, reason in reasons.items() if id_ not in hours})


def with_promised(problem: Problem, promised: Sequence[Promised]) -> Problem:
    """A problem in which promised hours stand. Those elsewhere are at a place that the problem does not name: what is
    told of it is for readers who may not know of others (`models.rescheduling.reaching`).
    """
    known = {each.id for each in problem.hospitals}
    elsewhere = [each for each in promised if each.hour.hospital not in known]
    nowhere = {zone: f"elsewhere by {zone}" for zone in sorted({each.timezone for each in elsewhere})}
    hidden = [replace(each.hour, doctor=each.hour.id, hospital=nowhere[each.timezone]) for each in elsewhere]
    here = [each.hour for each in promised if each.hour.hospital in known]
    return replace(
        problem,
        hospitals=(*problem.hospitals, *(Hospital(id_, zone, ()) for zone, id_ in nowhere.items())),
        appointments=(*problem.appointments, *here, *hidden),
    )


def sound(problem: Problem) -> tuple[Problem, Sequence[Standing]]:
    """A problem as the planner's rules want it, and the appointments that are left out of it for that.

    Left out are those that overlap another one of their doctor or patient, and what is at hospitals without a clock.
    Appointments that requests move stay, since they do not stand.
    """
    hospitals = tuple(each for each in problem.hospitals if zone_of(each.timezone))
    known = {each.id for each in hospitals}
    moved = {each.moves for each in problem.requests}
    kept: list[Standing] = []
    left_out: list[Standing] = []
    last: dict[str, int] = {}  # when the last one that is kept begins, by whose it is
    for each in sorted(problem.appointments, key=lambda one: (one.start, one.id)):
        if each.id in moved:
            kept.append(each)
        elif each.hospital not in known or any(
            micros(each.start) - last.get(who, -HOUR_US) < HOUR_US for who in _whose(each)
        ):
            left_out.append(each)
        else:
            kept.append(each)
            last |= dict.fromkeys(_whose(each), micros(each.start))
    doctors = {each.id for each in problem.doctors}
    strangers = {each.doctor for each in kept} - doctors
    fit = replace(
        problem,
        hospitals=hospitals,
        doctors=(*problem.doctors, *(Doctor(each, frozenset()) for each in sorted(strangers))),
        availabilities=tuple(each for each in problem.availabilities if each.hospital in known),
        appointments=tuple(sorted(kept, key=lambda one: one.id)),
    )
    return fit, left_out


def _whose(each: Standing) -> tuple[str, str]:
    return f"doctor {each.doctor}", f"patient {each.patient}"


def _taken(booking: Booking, patient: str, left_out: Iterable[Standing]) -> bool:
    """Whether an hour that the planner did not know of stands against a booking."""
    return any(
        abs(micros(each.start) - micros(booking.start)) < HOUR_US
        for each in left_out
        if each.doctor == booking.doctor or each.patient == patient
    )


def _move(booking: Booking) -> MoveAppointment:
    return MoveAppointment(
        appointment=UUID(booking.request),
        doctor=UUID(booking.doctor),
        hospital=UUID(booking.hospital),
        start=booking.start,
    )
