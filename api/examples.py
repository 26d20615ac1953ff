"""The bodies that the API's reference shows. Sent in this order to an empty database they all succeed; a test does so.

Their days lie a week or two ahead of the day on which the process started, where openings are projected.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

_TODAY = dt.datetime.now(dt.UTC).date()
_MONDAY = _TODAY + dt.timedelta(days=14 - _TODAY.weekday())
_CLOSED = _MONDAY + dt.timedelta(days=4)


def _at(hour: int) -> str:
    return dt.datetime.combine(_MONDAY, dt.time(hour), dt.UTC).isoformat()


_WORKDAY = [{"opens": "08:00", "closes": "13:00"}, {"opens": "14:00", "closes": "20:00"}]
_WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), _WORKDAY)

HOSPITAL = {
    "external_id": "central",
    "name": "Central Hospital",
    "timezone": "Europe/London",
    "operating_hours": _WEEK,
    "exceptions": [{"date": _CLOSED.isoformat(), "hours": [], "reason": "Public holiday"}],
}
OPERATING_HOURS = _WEEK | {"saturday": [{"opens": "20:00", "closes": "02:00"}]}
EXCEPTION = {"hours": [{"opens": "09:00", "closes": "12:00"}], "reason": "Works"}
USER = {"name": "Dr Ana Sousa", "email": "ana@hospital.example", "role": "doctor", "specialties": ["cardiology"]}
PATIENT = {"name": "Maria Silva", "email": "maria.silva@example.org"}
AVAILABILITY = {"doctor": "d-17", "hospital": "central", "start": _at(9), "end": _at(12)}
AVAILABILITY_CHANGE = {"end": _at(13)}
APPOINTMENT = {"patient": "p-4711", "doctor": "d-17", "hospital": "central", "start": _at(10)}
BOOKING_REQUEST = {
    "patient": "p-4711",
    "priority": "soon",
    "doctors": ["d-17"],
    "hospitals": ["central"],
    "earliest": _at(9),
    "latest": _at(18),
    "preferred": _at(11),
}
APPOINTMENT_MOVE = {"start": _at(11)}
EXACT_HOUR = {"doctor": "d-17", "hospital": "central", "start": _at(10)}
BOOKING_REQUEST_CHANGE = {"doctors": None, "specialty": "cardiology", "latest": _at(20)}
PATIENT_SEARCH = {"text": "mar sil"}
BATCH = {
    "label": "Cardiology waiting list",
    "requests": [{"patient": "p-4711", "specialty": "cardiology", "earliest": _at(9), "latest": _at(18)}],
}

RESCHEDULE = {
    "cause": "doctor_unavailable",
    "label": "Dr Sousa ill",
    "scope": {"doctors": ["d-17"], "start": _at(9), "end": _at(12)},
    "policy": {"same_doctor": False, "notice_hours": 48},
}
RESCHEDULE_AGAIN = {"what_if": True}
EXTRA_HOURS = {"count": 1}
VALIDATION = {"hospital": "central"}
ACKNOWLEDGEMENT = {"because": "The locum starts on Monday", "until": _MONDAY.isoformat()}


def body(example: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON values
    """What a route adds to its OpenAPI operation, so that its body has this example."""
    return {"requestBody": {"content": {"application/json": {"example": dict(example)}}}}
