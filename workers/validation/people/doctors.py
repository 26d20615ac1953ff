"""Doctors who are gone upstream and still have appointments or availabilities to come."""

from datetime import datetime

from sqlalchemy import RowMapping

from models.booking import JsonObject
from models.people import Role
from models.rescheduling.inputs import LONGEST, Policy, ScopeIn
from models.rescheduling.tables import Cause
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.remedies.kinds import PlanReschedule, WithdrawAvailabilities
from models.wording import counted
from workers.validation.paging import concerned, question, tellable
from workers.validation.step import Scope
from workers.validation.wording import by_clock, listed, together

# What has no whole period is a finding of its own.
_DEPARTED = f"""
SELECT
    app_user.id, coalesce(app_user.name, app_user.id::text) AS name, app_user.active, planned.*,
    (SELECT array_agg(coalesce(name, id::text)) FROM hospital WHERE id = ANY (concerned)) AS places,
    (SELECT timezone FROM hospital WHERE id = last_at LIMIT 1) AS timezone,
    (SELECT policy FROM validation_report WHERE id = :report) AS policy
FROM app_user
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE booked) AS appointments,
        count(*) FILTER (WHERE NOT booked) AS availabilities,
        max(ends) AS ends,
        (array_agg(hospital_id ORDER BY ends DESC))[1] AS last_at,
        array_agg(DISTINCT hospital_id) AS concerned
    FROM (
        SELECT true AS booked, hospital_id, lower(during) AS starts, upper(during) AS ends
        FROM appointment WHERE doctor_id = app_user.id AND status = 'booked'
        UNION ALL
        SELECT false, hospital_id, lower(during), upper(during)
        FROM availability WHERE doctor_id = app_user.id
    ) AS theirs
    WHERE starts >= :since AND {tellable("starts")} AND {tellable("ends")}
) AS planned
WHERE (NOT active OR role <> 'doctor')
    AND appointments + availabilities > 0
"""  # noqa: S608  # nothing in it comes from outside


def _told(row: RowMapping, scope: Scope) -> Found:
    counts = {"appointments": row["appointments"], "availabilities": row["availabilities"]}
    gone = f"no longer has the role {Role.DOCTOR}" if row["active"] else "is no longer active in the directory"
    has = [
        counted(row["appointments"], "booked appointment") if row["appointments"] else "",
        counted(row["availabilities"], "availability", "availabilities") if row["availabilities"] else "",
    ]
    places = f" at {listed(row['places'])}" if row["places"] else ""
    until = by_clock(row["ends"], row["timezone"])
    return Found(
        Code.DOCTOR_DEPARTED,
        (Entity(Kind.DOCTOR, str(row["id"])),),
        f"{row['name']} {gone} and still has {together([each for each in has if each])} to come{places}, the last until"
        f" {until}.",
        concerned(row),
        tuple(Entity(Kind.HOSPITAL, str(each)) for each in sorted(concerned(row))),
        {**counts, "ends": row["ends"].isoformat()},
        _remedy(row, scope.since),
    )


def _remedy(row: RowMapping, since: datetime) -> JsonObject:
    """Other hours for those who have appointments; where nobody has, the availabilities are of no use to anybody."""
    if not row["appointments"]:
        return WithdrawAvailabilities(doctor=row["id"]).stored
    policy = Policy.model_validate(row["policy"]).model_copy(update={"same_doctor": False})
    end = min(row["ends"], since + LONGEST)
    scope = ScopeIn(doctors=[str(row["id"])], start=since, end=end)
    return PlanReschedule(cause=Cause.DOCTOR_UNAVAILABLE, scope=scope, policy=policy).stored


DEPARTED_DOCTORS = question("Doctors who have left", Code.DOCTOR_DEPARTED, _DEPARTED, _told)
