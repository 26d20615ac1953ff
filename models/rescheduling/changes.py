"""What applying a reschedule changes in openings and availabilities; turned round, what undoing it changes."""

import datetime as dt
import uuid
from typing import Self

from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import Range

from models.base import period


class Piece(BaseModel):
    """An availability, as it is before the change or after it. `version` is the one it has before, 0 if it is new."""

    id: uuid.UUID
    doctor: uuid.UUID
    hospital: uuid.UUID
    start: dt.datetime
    end: dt.datetime
    version: int
    # The appointment that is left standing, for which alone this hour is kept.
    stands: uuid.UUID | None = None

    @property
    def during(self) -> Range[dt.datetime]:
        """`[start, end)` as it is stored."""
        return period(self.start, self.end)


class Dated(BaseModel):
    """Other hours on one date: its periods in minutes after its local midnight."""

    hours: list[tuple[int, int]]
    reason: str | None


class Kept(BaseModel):
    """What of a hospital's hours is changed: its week (null: nothing), and some dates (null: that has no own hours)."""

    week: dict[int, list[tuple[int, int]]] | None
    dated: dict[dt.date, Dated | None]


class HoursChange(BaseModel):
    """The hours of a hospital before and after."""

    hospital: uuid.UUID
    before: Kept
    after: Kept


class Changes(BaseModel):
    """The availabilities that are changed: all there were of them, and all that there are then."""

    before: list[Piece]
    after: list[Piece]
    hours: HoursChange | None

    def turned_round(self) -> Self:
        """What takes these changes back."""
        hours = self.hours and HoursChange(
            hospital=self.hours.hospital, before=self.hours.after, after=self.hours.before
        )
        return type(self)(before=self.after, after=self.before, hours=hours)
