"""What the instants of a period cannot tell: that it is no period at all, or that its hour is not kept as it should be.

The database looks through each table once.
"""

from collections.abc import Iterator

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.base import whole_period
from models.booking import JsonObject
from models.schedule import Appointment
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.recording import KEPT
from workers.validation.schedule.names import Names
from workers.validation.step import Scope, Slice, Step, by_slices

_WHOLE = f"coalesce({whole_period('during')}, FALSE)"
_NOT_ENDED = "during IS NOT NULL AND (upper(during) IS NULL OR upper(during) > :since)"
_HERE = "(CAST(:hospital AS uuid) IS NULL OR hospital_id IS NULL OR hospital_id = CAST(:hospital AS uuid))"
_AT_MOST = KEPT + 1
_FLAWS = """concat_ws(', ',
    CASE WHEN isempty(during) THEN 'it is empty' END,
    CASE WHEN NOT isempty(during) AND coalesce(NOT isfinite(lower(during)), TRUE) THEN 'it has no beginning' END,
    CASE WHEN NOT isempty(during) AND coalesce(NOT isfinite(upper(during)), TRUE) THEN 'it has no end' END,
    CASE WHEN isfinite(lower(during)) AND NOT lower_inc(during) THEN 'its first instant is left out' END,
    CASE WHEN isfinite(upper(during)) AND upper_inc(during) THEN 'its end is counted in' END)"""


def _malformed(table: str, doctor: str) -> str:
    return f"""
SELECT id, hospital_id, {doctor} AS doctor_id, {_FLAWS} AS flaws FROM {table}
WHERE id IS NOT NULL AND NOT {_WHOLE} AND {_NOT_ENDED} AND {_HERE}
LIMIT {_AT_MOST}
"""  # noqa: S608  # nothing in it comes from outside


_OCCUPIES = Appointment.__table__.columns["occupies"].computed
_QUERIES = (
    (Kind.OPENING, Code.PERIOD_MALFORMED, _malformed("opening", "CAST(NULL AS uuid)")),
    (Kind.AVAILABILITY, Code.PERIOD_MALFORMED, _malformed("availability", "doctor_id")),
    (Kind.APPOINTMENT, Code.PERIOD_MALFORMED, _malformed("appointment", "doctor_id")),
    (
        Kind.APPOINTMENT,
        Code.HOUR_NOT_OCCUPIED,
        f"""
SELECT id, hospital_id, doctor_id, coalesce(status = 'booked', FALSE) AS booked,
    CAST(extract(epoch FROM lower(during)) * 1000000 AS bigint) AS begin
FROM appointment
WHERE id IS NOT NULL AND {_WHOLE} AND {_NOT_ENDED} AND {_HERE}
    AND occupies IS DISTINCT FROM ({_OCCUPIES.sqltext if _OCCUPIES else "during"})
LIMIT {_AT_MOST}
""",  # noqa: S608
    ),
)


def _look(session: Session, scope: Scope, after: JsonObject | None) -> Slice:
    number = after["query"] if after else 0
    kind, code, query = _QUERIES[number]
    rows = session.execute(text(query), {"since": scope.since, "hospital": scope.hospital}).mappings().all()
    hospitals, doctors = ({row[name] for row in rows if row[name]} for name in ("hospital_id", "doctor_id"))
    names = Names.of(session, hospitals, doctors)
    following = {"query": number + 1} if number + 1 < len(_QUERIES) else None
    return Slice([_told(row, kind, code, names) for row in rows], after=following)


STORED = Step(
    "Whether every period is one",
    frozenset(code for _, code, _ in _QUERIES),
    lambda _session, _scope: 0,
    by_slices(_look),
)


def _told(row: RowMapping, kind: Kind, code: Code, names: Names) -> Found:
    message = _malformed_told(row, kind, names) if code is Code.PERIOD_MALFORMED else _not_occupied_told(row, names)
    doctor, hospital = row["doctor_id"], row["hospital_id"]
    besides = [Entity(Kind.DOCTOR, str(doctor))] if doctor else []
    besides += [Entity(Kind.HOSPITAL, str(hospital))] if hospital else []
    return Found(
        code,
        (Entity(kind, str(row["id"])),),
        message,
        hospitals=frozenset([hospital] if hospital else ()),
        besides=tuple(besides),
    )


def _malformed_told(row: RowMapping, kind: Kind, names: Names) -> str:
    return (
        f"The {kind} {row['id']}{''.join(_whose(row, names))} has a period that is none: {row['flaws']}."
        " Correct or delete the row in the database."
    )


def _not_occupied_told(row: RowMapping, names: Names) -> str:
    place = "".join(_whose(row, names))
    at = names.when(row["begin"], row["hospital_id"])
    if row["booked"]:
        told = f"The booked appointment{place} on {at} does not hold its hour: it can be booked again."
    else:
        told = f"The appointment{place} on {at} is not booked, and does not leave its hour free."
    return f"{told} Put back the database's rule that writes this by itself; it then does so for every row."


def _whose(row: RowMapping, names: Names) -> Iterator[str]:
    if row["hospital_id"]:
        yield f" at {names.hospital(row['hospital_id'])}"
    if row["doctor_id"]:
        yield f" of {names.doctor(row['doctor_id'])}"
