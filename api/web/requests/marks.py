"""What a conflict names, as marks on its picture (the shapes of facts: docs/planning-problem.md)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from api.web.requests.picture import HourState, Mark
from planner.instants import HOUR_US, LocalClock, micros
from planner.plan import ConflictKind
from planner.problem import Request

Facts = Mapping[str, Any]  # Any: JSON values


def marks(kind: ConflictKind, facts: Facts, timezones: Mapping[str, str], request: Request) -> list[Mark]:
    """A mark for every hour that the facts of a conflict name. `timezones`: of hospitals, by id."""
    match kind:
        case ConflictKind.HOSPITAL_CLOSED:
            return list(_opening(facts["next_opening"]))
        case ConflictKind.NO_AVAILABILITY:
            return list(_availability(facts["nearest_availability"], timezones, request))
        case ConflictKind.HOURS_TAKEN:
            return hours(facts["appointments"], HourState.TAKEN)
        case ConflictKind.PATIENT_BUSY:
            return hours(facts["appointments"], HourState.BUSY)
        case ConflictKind.OUTCOMPETED:
            return hours([*facts["winners"], *facts["moved"]], HourState.WON)


def hours(named: Sequence[Facts], state: HourState) -> list[Mark]:
    """A mark for each of some bookings, appointments or alternatives."""
    return [Mark(_at(each["start"]), state, each["doctor"], each["hospital"]) for each in named]


def _opening(following: Facts | None) -> Iterator[Mark]:
    if following:
        yield Mark(_at(following["first_hour"]), HourState.NEAREST, hospital=following["hospital"])


def _availability(nearest: Facts | None, timezones: Mapping[str, str], request: Request) -> Iterator[Mark]:
    """The hour of the nearest availability that lies the least time outside the window."""
    if not nearest:
        return
    starts = LocalClock(timezones.get(nearest["hospital"], "UTC")).full_hours(
        _at(nearest["start"]), _at(nearest["end"])
    )
    first, last = micros(request.earliest), micros(request.latest) - HOUR_US
    if starts:
        start = min(starts, key=lambda start: max(first - start, start - last))
        yield Mark(start, HourState.NEAREST, nearest["doctor"], nearest["hospital"])


def _at(text: str) -> int:
    return micros(datetime.fromisoformat(text))
