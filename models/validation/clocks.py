"""The clocks of hospitals, as Python's time-zone database and PostgreSQL's have them.

Openings are projected by Python's, and the database judges "on the hour" by its own: where the two are of different
ages, they can show different times.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.hospitals import Hospital
from models.settings import MOST_DAYS

DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
FARTHEST = dt.timedelta(days=2 * MOST_DAYS)
"""No clock is compared beyond, whatever days are written somewhere."""

Changes = Callable[[dt.datetime, dt.datetime, dt.timedelta], Iterable[tuple[dt.datetime, dt.timedelta]]]
"""The offsets of a clock from UTC at the first of two instants, and wherever it has changed in steps up to the last."""


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


def zone_of(name: str | None) -> ZoneInfo | None:
    """The time zone of this name; None where Python's database has none that can be read, or there is no name."""
    try:
        return ZoneInfo(name) if name else None
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

    To the minute. No clock changes back within a day of when it changed.
    """
    zone = ZoneInfo(timezone)
    first = first.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    python = _offsets(partial(_changes, zone), first, until)
    postgresql = _offsets(partial(_changes_in_database, session, timezone), first, until)
    begins = sorted({*python, *postgresql})
    by_python, by_postgresql = python[first], postgresql[first]
    for start, end in pairwise([*begins, until]):
        by_python, by_postgresql = python.get(start, by_python), postgresql.get(start, by_postgresql)
        if by_python != by_postgresql and start < end:
            yield Disagreement(timezone, start, end, by_python, by_postgresql)


def _offsets(changes: Changes, first: dt.datetime, until: dt.datetime) -> dict[dt.datetime, dt.timedelta]:
    """The offsets of a clock, each by the instant from which on it holds, from `first` on."""
    begin, *found = changes(first, until, DAY)
    for coarse, fine in pairwise((DAY, HOUR, MINUTE)):
        found = [each for at, _ in found for each in list(changes(at - coarse, at, fine))[1:]]
    return dict([begin, *found])


def _changes(
    zone: ZoneInfo, first: dt.datetime, last: dt.datetime, step: dt.timedelta
) -> Iterator[tuple[dt.datetime, dt.timedelta]]:
    before = None
    for each in range((last - first) // step + 1):
        instant = first + each * step
        offset = instant.astimezone(zone).utcoffset() or dt.timedelta(0)
        if offset != before:
            yield instant, offset
        before = offset


_CHANGES = text("""
SELECT instant, "offset" FROM (
    SELECT instant, "offset", lag("offset") OVER (ORDER BY instant) AS before FROM (
        SELECT instant, timezone(:timezone, instant) - timezone('UTC', instant) AS "offset"
        FROM generate_series(CAST(:first AS timestamptz), :last, :step) AS instant
    ) AS sampled
) AS compared
WHERE before IS DISTINCT FROM "offset"
ORDER BY instant
""")


def _changes_in_database(
    session: Session, timezone: str, first: dt.datetime, last: dt.datetime, step: dt.timedelta
) -> Iterable[tuple[dt.datetime, dt.timedelta]]:
    asked = {"timezone": timezone, "first": first, "last": last, "step": step}
    return [(row.instant, row.offset) for row in session.execute(_CHANGES, asked)]


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
