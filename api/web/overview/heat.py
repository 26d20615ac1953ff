"""How full the doctors' days are, as a table whose cells are coloured. What a colour says, its cell says in figures."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_percent

from api.web import hospitals
from api.web.words import LOCALE, t
from models.hospitals import Hospital
from models.overview.utilisation import DayUse, Use, Utilisation

_MONDAY = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One doctor's day. `heat`: the class of its colour, from `heat-0` to `heat-10`, or `heat-none`."""

    share: str
    hours: str
    heat: str
    begins_week: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """The head of a column. `address`: the schedule of that day."""

    weekday: str
    date: str
    address: str
    is_today: bool
    begins_week: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A doctor, or all of them. `total`: all days together."""

    name: str
    total: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """The table; the first row is all doctors together."""

    days: tuple[Day, ...]
    rows: tuple[Row, ...]


def heat(found: Utilisation, hospital: Hospital, today: dt.date) -> Heat | None:
    """The table of a hospital; None where nothing can be booked."""
    if not found.total.bookable:
        return None
    everybody = Row(
        t("overview-all-doctors"), _cell(found.total.booked, found.total.bookable), tuple(_cells(found.days))
    )
    doctors = (
        Row(doctor.name, _cell(doctor.total.booked, doctor.total.bookable), tuple(_cells(doctor.days)))
        for doctor in found.doctors
    )
    return Heat(tuple(_day(day.date, hospital, today) for day in found.days), (everybody, *doctors))


def told(found: Utilisation) -> str:
    """What the table shows, in one sentence."""
    fullest = max(found.days, key=lambda day: day.share or 0)
    hours = found.total.bookable
    if not hours:
        return t("overview-nothing-bookable")
    if not found.total.booked:
        return t("overview-nothing-booked", hours=hours)
    return t(
        "overview-fullest",
        day=format_date(fullest.date, "EEEE d MMMM", LOCALE),
        share=percent(fullest),
        total=percent(found.total),
        hours=hours,
    )


def percent(use: Use) -> str:
    """A share as a whole percentage. Only nothing is 0 %, and only everything is 100 %."""
    if use.share is None:
        return t("overview-no-hours")
    rounded = round(use.share, 2)
    within = min(max(rounded, 0.01), 0.99) if 0 < use.booked < use.bookable else rounded
    return format_percent(within, locale=LOCALE)


def _day(date: dt.date, hospital: Hospital, today: dt.date) -> Day:
    return Day(
        weekday=format_date(date, "EEE", LOCALE),
        date=format_date(date, "d MMM", LOCALE),
        address=hospitals.schedule_on(hospital.external_id, date),
        is_today=date == today,
        begins_week=date.isoweekday() == _MONDAY,
    )


def _cells(days: tuple[DayUse, ...]) -> Iterator[Cell]:
    for day in days:
        yield _cell(day.booked, day.bookable, begins_week=day.date.isoweekday() == _MONDAY)


@lru_cache(maxsize=4096)
def _cell(booked: int, bookable: int, *, begins_week: bool = False) -> Cell:
    """Kept, because a few pairs of numbers make up thousands of cells, and sentences take their time."""
    use = Use(booked, bookable)
    return Cell(
        share=percent(use),
        hours=t("overview-hours", booked=booked, bookable=bookable),
        heat="heat-none" if use.share is None else f"heat-{round(10 * use.share)}",
        begins_week=begins_week,
    )
