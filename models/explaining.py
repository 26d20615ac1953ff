"""Why exact hours cannot be had: the planner's own reasons, words and alternatives, for hours that need no plan."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from models.access.acting import Reach
from models.access.reach import of as reach_of
from models.access.reach import whole
from models.base import period
from models.booking import alternative_json
from models.faults import Fault
from models.references import Found
from models.schedule import Appointment
from models.settings import settings
from models.snapshot import problem_of
from models.withholding import Withholding
from planner.conflicts import explain_hopeless
from planner.plan import Conflict
from planner.problem import HOUR, Priority, Problem, Request
from planner.wording import Wording

PASSED = "The hour has passed."


@dataclass(frozen=True, slots=True)
class WantedHour:
    """An hour that someone wants, everything in it looked up. `row` is its place among what was sent.

    `request` is the booking request it is for, `moves` the appointment that would leave its hour for this one.
    """

    row: int
    patient: Found
    doctor: Found
    hospital: Found
    start: dt.datetime
    request: uuid.UUID | None = None
    moves: Appointment | None = None

    def leaves(self, doctor: str, hospital: str, start: dt.datetime) -> bool:
        """Whether that is the hour which the appointment would leave; doctor and hospital by their ids."""
        if self.moves is None:
            return False
        return (str(self.moves.doctor_id), str(self.moves.hospital_id), self.moves.during) == (
            doctor,
            hospital,
            period(start, start + HOUR),
        )


def explain(session: Session, wanted: Sequence[WantedHour], now: dt.datetime) -> Iterator[Fault]:
    """The faults of those hours that cannot be had as the schedule stands in this transaction.

    The alternatives among the facts are free right now; none lies before `now`, unless the hour itself does. The hour
    that an appointment would leave counts as free, and is no alternative to leaving it.

    The whole schedule decides; what is told of it, and offered instead, is in reach of whoever asks.
    """
    if not wanted:
        return
    reach = dt.timedelta(days=settings().plan_reach_days)
    since = min(now, *(hour.start for hour in wanted))
    with whole(session):
        snapshot = problem_of(session, [_request(hour) for hour in wanted], now=since, reach=reach)
    wording = Wording.of(snapshot.problem, lambda _kind, id_: snapshot.names.get(id_, id_))
    by_row = {str(hour.row): hour for hour in wanted}
    conflicts = explain_hopeless(_offered(snapshot.problem, reach_of(session)), wording)
    withholding = Withholding(session, ([each.facts, *map(alternative_json, each.alternatives)] for each in conflicts))
    for conflict in conflicts:
        yield _fault(conflict, by_row[conflict.request], now, withholding)


def _offered(problem: Problem, reach: Reach) -> Problem:
    """A problem in which hours are only offered where somebody reaches."""
    if reach.hospitals is None:
        return problem
    within = {str(each) for each in reach.hospitals}
    return replace(problem, availabilities=tuple(each for each in problem.availabilities if each.hospital in within))


def _request(hour: WantedHour) -> Request:
    """The wish for nothing but this hour. Its id is where it stands in what was sent."""
    return Request(
        id=str(hour.row),
        patient=str(hour.patient.id),
        priority=Priority.ROUTINE,
        earliest=hour.start,
        latest=hour.start + HOUR,
        doctors=(str(hour.doctor.id),),
        hospitals=(str(hour.hospital.id),),
        moves=str(hour.moves.id) if hour.moves else None,
    )


def _fault(conflict: Conflict, hour: WantedHour, now: dt.datetime, withholding: Withholding) -> Fault:
    alternatives = [
        alternative_json(each)
        for each in conflict.alternatives
        if not hour.leaves(each.doctor, each.hospital, each.start)
    ]
    told = withholding.of(conflict.kind, conflict.message, conflict.facts, {}, alternatives)
    message = f"{PASSED} {told.message}" if hour.start < now else told.message
    facts = {**told.facts, "alternatives": told.alternatives}
    return Fault(conflict.kind, "start", hour.start.isoformat(), message, hour.row, facts)
