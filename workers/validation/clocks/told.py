"""Hours that the clock shows otherwise than people were told, and appointments that go by another clock than their
hospital's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from models.arrays import among
from models.booking import JsonObject
from models.hospitals import Hospital
from models.people import User
from models.schedule import Appointment, Availability
from models.validation.clocks import Clocks, Place, clocks_of
from models.validation.clocks_told import (
    ShiftedAppointment,
    ShiftedAvailability,
    Shown,
    shifted_appointments,
    shifted_availabilities,
    whole,
)
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.remedies.kinds import RestoreWallClock, Statement
from models.validation.remedies.wall_clock import restore_wall_clock
from planner.wording import spoken
from workers.validation.clocks.trying import reasons_against
from workers.validation.step import Scope, Slice, Step, reading

Timed = type[Appointment] | type[Availability]
Shifted = ShiftedAppointment | ShiftedAvailability

PARTS: tuple[Timed, ...] = (Availability, Appointment)

PAGE = 20_000
"""How many rows a slice looks at: well below a second, and few enough to hold if all of them have shifted."""

CONTRADICTED = """
UPDATE appointment SET timezone = hospital.timezone FROM hospital
WHERE hospital.id = appointment.hospital_id AND appointment.id = '{}'
""".strip().replace("\n", " ")


@dataclass
class _Looking:
    """One go at the step. A hospital's remedy is tried once, for all that have shifted there."""

    scope: Scope
    clocks: Clocks
    tried: dict[UUID, tuple[str, ...]] = field(default_factory=dict)

    def against(self, hospital: UUID) -> tuple[str, ...]:
        """What stands against putting the hours of a hospital back."""
        if hospital not in self.tried:
            remedy = RestoreWallClock(hospital=hospital)
            self.tried[hospital] = reasons_against(
                lambda session: restore_wall_clock(session, remedy, self.scope.clock())
            )
        return self.tried[hospital]


def _carry_out(scope: Scope, after: JsonObject | None) -> Iterator[Slice]:
    with reading() as session:
        looking = _Looking(scope, clocks_of(session, [scope.hospital] if scope.hospital else None, scope.since))
    begin = next((place for place, kind in enumerate(PARTS) if after and kind.__tablename__ == after["part"]), 0)
    last = UUID(after["id"]) if after else None
    for kind in PARTS[begin:]:
        while page := _page(looking, kind, last):
            last, piece = page
            yield piece
        last = None
    yield Slice()


def _page(looking: _Looking, kind: Timed, after: UUID | None) -> tuple[UUID, Slice] | None:
    """What is found in the next rows of a table by their ids, and the last of those; None where there are no more."""
    contradicted: list[Found] = []
    shifted: Sequence[Shifted]
    with reading() as session:
        within = _in_scope(kind, looking.scope)
        if after:
            within.append(kind.id > after)
        last, rows = _bounds(session, kind, within)
        if last is None:
            return None
        within.append(kind.id <= last)
        if kind is Appointment:
            contradicted = list(_contradicted(session, looking, within))
            shifted = list(shifted_appointments(session, looking.clocks, looking.scope.since, *within))
        else:
            shifted = list(shifted_availabilities(session, looking.clocks, looking.scope.since, *within))
        names = _names(session, {each.doctor for each in shifted})
    found = [*contradicted, *(_shifted(looking, each, names.get(each.doctor, "a doctor")) for each in shifted)]
    return last, Slice(found, rows, {"part": kind.__tablename__, "id": str(last)})


def _in_scope(kind: Timed, scope: Scope) -> list[ColumnElement[bool]]:
    theirs = [kind.hospital_id == scope.hospital] if scope.hospital else []
    return [*theirs, kind.id.is_not(None), func.upper(kind.during) > scope.since]


def _bounds(session: Session, kind: Timed, within: Sequence[ColumnElement[bool]]) -> tuple[UUID | None, int]:
    """The last id of the next rows, and how many those are."""
    page = select(kind.id).where(*within).order_by(kind.id).limit(PAGE).subquery()
    last = func.array_agg(aggregate_order_by(page.c.id, page.c.id.desc()))[1]
    found, count = session.execute(select(last, func.count()).select_from(page)).one()
    return found, count


def _contradicted(session: Session, looking: _Looking, within: Sequence[ColumnElement[bool]]) -> Iterator[Found]:
    rows = session.execute(
        select(Appointment.id, Appointment.hospital_id, Appointment.timezone)
        .join(Hospital, Hospital.id == Appointment.hospital_id)
        .where(Appointment.timezone != Hospital.timezone, *whole(Appointment.during), *within)
        .where(among(Hospital.id, looking.clocks.places))
        .order_by(Appointment.id)
    )
    for id_, hospital, timezone in rows:
        place = looking.clocks.places[hospital]
        yield Found(
            Code.TIMEZONE_CONTRADICTED,
            (Entity(Kind.APPOINTMENT, str(id_)),),
            f"An appointment at {place.name} goes by the clock of {timezone!r}, and the hospital by that of"
            f" {place.timezone!r}.",
            frozenset([hospital]),
            (Entity(Kind.HOSPITAL, str(hospital)),),
            {"timezone": timezone, "hospital_timezone": place.timezone},
            Statement(sql=CONTRADICTED.format(id_)).stored,
        )


def _names(session: Session, doctors: Iterable[UUID]) -> Mapping[UUID, str]:
    rows = session.execute(select(User.id, User.name).where(among(User.id, doctors)))
    return {row.id: row.name for row in rows}


def _shifted(looking: _Looking, shifted: Shifted, doctor: str) -> Found:
    place, against = looking.clocks.places[shifted.hospital], looking.against(shifted.hospital)
    if isinstance(shifted, ShiftedAppointment):
        code, kind, (what, facts) = Code.HOUR_SHIFTED, Kind.APPOINTMENT, _hour(shifted, place, doctor)
    else:
        code, kind, (what, facts) = Code.AVAILABILITY_SHIFTED, Kind.AVAILABILITY, _availability(shifted, place, doctor)
    return Found(
        code,
        (Entity(kind, str(shifted.id)),),
        f"{what} It cannot be put back as things are: {against[0]}" if against else what,
        frozenset([place.id]),
        (Entity(Kind.DOCTOR, str(shifted.doctor)), Entity(Kind.HOSPITAL, str(place.id))),
        {"timezone": place.timezone, **facts, **({"against": list(against)} if against else {})},
        None if against else RestoreWallClock(hospital=place.id).stored,
    )


def _hour(shifted: ShiftedAppointment, place: Place, doctor: str) -> tuple[str, JsonObject]:
    start = shifted.start
    what = (
        f"An appointment with {doctor} at {place.name} was booked for {spoken(start.told)};"
        f" by the clock there ({place.timezone}) it starts at {_shows(start)}."
    )
    return what, {"start": _json(start)}


def _availability(shifted: ShiftedAvailability, place: Place, doctor: str) -> tuple[str, JsonObject]:
    start, end = shifted.start, shifted.end
    planned = f"from {spoken(start.told)} " if start else ""
    begins = f"starts at {_shows(start)} and " if start else ""
    what = (
        f"The availability of {doctor} at {place.name} was planned {planned}until {spoken(end.told)};"
        f" by the clock there ({place.timezone}) it {begins}ends at {_shows(end)}."
    )
    return what, {"start": start and _json(start), "end": _json(end)}


def _shows(shown: Shown) -> str:
    if shown.python == shown.postgresql:
        return spoken(shown.python)
    return f"{spoken(shown.python)} as Python has it ({spoken(shown.postgresql)} as PostgreSQL has it)"


def _json(shown: Shown) -> JsonObject:
    return {
        "at": shown.at.isoformat(),
        "told": shown.told.isoformat(),
        "python": shown.python.isoformat(),
        "postgresql": shown.postgresql.isoformat(),
    }


def _rows(session: Session, scope: Scope) -> int:
    counts = (session.scalar(select(func.count()).select_from(kind).where(*_in_scope(kind, scope))) for kind in PARTS)
    return sum(count or 0 for count in counts)


TOLD = Step(
    "What the clock shows",
    frozenset({Code.HOUR_SHIFTED, Code.AVAILABILITY_SHIFTED, Code.TIMEZONE_CONTRADICTED}),
    _rows,
    _carry_out,
)
