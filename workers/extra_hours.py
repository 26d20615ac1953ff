"""Which hours, were doctors to see patients in them besides, would place the appointments that are left over."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from models.rescheduling.candidates import candidate_hours
from models.rescheduling.problem import ReschedulingProblem
from models.rescheduling.proposal import ExtraHour, ExtraHours
from planner.extra_hours import extra_hours
from planner.plan import Conflict, Plan, PlanStatus
from planner.problem import Priority, Problem, Request


def look_for_extra_hours(
    read: ReschedulingProblem, problem: Problem, plan: Plan, withdrawn: Mapping[UUID, Conflict], *, time_limit: float
) -> ExtraHours | None:
    """The fewest hours that place the most of those whom `plan` leaves over; None where it leaves over nobody.

    Appointments that were `withdrawn` from the problem count as left over, and no hours are looked for them.
    """
    booked = {each.request for each in plan.bookings}
    over = [each for each in problem.requests if each.id not in booked]
    if not over:
        return ExtraHours((), 0, tuple(sorted(withdrawn)), proved=False) if withdrawn else None
    candidates = candidate_hours(read, over)
    found = extra_hours(_booked_first(problem, over), candidates.hours, time_limit=time_limit)
    return ExtraHours(
        hours=tuple(
            ExtraHour(UUID(each.doctor), UUID(each.hospital), each.start, UUID(each.request)) for each in found.hours
        ),
        placed=found.placed,
        left=tuple(sorted({*map(UUID, found.left), *withdrawn})),
        # Where everybody left over is placed, hours that were not looked at could do no better.
        proved=found.proved
        and (candidates.complete or not found.left)
        and plan.status is PlanStatus.OPTIMAL
        and not withdrawn,
    )


def _booked_first(problem: Problem, over: list[Request]) -> Problem:
    """The problem with priorities under which the requests `over` are left over again, and not others that are as good.

    Whoever has an hour becomes urgent. Of those left over, the highest priority becomes soon and all others routine:
    where all three occur, two of them are not told apart any more.
    """
    left = {each.id for each in over}
    highest = min((each.priority for each in over), key=list(Priority).index)

    def planned(each: Request) -> Request:
        if each.id not in left:
            return replace(each, priority=Priority.URGENT)
        return replace(each, priority=Priority.SOON if each.priority is highest else Priority.ROUTINE)

    return replace(problem, requests=tuple(map(planned, problem.requests)))
