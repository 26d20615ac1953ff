"""The hours hospitals keep, as they are stored: reading and writing them, whatever follows from them."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Session

from models.hospitals import OperatingException, OperatingHours
from models.inputs import ExceptionIn, WeekHours

Spans = Sequence[tuple[int, int]]
"""Periods of one day: `[opens, closes)` in minutes after its local midnight."""


@dataclass(frozen=True, slots=True)
class DatedHours:
    """Other hours on one date; no periods: closed all day."""

    hours: Spans
    reason: str | None


@dataclass(frozen=True, slots=True)
class HoursKept:
    """What a hospital keeps: weekly hours (1 = Monday), and those of some dates instead."""

    week: Mapping[int, Spans]
    dated: Mapping[dt.date, DatedHours]

    @property
    def dates(self) -> Mapping[dt.date, Spans]:
        """The periods of the dates that have their own."""
        return {date: each.hours for date, each in self.dated.items()}


def hours_kept(session: Session, hospital_id: uuid.UUID) -> HoursKept:
    """The hours that a hospital keeps."""
    week = select(OperatingHours).where(OperatingHours.hospital_id == hospital_id)
    dated = select(OperatingException).where(OperatingException.hospital_id == hospital_id)
    return HoursKept(
        {each.weekday: _spans(each.hours) for each in session.scalars(week.execution_options(**_AS_IT_IS))},
        {
            each.date: DatedHours(_spans(each.hours), each.reason)
            for each in session.scalars(dated.execution_options(**_AS_IT_IS))
        },
    )


_AS_IT_IS = {"populate_existing": True}


def spans_of(week: WeekHours) -> dict[int, Spans]:
    """Weekly hours as they were sent, by the number of the weekday."""
    return {weekday.number: [each.span for each in hours] for weekday, hours in week.items()}


def dated_hours(exceptions: Iterable[ExceptionIn]) -> dict[dt.date, DatedHours | None]:
    """Other hours on some dates as they were sent."""
    return {each.date: DatedHours([hours.span for hours in each.hours], each.reason) for each in exceptions}


def write_week(session: Session, hospital_id: uuid.UUID, week: Mapping[int, Spans]) -> None:
    """Let a hospital keep these weekly hours and no others."""
    session.execute(delete(OperatingHours).where(OperatingHours.hospital_id == hospital_id))
    rows = [
        {"hospital_id": hospital_id, "weekday": weekday, "hours": _multirange(spans)}
        for weekday, spans in week.items()
        if spans
    ]
    if rows:
        session.execute(insert(OperatingHours), rows)


def write_dates(session: Session, hospital_id: uuid.UUID, dated: Mapping[dt.date, DatedHours | None]) -> bool:
    """Let a hospital keep other hours on some dates (None: the weekly ones). Whether any of them had other hours."""
    removed = session.execute(
        delete(OperatingException)
        .where(OperatingException.hospital_id == hospital_id, OperatingException.date.in_(dated))
        .returning(OperatingException.date)
    ).all()
    rows = [
        {"hospital_id": hospital_id, "date": date, "hours": _multirange(each.hours), "reason": each.reason}
        for date, each in dated.items()
        if each is not None
    ]
    if rows:
        session.execute(insert(OperatingException), rows)
    return bool(removed)


def _spans(hours: MultiRange[int]) -> Spans:
    return [(span.lower, span.upper) for span in hours if span.lower is not None and span.upper is not None]


def _multirange(spans: Iterable[tuple[int, int]]) -> MultiRange[int]:
    return MultiRange(Range(*each) for each in spans)
