"""The openings of a hospital as they are stored, against those that the hours it keeps come to by today's clock."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, text, true
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, TSTZRANGE
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Session

from models.base import period, whole_period
from models.hospitals import MINUTES_OF_A_DAY, Hospital, Opening, OperatingException, OperatingHours
from models.hours import instant_of, project
from models.rescheduling.remaining import Span, without
from models.schedule import Availability
from models.stored_hours import hours_kept
from models.validation.clocks import FARTHEST, Place
from models.validation.clocks_told import SANE, whole
from planner.instants import join

DAY = dt.timedelta(days=1)
SANE_DAY = dt.date(1970, 1, 1)
LARGEST_SHIFT = dt.timedelta(hours=3)
SHORTEST_SHIFT = 5 * DAY
"""What differs by more, or for less, differs because of other hours and not because of a clock."""


@dataclass(frozen=True, slots=True)
class Openings:
    """The openings of a hospital from `since` on; spans ascend, disjoint and apart."""

    since: dt.datetime
    stored: Sequence[Span]
    # Stored twice: a finding of its own.
    overlapping: Sequence[Span]
    # What the hours kept come to, as far as openings are projected.
    projected: Sequence[Span]
    # The same, as far as any are stored.
    kept: Sequence[Span]
    # The first local midnight up to which they are not projected; None where no such day can be (`written`).
    reaches: dt.datetime | None
    written: str

    @property
    def missing(self) -> list[Span]:
        """What should be stored and is not."""
        return list(less(_from(self.projected, self.since), self.stored))

    @property
    def surplus(self) -> list[Span]:
        """What is stored and should not be."""
        return list(less(less(_from(self.stored, self.since), self.projected), self.overlapping))


def openings_of(session: Session, place: Place, since: dt.datetime) -> Openings | None:
    """The openings of a hospital from `since` on; None where its hours or openings are malformed: then nobody can say
    what they should be, and other checks tell of that.
    """
    if session.scalar(_malformed(place, since)):
        return None
    zone = ZoneInfo(place.timezone)
    today = since.astimezone(zone).date()
    far = (since + FARTHEST).date()
    written, until = session.execute(
        select(
            func.coalesce(func.to_char(Hospital.projected_until, "YYYY-MM-DD"), "never"),
            case((Hospital.projected_until.between(SANE_DAY, far), Hospital.projected_until)),
        ).where(Hospital.id == place.id)
    ).first() or ("never", None)
    stored = session.execute(
        select(func.lower(Opening.during), func.upper(Opening.during)).where(
            Opening.hospital_id == place.id, func.upper(Opening.during) > since
        )
    ).all()
    spans = sorted((start, end) for start, end in stored)
    hours = hours_kept(session, place.id)

    def come_to(day: dt.date) -> list[Span]:
        first = today - DAY  # its last period may run past midnight
        found = project(hours.week, hours.dates, zone, first, day)
        return [(each.start, each.end) for each in found if each.end > since]

    last = max((end for _, end in spans), default=since).astimezone(zone).date()
    return Openings(
        since=since,
        stored=join(spans),
        overlapping=join(_twice(spans)),
        projected=come_to(until or today),
        kept=come_to(min(max(until or today, last + DAY), far)),
        reaches=instant_of(until, 0, zone) if until else None,
        written=written,
    )


def availabilities_in(
    session: Session, place: Place, openings: Openings, spans: Sequence[Span]
) -> list[tuple[uuid.UUID, uuid.UUID, Span]]:
    """The availabilities, each with its doctor, that lie within the openings as they are stored and reach into `spans`,
    which the hours kept leave out. By their starts.
    """
    rows = session.execute(
        select(
            Availability.id, Availability.doctor_id, func.lower(Availability.during), func.upper(Availability.during)
        )
        .where(
            *_theirs(place, openings),
            Availability.during.bool_op("&&")(_multirange(spans)),
            Availability.during.bool_op("<@")(_multirange(openings.stored)),
        )
        .order_by(func.lower(Availability.during), Availability.id)
    )
    return [(id_, doctor, (start, end)) for id_, doctor, start, end in rows]


def clock_shift(openings: Openings, known: Collection[dt.timedelta]) -> dt.timedelta | None:
    """By how much later today's clock shows the first opening that differs than the one that it was projected by; None
    where a clock does not explain everything in which the openings differ.

    A clock shifts all openings of at least some days alike, each whole; `known` are shifts that it is known to have
    made. The first day is not looked at: what has begun stays as it was.
    """
    runs = [(by, [at for at, _ in run]) for by, run in groupby(_ends(openings), key=lambda end: end[1])]
    shifts = [(by, ends[-1] - ends[0]) for by, ends in runs if by]
    explained = all(by in known or (abs(by) <= LARGEST_SHIFT and lasts >= SHORTEST_SHIFT) for by, lasts in shifts)
    return shifts[0][0] if shifts and explained else None


def _ends(openings: Openings) -> Iterator[tuple[dt.datetime, dt.timedelta]]:
    """The starts and ends of the openings, and by how much later they are stored than projected; none where the two do
    not pair.
    """
    stored, projected = (
        [each for each in spans if each[0] > openings.since + DAY] for spans in (openings.stored, openings.projected)
    )
    if len(stored) == len(projected):
        for one, other in zip(stored, projected, strict=True):
            yield from ((should, is_ - should) for is_, should in zip(one, other, strict=True))


def _malformed(place: Place, since: dt.datetime) -> Select[bool]:
    day = func.int4multirange(func.int4range(0, 2 * MINUTES_OF_A_DAY))
    week = select(true()).where(
        OperatingHours.hospital_id == place.id,
        or_(
            OperatingHours.hours.is_(None),
            ~OperatingHours.hours.bool_op("<@")(day),
            ~OperatingHours.weekday.between(1, 7),
        ),
    )
    dated = select(true()).where(
        OperatingException.hospital_id == place.id,
        or_(
            OperatingException.hours.is_(None),
            ~OperatingException.hours.bool_op("<@")(day),
            ~OperatingException.date.between(SANE_DAY, (since + FARTHEST).date()),
        ),
    )
    twice = [
        select(true()).where(kind.hospital_id == place.id).group_by(day_of).having(func.count() > 1)
        for kind, day_of in ((OperatingHours, OperatingHours.weekday), (OperatingException, OperatingException.date))
    ]
    openings = select(true()).where(
        Opening.hospital_id == place.id,
        or_(text(f"NOT ({whole_period('during')})"), ~Opening.during.bool_op("<@")(literal(SANE, TSTZRANGE))),
        or_(func.isempty(Opening.during), func.coalesce(func.upper(Opening.during), since + DAY) > since),
    )
    return select(or_(*(each.exists() for each in (week, dated, *twice, openings))))


def _theirs(place: Place, openings: Openings) -> tuple[ColumnElement[bool], ...]:
    return (
        Availability.hospital_id == place.id,
        *whole(Availability.during),
        func.upper(Availability.during) > openings.since,
    )


def _multirange(spans: Sequence[Span]) -> ColumnElement[Any]:  # Any: ranges of instants
    return literal(MultiRange(period(*each) for each in spans), TSTZMULTIRANGE)


def _twice(spans: Sequence[Span]) -> Iterator[Span]:
    """The openings that overlap another one; `spans` ascend."""
    reach = None
    for one, other in pairwise(spans):
        reach = one if reach is None or one[1] > reach[1] else reach
        if other[0] < reach[1]:
            yield reach
            yield other


def _from(spans: Sequence[Span], since: dt.datetime) -> Iterator[Span]:
    return ((max(start, since), end) for start, end in spans if end > since)


def less(spans: Iterable[Span], gone: Sequence[Span]) -> Iterator[Span]:
    """What `gone`, ascending and disjoint, leaves of spans."""
    return (rest for each in spans for rest in without(*each, gone))
