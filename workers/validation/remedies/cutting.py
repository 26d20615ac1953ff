"""Availabilities outside the openings that hold appointments: a reschedule finds these other hours and cuts them."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.base import ends
from models.booking import JsonObject
from models.hospitals import Opening
from models.rescheduling.inputs import LONGEST, ScopeIn
from models.rescheduling.lost import Lost, displaced
from models.rescheduling.problem import problem_of_losing
from models.rescheduling.tables import Cause, Reschedule
from models.schedule import Availability
from models.validation.codes import Code
from models.validation.found import Kind
from models.validation.remedies.kinds import PlanReschedule
from workers.validation.remedies.findings import policy_of, propose, seen, subjects
from workers.validation.remedies.placing import place
from workers.validation.step import Scope, Slice, Step, reading

AT_MOST = 200
"""How many availabilities are looked at, those found first: each is planned by itself. Of more, the next validation."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def _carry_out(scope: Scope, after: JsonObject | None) -> Iterator[Slice]:
    done = UUID(after["finding"]) if after else None
    with reading() as session:
        findings = seen(session, scope.report, [Code.AVAILABILITY_OUTSIDE_OPENINGS], "reschedule")
    for finding, key in findings[:AT_MOST]:
        if done is None or finding > done:
            yield _look(scope, finding, next(subjects(key, Kind.AVAILABILITY)))
    yield Slice()


def _look(scope: Scope, finding: UUID, availability: UUID) -> Slice:
    """Look for the hours. Where the schedule is so broken that no problem can be made of it, nothing is proposed."""
    try:
        remedy, reason = _remedy(scope, availability)
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001  # what is wrong with the schedule is told by the checks
        log.warning("no remedy looked for", availability=str(availability), error=type(error).__name__)
        remedy, reason = None, None
    return Slice(
        after={"finding": str(finding)}, write=lambda session: propose(session, [finding], remedy, unplaced=reason)
    )


def _remedy(scope: Scope, availability: UUID) -> tuple[PlanReschedule | None, str | None]:
    """A reschedule that is known to find everybody another hour, or why there is none.

    What is lost has to be of one piece and to come: only then is what is left of the availability within the openings.
    """
    now = scope.clock()
    with reading() as session:
        lost = _outside(session, availability)
        if len(lost) != 1 or not _can_be_lost(lost[0], now):
            return None, None
        policy = policy_of(session, scope.report).model_copy(update={"others_move": False, "same_hospital": True})
        rows = displaced(session, lost, now)
        if not rows:
            return None, None
        read = problem_of_losing(session, rows, lost, policy, now, Reschedule(hospitals=[lost[0].hospital]))
    placed = place(read, (), time_limit=scope.chosen.reschedule_time_limit)
    if len(placed.hours) < len(rows):
        return None, next(iter(placed.reasons.values()), None)
    (start, end), doctor, hospital = ends(lost[0].during), str(lost[0].doctor), str(lost[0].hospital)
    asked = ScopeIn(doctors=[doctor], hospital=hospital, start=start, end=end)
    return PlanReschedule(cause=Cause.ROOM, scope=asked, policy=policy), None


def _outside(session: Session, availability: UUID) -> list[Lost]:
    """What of an availability lies outside the openings."""
    openings = (
        select(func.range_agg(Opening.during))
        .where(Opening.hospital_id == Availability.hospital_id, Opening.during.bool_op("&&")(Availability.during))
        .scalar_subquery()
    )
    whole = func.tstzmultirange(Availability.during)
    outside = whole.op("-", return_type=TSTZMULTIRANGE())(func.coalesce(openings, func.tstzmultirange()))
    row = session.execute(
        select(Availability.doctor_id, Availability.hospital_id, outside).where(Availability.id == availability)
    ).first()
    return [Lost(row[1], row[0], during) for during in row[2]] if row else []


def _can_be_lost(lost: Lost, now: datetime) -> bool:
    start, end = ends(lost.during)
    return start >= now and end - start <= LONGEST


CUT_BY_RESCHEDULE = Step("Availabilities to cut", frozenset(), lambda _session, _scope: 0, _carry_out)
