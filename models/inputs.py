"""What people and systems may send, by HTTP or in a file: shapes and limits, before anything is looked up.

A doctor, patient or hospital is named by its `external_id` or by our own id. Instants carry an offset; a time of day
is the hospital's own clock.
"""

import datetime as dt
import re
import uuid
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from models.people import Role
from planner.problem import Priority

FIRST_INSTANT = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LAST_INSTANT = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)

MAX_BATCH = 10_000
"""The most requests in one batch."""

MAX_CHOICES = 100
"""The most doctors or hospitals in one request."""


class Input(BaseModel):
    """Unknown fields are refused, so that a misspelt one is never silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _printable(value: str) -> str:
    if any(ord(letter) < ord(" ") or letter == "\x7f" for letter in value):
        raise PydanticCustomError("control_character", "contains a control character; leave it out")
    return value


def _written_out(value: Any) -> Any:  # Any: a validator sees what was sent
    if not isinstance(value, str | dt.datetime):
        raise PydanticCustomError("instant_not_text", "is not an instant; write it like 2026-12-01T10:00:00+00:00")
    return value


def _in_reach(value: dt.datetime) -> dt.datetime:
    if not FIRST_INSTANT <= value < LAST_INSTANT:
        raise PydanticCustomError("instant_out_of_reach", "lies outside the years 1970 to 2199")
    return value


def _known_timezone(value: str) -> str:
    if value not in available_timezones() or value == "localtime":
        raise PydanticCustomError("unknown_timezone", "is not an IANA time zone; write one such as Europe/Lisbon")
    return value


def _email_address(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError:  # what it says may repeat the address
        message = "is not an e-mail address; write one such as maria@example.org, without a name around it"
        raise PydanticCustomError("not_an_email_address", message) from None


def _lower(value: str) -> str:
    return value.lower()


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
Instant = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_reach)]
TimeZone = Annotated[Text, AfterValidator(_known_timezone)]
Specialty = Annotated[Text, AfterValidator(_lower)]
EmailAddress = Annotated[Text, AfterValidator(_email_address), WithJsonSchema({"type": "string", "format": "email"})]


class Weekday(StrEnum):
    """The days of the week, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def number(self) -> int:
        """1 for Monday … 7 for Sunday, as ISO 8601 counts."""
        return list(Weekday).index(self) + 1


_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


def _time_of_day(value: str) -> str:
    if not _TIME_OF_DAY.fullmatch(value):
        raise PydanticCustomError("not_a_time_of_day", "is not a time of day; write HH:MM, from 00:00 to 24:00")
    return value


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


def minutes(time_of_day: str) -> int:
    """Minutes after midnight of `HH:MM`."""
    hours, minutes_ = time_of_day.split(":")
    return int(hours) * 60 + int(minutes_)


class HoursIn(Input):
    """A period `[opens, closes)` of one day by the hospital's clock; an earlier `closes` is the next day's."""

    opens: TimeOfDay = Field(examples=["09:00"])
    closes: TimeOfDay = Field(examples=["17:00"])

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.opens == "24:00":
            raise PydanticCustomError("opens_at_24", "opens at 24:00; write 00:00 of the next day")
        if self.opens == self.closes:
            raise PydanticCustomError(
                "hours_empty", "opens and closes at the same time; for the whole day write 00:00 to 24:00"
            )
        return self

    @property
    def span(self) -> tuple[int, int]:
        """`[opens, closes)` in minutes after the day's midnight; above 1440 is the next day."""
        opens, closes = minutes(self.opens), minutes(self.closes)
        return opens, closes if closes > opens else closes + 1440


def _apart(periods: list[HoursIn]) -> list[HoursIn]:
    spans = sorted(period.span for period in periods)
    if any(second[0] < first[1] for first, second in pairwise(spans)):
        raise PydanticCustomError("hours_overlap", "has periods that overlap; join them")
    return periods


DayHours = Annotated[list[HoursIn], Field(max_length=24), AfterValidator(_apart)]
WeekHours = dict[Weekday, DayHours]


class ExceptionIn(Input):
    """Other hours on one date; none: closed all day."""

    date: dt.date = Field(examples=["2026-12-25"])
    hours: DayHours = []
    reason: Text | None = Field(None, examples=["Christmas Day"])


def _distinct_dates(exceptions: list[ExceptionIn]) -> list[ExceptionIn]:
    if len({exception.date for exception in exceptions}) < len(exceptions):
        raise PydanticCustomError("date_twice", "names a date twice; put its hours together")
    return exceptions


class HospitalIn(Input):
    """A hospital, the hours it keeps each week, and the dates on which it keeps others."""

    external_id: Text | None = Field(None, description="The id other systems know it by; ours where left out")
    name: Text
    timezone: TimeZone = Field(examples=["Europe/Lisbon"])
    operating_hours: WeekHours = {}
    exceptions: Annotated[list[ExceptionIn], Field(max_length=1000), AfterValidator(_distinct_dates)] = []


class UserIn(Input):
    """A doctor or another member of staff."""

    name: Text
    email: Text | None = None
    role: Role
    specialties: list[Specialty] = Field([], max_length=50, description="A doctor's; lower case")
    hospitals: list[Text] = Field(
        [], max_length=1000, description="Where a member of staff acts (`external_id` or `id`); left out: nowhere"
    )
    active: bool = True

    @model_validator(mode="after")
    def _only_doctors_have_specialties(self) -> Self:
        if self.specialties and self.role is not Role.DOCTOR:
            raise PydanticCustomError("specialties_without_doctor", "has specialties but is not a doctor")
        return self

    @model_validator(mode="after")
    def _only_staff_have_hospitals(self) -> Self:
        if self.hospitals and self.role is not Role.STAFF:
            raise PydanticCustomError(
                "hospitals_without_staff",
                "has hospitals but is not staff; an admin acts everywhere, a doctor where they are available",
            )
        return self


class PatientIn(Input):
    """Someone who is seen."""

    name: Text
    email: EmailAddress | None = Field(
        None, description="Where they are told of their appointments; null: nowhere", examples=["maria@example.org"]
    )
    active: bool = True


class AvailabilityIn(Input):
    """A period `[start, end)` in which a doctor sees patients at one hospital, within its openings."""

    doctor: Text
    hospital: Text
    start: Instant
    end: Instant


class AppointmentIn(Input):
    """A patient's hour with a doctor at a hospital: 60 minutes from `start`, on the hour by the hospital's clock."""

    patient: Text
    doctor: Text
    hospital: Text
    start: Instant


class AppointmentMove(Input):
    """Another hour for an appointment: 60 minutes from `start`, on the hour by the hospital's clock."""

    doctor: Text | None = Field(None, description="The doctor it has where left out")
    hospital: Text | None = Field(None, description="The hospital it is at where left out")
    start: Instant


class ExactHour(Input):
    """A doctor's hour at a hospital: 60 minutes from `start`, on the hour by the hospital's clock."""

    doctor: Text
    hospital: Text
    start: Instant


class PatientSearch(Input):
    """What somebody remembers of a patient."""

    text: Text = Field(description="Beginnings of names, or of the `external_id`", examples=["mar sil"])
    limit: int = Field(20, ge=1, le=100, description="The most patients to give")


class BookingRequestIn(Input):
    """A patient's wish for one hour (see docs/planning-problem.md)."""

    patient: Text
    priority: Priority = Priority.ROUTINE
    doctors: list[Text] | None = Field(
        None, min_length=1, max_length=MAX_CHOICES, description="Acceptable doctors, best first; null: any"
    )
    specialty: Specialty | None = Field(None, description="Only doctors of this specialty")
    hospitals: list[Text] | None = Field(
        None, min_length=1, max_length=MAX_CHOICES, description="Acceptable hospitals; null: any"
    )
    earliest: Instant = Field(description="The hour starts at or after this instant")
    latest: Instant = Field(description="The hour ends at or before this instant")
    preferred: Instant | None = Field(None, description="Near this instant is better; null: near `earliest`")
    moves: uuid.UUID | None = Field(None, description="The appointment this request replaces")


class BookingRequestChange(Input):
    """What is to be other than it was in a request that is queued again. What is left out stays; null takes any.

    A request always has a priority and a window, so null leaves these as they were.
    """

    priority: Priority | None = Field(None, description="As it was where left out")
    doctors: list[Text] | None = Field(
        None, min_length=1, max_length=MAX_CHOICES, description="Acceptable doctors, best first; null: any"
    )
    specialty: Specialty | None = Field(None, description="Only doctors of this specialty; null: of any")
    hospitals: list[Text] | None = Field(
        None, min_length=1, max_length=MAX_CHOICES, description="Acceptable hospitals; null: any"
    )
    earliest: Instant | None = Field(None, description="The hour starts at or after this instant")
    latest: Instant | None = Field(None, description="The hour ends at or before this instant")
    preferred: Instant | None = Field(None, description="Near this instant is better; null: near `earliest`")

    def applied_to(self, request: BookingRequestIn) -> BookingRequestIn:
        """The request with these changes."""
        never_null = {"priority", "earliest", "latest"}
        changes = {name: getattr(self, name) for name in self.model_fields_set}
        changes = {name: value for name, value in changes.items() if value is not None or name not in never_null}
        return request.model_copy(update=changes)
