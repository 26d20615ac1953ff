"""Hours that a hospital keeps which leave out availabilities that were planned before."""

from collections.abc import Collection, Mapping
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.arrays import among
from models.booking import JsonObject
from models.hospitals import MINUTES_OF_A_DAY
from models.inputs import HoursIn, Weekday, WeekHours
from models.people import User
from models.rescheduling.inputs import ScopeIn
from models.rescheduling.tables import Cause
from models.stored_hours import Spans, hours_kept
from models.validation.clocks import Place
from models.validation.clocks_openings import Openings, availabilities_in, less
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.remedies.kinds import PlanReschedule
from models.wording import counted
from workers.validation.remedies.findings import policy_of
from workers.validation.step import Scope
from workers.validation.wording import by_clock, listed

TOLD_OF = 100
"""Of more availabilities the finding names only the first."""


def hours_changed(
    session: Session, scope: Scope, place: Place, openings: Openings, *, but_for: Collection[UUID]
) -> Found | None:
    """The finding of availabilities that lie within the openings as they are stored, and not within the hours that the
    hospital keeps: somebody changed the hours past the program. None where there are none.

    `but_for` are availabilities that the clock has shifted.
    """
    gone = list(less(openings.stored, openings.kept))
    there = availabilities_in(session, place, openings, gone) if gone else []
    outside = [each for each in there if each[0] not in but_for]
    if not outside:
        return None
    name = func.coalesce(User.name, "a doctor")
    names = session.scalars(select(name).where(among(User.id, {doctor for _, doctor, _ in outside}))).all()
    _, _, (start, _) = outside[0]
    return Found(
        Code.HOURS_CHANGED,
        (Entity(Kind.HOSPITAL, str(place.id)),),
        f"{place.name} keeps other hours than its openings were projected from, and"
        f" {counted(len(outside), 'availability', 'availabilities')} of {listed(names)} would lie outside them, the"
        f" first from {by_clock(start, place.timezone)}.",
        frozenset([place.id]),
        tuple(Entity(Kind.AVAILABILITY, str(id_)) for id_, _, _ in outside[:TOLD_OF]),
        {"availabilities": len(outside), "start": start.isoformat()},
        _remedy(session, scope, place),
    )


def _remedy(session: Session, scope: Scope, place: Place) -> JsonObject | None:
    """Other hours for those who would stand outside; the availabilities are cut when that is applied."""
    try:
        return PlanReschedule(
            cause=Cause.HOURS_CHANGED,
            scope=ScopeIn(hospital=str(place.id), operating_hours=_week(hours_kept(session, place.id).week)),
            policy=policy_of(session, scope.report),
        ).stored
    except ValidationError:  # hours that nobody could send
        return None


def _week(kept: Mapping[int, Spans]) -> WeekHours:
    return {
        day: [HoursIn(opens=_time(opens), closes=_time(closes)) for opens, closes in kept[day.number]]
        for day in Weekday
        if day.number in kept
    }


def _time(minutes: int) -> str:
    past_midnight = minutes if minutes <= MINUTES_OF_A_DAY else minutes - MINUTES_OF_A_DAY
    return f"{past_midnight // 60:02}:{past_midnight % 60:02}"
