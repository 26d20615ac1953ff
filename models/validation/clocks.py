"""The clocks of hospitals, as Python's time-zone database and PostgreSQL's have them.

Openings are projected by Python's, and the database judges "on the hour" by its own: where the two are of different
ages, they can show different times.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import DateTime, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.arrays import table_of
from models.hospitals import Hospital
from models.settings import MOST_DAYS

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
FARTHEST = dt.timedelta(days=2 * MOST_DAYS)
"""No clock is compared beyond, whatever days are written somewhere."""

OffsetsAt = Callable[[Sequence[dt.datetime]], Sequence[dt.timedelta]]
"""The UTC offsets of a clock at some instants."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A period `[start, end)` in which the two databases have a zone at different offsets from UTC."""

    timezone: str
    start: dt.datetime
    end: dt.datetime
    python: dt.timedelta
    postgresql: dt.timedelta

    @property
    def later(self) -> dt.timedelta:
        """How much later Python's clock shows it is."""
        return self.python - self.postgresql


@dataclass(frozen=True, slots=True)
class Place:
    """A hospital and the clock that it names, known or not."""

    id: uuid.UUID
    name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of some hospitals: of `places` both databases know the zone, of `unknown` not.

    Where they disagree, each zone's periods ascend.
    """

    places: Mapping[uuid.UUID, Place]
    unknown: Sequence["UnknownClock"]
    disagreements: Mapping[str, Sequence[Disagreement]]


@dataclass(frozen=True, slots=True)
class UnknownClock:
    """A hospital whose zone a database does not know: which ones, by name."""

    place: Place
    to: tuple[str, ...]


def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of this name; None where Python's database has none that can be read."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # `Europe` is a folder, `zone.tab` a file of another kind
        return None


def clocks_of(session: Session, hospitals: Iterable[uuid.UUID] | None, since: dt.datetime) -> Clocks:
    """The clocks of some hospitals (None: of all), compared from `since` on as far as openings are projected.

    A hospital without any zone is left out: that is no question of clocks.
    """
    wanted = select(Hospital.id, Hospital.name, Hospital.timezone).where(Hospital.timezone.is_not(None))
    if hospitals is not None:
        wanted = wanted.where(Hospital.id.in_(list(hospitals)))
    rows = [Place(row.id, row.name or "", row.timezone) for row in session.execute(wanted.order_by(Hospital.id))]
    until = _horizon(session, since)
    missing = {name: _unknown_to(session, name) for name in sorted({each.timezone for each in rows})}
    known = [name for name, where in missing.items() if not where]
    compared = {name: list(disagreements(session, name, since, until)) for name in known}
    return Clocks(
        {each.id: each for each in rows if not missing[each.timezone]},
        [UnknownClock(each, missing[each.timezone]) for each in rows if missing[each.timezone]],
        {name: found for name, found in compared.items() if found},
    )


def disagreements(session: Session, timezone: str, first: dt.datetime, until: dt.datetime) -> Iterator[Disagreement]:
    """Where in `[first, until)` Python and PostgreSQL, who both know it, have a zone at different offsets.

    To the minute; neither can have changed twice within an hour.
    """
    zone = ZoneInfo(timezone)
    first = first.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    python = _offsets(lambda instants: [_offset(each, zone) for each in instants], first, until)
    postgresql = _offsets(lambda instants: _offsets_in_database(session, timezone, instants), first, until)
    begins = sorted({*python, *postgresql})
    by_python, by_postgresql = python[first], postgresql[first]
    for start, end in pairwise([*begins, until]):
        by_python, by_postgresql = python.get(start, by_python), postgresql.get(start, by_postgresql)
        if by_python != by_postgresql and start < end:
            yield Disagreement(timezone, start, end, by_python, by_postgresql)


def _offsets(offsets_at: OffsetsAt, first: dt.datetime, until: dt.datetime) -> dict[dt.datetime, dt.timedelta]:
    """The offsets of a clock, each by the instant from which on it holds, from `first` on."""
    hours = [first + each * HOUR for each in range((until - first) // HOUR + 1)]
    found = list(zip(hours, offsets_at(hours), strict=True))
    changed = [hour for (hour, before), (_, after) in pairwise(found) if before != after]
    minutes = [hour + each * MINUTE for hour in changed for each in range(61)]
    begins = dict(found[:1])
    closely = list(zip(minutes, offsets_at(minutes), strict=True)) if minutes else []
    for (minute, before), (at, after) in pairwise(closely):
        if before != after and at - minute == MINUTE:
            begins[at] = after
    return begins


def _offset(instant: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    return instant.astimezone(zone).utcoffset() or dt.timedelta(0)


def _offsets_in_database(session: Session, timezone: str, instants: Sequence[dt.datetime]) -> Sequence[dt.timedelta]:
    rows = table_of("asked", instant=(DateTime(timezone=True), instants)).alias("asked")
    local = func.timezone(timezone, rows.c.instant)
    return session.scalars(select(local - func.timezone("UTC", rows.c.instant)).select_from(rows)).all()


def _unknown_to(session: Session, name: str) -> tuple[str, ...]:
    return tuple(
        who
        for who, known in (("Python", zone_of(name) is not None), ("PostgreSQL", _known_to_database(session, name)))
        if not known
    )


def _known_to_database(session: Session, name: str) -> bool:
    try:
        with session.begin_nested():
            session.execute(select(func.timezone(name, func.now())))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return False
    return True


def _horizon(session: Session, since: dt.datetime) -> dt.datetime:
    """The instant up to which clocks matter: the latest day to which openings are projected, and that day."""
    latest = session.execute(
        select(func.max(Hospital.projected_until)).where(
            Hospital.projected_until.between(since.date(), (since + FARTHEST).date())
        )
    ).scalar()
    days = (latest - since.date()).days if latest else 0
    return since + dt.timedelta(days=days + 2)
