"""Clocks that a time-zone database does not know, or on which the two of them do not agree."""

import datetime as dt
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from models.booking import JsonObject
from models.hospitals import Hospital
from models.validation.clocks import Clocks, Disagreement, Place, UnknownClock, clocks_of
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from workers.validation.step import Scope, Slice, Step, by_slices
from workers.validation.wording import by_clock, listed, together

TOLD_OF = 20
"""Of more periods in which clocks disagree the facts name only the first."""


def _look(session: Session, scope: Scope, _after: JsonObject | None) -> Slice:
    clocks = clocks_of(session, _alike(session, scope.hospital), scope.since)
    unknown = [each for each in clocks.unknown if scope.hospital in (None, each.place.id)]
    found = [*map(_unknown, unknown), *_disagreeing(clocks)]
    return Slice(found, rows=len(clocks.places) + len(clocks.unknown))


def _alike(session: Session, hospital: UUID | None) -> Sequence[UUID] | None:
    """A hospital and those that go by the same clock."""
    if hospital is None:
        return None
    other = aliased(Hospital)
    same = select(other.id).join(Hospital, Hospital.timezone == other.timezone).where(Hospital.id == hospital)
    return session.scalars(same).all()


def _unknown(clock: UnknownClock) -> Found:
    place = clock.place
    return Found(
        Code.TIMEZONE_UNKNOWN,
        (Entity(Kind.HOSPITAL, str(place.id)),),
        f"{together(clock.to)} {'does' if len(clock.to) == 1 else 'do'} not know {place.timezone!r}, the time zone of"
        f" {place.name}. Until it is one such as Europe/Lisbon, nobody can say when its hours are.",
        frozenset([place.id]),
        facts={"timezone": place.timezone, "unknown_to": list(clock.to)},
    )


def _disagreeing(clocks: Clocks) -> Iterator[Found]:
    for timezone, periods in sorted(clocks.disagreements.items()):
        places = [each for each in clocks.places.values() if each.timezone == timezone]
        yield _disagreement(timezone, periods, places)


def _disagreement(timezone: str, periods: Sequence[Disagreement], places: Sequence[Place]) -> Found:
    first = periods[0]
    return Found(
        Code.CLOCKS_DISAGREE,
        (Entity(Kind.TIMEZONE, timezone),),
        f"From {by_clock(first.start, 'UTC')} on, Python's time-zone database has {timezone} at {_utc(first.python)}"
        f" and PostgreSQL's at {_utc(first.postgresql)}; {listed([each.name for each in places])}"
        f" {'goes' if len(places) == 1 else 'go'} by it. Bring the package tzdata where the services run and the"
        " time-zone files of PostgreSQL to the same release, and restart both.",
        frozenset(each.id for each in places),
        tuple(Entity(Kind.HOSPITAL, str(each.id)) for each in places),
        {
            "timezone": timezone,
            "count": len(periods),
            "periods": [
                {
                    "start": each.start.isoformat(),
                    "end": each.end.isoformat(),
                    "python": _utc(each.python),
                    "postgresql": _utc(each.postgresql),
                }
                for each in periods[:TOLD_OF]
            ],
        },
    )


def _utc(offset: dt.timedelta) -> str:
    """`UTC+01:00`"""
    sign, size = ("-", -offset) if offset < dt.timedelta(0) else ("+", offset)
    hours, minutes = divmod(size // dt.timedelta(minutes=1), 60)
    return f"UTC{sign}{hours:02}:{minutes:02}"


def _hospitals(session: Session, _scope: Scope) -> int:
    return session.scalar(select(func.count()).select_from(Hospital)) or 0


KNOWN = Step("Time zones", frozenset({Code.TIMEZONE_UNKNOWN, Code.CLOCKS_DISAGREE}), _hospitals, by_slices(_look))
