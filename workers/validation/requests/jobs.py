"""Reschedules that nobody plans any more."""

from sqlalchemy import RowMapping

from models.rescheduling.tables import RescheduleStatus
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from workers.validation.paging import concerned, nearest, question
from workers.validation.step import Scope
from workers.validation.wording import by_clock

# A job that displaces nobody concerns all hospitals.
_STUCK = f"""
SELECT * FROM (
    SELECT
        id, status,
        {nearest("lease_expires_at")} AS lease_expires_at,
        {nearest("greatest(created_at, (SELECT max(at) FROM reschedule_event WHERE reschedule_id = reschedule.id))")}
            AS queued_at,
        (
            SELECT array_agg(DISTINCT hospital_id) FROM rescheduled_appointment
            WHERE reschedule_id = reschedule.id AND displaced
        ) AS concerned
    FROM reschedule
    WHERE status IN ('queued', 'planning')
) AS waiting
WHERE CASE status WHEN 'queued' THEN queued_at < :forgotten ELSE lease_expires_at < :overdue END
"""  # noqa: S608  # nothing in it comes from outside


def _told(row: RowMapping, _scope: Scope) -> Found:
    if row["status"] == RescheduleStatus.QUEUED:
        since = by_clock(row["queued_at"], "UTC")
        message = f"The reschedule has been queued since {since} and nobody plans it. See that workers run."
    else:
        since = by_clock(row["lease_expires_at"], "UTC")
        message = f"The worker that planned the reschedule was lost at {since}. See that beat and workers run."
    return Found(
        Code.RESCHEDULE_STUCK,
        (Entity(Kind.RESCHEDULE, str(row["id"])),),
        message,
        concerned(row),
        facts={"status": row["status"]},
    )


STUCK_RESCHEDULES = question("Stuck reschedules", Code.RESCHEDULE_STUCK, _STUCK, _told)
