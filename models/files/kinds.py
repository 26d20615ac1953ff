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

    @property
    def row(self) -> tuple[str, str]:
        """One row and several of them, in words."""
        match self:
            case Kind.HOURS:
                return "hospital's hours", "hospitals' hours"
            case Kind.AVAILABILITIES:
                return "availability", "availabilities"
            case _:
                return self.value.removesuffix("s"), self.value
