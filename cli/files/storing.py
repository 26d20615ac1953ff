"""A bundle into the database, in one transaction that the caller commits or not.

Kinds are written in order. Where one is refused, the kinds that refer to it are not tried, since they would only
repeat what is known; all others are, so that one run tells as many faults as can be told.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from cli.output import FaultLine
from models.appointments import book_appointments
from models.availabilities import create_availabilities
from models.directory import upsert_patients, upsert_users
from models.faults import Fault, Refusal, Refused
from models.files.bundle import Bundle, HoursRow
from models.files.kinds import Kind
from models.files.places import Origin
from models.hours import create_hospitals, set_exception, set_operating_hours
from models.references import find_hospitals, unknown
from models.requests import create_batch, queue_requests

_AT_ONCE = 2000  # rows, so that progress can be seen

_REFERS_TO: Mapping[Kind, frozenset[Kind]] = {
    Kind.HOSPITALS: frozenset(),
    Kind.HOURS: frozenset({Kind.HOSPITALS}),
    Kind.USERS: frozenset({Kind.HOSPITALS}),
    Kind.PATIENTS: frozenset(),
    Kind.AVAILABILITIES: frozenset({Kind.HOSPITALS, Kind.HOURS, Kind.USERS}),
    Kind.APPOINTMENTS: frozenset({Kind.HOSPITALS, Kind.HOURS, Kind.USERS, Kind.PATIENTS, Kind.AVAILABILITIES}),
    Kind.REQUESTS: frozenset({Kind.HOSPITALS, Kind.USERS, Kind.PATIENTS}),
}


@dataclass(slots=True)
class Stored:
    """What came of a bundle. With any fault nothing of it may be committed."""

    rows: dict[Kind, int] = field(default_factory=dict)
    faults: list[FaultLine] = field(default_factory=list)
    not_tried: list[Kind] = field(default_factory=list)
    batch: UUID | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """Writes rows of every kind. `now` is when; `advance` hears of every few rows."""

    session: Session
    now: dt.datetime
    advance: Callable[[int], None] = lambda _rows: None

    def write(self, bundle: Bundle, origins: Mapping[Kind, Sequence[Origin]], label: str | None = None) -> Stored:
        """Write a bundle; requests are queued as one batch with the label."""
        stored = Stored()
        refused: set[Kind] = set()
        for kind, rows in bundle.by_kind.items():
            if _REFERS_TO[kind] & refused:
                stored.not_tried.append(kind)
                continue
            if kind is Kind.REQUESTS:
                stored.batch = create_batch(self.session, len(rows), label)
            faults = self._write_kind(kind, rows, stored.batch)
            if faults:
                refused.add(kind)
            stored.faults += [_told(fault, origins[kind]) for fault in faults]
            stored.rows[kind] = len(rows)
        return stored

    def _write_kind(self, kind: Kind, rows: Sequence[Any], batch: UUID | None) -> list[Fault]:
        faults: list[Fault] = []
        step = 1 if kind is Kind.HOURS else _AT_ONCE
        for first in range(0, len(rows), step):
            some = rows[first : first + step]
            try:
                with self.session.begin_nested():
                    self._write_some(kind, some, batch)
            except Refused as refused:
                faults += [fault.at_row(fault.row + first) for fault in refused.faults]
            self.advance(len(some))
        return faults

    def _write_some(self, kind: Kind, rows: Sequence[Any], batch: UUID | None) -> None:  # Any: rows of the kind
        match kind:
            case Kind.HOSPITALS:
                create_hospitals(self.session, rows, self.now)
            case Kind.HOURS:
                self._write_hours(rows[0])
            case Kind.USERS:
                upsert_users(self.session, {row.external_id: row for row in rows}, may_make_admins=True)
            case Kind.PATIENTS:
                upsert_patients(self.session, {row.external_id: row for row in rows})
            case Kind.AVAILABILITIES:
                create_availabilities(self.session, rows)
            case Kind.APPOINTMENTS:
                book_appointments(self.session, rows, self.now)
            case Kind.REQUESTS:
                queue_requests(self.session, rows, batch)

    def _write_hours(self, row: HoursRow) -> None:
        hospital = find_hospitals(self.session, [row.hospital]).get(row.hospital)
        if hospital is None:
            raise Refused(Refusal.INVALID, [unknown("hospital", "hospital", row.hospital)])
        for exception in row.exceptions:  # first: an availability may lie on a date that the week would close
            set_exception(self.session, hospital.id, exception, self.now)
        if row.operating_hours is not None:
            set_operating_hours(self.session, hospital.id, row.operating_hours, self.now)


def _told(fault: Fault, origins: Sequence[Origin]) -> FaultLine:
    return FaultLine(origins[fault.row].where(fault.field), fault.value, fault.message)
