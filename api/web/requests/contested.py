"""The picture of a stored request's contested hours, and what its parts are called."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.booking_request_view import BookingRequestOut
from api.named import HospitalName, PersonName
from api.web import clocks
from api.web.requests.marks import hours, marks
from api.web.requests.picture import Cell, HourState, Picture, days_shown, picture
from models.hospitals import MINUTES_OF_A_DAY
from models.hours import instant_of
from models.snapshot import problem_of
from planner.instants import HOUR_US, instant
from planner.problem import Request

_UNSAID = (HourState.CLOSED, HourState.OUTSIDE)


class Span(NamedTuple):
    """Hours that follow each other and are told together, as a table does."""

    day: str
    hours: str
    state: HourState
    doctors: str


@dataclass(frozen=True)
class Contested:
    """A picture, by the clock of `zone`. `names`: of doctors and hospitals, by id."""

    picture: Picture
    zone: ZoneInfo
    names: Mapping[str, str]

    @property
    def columns(self) -> list[str]:
        """The times of day; one that comes twice with its number."""
        twice = {column[:2] for column in self.picture.columns if column.fold}
        told = []
        for column in self.picture.columns:
            time = f"{column.hour:02}" if not column.minute else f"{column.hour:02}:{column.minute:02}"
            told.append(f"{time}{'ab'[column.fold]}" if column[:2] in twice else time)
        return told

    def day(self, date: dt.date) -> str:
        """Tue 12 Jan."""
        return clocks.short_day(date)

    def time(self, cell: Cell) -> str:
        """10:00."""
        return clocks.clock(instant(cell.start), self.zone)

    def doctors(self, cell: Cell) -> str:
        """Whose hour it is, where the conflict says so."""
        names = (self.names.get(mark.doctor) for mark in cell.marks)
        return ", ".join(dict.fromkeys(name for name in names if name))

    @property
    def spans(self) -> list[Span]:
        """Every hour in which anyone could have been seen, those that are alike joined."""
        runs: list[tuple[dt.date, list[Cell]]] = []
        for date, cell in self.picture.cells:
            if cell.state in _UNSAID:
                continue
            if runs and runs[-1][0] == date and self._continues(runs[-1][1][-1], cell):
                runs[-1][1].append(cell)
            else:
                runs.append((date, [cell]))
        return [self._span(date, cells) for date, cells in runs]

    def _continues(self, before: Cell, cell: Cell) -> bool:
        follows = cell.start == before.start + HOUR_US
        return follows and cell.state is before.state and self.doctors(cell) == self.doctors(before)

    def _span(self, date: dt.date, cells: list[Cell]) -> Span:
        start, end = instant(cells[0].start), instant(cells[-1].start + HOUR_US)
        return Span(self.day(date), clocks.span(start, end, self.zone), cells[0].state, self.doctors(cells[0]))


def contested(
    session: Session, request: BookingRequestOut, timezones: Mapping[str, str], zone: ZoneInfo, now: dt.datetime
) -> Contested | None:
    """The picture of a request in conflict, as the schedule stands now, by the clock of `zone`; None of any other.

    `timezones`: of hospitals, by id.
    """
    conflict = request.conflict
    if conflict is None:
        return None
    wish = _wish(request)
    alternatives = [
        {"start": each.start, "doctor": str(each.doctor.id), "hospital": str(each.hospital.id)}
        for each in conflict.alternatives
    ]
    named = marks(conflict.kind, conflict.facts, timezones, wish) + hours(alternatives, HourState.ALTERNATIVE)
    days, _ = days_shown(wish, named, zone)
    first = instant_of(days[0], 0, zone)
    snapshot = problem_of(session, [_on(wish, day, zone) for day in days], now=first, reach=dt.timedelta())
    drawn = picture(snapshot.problem, wish, named, zone, now)
    names = {str(each.doctor.id): each.doctor.name for each in conflict.alternatives}
    return Contested(drawn, zone, names | conflict.names)


def _wish(request: BookingRequestOut) -> Request:
    def ids(named: Sequence[PersonName | HospitalName] | None) -> tuple[str, ...] | None:
        return None if named is None else tuple(str(each.id) for each in named)

    return Request(
        id=str(request.id),
        patient=str(request.patient.id),
        priority=request.priority,
        earliest=dt.datetime.fromisoformat(request.earliest),
        latest=dt.datetime.fromisoformat(request.latest),
        doctors=ids(request.doctors),
        specialty=request.specialty,
        hospitals=ids(request.hospitals),
        moves=str(request.moves) if request.moves else None,
    )


def _on(wish: Request, day: dt.date, zone: ZoneInfo) -> Request:
    """The same wish for one day, so that nothing is read of days that are not shown."""
    return replace(wish, earliest=instant_of(day, 0, zone), latest=instant_of(day, MINUTES_OF_A_DAY, zone))
