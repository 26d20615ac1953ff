"""Links from the schedule to the form of a new reschedule, filled in with what was looked at."""

import datetime as dt

from api.web.rendering import query
from models.rescheduling.inputs import Policy
from models.rescheduling.tables import Cause


def doctor_away(doctor: str, hospital: str, first: dt.date, last: dt.date, policy: Policy | None = None) -> str:
    """The form for a doctor who is away on the hospital's local days from `first` to `last`."""
    return _form({"cause": Cause.DOCTOR_UNAVAILABLE, "doctor": doctor, "hospital": hospital}, first, last, policy)


def hospital_closed(hospital: str, first: dt.date, last: dt.date, policy: Policy | None = None) -> str:
    """The form for a hospital that closes on its local days from `first` to `last`."""
    return _form({"cause": Cause.HOSPITAL_CLOSED, "hospital": hospital}, first, last, policy)


def _form(asked: dict[str, str], first: dt.date, last: dt.date, policy: Policy | None) -> str:
    days = {"date": str(first), "until": str(last) if last > first else None}
    others = {
        "other_doctor": "true" if policy and not policy.same_doctor else None,
        "other_hospital": "true" if policy and not policy.same_hospital else None,
    }
    return f"/app/reschedules/new{query(asked | days | others)}"
