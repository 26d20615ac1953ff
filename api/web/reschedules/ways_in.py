"""Links from the schedule to the form of a new reschedule, filled in with what was looked at."""

import datetime as dt

from api.web.rendering import query
from models.rescheduling.tables import Cause


def doctor_away(doctor: str, hospital: str, first: dt.date, last: dt.date) -> str:
    """The form for a doctor who is away on the hospital's local days from `first` to `last`."""
    return _form(Cause.DOCTOR_UNAVAILABLE, hospital, first, last, doctor)


def hospital_closed(hospital: str, first: dt.date, last: dt.date) -> str:
    """The form for a hospital that closes on its local days from `first` to `last`."""
    return _form(Cause.HOSPITAL_CLOSED, hospital, first, last)


def _form(cause: Cause, hospital: str, first: dt.date, last: dt.date, doctor: str | None = None) -> str:
    asked = {"cause": cause, "doctor": doctor, "hospital": hospital, "date": str(first)}
    return f"/app/reschedules/new{query(asked | {'until': str(last) if last > first else None})}"
