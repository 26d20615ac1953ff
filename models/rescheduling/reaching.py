"""How far a reschedule reaches: the hospitals where hours are lost or may be found.

It changes nothing at any other, and tells nothing of one but when a patient is busy there, where that matters.
"""

import uuid
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.access.acting import Reach
from models.access.reach import bind, of
from models.faults import Fault, Refusal, Refused
from models.rescheduling.inputs import Policy, Scope
from models.rescheduling.remaining import Span
from models.rescheduling.tables import Reschedule
from planner.instants import is_full_hour, join
from planner.problem import HOUR, Appointment, Doctor, Hospital, Problem


def hospitals_of(scope: Scope, policy: Policy, reach: Reach) -> list[uuid.UUID] | None:
    """The hospitals that a reschedule concerns, for a caller with that reach; None: any of the network.

    Raises
    ------
    Refused
        where the caller reaches none.

    """
    if policy.same_hospital and scope.hospital:
        return [scope.hospital]
    if policy.same_hospital and scope.hours:
        return sorted({each.hospital for each in scope.hours})
    if reach.hospitals is None:
        return None
    if not reach.hospitals:
        message = "You act at no hospital, so no hours are lost; an admin can say where you act."
        raise Refused(Refusal.INVALID, [Fault("unknown_hospital", "scope.hospital", None, message)])
    return sorted(reach.hospitals)


@contextmanager
def as_its_readers(session: Session, job: Reschedule) -> Iterator[None]:
    """Let a session reach no further, for the length of a block, than everybody does who can read a job: what it
    refuses then can be written into the job's history.
    """
    before = of(session)
    bind(session, Reach(hospitals=None if job.hospitals is None else frozenset(job.hospitals)))
    try:
        yield
    finally:
        bind(session, before)


def is_within(concerned: Collection[uuid.UUID] | None, hospitals: Collection[uuid.UUID] | None) -> bool:
    """Whether whoever may know of `hospitals` (None: of all) may know of something that concerns these (None: all)."""
    return hospitals is None or (concerned is not None and set(concerned) <= set(hospitals))


def confined(problem: Problem, hospitals: Collection[uuid.UUID] | None) -> Problem:
    """A problem without what is elsewhere than at `hospitals` (None: with all of it).

    Of an appointment elsewhere, the hour is left: where it is of somebody who may get a new hour, and overlaps one that
    there is to get. Its hospital and its doctor are nobody's, with ids that begin with zeros.
    """
    if hospitals is None:
        return problem
    here = set(map(str, hospitals))
    places = tuple(each for each in problem.hospitals if each.id in here)
    availabilities = tuple(each for each in problem.availabilities if each.hospital in here)
    standing = tuple(each for each in problem.appointments if each.hospital in here)
    to_get = join((each.start, each.end) for each in availabilities)
    concerned = {each.patient for each in problem.requests} | {each.patient for each in standing if each.movable}
    busy = [
        each
        for each in problem.appointments
        if each.hospital not in here and each.patient in concerned and _overlaps(each, to_get)
    ]
    known = {doctor for each in problem.requests for doctor in each.doctors or ()}
    known |= {each.doctor for each in availabilities} | {each.doctor for each in standing}
    nobody = {each.id: _made_up(number) for number, each in enumerate(busy, start=1)}
    zones = _zones(busy, problem.hospitals, [each.timezone for each in places])
    nowhere = {zone: _made_up(number) for number, zone in enumerate(sorted(set(zones)), start=1)}
    return replace(
        problem,
        hospitals=(*places, *(Hospital(id_, zone, ()) for zone, id_ in nowhere.items())),
        doctors=(
            *(each for each in problem.doctors if each.id in known),
            *(Doctor(id_, frozenset()) for id_ in nobody.values()),
        ),
        availabilities=availabilities,
        appointments=(
            *standing,
            *(
                Appointment(nobody[each.id], nobody[each.id], nowhere[zone], each.patient, each.start)
                for each, zone in zip(busy, zones, strict=True)
            ),
        ),
    )


def _made_up(number: int) -> str:
    return str(uuid.UUID(int=number))


def _overlaps(appointment: Appointment, spans: Sequence[Span]) -> bool:
    """Whether an appointment overlaps one of the ascending, disjoint periods."""
    before = bisect_left(spans, appointment.start + HOUR, key=lambda span: span[0])
    return before > 0 and spans[before - 1][1] > appointment.start


def _zones(busy: Iterable[Appointment], hospitals: Iterable[Hospital], zones: Sequence[str]) -> list[str]:
    """For each appointment a clock by which it starts on the hour: one of `zones` if possible, or its own."""
    own = {each.id: each.timezone for each in hospitals}
    return [
        next((zone for zone in zones if is_full_hour(each.start, ZoneInfo(zone))), own[each.hospital]) for each in busy
    ]
