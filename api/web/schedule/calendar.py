"""What the calendar component draws, in its own words: columns, blocks, and the table that turns clicks into instants.

The component's times are made up (see `api.web.schedule.grid`): each row is a quarter of an hour, so that even a day
that runs into the next fits into one of its days. Their dates are made up too: the component counts by the browser's
clock, which must not be changed on any of them.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from api.schedule_view import Available, Column, Day, Standing
from api.times import local
from api.web import clocks
from api.web.reschedules.ways_in import doctor_away
from api.web.schedule.grid import ROW, Grid, Row, Span
from api.web.schedule.shown import Shown
from api.web.words import t
from models.schedule import AppointmentStatus

Block = dict[str, Any]
"""An event as the component reads it."""

_FIRST_DAY = dt.date(2001, 1, 1)
"""The component's date of the first day, a Monday: no zone's clocks were changed that week."""

_SCALE = 4
"""Seconds of the axis for one of the component's."""

_LINE = 90
"""How long the line that says "now" is drawn, in seconds of the axis."""


def calendar(shown: Shown) -> dict[str, Any]:
    """The days of a hospital for the component, as JSON has it."""
    everyone = [str(column.doctor.id) for column in shown.columns]
    hours = [shown.grid.hours(day) for day in range(len(shown.days))]
    return {
        "view": "resourceTimeGridWeek" if shown.asked.view == "week" else "resourceTimeGridDay",
        "date": _FIRST_DAY.isoformat(),
        "days": [clocks.short_day(day.date) for day in shown.days],
        "rows": [
            _label(row, of_days, shown.zone)
            for row, of_days in zip(shown.grid.rows, zip(*hours, strict=True), strict=True)
        ],
        "hours": [[_hour(hour, shown) for hour in of_day] for of_day in hours],
        "resources": [
            {
                "id": str(column.doctor.id),
                "title": column.doctor.name,
                "extendedProps": {"specialties": ", ".join(column.specialties), **_away(column, shown)},
            }
            for column in shown.columns
        ],
        "away": t("schedule-away"),
        "events": [*_backgrounds(shown, everyone), *_of_doctors(shown)],
        "clock": clock_line(shown),
        "edits": shown.edits,
    }


def _away(column: Column, shown: Shown) -> dict[str, str]:
    """Where the link leads above a doctor's column of a day that is not over; a week has too many columns for it."""
    if len(shown.days) > 1 or shown.days[0].end <= shown.now or not shown.edits:
        return {}
    doctor = column.doctor
    return {
        "away": doctor_away(doctor.external_id, shown.hospital.external_id, shown.date, shown.date),
        "away_label": t("schedule-away-label", doctor=doctor.name),
    }


def clock_line(shown: Shown) -> str:
    """Times in Lisbon, UTC+0, now 14:05."""
    return t(
        "schedule-clock",
        place=clocks.place(shown.zone),
        offset=clocks.offset(shown.now, shown.zone),
        now=shown.now.astimezone(shown.zone).strftime("%H:%M"),
    )


def _label(row: Row, hours: Iterable[Span | None], zone: ZoneInfo) -> str:
    """13:00; 01:00 UTC+1 where it comes twice; and for a gap, that it is closed from when to when.

    `hours`: what the row is on each day.
    """
    first = f"{row.first % 24:02}:00"
    if not row.open:
        return t("schedule-row-closed", start=first, end=f"{row.until % 24:02}:00")
    twice = [hour[0] for hour in hours if hour and hour[0].astimezone(zone).utcoffset() == row.offset]
    return t("schedule-row-twice", time=first, offset=clocks.offset(twice[0], zone)) if twice else first


def _hour(hour: Span | None, shown: Shown) -> list[str] | None:
    return None if hour is None else [local(each, shown.zone) for each in hour]


def _backgrounds(shown: Shown, everyone: list[str]) -> Iterator[Block]:
    """What all columns share: closed and past time, and now."""
    bottom = len(shown.grid.rows) * ROW
    for number, day in enumerate(shown.days):
        reason = day.exception.reason if day.exception else None
        words = closed_words(reason) if not shown.openings[number] else t("schedule-closed")
        for place in _between(_placed(shown.grid, number, shown.openings[number]), bottom):
            yield _block(number, place, everyone, "closed", title=words)
        if day.start < shown.now and (past := shown.grid.span(number, day.start, min(shown.now, day.end))):
            yield _block(number, (0, past[1]), everyone, "past")
        if (at := shown.grid.place(number, shown.now)) is not None:
            yield _block(number, (at, min(at + _LINE, bottom)), everyone, "now", title="")


def closed_words(reason: str | None) -> str:
    """That a day is closed, and why where that is known."""
    return t("schedule-closed-because", reason=reason) if reason else t("schedule-closed")


def _placed(grid: Grid, day: int, spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
    for start, end in spans:
        if place := grid.span(day, start, end):
            yield place


def _between(places: Iterable[tuple[int, int]], bottom: int) -> Iterator[tuple[int, int]]:
    """The parts of the axis `[0, bottom)` that none of `places`, ascending, covers."""
    at = 0
    for low, high in [*places, (bottom, bottom)]:
        if low > at:
            yield at, low
        at = max(at, high)


def _of_doctors(shown: Shown) -> Iterator[Block]:
    """Availabilities and appointments, each in its doctor's column."""
    for column in shown.columns:
        ids, name = [str(column.doctor.id)], column.doctor.name
        for number, day in enumerate(shown.days):
            for other in shown.elsewhere.get(column.doctor.id, ()):
                if place := _part_of(day, other.start, other.end, shown.grid, number):
                    yield _block(
                        number, place, ids, "elsewhere", title=t("schedule-elsewhere", hospital=other.hospital)
                    )
            for each in column.availabilities:
                if place := _part_of(day, each.start, each.end, shown.grid, number):
                    told = _availability(each, shown, name) | {"id": f"{each.id} {number}"}
                    yield _block(number, place, ids, "available", **told)
            for hour in column.standing:
                if day.start <= hour.start < day.end and (place := shown.grid.span(number, hour.start, hour.end)):
                    yield _block(number, place, ids, "appointment", **_appointment(hour, shown, name))


def _part_of(day: Day, start: dt.datetime, end: dt.datetime, grid: Grid, number: int) -> tuple[int, int] | None:
    """Where the part of `[start, end)` that lies in a day is on the axis; None where there is none."""
    first, last = max(start, day.start), min(end, day.end)
    return grid.span(number, first, last) if first < last else None


def _availability(each: Available, shown: Shown, doctor: str) -> Block:
    span = clocks.span(each.start, each.end, shown.zone)
    told = {"title": t("schedule-available", span=span)}
    if not shown.edits:
        return told
    return told | {
        "opens": f"/app/dialogs/availabilities/{each.id}",
        "label": t("schedule-available-label", span=span, doctor=doctor),
    }


def _appointment(hour: Standing, shown: Shown, doctor: str) -> Block:
    status = t(f"common-status-{hour.status.value.replace('_', '-')}")
    time = clocks.clock(hour.start, shown.zone)
    return {
        "id": str(hour.id),
        "title": hour.patient_name,
        "opens": f"/app/dialogs/appointments/{hour.id}",
        "label": t("schedule-appointment-label", time=time, patient=hour.patient_name, doctor=doctor, status=status),
        "time": time,
        "status": hour.status.value,
        "status_words": "" if hour.status is AppointmentStatus.BOOKED else status,
        "version": hour.version,
        "movable": shown.edits and hour.status is AppointmentStatus.BOOKED,
    }


def _block(
    day: int, place: tuple[int, int], doctors: list[str], kind: str, *, title: str = "", **more: Any
) -> Block:  # Any: what JSON takes
    """A block of the component. What it does not know itself is among its `extendedProps`."""
    low, high = (_made_up(day, each) for each in place)
    status, movable = more.get("status"), more.pop("movable", False)
    return {
        "id": more.pop("id", None) or f"{kind} {day} {place[0]}",
        "start": low,
        "end": high,
        "resourceIds": doctors,
        "title": title,
        "display": "auto" if kind == "appointment" else "background",
        "classNames": [kind, *([status] if status else [])],
        "startEditable": movable,
        "extendedProps": {"kind": kind, **more},
    }


def _made_up(day: int, place: int) -> str:
    midnight = dt.datetime.combine(_FIRST_DAY, dt.time())
    return (midnight + dt.timedelta(days=day, seconds=place / _SCALE)).isoformat()
