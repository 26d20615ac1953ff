"""The schedule page: `/app/schedule`, what it reads again when something has changed, and where a click leads."""

import datetime as dt
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from api.named import Reference, doctor_filter, the_hospital
from api.schedule_view import Column
from api.times import Now, local
from api.web import clocks, hospitals
from api.web.rendering import page
from api.web.reschedules.ways_in import doctor_away, hospital_closed
from api.web.schedule.agenda import Entry, agenda
from api.web.schedule.asked import AskedFor
from api.web.schedule.calendar import calendar, clock_line
from api.web.schedule.clicked import leads_to
from api.web.schedule.shown import DOCTORS_OF_A_WEEK, Shown, read
from api.web.words import t
from models.inputs import Instant
from models.session import transaction

router = APIRouter(prefix="/app/schedule")


@router.get("")
def show_schedule(request: Request, asked: AskedFor, now: Now) -> Response:
    """The page, whole."""
    with transaction() as session:
        choice, shown = read(session, request, asked, now)
    if shown is None:
        return page(request, "schedule/no_hospital.html")
    response = page(request, "schedule/page.html", **_context(shown))
    hospitals.remember(response, choice)
    return response


@router.get("/data")
def read_data(request: Request, asked: AskedFor, now: Now) -> JSONResponse:
    """What the grid draws, read again; without blocks where the page has to say something else now."""
    with transaction() as session:
        _, shown = read(session, request, asked, now)
    return JSONResponse(calendar(shown) if shown and shown.state == "ready" else {})


@router.get("/at")
def click(
    request: Request,
    hospital: Annotated[Reference, Query()],
    doctor: Annotated[Reference, Query()],
    start: Annotated[Instant, Query()],
    end: Annotated[Instant, Query()],
    now: Now,
) -> Response:
    """The dialog for a period of a doctor's column."""
    with transaction() as session:
        at = the_hospital(session, hospital)
        (doctor_id,) = doctor_filter(session, [doctor])
        address = leads_to(session, at, doctor_id, start, end, now) if start < end else None
    return RedirectResponse(address, 303) if address else page(request, "schedule/closed.html", hospital=at)


def _context(shown: Shown) -> dict[str, Any]:  # Any: the template's
    ready = shown.state == "ready"
    as_grid = shown.asked.form == "grid"
    return {
        "shown": shown,
        "instant": lambda at: quote(local(at, shown.zone)),
        "asked": shown.asked,
        "choice": shown.choice,
        "heading": _heading(shown),
        "clock": clock_line(shown),
        "steps": _steps(shown),
        "notes": list(_notes(shown)),
        "closes": hospital_closed(shown.hospital.external_id, shown.days[0].date, shown.days[-1].date)
        if shown.edits and shown.days[-1].end > shown.now
        else None,
        "doctor_away": doctor_away,
        "specialties": sorted({name for someone in shown.doctors for name in someone.specialties}),
        "parts": _parts(shown),
        "data": calendar(shown) if ready and as_grid else None,
        "agendas": _agendas(shown) if ready and not as_grid else [],
        "live_since": shown.since,
        "live_hospital": shown.hospital.id,
    }


def _heading(shown: Shown) -> str:
    if shown.asked.view == "day":
        return clocks.day(shown.date)
    return t("schedule-week", first=clocks.short_day(shown.days[0].date), last=clocks.short_day(shown.days[-1].date))


def _steps(shown: Shown) -> dict[str, str]:
    """The addresses of the days before and after, and of today's."""
    step = dt.timedelta(days=len(shown.days))
    asked = shown.asked
    return {
        "previous": asked.address(date=shown.date - step),
        "next": asked.address(date=shown.date + step),
        "today": asked.address(date=shown.now.astimezone(shown.zone).date()),
    }


def _notes(shown: Shown) -> list[str]:
    """What is special about the days: other hours than usual, and clocks that are changed."""
    notes = []
    for day, openings in zip(shown.days, shown.openings, strict=True):
        named = clocks.short_day(day.date)
        if day.exception and openings:
            reason = day.exception.reason or ""
            notes.append(t("schedule-note-hours", day=named, reason=reason, given="yes" if reason else "no"))
        before, after = (each.astimezone(shown.zone).utcoffset() for each in (day.start, day.end))
        if before != after and openings:
            hours = (day.end - day.start) / dt.timedelta(hours=1)
            notes.append(t("schedule-note-clocks", day=named, place=clocks.place(shown.zone), hours=f"{hours:g}"))
    return notes


def _parts(shown: Shown) -> dict[str, Any] | None:
    """Where a week shows only some of the doctors: which, and the addresses of the others."""
    if len(shown.columns) == shown.count:
        return None
    part, asked = shown.asked.part, shown.asked
    first = (part - 1) * DOCTORS_OF_A_WEEK
    last = first + len(shown.columns)
    return {
        "words": t("schedule-part", first=first + 1, last=last, count=shown.count),
        "previous": asked.address(part=part - 1) if part > 1 else None,
        "next": asked.address(part=part + 1) if last < shown.count else None,
    }


def _agendas(shown: Shown) -> list[tuple[int, list[tuple[Column, list[Entry]]]]]:
    """For every day by its number, every doctor's entries."""
    return [
        (
            number,
            [
                (
                    column,
                    agenda(column, day, shown.openings[number], shown.elsewhere.get(column.doctor.id, ()), shown.now),
                )
                for column in shown.columns
            ],
        )
        for number, day in enumerate(shown.days)
    ]
