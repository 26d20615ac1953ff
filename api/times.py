"""Instants as answers write them: RFC 3339, with the offset a reader at the hospital expects."""

import datetime as dt
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from models.inputs import FIRST_INSTANT, LAST_INSTANT

UTC = ZoneInfo("UTC")

InstantOut = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-12-01T10:00:00+00:00"])]
"""An instant in RFC 3339 with a numeric offset."""


def local(instant: dt.datetime, zone: ZoneInfo) -> str:
    """An instant as the clocks of `zone` show it, with their offset."""
    return instant.astimezone(zone).isoformat()


def _in_reach(date: dt.date) -> dt.date:
    if not FIRST_INSTANT.date() < date < LAST_INSTANT.date() - dt.timedelta(days=1):
        raise PydanticCustomError("date_out_of_reach", "lies outside the years 1970 to 2199")
    return date


LocalDate = Annotated[dt.date, AfterValidator(_in_reach)]
"""A date by a hospital's clock; far enough from the calendar's ends for any time zone."""


async def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


Now = Annotated[dt.datetime, Depends(_now)]
"""The instant of the request; the domain is told it and never looks at a clock."""
