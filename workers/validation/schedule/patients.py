"""Whether any patient has two appointments at once, patient by patient, wherever they are."""

from collections.abc import Iterator
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.base import whole_period
from models.booking import JsonObject
from models.validation.codes import Code
from models.validation.found import Found
from planner.verify.periods import Owned, overlaps
from workers.validation.schedule import telling
from workers.validation.schedule.columns import ID, INSTANT, Table, instants, read_by_owner, uuids
from workers.validation.schedule.moments import at_moment, moment
from workers.validation.schedule.names import Names
from workers.validation.step import Scope, Slice, Step

SIZE = 50_000
"""How many rows are looked at together, about."""

_COLUMNS = {"id": ID, "patient": ID, "begin": INSTANT, "end": INSTANT}
_ROWS = f"""
SELECT id, patient_id, lower(during), upper(during)
FROM appointment
WHERE during && tstzrange(%(since)s, NULL) AND coalesce({whole_period("during")}, FALSE) AND status = 'booked'
    AND id IS NOT NULL AND patient_id IS NOT NULL AND hospital_id IS NOT NULL AND doctor_id IS NOT NULL
    AND (%(after)s::uuid IS NULL OR patient_id > %(after)s::uuid)
    AND (%(hospital)s::uuid IS NULL OR patient_id IN (
        SELECT patient_id FROM appointment
        WHERE hospital_id = %(hospital)s::uuid AND during && tstzrange(%(since)s, NULL)))
ORDER BY patient_id
"""  # noqa: S608  # nothing in it comes from outside
_WHERE = text("SELECT id, doctor_id, hospital_id FROM appointment WHERE id = ANY(:ids)")
_COUNT = text("""
SELECT count(*) FROM appointment
WHERE during && tstzrange(:since, NULL) AND status = 'booked'
    AND (CAST(:hospital AS uuid) IS NULL OR hospital_id = CAST(:hospital AS uuid))
""")


def _count(session: Session, scope: Scope) -> int:
    rows: int = session.execute(_COUNT, {"since": scope.since, "hospital": scope.hospital}).scalar_one()
    return rows


def _look(scope: Scope, after: JsonObject | None) -> Iterator[Slice]:
    values = {"since": scope.since, "hospital": scope.hospital, "after": after and after["patient"]}
    with moment() as (session, name):
        for rows in read_by_owner(session, _COLUMNS, _ROWS, values, owner="patient", size=SIZE):
            pairs = _double_booked(rows)
            found: list[Found] = []
            if len(pairs[0]):
                with at_moment(name) as beside:
                    found = list(_told(beside, *pairs))
            concerned = [each for each in found if scope.hospital is None or scope.hospital in each.hospitals]
            yield Slice(concerned, len(rows), {"patient": str(uuids(rows["patient"][-1:])[0])})
    yield Slice()


PATIENTS = Step("Whether patients are in one place at a time", frozenset({Code.PATIENT_DOUBLE_BOOKED}), _count, _look)


def _double_booked(rows: Table) -> tuple[Table, Table]:
    """The earlier and the later appointment of each two that overlap."""
    changes = rows["patient"][1:] != rows["patient"][:-1]
    patient = np.concatenate([[0], np.cumsum(changes)])
    order = np.lexsort((rows["id"], patient))  # so that of three that overlap the same two are told of every night
    rows, patient = rows[order], patient[order]
    earlier, later = overlaps(Owned(patient, instants(rows["begin"]), instants(rows["end"])))
    return rows[earlier], rows[later]


def _told(session: Session, earlier: Table, later: Table) -> Iterator[Found]:
    pairs = [uuids(rows["id"]) for rows in (earlier, later)]
    where = {row.id: row for row in session.execute(_WHERE, {"ids": [*pairs[0], *pairs[1]]})}
    names = Names.of(session, {row.hospital_id for row in where.values()}, {row.doctor_id for row in where.values()})

    def rows_of(rows: Table, ids: list[UUID]) -> list[telling.Row]:
        times = (instants(rows[name]).tolist() for name in ("begin", "end"))
        return [
            telling.Row(id_, where[id_].doctor_id, where[id_].hospital_id, begin, end, counts=True)
            for id_, begin, end in zip(ids, *times, strict=True)
        ]

    both = (rows_of(rows, ids) for rows, ids in zip((earlier, later), pairs, strict=True))
    for patient, first, second in zip(uuids(earlier["patient"]), *both, strict=True):
        if first.id != second.id:  # else it is one row that is there twice: another rule
            yield telling.patient_double_booked(patient, first, second, names)
