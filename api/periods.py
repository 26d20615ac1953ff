"""Filtering by local dates: what overlaps the days `from` … `to` by the clock of the hospital where it takes place."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import ColumnElement, func
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import InstrumentedAttribute

from api.problems import QueryRefused
from api.times import LocalDate
from models.base import period
from models.faults import Fault, Refusal

FromDate = Annotated[LocalDate | None, Query(alias="from", description="From this local date on")]
ToDate = Annotated[LocalDate | None, Query(alias="to", description="Up to this local date, itself included")]

_WIDEST_OFFSET = dt.timedelta(hours=26)
"""No local date begins further than this from the same date's midnight in UTC."""


def check_dates(first: dt.date | None, last: dt.date | None) -> None:
    """Refuse dates that run backward."""
    if first and last and last < first:
        message = f"to lies before from, {first}; choose a later date."
        raise QueryRefused(Refusal.INVALID, [Fault("dates_run_backward", "to", last.isoformat(), message)])


def on_local_dates(
    during: InstrumentedAttribute[Range[dt.datetime]],
    timezone: InstrumentedAttribute[str],
    first: dt.date | None,
    last: dt.date | None,
) -> Iterator[ColumnElement[bool]]:
    """The conditions that the period `during` overlaps the days from `first` to `last`, both included."""
    check_dates(first, last)
    if first is None and last is None:
        return
    # A wider period in UTC first: that one is answered by the index.
    widest = period(
        _midnight(first or dt.date(1970, 1, 2)) - _WIDEST_OFFSET,
        _midnight((last or dt.date(2199, 12, 30)) + dt.timedelta(days=1)) + _WIDEST_OFFSET,
    )
    yield during.overlaps(widest)
    if first:
        yield _wall_clock(func.upper(during), timezone) > dt.datetime.combine(first, dt.time())
    if last:
        after = dt.datetime.combine(last + dt.timedelta(days=1), dt.time())
        yield _wall_clock(func.lower(during), timezone) < after


def _midnight(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), dt.UTC)


def _wall_clock(
    instant: ColumnElement[Any], timezone: InstrumentedAttribute[str]
) -> ColumnElement[Any]:  # Any: SQLAlchemy does not know what PostgreSQL's functions give
    return func.timezone(timezone, instant)
