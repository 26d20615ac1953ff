"""Openings that are not those that the hours kept come to, or that are about to run out."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.hospitals import Hospital
from models.rescheduling.remaining import Span
from models.schedule import Appointment, Availability
from models.validation.clocks import Clocks, Place, clocks_of
from models.validation.clocks_openings import (
    Openings,
    clock_shift,
    openings_of,
)
from models.validation.clocks_told import shifted_appointments, shifted_availabilities
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.remedies.kinds import ProjectOpenings, RestoreWallClock
from models.validation.remedies.openings import project_openings
from models.validation.remedies.wall_clock import restore_wall_clock
from models.wording import counted
from workers.validation.clocks.changed import hours_changed
from workers.validation.clocks.trying import reasons_against
from workers.validation.step import Scope, Slice, Step, reading
from workers.validation.wording import by_clock

MISSED = 7
"""Openings are projected every day. Where that has not happened for so many days, it will not happen by itself."""

TOLD_OF = 50
"""Of more periods that differ the facts name only the first."""


@dataclass(frozen=True, slots=True)
class _Difference:
    """How the stored openings differ, and which of that is because they end too early."""

    missing: Sequence[Span]
    surplus: Sequence[Span]
    short: bool
    end: dt.datetime | None  # up to which there are openings, or could be

    @property
    def differs(self) -> bool:
        return bool(self.missing or self.surplus)


@dataclass(frozen=True, slots=True)
class _Shifted:
    """By how much clocks have shifted the hours of a hospital, and which availabilities those are."""

    by: frozenset[dt.timedelta] = frozenset()
    availabilities: frozenset[UUID] = frozenset()


def _carry_out(scope: Scope, after: JsonObject | None) -> Iterator[Slice]:
    with reading() as session:
        clocks = clocks_of(session, [scope.hospital] if scope.hospital else None, scope.since)
    for place in sorted(clocks.places.values(), key=lambda each: each.id):
        if after is None or place.id > UUID(after["id"]):
            yield Slice(list(_look(scope, clocks, place)), rows=1, after={"id": str(place.id)})
    yield Slice()


def _look(scope: Scope, clocks: Clocks, place: Place) -> Iterator[Found]:
    with reading() as session:
        openings = openings_of(session, place, scope.since)
        if openings is None:
            return
        difference = _difference(scope, openings)
        shifted, shift, changed = _Shifted(), None, None
        if difference.differs:
            shifted = _shifted(session, scope, clocks, place)
            shift = clock_shift(openings, shifted.by)
            if shift and shifted.by:
                difference = replace(difference, missing=(), surplus=())  # the hours that have shifted tell of it
            else:
                changed = hours_changed(session, scope, place, openings, but_for=shifted.availabilities)
    if difference.short:
        yield _run_out(scope, place, openings, difference)
    if changed:
        yield changed
    elif difference.differs:
        yield _differ(scope, place, difference, shift, anyhow=bool(shifted.by))


def _difference(scope: Scope, openings: Openings) -> _Difference:
    """What differs. Availabilities around what is missing are no findings where the hours kept hold them."""
    missing, surplus = openings.missing, openings.surplus
    last = openings.stored[-1][1] if openings.stored else openings.since
    lacks_end = bool(missing) and missing[-1][0] >= last
    end = last if lacks_end else openings.reaches
    enough = scope.since + dt.timedelta(days=max(0, scope.chosen.opening_horizon_days - MISSED))
    short = end is None or end < enough
    if short:
        missing = [each for each in missing if each[0] < last]
        surplus = [each for each in surplus if openings.reaches and each[0] < openings.reaches]
    return _Difference(missing, surplus, short, end)


def _shifted(session: Session, scope: Scope, clocks: Clocks, place: Place) -> _Shifted:
    by = {each.later for each in clocks.disagreements.get(place.timezone, ())}
    availabilities = set()
    for availability in shifted_availabilities(session, clocks, scope.since, Availability.hospital_id == place.id):
        availabilities.add(availability.id)
        by.update(each.later for each in (availability.start, availability.end) if each)
    for appointment in shifted_appointments(session, clocks, scope.since, Appointment.hospital_id == place.id):
        by.add(appointment.start.later)
    return _Shifted(frozenset(by - {dt.timedelta(0)}), frozenset(availabilities))


def _run_out(scope: Scope, place: Place, openings: Openings, difference: _Difference) -> Found:
    if difference.end is None:
        what = f"{place.name} has openings up to {openings.written}, as it is written down, and that is no day."
    else:
        days = max(0, (difference.end - scope.since) // dt.timedelta(days=1))
        what = (
            f"The openings of {place.name} end {by_clock(difference.end, place.timezone)}, {counted(days, 'day')}"
            f" ahead; {counted(scope.chosen.opening_horizon_days, 'day')} are set."
        )
    return _found(
        Code.OPENINGS_RUN_OUT,
        place,
        scope,
        f"{what} Beat projects them every day; see why it does not.",
        {"projected_until": openings.written, "end": difference.end and difference.end.isoformat()},
        ProjectOpenings(hospital=place.id),
    )


def _differ(scope: Scope, place: Place, difference: _Difference, shift: dt.timedelta | None, *, anyhow: bool) -> Found:
    """`shift`: what all openings are late by, if that is it; `anyhow`: hours have shifted besides."""
    facts: JsonObject = {
        "missing": _spans(difference.missing),
        "surplus": _spans(difference.surplus),
        "missing_count": len(difference.missing),
        "surplus_count": len(difference.surplus),
    }
    remedy: ProjectOpenings | RestoreWallClock = ProjectOpenings(hospital=place.id)
    if shift is None:
        parts = [
            f"{len(spans)} {word}, the first from {by_clock(spans[0][0], place.timezone)}"
            for spans, word in ((difference.missing, "missing"), (difference.surplus, "too many"))
            if spans
        ]
        what = f"are not those that its hours come to: {'; '.join(parts)}."
    else:
        minutes = facts["shift_minutes"] = shift // dt.timedelta(minutes=1)
        since = min(start for start, _ in (*difference.missing, *difference.surplus))
        what = (
            f"are {counted(abs(minutes), 'minute')} too {'late' if minutes > 0 else 'early'} from"
            f" {by_clock(since, place.timezone)} on, as where a newer time-zone database has changed its clock."
        )
    if anyhow or shift is not None:
        remedy = RestoreWallClock(hospital=place.id)
    return _found(Code.OPENINGS_DIFFER, place, scope, f"The openings of {place.name} {what}", facts, remedy)


def _found(
    code: Code, place: Place, scope: Scope, what: str, facts: JsonObject, remedy: ProjectOpenings | RestoreWallClock
) -> Found:
    """A finding of a hospital, with the remedy where it was tried with success."""

    def apply(session: Session) -> object:
        if isinstance(remedy, ProjectOpenings):
            return project_openings(session, remedy, scope.clock())
        return restore_wall_clock(session, remedy, scope.clock())

    against = reasons_against(apply)
    return Found(
        code,
        (Entity(Kind.HOSPITAL, str(place.id)),),
        f"{what} They cannot be projected anew as things are: {against[0]}" if against else what,
        frozenset([place.id]),
        facts={**facts, **({"against": list(against)} if against else {})},
        remedy=None if against else remedy.stored,
    )


def _spans(spans: Sequence[Span]) -> list[JsonObject]:
    return [{"start": start.isoformat(), "end": end.isoformat()} for start, end in spans[:TOLD_OF]]


def _hospitals(session: Session, scope: Scope) -> int:
    hospitals = select(func.count()).select_from(Hospital)
    return session.scalar(hospitals.where(Hospital.id == scope.hospital) if scope.hospital else hospitals) or 0


OPENINGS = Step(
    "Openings and hours kept",
    frozenset({Code.OPENINGS_DIFFER, Code.HOURS_CHANGED, Code.OPENINGS_RUN_OUT}),
    _hospitals,
    _carry_out,
)
