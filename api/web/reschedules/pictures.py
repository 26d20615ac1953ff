"""The pictures of a proposal: appointments by day before and after it, and how far they move."""

from collections.abc import Sequence
from dataclasses import dataclass

from babel.dates import format_date

from api.web import clocks
from api.web.words import LOCALE, t
from models.rescheduling.reading import Day, ShiftBin

TALL = 110
"""The height of the tallest bar, in pixels."""


@dataclass(frozen=True, slots=True)
class DayBars:
    """One day: its two bars, with their heights in pixels. `weekday` and `date` stand below them."""

    day: str
    weekday: str
    date: str
    before: int
    after: int
    before_high: float
    after_high: float


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """How many move so far. `share`: of the most of any row, from 0 to 1."""

    label: str
    count: int
    share: float


def day_bars(days: Sequence[Day]) -> list[DayBars]:
    """The bars of the days that have any appointment before or after."""
    most = max((max(each.before, each.after) for each in days), default=0) or 1
    return [
        DayBars(
            day=clocks.day(each.date),
            weekday=format_date(each.date, "EEE", LOCALE),
            date=format_date(each.date, "d MMM", LOCALE),
            before=each.before,
            after=each.after,
            before_high=round(TALL * each.before / most, 1),
            after_high=round(TALL * each.after / most, 1),
        )
        for each in days
    ]


def shift_rows(shifts: Sequence[ShiftBin]) -> list[ShiftRow]:
    """One row for each class of shifts, in order."""
    most = max((each.count for each in shifts), default=0) or 1
    return [ShiftRow(_told(each), each.count, each.count / most) for each in shifts]


def _told(shift: ShiftBin) -> str:
    """Less than an hour, 1 to 4 hours, more than a week."""
    if shift.last is None:
        return t("reschedules-shift-more", days=shift.first // 24)
    if shift.last == 0:
        return t("reschedules-shift-least")
    if shift.last <= 24:
        return t("reschedules-shift-hours", first=shift.first, last=shift.last)
    return t("reschedules-shift-days", last=shift.last // 24, first=(shift.first - 1) // 24)
