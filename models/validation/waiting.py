"""The booking requests that wait in conflict, and what the planner needs to know to see whether they could be booked.

Made for a database that may break its own rules: nothing here rests on them. The database itself takes what is booked
out of the availabilities, so that only what is free is read, however much is booked.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.base import whole_period
from models.validation.clocks import zone_of
from planner.problem import Appointment, Availability, Doctor, Hospital, Period, Priority, Problem, Request

MOST = 5_000
"""So many requests are looked at: of more, the most important ones, and of these the oldest."""
AHEAD = timedelta(days=16)
"""Hours that could be added lie within two weeks by any clock."""

_FIRST, _LAST = "timestamptz '0001-01-02 00:00Z'", "timestamptz '9999-12-30 00:00Z'"
"""Between these Python can tell the time by every clock."""

# Of two that move one appointment, the second would have nothing left to move once the first is booked.
_WAITING = text(f"""
WITH waiting AS (
    SELECT
        id, patient_id, priority, specialty, moves, queued_at,
        greatest(earliest, :since) AS earliest,
        least(latest, {_LAST}) AS latest,
        least(greatest(preferred, {_FIRST}), {_LAST}) AS preferred,
        array_position(CAST(:priorities AS text[]), CAST(priority AS text)) AS importance
    FROM booking_request
    WHERE status = 'conflict'
        AND greatest(earliest, :since) + interval '1 hour' <= least(latest, {_LAST})
        AND queued_at BETWEEN {_FIRST} AND {_LAST}
        AND EXISTS (SELECT FROM patient WHERE patient.id = patient_id AND active)
        AND (moves IS NULL OR EXISTS (
            SELECT FROM appointment AS moved
            WHERE moved.id = moves AND moved.status = 'booked' AND moved.patient_id = booking_request.patient_id
        ))
        AND NOT EXISTS (
            SELECT FROM booking_request AS other
            WHERE other.moves = booking_request.moves AND other.status IN ('queued', 'planning')
        )
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY coalesce(moves, id) ORDER BY importance, queued_at, id) AS number
    FROM waiting
    WHERE importance IS NOT NULL
)
SELECT
    id, patient_id, priority, specialty, moves, queued_at, earliest, latest, preferred, count(*) OVER () AS count,
    ARRAY(SELECT doctor_id FROM booking_request_doctor WHERE booking_request_id = id ORDER BY position) AS doctors,
    ARRAY(SELECT hospital_id FROM booking_request_hospital WHERE booking_request_id = id) AS hospitals
FROM numbered
WHERE number = 1
ORDER BY importance, queued_at, id
LIMIT :most
""")  # noqa: S608  # made of constants

_DOCTORS = text("""
SELECT doctor.id, name, active, ARRAY(SELECT specialty FROM doctor_specialty WHERE doctor_id = doctor.id) AS specialties
FROM doctor JOIN app_user ON app_user.id = doctor.id
""")

_OPENINGS = text(f"""
SELECT hospital_id, lower(piece) AS start, upper(piece) AS "end"
FROM (
    SELECT hospital_id, range_agg(during * tstzrange(:since, :until)) AS during
    FROM opening
    WHERE during && tstzrange(:since, :until) AND {whole_period("during")}
    GROUP BY hospital_id
) AS open, unnest(during) AS piece
""")  # noqa: S608

_FREE = text(f"""
SELECT doctor_id, hospital_id, lower(piece) AS start, upper(piece) AS "end"
FROM (
    SELECT doctor_id, hospital_id, range_agg(during * tstzrange(:since, :until)) AS during
    FROM availability
    WHERE doctor_id = ANY (:doctors) AND during && tstzrange(:since, :until) AND {whole_period("during")}
    GROUP BY doctor_id, hospital_id
) AS available
LEFT JOIN (
    SELECT doctor_id, range_agg(during * tstzrange(:since, :until)) AS during
    FROM appointment
    WHERE status = 'booked' AND doctor_id = ANY (:doctors) AND during && tstzrange(:since, :until)
        AND id <> ALL (:moved)
    GROUP BY doctor_id
) AS booked USING (doctor_id),
unnest(available.during - coalesce(booked.during, '{{}}')) AS piece
""")  # noqa: S608

_STANDING = text(f"""
SELECT id, doctor_id, hospital_id, patient_id, lower(during) AS start
FROM appointment
WHERE status = 'booked' AND (id = ANY (:moved) OR patient_id = ANY (:patients) AND during && tstzrange(:since, :until))
    AND lower(during) BETWEEN {_FIRST} AND {_LAST}
    AND during = tstzrange(lower(during), lower(during) + interval '1 hour')
""")  # noqa: S608

_BUSY = text("""
SELECT doctor_id, lower(piece) AS start, upper(piece) AS "end"
FROM (
    SELECT doctor_id, range_agg(during * tstzrange(:since, :until)) AS during
    FROM (
        SELECT doctor_id, during FROM availability
        UNION ALL
        SELECT doctor_id, during FROM appointment WHERE status = 'booked'
    ) AS taken
    WHERE during && tstzrange(:since, :until)
    GROUP BY doctor_id
) AS busy, unnest(during) AS piece
""")

_OFFERED = text("""
SELECT id, remedy->>'doctor' AS doctor, remedy->>'hospital' AS hospital, CAST(remedy->>'start' AS timestamptz) AS start
FROM finding
WHERE gone_at IS NULL AND remedied_at IS NULL AND remedy->>'kind' = 'move_appointment'
""")


@dataclass(frozen=True, slots=True)
class Waiting:
    """The requests that wait, in `turns`: by priority, then by age; and the problem of planning them.

    `names` are those of doctors and hospitals. `active` are the doctors who see patients. `unread`: how many more wait
    than are looked at.
    """

    problem: Problem
    turns: tuple[str, ...]
    queued_at: Mapping[str, datetime]
    names: Mapping[str, str]
    active: frozenset[str]
    unread: int


def read_waiting(session: Session, since: datetime, most: int = MOST) -> Waiting:
    """The requests in conflict of which an hour is left at `since`, whose patients are active and whose appointments,
    if they are to move one, are booked.

    In the problem a booked hour is no availability; the appointments are those of the patients, and those to be moved.
    Hospitals whose time zone nobody knows are left out, and so is whatever is no whole period.
    """
    asked = {"since": since, "most": most, "priorities": [each.value for each in Priority]}
    rows = session.execute(_WAITING, asked).mappings().all()
    doctors = {row.id: row for row in session.execute(_DOCTORS)}
    hospitals = {row.id: row for row in session.execute(text("SELECT id, name, timezone FROM hospital"))}
    zoned = {id_ for id_, row in hospitals.items() if zone_of(row.timezone)}
    requests = tuple(_request(row, doctors.keys(), zoned) for row in rows)
    active = {id_ for id_, row in doctors.items() if row.active}
    specialties = {id_: frozenset(row.specialties) for id_, row in doctors.items()}
    span = {"since": since, "until": max([since + AHEAD, *(each.latest for each in requests)])}
    moved = [row["moves"] for row in rows if row["moves"]]
    standing = tuple(_standing(session, span, moved, [row["patient_id"] for row in rows]))
    strangers = {UUID(each.doctor) for each in standing} - doctors.keys()
    problem = Problem(
        hospitals=tuple(_hospitals(session, span, {id_: hospitals[id_].timezone for id_ in zoned})),
        doctors=tuple(
            Doctor(str(id_), specialties.get(id_, frozenset())) for id_ in sorted(doctors.keys() | strangers)
        ),
        availabilities=tuple(_free(session, span, moved, _accepted(requests, specialties) & active, zoned)),
        appointments=standing,
        requests=requests,
    )
    return Waiting(
        problem=problem,
        turns=tuple(each.id for each in requests),
        queued_at={str(row["id"]): row["queued_at"] for row in rows},
        names={str(id_): row.name for id_, row in [*doctors.items(), *hospitals.items()]},
        active=frozenset(map(str, active)),
        unread=rows[0]["count"] - len(rows) if rows else 0,
    )


def read_busy(session: Session, doctors: Iterable[str], since: datetime) -> dict[str, list[Period]]:
    """When each of the `doctors` is available somewhere, or booked, from `since` on, as far `AHEAD` as hours could be
    added.
    """
    busy: dict[str, list[Period]] = {id_: [] for id_ in doctors}
    for row in session.execute(_BUSY, {"since": since, "until": since + AHEAD}):
        if str(row.doctor_id) in busy:
            busy[str(row.doctor_id)].append(Period(row.start, row.end))
    return busy


def without_offered(session: Session, waiting: Waiting) -> Waiting:
    """The same, but for the hours that findings offer to appointments that have to move: as if these were there."""
    known = {each.id for each in waiting.problem.doctors}
    moving = (
        Appointment(str(row.id), row.doctor, row.hospital, str(row.id), row.start)
        for row in session.execute(_OFFERED)
        if row.doctor in known
    )
    problem = replace(waiting.problem, appointments=(*waiting.problem.appointments, *moving))
    return replace(waiting, problem=problem)


def _request(row: RowMapping, doctors: Collection[UUID], hospitals: Collection[UUID]) -> Request:
    def known(ids: Iterable[UUID], among: Collection[UUID]) -> tuple[str, ...] | None:
        listed = list(ids)
        return tuple(str(id_) for id_ in dict.fromkeys(listed) if id_ in among) if listed else None

    return Request(
        id=str(row["id"]),
        patient=str(row["patient_id"]),
        priority=Priority(row["priority"]),
        earliest=row["earliest"],
        latest=row["latest"],
        doctors=known(row["doctors"], doctors),
        specialty=row["specialty"],
        hospitals=known(row["hospitals"], hospitals),
        preferred=row["preferred"],
        moves=str(row["moves"]) if row["moves"] else None,
    )


def _accepted(requests: Iterable[Request], specialties: Mapping[UUID, frozenset[str]]) -> set[UUID]:
    """The doctors whom one of the requests accepts."""
    found: set[UUID] = set()
    for doctors, specialty in {(each.doctors, each.specialty) for each in requests}:
        listed = specialties if doctors is None else map(UUID, doctors)
        found.update(id_ for id_ in listed if specialty is None or specialty in specialties[id_])
    return found


def _hospitals(session: Session, span: Mapping[str, datetime], zones: Mapping[UUID, str]) -> Iterator[Hospital]:
    openings: dict[UUID, list[Period]] = {}
    for row in session.execute(_OPENINGS, span):
        openings.setdefault(row.hospital_id, []).append(Period(row.start, row.end))
    for id_, zone in sorted(zones.items()):
        yield Hospital(str(id_), zone, tuple(openings.get(id_, ())))


def _free(
    session: Session,
    span: Mapping[str, datetime],
    moved: Collection[UUID],
    doctors: Collection[UUID],
    hospitals: Collection[UUID],
) -> Iterator[Availability]:
    """The availabilities less what is booked in them, apart from what is to be moved."""
    for row in session.execute(_FREE, {**span, "moved": list(moved), "doctors": list(doctors)}):
        if row.hospital_id in hospitals:
            yield Availability(str(row.doctor_id), str(row.hospital_id), row.start, row.end)


def _standing(
    session: Session, span: Mapping[str, datetime], moved: Collection[UUID], patients: Collection[UUID]
) -> Iterator[Appointment]:
    rows = session.execute(_STANDING, {**span, "moved": list(moved), "patients": list(patients)})
    for row in {row.id: row for row in rows}.values():
        yield Appointment(str(row.id), str(row.doctor_id), str(row.hospital_id), str(row.patient_id), row.start)
