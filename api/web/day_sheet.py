"""The day sheet: a hospital's day on paper, for rounds and for when the network is down.

A page for every doctor with room for notes, or all doctors close together. It names patients, as the schedule does.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.named import Reference, doctor_filter
from api.schedule_view import Day, Wanted, columns, read_rows, within, working_days
from api.times import LocalDate, Now
from api.web import hospitals
from api.web.forms import Left
from api.web.rendering import page, query
from api.web.schedule.agenda import Entry, agenda
from models.hospitals import Hospital
from models.inputs import MAX_CHOICES, Specialty
from models.people import User
from models.session import transaction

router = APIRouter(prefix="/app/day-sheet")

Layout = Literal["pages", "compact"]


class Asked(BaseModel):
    """The parameters of the address; `doctor`: only these, `specialty`: only doctors who have it."""

    model_config = ConfigDict(frozen=True)

    hospital: Annotated[Reference | None, Left] = None
    date: Annotated[LocalDate | None, Left] = None
    doctor: Annotated[list[Reference], Field(max_length=MAX_CHOICES)] = []
    specialty: Annotated[Specialty | None, Left] = None
    layout: Layout = "pages"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One doctor's day, from the first to the last that lies in it."""

    doctor: User
    specialties: Sequence[str]
    entries: Sequence[Entry]

    def count(self, kind: str) -> int:
        """How many entries are of a kind: `appointment` or `free`."""
        return sum(entry.kind == kind for entry in self.entries)


@router.get("")
def show_day_sheet(request: Request, asked: Annotated[Asked, Query()], now: Now) -> Response:
    """The sheet of a day, today's where the address names none."""
    with transaction() as session:
        choice = hospitals.choose(session, request, asked.hospital)
        if choice.chosen is None:
            return page(request, "schedule/no_hospital.html")
        date = asked.date or now.astimezone(choice.zone).date()
        day, sheets = _read(session, choice.chosen, date, asked)
    response = page(
        request,
        "day_sheet/page.html",
        choice=choice,
        asked=asked,
        date=date,
        day=day,
        sheets=sheets,
        now=now,
        addresses=_addresses(choice.chosen, date, asked),
    )
    hospitals.remember(response, choice)
    return response


def _read(session: Session, hospital: Hospital, date: dt.date, asked: Asked) -> tuple[Day, list[Sheet]]:
    """The day and its sheets, in the order of the doctors' names; hours count as free all day, as they did at first."""
    (day,) = working_days(session, hospital, date, 1)
    rows = read_rows(
        session, hospital.id, [day], Wanted(doctor_filter(session, asked.doctor), asked.specialty, also=[])
    )
    openings = list(within(rows.openings, day))
    zone = ZoneInfo(hospital.timezone)
    return day, [
        Sheet(column.doctor, column.specialties, entries)
        for column in columns(rows, zone, [day], day.start)
        if (entries := _used(agenda(column, day, openings, [], day.start)))
    ]


def _used(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries without what comes before the first and after the last in which the doctor is there.

    An hour that took place, or to which nobody came, can be booked again by the rules; on paper it is not free.
    """
    held = [entry for entry in entries if entry.appointment]
    entries = [
        entry
        for entry in entries
        if entry.kind != "free" or not any(each.start < entry.end and entry.start < each.end for each in held)
    ]
    there = [place for place, entry in enumerate(entries) if entry.kind not in ("open", "closed")]
    return entries[there[0] : there[-1] + 1] if there else []


def _addresses(hospital: Hospital, date: dt.date, asked: Asked) -> dict[str, str]:
    """Where the page leads: the days around it, the same of all doctors, and the schedule."""

    def to(path: str = "/app/day-sheet", **changes: Any) -> str:  # Any: of the parameter that changes
        return path + query(
            {
                "hospital": hospital.external_id,
                "date": date.isoformat(),
                "doctor": list(asked.doctor),
                "specialty": asked.specialty,
                "layout": asked.layout,
            }
            | changes
        )

    return {
        "previous": to(date=(date - dt.timedelta(days=1)).isoformat()),
        "next": to(date=(date + dt.timedelta(days=1)).isoformat()),
        "everybody": to(doctor=[], specialty=None),
        "schedule": to("/app/schedule", layout=None),
    }
