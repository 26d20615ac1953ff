"""What is wrong with what was sent, in whole sentences: pydantic's words and the database's rules, each by a table."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WITHHELD = frozenset({"name", "email"})
"""Fields whose values say who somebody is; no answer repeats them."""

_LONGEST_VALUE = 100

_INSTANT = ("not_an_instant", "is not an instant; write it like 2026-12-01T10:00:00+00:00")
_DATE = ("not_a_date", "is not a date; write it like 2026-12-01")
_ID = ("not_an_id", "is not an id; ids look like 0198c5a0-7d3e-7c1a-9f1e-2b6a54d0e111")
_TRUTH = ("wrong_type", "is neither true nor false")
_NUMBER = ("wrong_type", "is not a whole number")
_OBJECT = ("wrong_type", "is not an object; write it in {{ }}")
_CHOICE = ("not_a_choice", "is none of {expected}")

_PREDICATES: Mapping[str, tuple[str, str]] = {
    "missing": ("missing", "is missing; add it"),
    "extra_forbidden": ("unknown_field", "is not known here; check its spelling or leave it out"),
    "string_type": ("wrong_type", "is not text; write it in quotes"),
    "string_unicode": ("not_text", "is not Unicode text; leave out its broken characters"),
    "string_too_short": ("too_short", "is shorter than {min_length} character(s)"),
    "string_too_long": ("too_long", "is longer than {max_length} characters; shorten it"),
    "too_short": ("too_short", "has fewer than {min_length} item(s)"),
    "too_long": ("too_many", "has more than {max_length} items; send fewer"),
    "timezone_aware": ("no_offset", "has no UTC offset; write it like 2026-12-01T10:00:00+00:00"),
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_object_invalid": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "int_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_parsing_size": _NUMBER,
    "int_from_float": _NUMBER,
    "greater_than_equal": ("out_of_range", "must be at least {ge}"),
    "less_than_equal": ("out_of_range", "must be at most {le}"),
    "enum": _CHOICE,
    "literal_error": _CHOICE,
    "list_type": ("wrong_type", "is not a list; write it in [ ]"),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}


def shape_fault(kind: str, message: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """The code of a fault that pydantic found, and what is said of the field. Our own validators say it themselves."""
    if kind in _PREDICATES:
        code, predicate = _PREDICATES[kind]
        return code, predicate.format_map(context)
    return (kind, message) if " " in message and not message[:1].isupper() else ("invalid_value", "will not do")


def pointer(path: Iterable[str | int]) -> str:
    """The JSON Pointer (RFC 6901), as a URI fragment, of a value in the body."""
    return "#" + "".join("/" + printable(str(step)).replace("~", "~0").replace("/", "~1") for step in path)


def path_of(field: str) -> list[str | int]:
    """`doctors[1].name` as the steps of a path."""
    parts = field.replace("[", ".").replace("]", "").split(".")
    return [int(part) if part.isdecimal() else part for part in parts if part]


def printable(text: str) -> str:
    """Text that can be written as UTF-8 and is not too long to read."""
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def repeatable(value: Any, path: Sequence[str | int]) -> Any:  # Any: whatever JSON was sent, and what of it is shown
    """What of a value an answer may repeat: one plain value, never a name and never a whole document."""
    if any(step in WITHHELD for step in path):
        return None
    match value:
        case str():
            return printable(value)
        case bool():
            return value
        case int():
            return value if abs(value) < 2**53 else None
        case float():
            return value if math.isfinite(value) else None
        case _:
            return None


CONSTRAINTS: Mapping[str, tuple[str, str]] = {
    "opening_no_overlap": ("clash_meanwhile", "The hospital's hours were changed at the same time; try again."),
    "availability_one_place_at_a_time": (
        "doctor_elsewhere",
        "The doctor has just been given another availability then; a doctor is in one place at a time.",
    ),
    "availability_by_hospital": (
        "doctor_elsewhere",
        "The doctor has just been given another availability then; a doctor is in one place at a time.",
    ),
    "availability_within_openings": (
        "outside_openings",
        "The hospital's openings do not cover it (any more); read its openings and choose a period within them.",
    ),
    "appointment_doctor_free": ("hours_taken", "The doctor has just been given another appointment at that hour."),
    "appointment_patient_free": ("patient_busy", "The patient has just been given another appointment at that hour."),
    "appointment_within_availability": (
        "no_availability",
        "The doctor's availability does not cover that hour (any more), or a booked appointment stands in it.",
    ),
    "appointment_starts_on_the_hour": ("off_the_hour", "Appointments start on the hour by the hospital's clock."),
    "hospital_external_id_unique": ("external_id_taken", "Another hospital has just been given that external_id."),
    "app_user_external_id_unique": ("external_id_taken", "Another user has just been given that external_id."),
    "patient_external_id_unique": ("external_id_taken", "Another patient has just been given that external_id."),
    "operating_exception_key": ("clash_meanwhile", "Another exception was set for that date just now; try again."),
    "operating_hours_key": ("clash_meanwhile", "The hospital's hours were changed at the same time; try again."),
    "doctor_id_role_exists": ("clash_meanwhile", "The user's role was changed at the same time; try again."),
    "doctor_specialty_key": ("clash_meanwhile", "The doctor's specialties were changed at the same time; try again."),
    "availability_doctor_id_exists": (
        "doctor_has_availabilities",
        "The doctor has availabilities; withdraw them, or keep the role and set active to false.",
    ),
    "appointment_doctor_id_exists": (
        "doctor_has_availabilities",
        "The doctor has appointments, past or to come; keep the role and set active to false.",
    ),
    "booking_request_doctor_doctor_id_exists": (
        "clash_meanwhile",
        "Booking requests name the doctor; keep the role and set active to false.",
    ),
    "booking_request_moves_one_at_a_time": (
        "already_being_moved",
        "Another request has just been made that moves this appointment; cancel that one first.",
    ),
}
"""What is said where a race ends at one of the database's constraints, by the constraint's name."""

OTHER_CONSTRAINT = ("clash_meanwhile", "Another change came in between; read again what you were changing and retry.")
