"""The kinds of rows that an import can hold, in the order in which they are written: each refers to earlier ones."""

from enum import StrEnum


class Kind(StrEnum):
    """What a file or a list holds."""

    HOSPITALS = "hospitals"
    HOURS = "hours"
    USERS = "users"
    PATIENTS = "patients"
    AVAILABILITIES = "availabilities"
    APPOINTMENTS = "appointments"
    REQUESTS = "requests"
