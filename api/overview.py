"""How full the days are, what waits, how soon patients are seen, and why others were refused."""

import datetime as dt
import uuid
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.named import HospitalName, Reference, hospital_filter
from api.problems import documented
from api.schedule_view import working_days
from api.times import UTC, InstantOut, LocalDate, Now, local
from models.hospitals import Hospital
from models.overview import requests
from models.overview.requests import AgeBand, DelayBand
from models.overview.utilisation import LocalDay, Utilisation, utilisation
from models.session import transaction
from planner.plan import ConflictKind
from planner.problem import Priority

router = APIRouter(prefix="/overview", tags=["Overview"])

HospitalWanted = Annotated[
    Reference, Query(alias="hospital", description="The hospital's `external_id` or `id`", examples=["central"])
]
FirstDay = Annotated[
    LocalDate | None, Query(alias="from", description="A local date of the hospital; today if left out")
]
Weeks = Annotated[int, Query(ge=1, le=5, description="How many weeks")]
LATELY = 30
"""How many days back to look, unless told."""

LastDays = Annotated[int, Query(alias="days", ge=1, le=366, description="How many days back to look")]


def three_places(number: float | None) -> float | None:
    """A number without digits that nobody reads."""
    return None if number is None else round(number, 3)


Rounded = Annotated[float | None, AfterValidator(three_places)]


class Shown(BaseModel):
    """Read off the values of the same names."""

    model_config = ConfigDict(from_attributes=True)


class UseOut(Shown):
    """How many hours are booked, of how many that can be."""

    booked: int
    bookable: int
    share: Rounded = Field(description="From 0 to 1; null where nothing can be booked", examples=[0.917])


class DayUseOut(UseOut):
    """One working day."""

    date: dt.date


class DoctorUseOut(Shown):
    """One doctor's days."""

    id: uuid.UUID
    external_id: str = Field(examples=["d-17"])
    name: str = Field(examples=["Dr Ana Sousa"])
    total: UseOut
    days: list[DayUseOut]


class UtilisationOut(Shown):
    """All doctors together, and each who has anything in these days."""

    hospital: HospitalName
    total: UseOut
    days: list[DayUseOut]
    doctors: list[DoctorUseOut]


class WaitingOut(Shown):
    """The undecided requests of a priority."""

    priority: Priority
    total: int
    oldest_seconds: Rounded = Field(description="How long the first of them has waited")
    by_age: dict[AgeBand, int] = Field(description="Each band ends where the next one begins")


class QueueOut(BaseModel):
    """What waits."""

    at: InstantOut
    total: int
    priorities: list[WaitingOut]


class DelaysOut(Shown):
    """How many days of 24 hours lie between asking and the hour."""

    priority: Priority | None = Field(description="null: all together")
    requests: int
    median_days: Rounded = Field(description="Half of the patients are seen within so many days")
    ninetieth_days: Rounded = Field(description="Nine of ten patients are seen within so many days")
    by_delay: dict[DelayBand, int] = Field(description="Each band ends where the next one begins")


class TimeToAppointmentOut(BaseModel):
    """How soon patients are seen."""

    since: InstantOut
    priorities: list[DelaysOut] = Field(description="Every priority, then all together")


class RefusalsOut(Shown):
    """The requests that were refused for one reason."""

    kind: ConflictKind
    total: int
    standing: int = Field(description="Still in conflict: no alternative taken, not asked anew, not given up")
    by_priority: dict[Priority, int]


class ConflictsOut(BaseModel):
    """Why requests were refused."""

    since: InstantOut
    total: int
    kinds: list[RefusalsOut]


WRONGLY_ASKED = documented(invalid=["unknown_hospital", "not_a_date", "date_out_of_reach", "out_of_range"])


@router.get("/utilisation", summary="Read how full the doctors' days are", responses=WRONGLY_ASKED)
def read_utilisation(hospital: HospitalWanted, now: Now, first: FirstDay = None, weeks: Weeks = 2) -> UtilisationOut:
    """The booked share of the hours that can be booked, by doctor and by working day (as in the schedule).

    An hour that has begun stays booked when it is completed or the patient did not come.
    """
    with transaction() as session:
        at = the_asked(session, hospital)
        found = utilisation_of(session, at, first or today(at, now), weeks, now)
    return UtilisationOut(hospital=named(at), total=found.total, days=found.days, doctors=found.doctors)


@router.get("/waiting", summary="Read what waits")
def read_waiting(now: Now) -> QueueOut:
    """The requests that are queued or being planned, by priority and by how long ago they were made."""
    with transaction() as session:
        found = requests.waiting(session, now)
    return QueueOut(at=local(now, UTC), total=sum(each.total for each in found), priorities=found)


@router.get("/time-to-appointment", summary="Read how soon patients are seen")
def read_time_to_appointment(now: Now, days: LastDays = LATELY) -> TimeToAppointmentOut:
    """The days from the request to the hour, of requests booked lately.

    An appointment counts with the hour that it has now. Cancelled ones are left out, and so are requests to move one.
    """
    since = now - dt.timedelta(days=days)
    with transaction() as session:
        found = requests.delays(session, since)
    return TimeToAppointmentOut(since=local(since, UTC), priorities=found)


@router.get("/conflicts", summary="Read why requests were refused")
def read_conflicts(now: Now, days: LastDays = LATELY) -> ConflictsOut:
    """The requests refused lately, by the kind of their conflict."""
    since = now - dt.timedelta(days=days)
    with transaction() as session:
        found = requests.refusals(session, since)
    return ConflictsOut(since=local(since, UTC), total=sum(each.total for each in found), kinds=found)


def the_asked(session: Session, hospital: str) -> Hospital:
    """The hospital that a query asks for.

    Raises
    ------
    QueryRefused
        where there is none.

    """
    return session.get_one(Hospital, hospital_filter(session, hospital))


def utilisation_of(session: Session, at: Hospital, first: dt.date, weeks: int, now: dt.datetime) -> Utilisation:
    """How full a hospital's working days of `weeks` weeks from `first` on are."""
    days = [LocalDay(day.date, day.start, day.end) for day in working_days(session, at, first, 7 * weeks)]
    return utilisation(session, at.id, at.timezone, days, now)


def today(at: Hospital, now: dt.datetime) -> dt.date:
    """The date by a hospital's clock."""
    return now.astimezone(ZoneInfo(at.timezone)).date()


def named(hospital: Hospital) -> HospitalName:
    """A hospital as answers name it."""
    return HospitalName.model_validate(hospital, from_attributes=True)
