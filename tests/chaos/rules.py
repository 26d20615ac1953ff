"""What rules are given: the history, and the database as it stands, read in one snapshot by plain SQL.

A rule is a function that yields one sentence for each violation. Nothing here knows the product's code.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from tests.chaos.history import Operation, Recorded, Try

UNDECIDED = ("queued", "planning")


@dataclass(frozen=True)
class Evidence:
    """What is judged. Rows are named tuples; ids are text, instants aware, periods text as jsonb has them (in UTC)."""

    history: Recorded
    connection: psycopg.Connection[Any] = field(repr=False)

    def rows(self, sql: str) -> list[Any]:
        with self.connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(sql).fetchall()

    @cached_property
    def requests(self) -> dict[str, Any]:
        """Booking requests by id."""
        rows = self.rows("""
            SELECT r.id::text, r.patient_id::text AS patient, p.external_id AS patient_name, r.status, r.priority,
                r.specialty, r.earliest, r.latest, r.moves::text, r.batch_id::text AS batch, r.batch_line, r.attempts,
                r.failure, ARRAY(
                    SELECT u.external_id FROM booking_request_doctor d JOIN app_user u ON u.id = d.doctor_id
                    WHERE d.booking_request_id = r.id ORDER BY d.position
                ) AS doctors
            FROM booking_request r JOIN patient p ON p.id = r.patient_id ORDER BY r.id""")
        return {row.id: row for row in rows}

    @cached_property
    def appointments(self) -> dict[str, Any]:
        """Appointments by id."""
        rows = self.rows("""
            SELECT a.id::text, a.patient_id::text AS patient, p.external_id AS patient_name, a.status, a.version,
                a.doctor_id::text AS doctor, a.hospital_id::text AS hospital, h.timezone,
                lower(a.during) AS start, upper(a.during) AS "end", a.booking_request_id::text AS request
            FROM appointment a JOIN patient p ON p.id = a.patient_id JOIN hospital h ON h.id = a.hospital_id
            ORDER BY a.id""")
        return {row.id: row for row in rows}

    @cached_property
    def booked(self) -> list[Any]:
        return [row for row in self.appointments.values() if row.status == "booked"]

    @cached_property
    def messages(self) -> list[Any]:
        """Events, in the order in which they are read."""
        return self.rows("""
            SELECT id, transaction_id::text::bigint AS transaction, topic, payload FROM outbox_message
            ORDER BY transaction_id, id""")

    @cached_property
    def entries(self) -> list[Any]:
        """Changes that the audit tells of, in order."""
        return self.rows("""
            SELECT id, transaction_id::text::bigint AS transaction, action, kind, before, after FROM audit_entry
            WHERE action IN ('insert', 'update', 'delete') ORDER BY id""")


Rule = Callable[[Evidence], Iterator[str]]


def told(operation: Operation) -> str:
    """An operation, in words."""
    return f"Operation {operation.number} ({operation.method} {operation.path})"


def done(operations: Iterable[Operation]) -> Iterator[tuple[Operation, Try]]:
    """Those that were acknowledged, each with the first answer that says so."""
    for operation in operations:
        for each in operation.tries:
            if each.is_done:
                yield operation, each
                break


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def counted(count: int, acknowledged: int, lost: int) -> str | None:
    """What is wrong with how often something is there, that `acknowledged` calls made and `lost` ones may have made."""
    if count < acknowledged:
        return f"there {_times(count)} though acknowledged {_times(acknowledged)}"
    if count > acknowledged + lost:
        return f"there {_times(count)} though asked for {_times(acknowledged + lost)} only"
    return None


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
