"""Everything that an import can hold, by kind, in the order in which it is written.

A file of one kind is a list; a file of several is an object with a list under each kind's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from pydantic import Field

from models.files.kinds import Kind
from models.inputs import (
    AppointmentIn,
    AvailabilityIn,
    BookingRequestIn,
    ExceptionIn,
    HospitalIn,
    Input,
    PatientIn,
    Text,
    UserIn,
    WeekHours,
)


class HoursRow(Input):
    """The hours that a hospital keeps from now on: those of the week (None: as before), and those of some dates."""

    hospital: Text
    operating_hours: WeekHours | None = None
    exceptions: list[ExceptionIn] = Field(default=[])


class UserRow(UserIn):
    """A user, and the id by which upstream knows them."""

    external_id: Text


class PatientRow(PatientIn):
    """A patient, and the id by which upstream knows them."""

    external_id: Text


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """Rows to be written together."""

    hospitals: Sequence[HospitalIn] = ()
    hours: Sequence[HoursRow] = ()
    users: Sequence[UserRow] = ()
    patients: Sequence[PatientRow] = ()
    availabilities: Sequence[AvailabilityIn] = ()
    appointments: Sequence[AppointmentIn] = ()
    requests: Sequence[BookingRequestIn] = ()

    @classmethod
    def of(cls, rows: Mapping[Kind, Sequence[Any]]) -> Self:  # Any: rows of the kind, see MODELS
        """A bundle of checked rows."""
        return cls(**{kind.value: found for kind, found in rows.items()})

    @property
    def by_kind(self) -> Mapping[Kind, Sequence[Input]]:
        """The kinds that have rows, in the order in which they are written."""
        rows = {Kind(field.name): getattr(self, field.name) for field in fields(self)}
        return {kind: rows[kind] for kind in Kind if rows[kind]}


MODELS: Mapping[Kind, type[Input]] = {
    Kind.HOSPITALS: HospitalIn,
    Kind.HOURS: HoursRow,
    Kind.USERS: UserRow,
    Kind.PATIENTS: PatientRow,
    Kind.AVAILABILITIES: AvailabilityIn,
    Kind.APPOINTMENTS: AppointmentIn,
    Kind.REQUESTS: BookingRequestIn,
}
"""The shape of a row of each kind."""
