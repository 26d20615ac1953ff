"""What PROBLEM.json and PLAN.json have in common: strict models, and instants between text and datetime."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError


class FileModel(BaseModel):
    """A part of a file: nothing is converted from another type, and no field is unknown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def to_instant(value: object) -> datetime:
    """An aware datetime from an ISO 8601 string; numbers, dates and naive times are refused."""
    remedy = "give it like 2026-12-01T09:00:00+00:00"
    if not isinstance(value, str):
        raise PydanticCustomError("instant", "not an instant; {remedy}", {"remedy": remedy})
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("instant", "not an instant; {remedy}", {"remedy": remedy}) from None
    if instant.utcoffset() is None:
        raise PydanticCustomError("instant", "an instant without its offset; {remedy}", {"remedy": remedy})
    return instant


Instant = Annotated[datetime, BeforeValidator(to_instant)]
"""An instant with its offset."""


def to_text(instant: datetime) -> str:
    """The instant in ISO 8601, with the offset it came with."""
    return _text(instant, instant.utcoffset())


@lru_cache(maxsize=4096)
def _text(instant: datetime, _offset: timedelta | None) -> str:
    """Remembered: thousands of requests name the same few hours. The offset tells apart instants that are equal."""
    return instant.isoformat()
