"""What a reschedule is asked for with: which hours are lost, and what may be done about it."""

import datetime as dt
import uuid
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from models.inputs import MAX_BATCH, MAX_CHOICES, Input, Instant, Text, WeekHours
from models.rescheduling.tables import Cause

NEEDED: dict[Cause, frozenset[str]] = {
    Cause.DOCTOR_UNAVAILABLE: frozenset({"doctors", "start", "end"}),
    Cause.HOSPITAL_CLOSED: frozenset({"hospital", "start", "end"}),
    Cause.HOURS_CHANGED: frozenset({"hospital", "operating_hours"}),
    Cause.ROOM: frozenset({"hospital", "doctors", "start", "end"}),
    Cause.APPOINTMENTS: frozenset({"appointments"}),
}
"""What a scope has to name, by the cause."""

OPTIONAL: dict[Cause, frozenset[str]] = {Cause.DOCTOR_UNAVAILABLE: frozenset({"hospital"})}
"""What it may name besides."""


LONGEST = dt.timedelta(days=731)
"""The longest time that one job can lose; every lost day of a hospital is written down (`OperatingException`)."""


def _distinct(ids: list[uuid.UUID]) -> list[uuid.UUID]:
    if len(set(ids)) < len(ids):
        raise PydanticCustomError("appointment_twice", "names an appointment twice; name it once")
    return ids


class ScopeIn(Input):
    """Which hours are lost: whose, where and when; or those of some appointments.

    Lost are the hours that overlap `[start, end)`.
    """

    doctors: list[Text] | None = Field(
        None, min_length=1, max_length=MAX_CHOICES, description="Who sees nobody, or whose room it is"
    )
    hospital: Text | None = Field(None, description="Where; for `doctor_unavailable` null: wherever they are")
    start: Instant | None = None
    end: Instant | None = None
    operating_hours: WeekHours | None = Field(None, description="The new weekly hours, for `hours_changed`")
    appointments: (
        Annotated[list[uuid.UUID], Field(min_length=1, max_length=MAX_BATCH), AfterValidator(_distinct)] | None
    ) = Field(None, description="These appointments only, for `appointments`; their hours are lost")

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.start and self.end and self.end <= self.start:
            raise PydanticCustomError(
                "scope_runs_backward",
                "ends at or before its start, {start}; choose a later end",
                {"start": self.start.isoformat()},
            )
        if self.start and self.end and self.end - self.start > LONGEST:
            raise PydanticCustomError(
                "scope_too_long",
                "is longer than {days} days; change the weekly hours or withdraw availabilities for good",
                {"days": LONGEST.days},
            )
        return self


class Policy(Input):
    """What may be done: hard limits for every new hour, and whether others may move to make room."""

    notice_hours: int = Field(
        24, ge=0, le=24 * 90, description="No new hour starts within so many hours of now, and none so near is given up"
    )
    latest: Instant | None = Field(
        None, description="No new hour ends after this instant; null: 28 days after the last displaced hour"
    )
    within_days: int | None = Field(
        None, ge=1, le=366, description="No new hour is more than so many days from the old one; null: any"
    )
    same_doctor: bool = Field(True, description="False: another doctor with one of the specialties will do")
    same_hospital: bool = Field(True, description="False: any hospital that you can see will do")
    others_move: bool = Field(False, description="Whether appointments that are not displaced may move to make room")
    others_within_days: int = Field(7, ge=1, le=366, description="How far such an appointment may move, either way")
    quiet_days: int = Field(
        30, ge=0, le=366, description="Who was moved by a reschedule in so many days is not moved to make room"
    )
    cancel_unplaced: bool = Field(
        False, description="Cancel those that no hour can be found for; false: they stand, as a list to see to"
    )


class RescheduleIn(Input):
    """Hours that are lost, or would be."""

    cause: Cause
    label: Text | None = Field(None, description="For people", examples=["Dr Sousa ill"])
    scope: ScopeIn
    policy: Policy = Policy()
    dry_run: bool = Field(True, description="False: apply the proposal as soon as it is made")
    what_if: bool = Field(False, description="Only ask: nothing is held, and it cannot be applied")

    @model_validator(mode="after")
    def _scope_fits_cause(self) -> Self:
        given = {name for name in ScopeIn.model_fields if getattr(self.scope, name) is not None}
        needed, optional = NEEDED[self.cause], OPTIONAL.get(self.cause, frozenset())
        if missing := sorted(needed - given):
            raise PydanticCustomError(
                "scope_incomplete",
                "has a scope without {missing}; {cause} needs {needed}",
                {"missing": ", ".join(missing), "cause": self.cause.value, "needed": ", ".join(sorted(needed))},
            )
        if surplus := sorted(given - needed - optional):
            raise PydanticCustomError(
                "scope_surplus",
                "has a scope with {surplus}, which means nothing for {cause}; leave it out",
                {"surplus": ", ".join(surplus), "cause": self.cause.value},
            )
        if self.what_if and not self.dry_run:
            raise PydanticCustomError(
                "what_if_applied", "is a question only, which nobody can apply; leave out dry_run"
            )
        return self


class LostHour(Input):
    """The hour that an appointment had when its job was made."""

    doctor: uuid.UUID
    hospital: uuid.UUID
    start: dt.datetime


class Scope(Input):
    """A scope as it is stored: everything looked up, in ids. `end` is exclusive."""

    doctors: list[uuid.UUID] | None = None
    hospital: uuid.UUID | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    operating_hours: WeekHours | None = None
    hours: list[LostHour] | None = None
