"""What the schedule page shows: one reading of the database, for the grid, the list and everything around them."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access import gate, policy
from api.named import doctor_filter
from api.schedule_view import Column, Day, Wanted, columns, read_rows, within, working_days
from api.web import clocks, hospitals, live
from api.web.doctors import active_doctors
from api.web.schedule.agenda import Elsewhere
from api.web.schedule.asked import Asked
from api.web.schedule.grid import Grid, OpenDay, Span
from models.base import period
from models.hospitals import Hospital, Opening, OperatingHours
from models.schedule import Appointment, AppointmentStatus, Availability
from planner.instants import join

State = Literal["no-hours", "closed", "nobody", "ready"]
"""A hospital that keeps no hours at all; one that is closed on these days; nobody to show; or something."""

DOCTORS_OF_A_WEEK = 12
"""How many doctors a week shows at once; a day shows all."""


@dataclass(frozen=True, slots=True)
class Someone:
    """A doctor who can be chosen; `here`: has anything in the days shown."""

    external_id: str
    name: str
    specialties: Sequence[str]
    here: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """Some days of a hospital, `columns` of them by doctor; `elsewhere`: when these doctors are at other hospitals.

    `next_open` and `next_used` are the next dates after them on which the hospital is open, and on which anything is;
    read where there is nothing to show. `asked` has the hospital and the date filled in. `edits`: whether whoever asks
    may change the schedule, rather than only read it.
    """

    choice: hospitals.Choice
    hospital: Hospital
    zone: ZoneInfo
    now: dt.datetime
    asked: Asked
    date: dt.date
    days: Sequence[Day]
    openings: Sequence[Sequence[Span]]
    grid: Grid
    columns: Sequence[Column]
    elsewhere: Mapping[uuid.UUID, Sequence[Elsewhere]]
    count: int
    doctors: Sequence[Someone]
    has_hours: bool
    next_open: dt.date | None
    next_used: dt.date | None
    since: str
    edits: bool

    @property
    def state(self) -> State:
        """What there is to show."""
        if not self.grid.rows:
            return "closed" if self.has_hours else "no-hours"
        return "ready" if self.columns else "nobody"


def read(session: Session, request: Request, asked: Asked, now: dt.datetime) -> tuple[hospitals.Choice, Shown | None]:
    """What a page shows, and among which hospitals; None where there is no hospital yet.

    Raises
    ------
    Refused
        where the address names a hospital or a doctor that does not exist.

    """
    choice = hospitals.choose(session, request, asked.hospital)
    hospital = choice.chosen
    if hospital is None:
        return choice, None
    zone = choice.zone
    since = live.since(session)  # before the rest, so that no change is missed between the two
    date = asked.date or now.astimezone(zone).date()
    first, count = (clocks.monday(date), 7) if asked.view == "week" else (date, 1)
    days = working_days(session, hospital, first, count)
    wanted = Wanted(doctor_filter(session, asked.doctor), asked.specialty, doctor_filter(session, asked.also))
    rows = read_rows(session, hospital.id, days, wanted)
    found = _added_first(columns(rows, zone, days, now), wanted.also)
    openings = [list(within(rows.openings, day)) for day in days]
    used = {column.doctor.id for column in found if column.availabilities or column.standing}
    idle = not used
    part = _part(found, asked)
    return choice, Shown(
        choice=choice,
        hospital=hospital,
        zone=zone,
        now=now,
        edits=policy.allows(gate.caller_of(request), "GET /app/dialogs/book"),
        asked=asked.model_copy(update={"hospital": hospital.external_id, "date": date}),
        date=date,
        days=days,
        openings=openings,
        grid=_grid(days, openings, found, zone),
        columns=part,
        elsewhere=_elsewhere(session, hospital.id, [column.doctor.id for column in part], days),
        count=len(found),
        doctors=_doctors(session, used),
        has_hours=_has_hours(session, hospital.id),
        next_open=_next_open(session, hospital, days[-1].end) if idle else None,
        next_used=_next_used(session, hospital, max(now, days[-1].end)) if idle else None,
        since=since,
    )


def _added_first(found: list[Column], also: Sequence[uuid.UUID]) -> list[Column]:
    """Those who were added by hand stand first, where they are seen."""
    return sorted(found, key=lambda column: column.doctor.id not in also)


def _part(found: Sequence[Column], asked: Asked) -> Sequence[Column]:
    if asked.view == "day":
        return found
    start = (asked.part - 1) * DOCTORS_OF_A_WEEK
    return found[start : start + DOCTORS_OF_A_WEEK]


def _elsewhere(
    session: Session, hospital_id: uuid.UUID, doctors: Sequence[uuid.UUID], days: Sequence[Day]
) -> dict[uuid.UUID, list[Elsewhere]]:
    """When doctors are available at other hospitals during the days."""
    start, end = func.lower(Availability.during), func.upper(Availability.during)
    found: dict[uuid.UUID, list[Elsewhere]] = {}
    for doctor_id, *period_there in session.execute(
        select(Availability.doctor_id, start, end, Hospital.name)
        .join(Hospital, Hospital.id == Availability.hospital_id)
        .where(
            Availability.hospital_id != hospital_id,
            Availability.doctor_id.in_(doctors),
            Availability.during.overlaps(period(days[0].start, days[-1].end)),
        )
        .order_by(start)
    ):
        found.setdefault(doctor_id, []).append(Elsewhere(*period_there))
    return found


def _grid(days: Sequence[Day], openings: Sequence[Sequence[Span]], found: Sequence[Column], zone: ZoneInfo) -> Grid:
    """The axis of the days. What took place while other hours held has its rows too."""
    standing = join((each.start, each.end) for column in found for each in column.standing)
    return Grid(
        [
            OpenDay(day.date, day.start, day.end, join([*spans, *_cut(standing, day)]))
            for day, spans in zip(days, openings, strict=True)
        ],
        zone,
    )


def _cut(spans: Sequence[Span], day: Day) -> list[Span]:
    return [(max(start, day.start), min(end, day.end)) for start, end in spans if start < day.end and end > day.start]


def _doctors(session: Session, used: set[uuid.UUID]) -> list[Someone]:
    return [Someone(each.external_id, each.name, each.specialties, each.id in used) for each in active_doctors(session)]


def _has_hours(session: Session, hospital_id: uuid.UUID) -> bool:
    return bool(
        session.scalar(select(OperatingHours.weekday).where(OperatingHours.hospital_id == hospital_id).limit(1))
    )


def _next_open(session: Session, hospital: Hospital, after: dt.datetime) -> dt.date | None:
    start = session.scalar(
        select(func.min(func.greatest(func.lower(Opening.during), after))).where(
            Opening.hospital_id == hospital.id, func.upper(Opening.during) > after
        )
    )
    return _day_of(session, hospital, start)


def _next_used(session: Session, hospital: Hospital, after: dt.datetime) -> dt.date | None:
    starts = [
        session.scalar(
            select(func.min(func.greatest(func.lower(table.during), after))).where(
                table.hospital_id == hospital.id, func.upper(table.during) > after, *conditions
            )
        )
        for table, conditions in ((Availability, ()), (Appointment, (Appointment.status == AppointmentStatus.BOOKED,)))
    ]
    return _day_of(session, hospital, min((start for start in starts if start), default=None))


def _day_of(session: Session, hospital: Hospital, at: dt.datetime | None) -> dt.date | None:
    """The working day in which an instant lies: after midnight it may still be the day before."""
    if at is None:
        return None
    date = at.astimezone(ZoneInfo(hospital.timezone)).date()
    (day,) = working_days(session, hospital, date, 1)
    return date if at >= day.start else date - dt.timedelta(days=1)
