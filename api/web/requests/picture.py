"""The contested hours of a refused request, as a small picture: days are its rows, times of day its columns.

Every hour of the days shown has one place, by one clock. What the schedule says of it now is the ground; what the
conflict tells (who stood in the way, and what could be had instead) is marked on it. Instants are microseconds, as
inside the planner.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from api.schedule_view import overlaps
from models.hospitals import MINUTES_OF_A_DAY
from models.hours import instant_of
from planner.hours import available_hours
from planner.instants import HOUR_US, LocalClock, instant, join, micros
from planner.problem import Doctor, Hospital, Problem, Request

MOST_DAYS = 14
"""The most rows. Days with an alternative come first, then days with other marks, then the first of the window."""


class HourState(IntEnum):
    """What is said of an hour. Of several things the last is shown: it is what helps most."""

    CLOSED = 0  # no acceptable hospital is open
    OUTSIDE = 1  # open, but not asked for
    NOBODY = 2  # open, but no acceptable doctor is available
    PASSED = 3  # free, but over
    TAKEN = 4  # every acceptable doctor who is available has an appointment
    BUSY = 5  # the patient has an appointment
    WON = 6  # it went to another request
    NEAREST = 7  # the nearest that is open, or in which a doctor is available; not asked for
    FREE = 8  # free by now
    ALTERNATIVE = 9  # could be had instead

    @property
    def word(self) -> str:
        """Its name in classes and keys."""
        return self.name.lower()


_NOTHING = (HourState.CLOSED, HourState.OUTSIDE)


@dataclass(frozen=True, slots=True)
class Mark:
    """An hour that a conflict names: when it starts (microseconds), what it says, and whose it is."""

    start: int
    state: HourState
    doctor: str = ""
    hospital: str = ""


class Column(NamedTuple):
    """A time of day by the picture's clock; `fold` is 1 the second time it comes on a day."""

    hour: int
    minute: int
    fold: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour."""

    start: int
    state: HourState
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A day; None where it has no such hour."""

    date: dt.date
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """What is shown, and how much is not."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    days_left_out: int
    marks_left_out: int

    @property
    def cells(self) -> Iterator[tuple[dt.date, Cell]]:
        """Every hour that is shown, with its day, in order."""
        return ((row.date, cell) for row in self.rows for cell in row.cells if cell)

    @property
    def states(self) -> list[HourState]:
        """Those that occur, the most helpful first."""
        return sorted({cell.state for _, cell in self.cells}, reverse=True)

    @property
    def count(self) -> Counter[HourState]:
        """How many hours are shown in each state."""
        return Counter(cell.state for _, cell in self.cells)


def days_shown(request: Request, marks: Iterable[Mark], zone: ZoneInfo) -> tuple[list[dt.date], int]:
    """The days of a request's picture by the clock of `zone`, ascending, and how many more there would be."""
    alternatives: set[dt.date] = set()
    others: set[dt.date] = set()
    for mark in marks:
        (alternatives if mark.state is HourState.ALTERNATIVE else others).add(_local(mark.start, zone).date())
    first = request.earliest.astimezone(zone).date()
    last = max(first, (request.latest - dt.timedelta(microseconds=1)).astimezone(zone).date())
    window = (last - first).days + 1
    chosen: dict[dt.date, None] = dict.fromkeys([*sorted(alternatives), *sorted(others)])
    for offset in range(min(window, MOST_DAYS)):  # enough of them, however long the window is
        chosen.setdefault(first + dt.timedelta(days=offset))
    marked_outside = sum(not first <= day <= last for day in alternatives | others)
    shown = list(chosen)[:MOST_DAYS]
    return sorted(shown), window + marked_outside - len(shown)


def picture(problem: Problem, request: Request, marks: Sequence[Mark], zone: ZoneInfo, now: dt.datetime) -> Picture:
    """The picture of a request.

    Parameters
    ----------
    problem
        What is true now of the days shown, of every acceptable doctor and hospital and of the patient.
    request
        Who asked for what.
    marks
        What the conflict names.
    zone
        The clock of the picture.
    now
        Free hours before it have passed.

    """
    days, days_left_out = days_shown(request, marks, zone)
    marked: dict[int, list[Mark]] = {}
    for mark in marks:
        marked.setdefault(mark.start, []).append(mark)
    by_day: dict[dt.date, dict[Column, Cell]] = {day: {} for day in days}
    ground = _ground(problem, request, days, zone, micros(now))
    for start in sorted(ground.keys() | marked.keys()):
        local = _local(start, zone)
        if local.date() in by_day:
            here = marked.get(start, [])
            state = max([ground.get(start, HourState.CLOSED), *(mark.state for mark in here)])
            column = Column(local.hour, local.minute, local.fold)
            by_day[local.date()][column] = Cell(start, state, tuple(here))
    columns = _columns([cell for cells in by_day.values() for cell in cells.items()], request)
    rows = tuple(Row(day, tuple(cells.get(column) for column in columns)) for day, cells in by_day.items())
    shown = sum(len(cell.marks) for row in rows for cell in row.cells if cell)
    return Picture(columns, rows, days_left_out, len(marks) - shown)


def _ground(
    problem: Problem, request: Request, days: Sequence[dt.date], zone: ZoneInfo, now: int
) -> Mapping[int, HourState]:
    """What is true of every full hour of the days by the clocks of the hospitals concerned."""
    window = range(micros(request.earliest), micros(request.latest) - HOUR_US + 1)
    states: dict[int, HourState] = {}

    def note(start: int, state: HourState) -> None:
        states[start] = max(states.get(start, HourState.CLOSED), state)

    for hospital in _concerned(problem, request):
        clock = LocalClock(hospital.timezone)
        for day in days:
            for start in clock.full_hours(*_ends(day, zone)):
                note(start, HourState.CLOSED)
        for opens, closes in join([(micros(each.start), micros(each.end)) for each in hospital.openings]):
            for start in clock.full_hours(opens, closes):
                note(start, HourState.NOBODY if start in window else HourState.OUTSIDE)
    for start, state in _available(problem, request, now):
        if start in window:
            note(start, state)
    return states


def _concerned(problem: Problem, request: Request) -> list[Hospital]:
    """The acceptable hospitals at which an acceptable doctor is ever available; all acceptable ones if none is."""
    doctors = {doctor.id for doctor in problem.doctors if _acceptable(request, doctor)}
    seen_at = {each.hospital for each in problem.availabilities if each.doctor in doctors}
    acceptable = [hospital for hospital in problem.hospitals if _at(request, hospital.id)]
    return [hospital for hospital in acceptable if hospital.id in seen_at] or acceptable


def _available(problem: Problem, request: Request, now: int) -> Iterator[tuple[int, HourState]]:
    """The hours in which acceptable doctors are available, and what stands against each."""
    doctors = sorted(doctor.id for doctor in problem.doctors if _acceptable(request, doctor))
    hospitals = sorted(hospital.id for hospital in problem.hospitals if _at(request, hospital.id))
    available = [each for each in problem.availabilities if each.doctor in doctors and each.hospital in hospitals]
    numbers = ({id_: number for number, id_ in enumerate(ids)} for ids in (doctors, hospitals))
    of_doctor: dict[str, list[int]] = {doctor: [] for doctor in doctors}
    of_patient: list[int] = []
    for appointment in sorted(problem.appointments, key=lambda each: each.start):
        if appointment.id != request.moves:
            of_doctor.setdefault(appointment.doctor, []).append(micros(appointment.start))
            if appointment.patient == request.patient:
                of_patient.append(micros(appointment.start))
    doctor_of, _, starts = available_hours(replace(problem, availabilities=tuple(available)), *numbers)
    for doctor, start in zip(doctor_of.tolist(), starts.tolist(), strict=True):
        if overlaps(start, of_doctor[doctors[doctor]]):
            yield start, HourState.TAKEN
        elif overlaps(start, of_patient):
            yield start, HourState.BUSY
        else:
            yield start, HourState.PASSED if start < now else HourState.FREE


def _acceptable(request: Request, doctor: Doctor) -> bool:
    has_specialty = request.specialty is None or request.specialty in doctor.specialties
    return has_specialty and (request.doctors is None or doctor.id in request.doctors)


def _at(request: Request, hospital: str) -> bool:
    return request.hospitals is None or hospital in request.hospitals


def _columns(cells: Sequence[tuple[Column, Cell]], request: Request) -> tuple[Column, ...]:
    """The times of day between the first and the last at which there is something to see, those without an opening left
    out; and those of the window, where there is nothing to see in it.
    """
    kept = {column for column, cell in cells if cell.state not in _NOTHING}
    window = range(micros(request.earliest), micros(request.latest))
    inside = [(column, cell) for column, cell in cells if cell.start in window]
    if all(cell.state in _NOTHING for _, cell in inside):
        kept |= {column for column, _ in inside}
    if kept:
        first, last = min(kept), max(kept)
        kept |= {column for column, cell in cells if first < column < last and cell.state is not HourState.CLOSED}
    return tuple(sorted(kept))


def _local(start: int, zone: ZoneInfo) -> dt.datetime:
    return instant(start).astimezone(zone)


def _ends(day: dt.date, zone: ZoneInfo) -> tuple[int, int]:
    """Between which instants an hour lies that starts on a day."""
    midnight, next_midnight = (micros(instant_of(day, minutes, zone)) for minutes in (0, MINUTES_OF_A_DAY))
    return midnight, next_midnight - 1 + HOUR_US
