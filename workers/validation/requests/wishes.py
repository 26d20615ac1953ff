"""Booking requests that nobody plans any more, that wait though their time is over, and that say other than their
appointments.
"""

from sqlalchemy import RowMapping

from models.booking import RequestStatus
from models.settings import CONFLICTS_LAST_AT_LEAST
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.remedies.kinds import CancelRequest, QueueRequest, Remedy, SettleRequest
from workers.validation.paging import concerned, nearest, question, tellable
from workers.validation.step import Scope
from workers.validation.wording import by_clock

# A request that accepts any hospital has none of its own, and concerns all.
_STUCK = f"""
SELECT
    request.id, request.status, {nearest("queued_at")} AS queued_at, planning_run_id,
    {nearest("run.lease_expires_at")} AS lease_expires_at,
    coalesce(run.status = 'planning', false) AS leased,
    (SELECT array_agg(hospital_id) FROM booking_request_hospital WHERE booking_request_id = request.id) AS concerned
FROM booking_request AS request
LEFT JOIN planning_run AS run ON run.id = planning_run_id
WHERE request.status = 'planning' AND (run.status IS DISTINCT FROM 'planning' OR lease_expires_at < :overdue)
    OR request.status = 'queued' AND queued_at < :forgotten AND latest >= :since + interval '1 hour'
"""  # noqa: S608  # nothing in it comes from outside

_EXPIRED = f"""
SELECT
    id, {nearest("latest")} AS latest,
    (SELECT array_agg(hospital_id) FROM booking_request_hospital WHERE booking_request_id = request.id) AS concerned
FROM booking_request AS request
WHERE status = 'queued' AND latest < :since + interval '1 hour'
"""  # noqa: S608  # nothing in it comes from outside

_CONTRADICTED = f"""
SELECT
    request.id, request.status, patient.active AND latest >= :since + interval '1 hour' AS waits,
    CASE WHEN likely.id IS NULL THEN 'no_appointment' ELSE 'not_named' END AS how, likely.id AS appointment,
    CASE WHEN {tellable("lower(likely.during)")} THEN lower(likely.during) END AS starts, likely.timezone,
    (SELECT array_agg(hospital_id) FROM booking_request_hospital WHERE booking_request_id = request.id) AS concerned
FROM booking_request AS request
LEFT JOIN patient ON patient.id = request.patient_id
LEFT JOIN LATERAL (
    SELECT id, during, timezone FROM appointment
    WHERE patient_id = request.patient_id AND booking_request_id IS NULL AND status = 'booked'
        AND lower(during) >= earliest AND upper(during) <= latest
    ORDER BY during, id LIMIT 1
) AS likely ON true
WHERE request.status = 'booked' AND moves IS NULL
    AND NOT EXISTS (SELECT FROM appointment WHERE booking_request_id = request.id)
UNION ALL
SELECT
    request.id, request.status, patient.active AND latest >= :since + interval '1 hour', 'no_reason', NULL, NULL, NULL,
    (SELECT array_agg(hospital_id) FROM booking_request_hospital WHERE booking_request_id = request.id)
FROM booking_request AS request
LEFT JOIN patient ON patient.id = patient_id
WHERE request.status = 'conflict' AND NOT EXISTS (SELECT FROM conflict WHERE booking_request_id = request.id)
    AND (latest >= :since OR decided_at >= :since - interval '{CONFLICTS_LAST_AT_LEAST} days')
UNION ALL
SELECT
    request.id, request.status, false,
    CASE WHEN appointment.patient_id <> request.patient_id THEN 'other_patient' ELSE 'booked_all_the_same' END,
    appointment.id, CASE WHEN {tellable("lower(during)")} THEN lower(during) END, timezone, ARRAY[hospital_id]
FROM booking_request AS request
JOIN appointment ON booking_request_id = request.id
WHERE request.status IN ('queued', 'planning')
    OR (request.status IN ('conflict', 'cancelled', 'failed') OR appointment.patient_id <> request.patient_id)
        AND appointment.status = 'booked' AND upper(during) > :since
UNION ALL
SELECT
    request.id, request.status, false, 'moves_other_patient',
    appointment.id, CASE WHEN {tellable("lower(during)")} THEN lower(during) END, timezone, ARRAY[hospital_id]
FROM booking_request AS request
JOIN appointment ON appointment.id = moves
WHERE request.status IN ('queued', 'planning', 'booked', 'conflict')
    AND appointment.patient_id <> request.patient_id
    AND appointment.status = 'booked' AND upper(during) > :since
"""  # noqa: S608


def _stuck(row: RowMapping, _scope: Scope) -> Found:
    queued, leased = row["status"] == RequestStatus.QUEUED, row["leased"]
    if queued:
        since = by_clock(row["queued_at"], "UTC")
        message = f"The booking request has been queued since {since} and nobody plans it. See that workers run."
    elif leased:
        since = by_clock(row["lease_expires_at"], "UTC")
        message = f"The worker that planned the booking request was lost at {since}. See that beat and workers run."
    else:
        message = "The booking request is being planned, as it says, by a run that has let go of it."
    run = row["planning_run_id"]
    return Found(
        Code.REQUEST_STUCK,
        _subject(row),
        message,
        concerned(row),
        (Entity(Kind.PLANNING_RUN, str(run)),) if run else (),
        {"status": row["status"], "queued_at": row["queued_at"].isoformat()},
        None if queued else QueueRequest(booking_request=row["id"]).stored,
    )


def _expired(row: RowMapping, _scope: Scope) -> Found:
    over = by_clock(row["latest"], "UTC")
    return Found(
        Code.REQUEST_EXPIRED,
        _subject(row),
        f"The booking request waits for an hour until {over}, and no such hour is left.",
        concerned(row),
        facts={"latest": row["latest"].isoformat()},
        remedy=CancelRequest(booking_request=row["id"]).stored,
    )


def _contradicted(row: RowMapping, _scope: Scope) -> Found:
    remedy: Remedy | None = None
    at = f", {by_clock(row['starts'], row['timezone'])}," if row["starts"] else ""
    if row["how"] == "no_appointment":
        message = "The booking request is booked, as it says, and there is no appointment for it."
        settled = SettleRequest(booking_request=row["id"], status=RequestStatus.CANCELLED)
        remedy = QueueRequest(booking_request=row["id"]) if row["waits"] else settled
    elif row["how"] == "not_named":
        message = (
            "The booking request is booked, as it says, and no appointment names it; the patient has one in its time"
            f"{at.rstrip(',')}. Find out whether that is it."
        )
    elif row["how"] == "no_reason":
        message = "The booking request is in conflict, as it says, and nothing says why."
        remedy = QueueRequest(booking_request=row["id"]) if row["waits"] else None
    elif row["how"] == "booked_all_the_same":
        message = f"The booking request is {row['status']}, as it says, and there is an appointment{at} for it."
        remedy = SettleRequest(booking_request=row["id"], status=RequestStatus.BOOKED)
    else:
        what = "to move" if row["how"] == "moves_other_patient" else "for"
        message = f"The appointment{at} that the booking request is {what} is another patient's. Find out whose it is."
    return Found(
        Code.REQUEST_CONTRADICTED,
        _subject(row),
        message,
        concerned(row),
        (Entity(Kind.APPOINTMENT, str(row["appointment"])),) if row["appointment"] else (),
        {"how": row["how"], "status": row["status"]},
        remedy.stored if remedy else None,
    )


def _subject(row: RowMapping) -> tuple[Entity]:
    return (Entity(Kind.BOOKING_REQUEST, str(row["id"])),)


STUCK_REQUESTS = question("Stuck requests", Code.REQUEST_STUCK, _STUCK, _stuck)
EXPIRED_REQUESTS = question("Requests out of time", Code.REQUEST_EXPIRED, _EXPIRED, _expired)
CONTRADICTED_REQUESTS = question("Requests and appointments", Code.REQUEST_CONTRADICTED, _CONTRADICTED, _contradicted)
