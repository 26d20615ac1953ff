"""What losing a day would do: doctors and days of two weeks, coloured by the share that could not be placed again."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from babel.dates import format_date
from fastapi import APIRouter, Query, Request, Response

from api.named import Reference, gone
from api.times import Now
from api.web import clocks, hospitals
from api.web.forms import Left
from api.web.rendering import page, part, query
from api.web.reschedules import ways_in
from api.web.validation.things import Place, Thing, Things, read_places
from api.web.words import LOCALE, t
from models.booking import JsonObject
from models.rescheduling.inputs import Policy
from models.session import transaction
from models.validation.found import Kind
from models.validation.fragility import DAYS
from models.validation.reading import fragility_of, last_finished
from models.validation.tables import Fragility, ValidationReport

router = APIRouter(prefix="/app/validation/fragility")

PATH = "/app/validation/fragility"

_MONDAY = 1
_AT_MOST = 200
"""How many of those who would be stranded are named."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A day that could be lost."""

    day: Fragility

    @property
    def stranded(self) -> int:
        """How many could not be placed again."""
        return self.day.appointments - self.day.replaceable

    @property
    def share(self) -> float:
        """The share of those, from 0 to 1."""
        return self.stranded / self.day.appointments if self.day.appointments else 0

    @property
    def heat(self) -> str:
        """The class of its colour: `heat-0` only where everybody could be placed again."""
        return f"heat-{max(round(10 * self.share), 1) if self.stranded else 0}"

    @property
    def says(self) -> str:
        """3/8; at most 3 where that is not proved."""
        return t("validation-cell", stranded=self.stranded, count=self.day.appointments, proved=self._proved)

    @property
    def told(self) -> str:
        """The same in words."""
        return t("validation-cell-told", stranded=self.stranded, count=self.day.appointments, proved=self._proved)

    @property
    def _proved(self) -> str:
        return "yes" if self.day.proved or not self.stranded else "no"


@dataclass(frozen=True, slots=True)
class Row:
    """A doctor, or the whole hospital; None where nothing is booked on a day."""

    name: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """The head of a column. `address`: the schedule of that day."""

    date: dt.date
    address: str

    @property
    def weekday(self) -> str:
        """Tue."""
        return format_date(self.date, "EEE", LOCALE)

    @property
    def short(self) -> str:
        """12 Jan."""
        return format_date(self.date, "d MMM", LOCALE)

    @property
    def begins_week(self) -> bool:
        """Whether it is a Monday."""
        return self.date.isoweekday() == _MONDAY


@router.get("")
def show_fragility(request: Request, now: Now, hospital: Annotated[Reference | None, Left, Query()] = None) -> Response:
    """The map of a hospital; that of the one looked at last, unless the address names another."""
    with transaction() as session:
        choice = hospitals.choose(session, request, hospital)
        places = read_places(session)
        place = places[choice.chosen.id] if choice.chosen else None
        report = last_finished(session, place.id) if place else None
        found = fragility_of(session, report.id, place.id) if report and place else []
        doctors = Things.of(session, [_entity(Kind.DOCTOR, day.doctor_id) for day in found if day.doctor_id])
    days = _days(report, place) if report and place else []
    response = page(
        request,
        "validation/fragility.html",
        places=list(places.values()),
        place=place,
        report=report,
        made=clocks.ago(report.finished_at, now) if report and report.finished_at else "",
        days=days,
        rows=_rows(found, days, doctors),
        says=_says(found, doctors),
        file=file_of(report, place, "fragility.csv") if report and place else None,
    )
    hospitals.remember(response, choice)
    return response


@router.get("/{loss_id}")
def show_loss(request: Request, loss_id: uuid.UUID) -> Response:
    """Who would be stranded if a day were lost, and the way to ask what could be done."""
    with transaction() as session:
        day = session.get(Fragility, loss_id)
        place = read_places(session).get(day.hospital_id) if day else None
        report = session.get(ValidationReport, day.report_id) if day else None
        if day is None or place is None or report is None:
            raise gone("fragility", loss_id)
        policy = Policy.model_validate(report.policy)
        about = [_entity(Kind.APPOINTMENT, each) for each in day.stranded[:_AT_MOST]]
        things = Things.of(session, [*about, *([_entity(Kind.DOCTOR, day.doctor_id)] if day.doctor_id else [])])
    return part(
        request,
        "validation/loss.html",
        "validation/alone.html",
        title=_title(day, things, place),
        says=Cell(day).told,
        stranded=_by_time(things, about),
        more=max(len(day.stranded) - _AT_MOST, 0),
        what_if=_what_if(day, policy, things, place),
    )


def file_of(report: ValidationReport, place: Place | None, name: str) -> str:
    """The address of a report's figures as a file."""
    return f"/validation-reports/{report.id}/{name}{query({'hospital': place.external_id if place else None})}"


def _entity(kind: Kind, id_: uuid.UUID) -> JsonObject:
    return {"kind": kind, "id": str(id_)}


def _days(report: ValidationReport, place: Place) -> Sequence[Day]:
    """The days that the report looked at, by the hospital's clock."""
    first = (report.started_at or report.created_at).astimezone(place.zone).date()
    dates = [first + dt.timedelta(days=each) for each in range(DAYS)]
    return [Day(date, hospitals.schedule_on(place.external_id, date)) for date in dates]


def _rows(found: Sequence[Fragility], days: Sequence[Day], doctors: Things) -> list[Row]:
    """The hospital, then its doctors by name."""
    by_day = {(day.doctor_id, day.date): Cell(day) for day in found}
    names = {doctor: doctors.doctor(doctor) for doctor, _ in by_day if doctor}
    rows: list[tuple[uuid.UUID | None, str]] = [(None, t("validation-whole-hospital"))]
    rows += sorted(names.items(), key=lambda each: (each[1], each[0]))
    return [Row(name, tuple(by_day.get((doctor, day.date)) for day in days)) for doctor, name in rows] if found else []


def _says(found: Sequence[Fragility], doctors: Things) -> str:
    """What the map shows, in one sentence."""
    cells = [Cell(day) for day in found if day.doctor_id]
    hurt = [cell for cell in cells if cell.stranded]
    if not hurt:
        closed = sum(Cell(day).stranded > 0 for day in found if not day.doctor_id)
        return t("validation-fragility-none", count=len(cells), closed=closed)
    worst = max(hurt, key=lambda cell: (cell.stranded, cell.share))
    return t(
        "validation-fragility-says",
        hurt=len(hurt),
        count=len(cells),
        doctor=doctors.doctor(worst.day.doctor_id),
        day=format_date(worst.day.date, "EEEE d MMMM", LOCALE),
        stranded=worst.stranded,
        appointments=worst.day.appointments,
    )


def _title(day: Fragility, things: Things, place: Place) -> str:
    date = clocks.day(day.date)
    if day.doctor_id is None:
        return t("validation-if-closed", hospital=place.name, day=date)
    return t("validation-if-away", doctor=things.doctor(day.doctor_id), day=date)


def _by_time(things: Things, about: Sequence[JsonObject]) -> list[Thing]:
    """The appointments in the order in which they begin."""
    starts = {str(id_): hour.start for (_, id_), hour in things.hours.items()}
    never = dt.datetime.max.replace(tzinfo=dt.UTC)
    return [things.thing(each) for each in sorted(about, key=lambda each: starts.get(each["id"]) or never)]


def _what_if(day: Fragility, policy: Policy, things: Things, place: Place) -> str:
    """The form that asks what could be done, filled in as the figures were made."""
    if day.doctor_id is None:
        return ways_in.hospital_closed(place.external_id, day.date, day.date, policy)
    doctor = things.doctors[day.doctor_id][0] if day.doctor_id in things.doctors else str(day.doctor_id)
    return ways_in.doctor_away(doctor, place.external_id, day.date, day.date, policy)
