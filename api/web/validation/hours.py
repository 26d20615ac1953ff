"""What one more hour would be worth: by specialty, hospital and day, how many of those who wait it would book."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from babel.dates import format_date
from babel.numbers import format_decimal
from fastapi import APIRouter, Query, Request, Response

from api.named import PersonName, Reference, user_names
from api.times import Now, local
from api.web import clocks, hospitals
from api.web.forms import Left
from api.web.rendering import page
from api.web.validation.checked import read_checked
from api.web.validation.fragility import file_of
from api.web.validation.things import Place, read_places, the_place
from api.web.words import LOCALE, t
from models.session import transaction
from models.validation.reading import hour_values_of
from models.validation.tables import HourValue
from planner.problem import HOUR, Priority

router = APIRouter(prefix="/app/validation/hours")

_AT_MOST = 500
"""How many lines are shown; the file has all of them."""


@dataclass(frozen=True, slots=True)
class Worth:
    """One line; `doctor`: the name of whose hour is the best."""

    value: HourValue
    place: Place
    doctor: str

    @property
    def day(self) -> str:
        """Tue 12 Jan."""
        return format_date(self.value.date, "EEE d MMM", LOCALE)

    @property
    def schedule(self) -> str:
        """The schedule of that day."""
        return hospitals.schedule_on(self.place.external_id, self.value.date)

    @property
    def waiting(self) -> str:
        """How many would take an hour then."""
        return format_decimal(self.value.waiting, locale=LOCALE)

    @property
    def best(self) -> str:
        """10:00, with whom."""
        if self.value.start is None:
            return ""
        hour = clocks.clock(self.value.start, self.place.zone)
        return t("validation-best-hour", hour=hour, doctor=self.doctor)

    @property
    def add(self) -> str:
        """The dialog that adds the best hour, filled in."""
        if self.value.start is None or self.value.doctor_id is None:
            return ""
        ends = (self.value.start, self.value.start + HOUR)
        start, end = (quote(local(each, self.place.zone)) for each in ends)
        return (
            f"/app/dialogs/availability/new?doctor={self.value.doctor_id}&hospital={self.place.id}"
            f"&start={start}&end={end}"
        )


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A specialty's day. `heat`: the class of its colour; `told`: what the number means."""

    waiting: str
    heat: str
    told: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A specialty at a hospital; None on days for which nobody waits."""

    specialty: str
    hospital: str
    cells: tuple[HeatCell | None, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """The table: its days as weekday and date."""

    days: tuple[tuple[str, str], ...]
    rows: tuple[HeatRow, ...]


@router.get("")
def show_hours(request: Request, now: Now, hospital: Annotated[Reference | None, Left, Query()] = None) -> Response:
    """Where one more hour would book somebody, the most important first; then where it would not."""
    with transaction() as session:
        places = read_places(session)
        place = the_place(places, hospital)
        looked = [place.id] if place else list(places)
        checked = read_checked(session, looked, now)
        found = [
            value
            for report in checked.reports
            for value in hour_values_of(session, report.id, place.id if place else None)
            if checked.last.get(value.hospital_id) is report
        ]
        names = user_names(session, [value.doctor_id for value in found if value.doctor_id])
    found.sort(key=_importance)
    rows = [_worth(value, places[value.hospital_id], names) for value in found]
    oldest = next(iter(checked.reports), None)
    only = checked.reports[0] if len(checked.reports) == 1 else None
    return page(
        request,
        "validation/hours.html",
        places=list(places.values()),
        place=place,
        rows=rows[:_AT_MOST],
        more=max(len(rows) - _AT_MOST, 0),
        heat=_heat(rows),
        says=_says(rows),
        report=oldest,
        made=clocks.ago(oldest.finished_at, now) if oldest and oldest.finished_at else "",
        file=file_of(only, place, "hour-values.csv") if only else None,
    )


def _worth(value: HourValue, place: Place, names: Mapping[uuid.UUID, PersonName]) -> Worth:
    doctor = names.get(value.doctor_id) if value.doctor_id else None
    return Worth(value, place, doctor.name if doctor else t("validation-some-doctor"))


def _importance(value: HourValue) -> tuple[object, ...]:
    """Where it books somebody first: the most important priority, then where the most wait, then the earliest."""
    rank = list(Priority).index(value.priority) if value.priority else len(Priority)
    return -value.books, rank, -value.waiting, value.date, value.id


def _says(rows: Sequence[Worth]) -> str:
    """What the table shows, in one sentence."""
    useful = [each for each in rows if each.value.books]
    if not useful:
        return t("validation-hours-none", count=len(rows))
    best = useful[0]
    return t(
        "validation-hours-says",
        count=len(useful),
        specialty=best.value.specialty,
        hospital=best.place.name,
        day=format_date(best.value.date, "EEEE d MMMM", LOCALE),
        priority=t(f"validation-priority-{best.value.priority}"),
    )


def _heat(rows: Sequence[Worth]) -> Heat | None:
    """Specialties and days: how many wait, coloured where an hour would book somebody. None where nobody waits."""
    if not rows:
        return None
    first = min(each.value.date for each in rows)
    last = max(each.value.date for each in rows)
    days = [first + dt.timedelta(days=each) for each in range((last - first).days + 1)]
    most = max(each.value.waiting for each in rows)
    by_place = {(each.value.specialty, each.place.name, each.place.id, each.value.date): each for each in rows}
    lines = sorted({key[:3] for key in by_place})
    return Heat(
        tuple((format_date(day, "EEE", LOCALE), format_date(day, "d MMM", LOCALE)) for day in days),
        tuple(
            HeatRow(specialty, name, tuple(_cell(by_place.get((specialty, name, id_, day)), most) for day in days))
            for specialty, name, id_ in lines
        ),
    )


def _cell(worth: Worth | None, most: int) -> HeatCell | None:
    if worth is None:
        return None
    value = worth.value
    heat = f"heat-{max(round(10 * value.waiting / most), 1)}" if value.books else "heat-0"
    return HeatCell(worth.waiting, heat, t("validation-worth-told", waiting=value.waiting, books=value.books))
