"""What is said of each breach of a rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.booking import JsonObject
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.remedies.kinds import TrimAvailability
from models.wording import counted
from planner.instants import HOUR_US
from workers.validation.schedule.columns import Table, instants, uuids
from workers.validation.schedule.names import Names

_MINUTE_US = HOUR_US // 60


@dataclass(frozen=True, slots=True)
class Row:
    """An appointment or an availability: whose, where, and `[begin, end)` in microseconds.

    `counts`: whether the appointment is booked.
    """

    id: UUID
    doctor: UUID
    hospital: UUID
    begin: int
    end: int
    counts: bool

    def besides(self) -> tuple[Entity, ...]:
        return Entity(Kind.DOCTOR, str(self.doctor)), Entity(Kind.HOSPITAL, str(self.hospital))

    def at(self, names: Names) -> str:
        """`at General Hospital on Tue 1 Dec 2026 10:00 (Europe/Lisbon)`."""
        return f"at {names.hospital(self.hospital)} on {names.when(self.begin, self.hospital)}"

    def during(self, names: Names) -> str:
        """The same, and until when."""
        begin, end = (names.when(us, self.hospital) for us in (self.begin, self.end))
        return f"at {names.hospital(self.hospital)} from {begin} to {end}"


def rows_of(table: Table) -> list[Row]:
    """The rows of a table with the columns of `Row`."""
    ids = (uuids(table[name]) for name in ("id", "doctor", "hospital"))
    times = (instants(table[name]).tolist() for name in ("begin", "end"))
    return [Row(*row) for row in zip(*ids, *times, table["counts"].tolist(), strict=True)]


def doctor_double_booked(earlier: Row, later: Row, names: Names) -> Found:
    here, there = earlier.at(names), later.at(names)
    what = f"at the same time, {here}" if here == there else f"that overlap: {here}, and {there}"
    message = f"{_first(names.doctor(earlier.doctor))} has two appointments {what}."
    return _pair(Code.DOCTOR_DOUBLE_BOOKED, Kind.APPOINTMENT, earlier, later, message)


def patient_double_booked(patient: UUID, earlier: Row, later: Row, names: Names) -> Found:
    with_whom = [f"{row.at(names)} with {names.doctor(row.doctor)}" for row in (earlier, later)]
    message = f"One patient has two appointments that overlap: {with_whom[0]}, and {with_whom[1]}."
    return _pair(
        Code.PATIENT_DOUBLE_BOOKED, Kind.APPOINTMENT, earlier, later, message, Entity(Kind.PATIENT, str(patient))
    )


def availabilities_overlap(earlier: Row, later: Row, names: Names) -> Found:
    message = (
        f"{_first(names.doctor(earlier.doctor))} is available twice at once: {earlier.during(names)}, and"
        f" {later.during(names)}. Change or withdraw one of the two."
    )
    return _pair(Code.AVAILABILITIES_OVERLAP, Kind.AVAILABILITY, earlier, later, message)


def outside_availability(row: Row, names: Names, *, closed: bool) -> Found:
    message = (
        f"The appointment {row.at(names)} lies outside the availabilities of {names.doctor(row.doctor)} there;"
        f" the hospital is {'closed' if closed else 'open'} then."
    )
    return _one(Code.OUTSIDE_AVAILABILITY, row, message, {"open": not closed})


def off_the_hour(row: Row, names: Names) -> Found:
    message = (
        f"{_appointment(row)} {row.at(names)} with {names.doctor(row.doctor)} does not begin on the hour by the"
        " hospital's clock."
    )
    return _one(Code.OFF_THE_HOUR, row, message, {})


def not_one_hour(row: Row, names: Names) -> Found:
    minutes = (row.end - row.begin) / _MINUTE_US
    message = (
        f"{_appointment(row)} {row.at(names)} with {names.doctor(row.doctor)} lasts {minutes:,.10g} minutes; every"
        " appointment lasts 60."
    )
    return _one(Code.NOT_ONE_HOUR, row, message, {"minutes": minutes})


def availability_outside_openings(row: Row, stranded: Sequence[UUID], names: Names) -> Found:
    """`stranded` are the booked appointments in what lies outside."""
    held = f"{counted(len(stranded), 'booked appointment')} lie{'s' if len(stranded) == 1 else ''} outside them"
    message = (
        f"{_first(names.doctor(row.doctor))} is available {row.during(names)}, not all of it within the hospital's"
        f" openings; {held if stranded else 'no booked appointment lies outside them'}."
    )
    return Found(
        Code.AVAILABILITY_OUTSIDE_OPENINGS,
        (Entity(Kind.AVAILABILITY, str(row.id)),),
        message,
        hospitals=frozenset([row.hospital]),
        besides=(*row.besides(), *(Entity(Kind.APPOINTMENT, str(id_)) for id_ in stranded)),
        facts={"appointments": len(stranded)},
        remedy=None if stranded else TrimAvailability(availability=row.id).stored,
    )


def _one(code: Code, row: Row, message: str, facts: JsonObject) -> Found:
    appointment = Entity(Kind.APPOINTMENT, str(row.id))
    return Found(code, (appointment,), message, frozenset([row.hospital]), row.besides(), facts)


def _pair(code: Code, kind: Kind, earlier: Row, later: Row, message: str, *besides: Entity) -> Found:
    subject = tuple(sorted(Entity(kind, str(row.id)) for row in (earlier, later)))
    whose = dict.fromkeys([*besides, *earlier.besides(), *later.besides()])
    return Found(code, subject, message, frozenset([earlier.hospital, later.hospital]), tuple(whose))


def _appointment(row: Row) -> str:
    return "The appointment" if row.counts else "The appointment (which is not booked)"


def _first(name: str) -> str:
    """A name at the beginning of a sentence."""
    return name[:1].upper() + name[1:]
