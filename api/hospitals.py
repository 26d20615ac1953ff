"""Hospitals, and when they are open."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Session

from api import examples
from api.etags import SeenVersion, etag, tag
from api.idempotency import Answer, Posted
from api.named import HospitalPath, the_hospital
from api.pages import ById, Page
from api.problems import QueryRefused, documented
from api.times import InstantOut, LocalDate, Now, local
from models.base import ends, period
from models.faults import Fault, Refusal, Refused
from models.hospitals import Hospital, Opening, OperatingException, OperatingHours
from models.hours import create_hospitals, instant_of, remove_exception, set_exception, set_operating_hours
from models.inputs import DayHours, ExceptionIn, HospitalIn, Input, Text, Weekday, WeekHours
from models.session import transaction

router = APIRouter(prefix="/hospitals", tags=["Hospitals"])

MAX_DAYS = 366
"""The most days of openings in one answer."""


class HoursOut(BaseModel):
    """A period `[opens, closes)` of one day by the hospital's clock; an earlier `closes` is the next day's."""

    opens: str = Field(examples=["09:00"])
    closes: str = Field(examples=["17:00"])


WeekOut = dict[Weekday, list[HoursOut]]


class HospitalOut(BaseModel):
    """A hospital and the hours it keeps each week."""

    id: uuid.UUID
    external_id: str = Field(examples=["central"])
    name: str = Field(examples=["Central Hospital"])
    timezone: str = Field(examples=["Europe/Lisbon"])
    operating_hours: WeekOut = Field(description="By weekday; a day without periods is a day closed")
    openings_until: dt.date = Field(description="Openings are known for the local days before this one")
    version: int
    created_at: InstantOut


class ExceptionOut(BaseModel):
    """Other hours on one date; no period: closed all day."""

    date: dt.date
    hours: list[HoursOut]
    reason: str | None


class ExceptionBody(Input):
    """The hours of one date, in place of its weekday's; none: closed all day."""

    hours: DayHours = Field([])
    reason: Text | None = Field(None, examples=["Christmas Day"])


class OpeningOut(BaseModel):
    """A period `[start, end)` in which the hospital is open."""

    start: InstantOut
    end: InstantOut


class OpeningsOut(BaseModel):
    """The openings of some days, in the hospital's own time."""

    timezone: str
    openings: list[OpeningOut]


@router.post(
    "",
    status_code=201,
    response_model=HospitalOut,
    summary="Add a hospital",
    openapi_extra=examples.body(examples.HOSPITAL),
    responses=documented(clash=["external_id_taken"], invalid=["unknown_timezone", "hours_overlap", "missing"]),
)
def add_hospital(post: Posted, hospital: HospitalIn, now: Now) -> Response:
    """Add a hospital with its weekly hours and exceptions. Its openings are projected at once."""

    def work(session: Session) -> Answer:
        (id_,) = create_hospitals(session, [hospital], now)
        shown = _shown(session, [session.get_one(Hospital, id_)])[0]
        return Answer(201, shown, {"Location": f"/hospitals/{id_}", "ETag": etag(shown.version)})

    return post.once(work)


@router.get("", summary="List hospitals")
def list_hospitals(asked: ById) -> Page[HospitalOut]:
    """All hospitals, oldest first."""
    hospitals = select(Hospital).order_by(Hospital.id).limit(asked.limit + 1)
    if asked.after:
        hospitals = hospitals.where(Hospital.id > asked.after)
    with transaction() as session:
        rows = session.scalars(hospitals).all()
        return asked.page(rows, lambda row: (row.id,), lambda shown: _shown(session, shown))


@router.get("/{hospital}", summary="Read a hospital", responses=documented(not_found=["unknown_hospital"]))
def read_hospital(hospital: HospitalPath, response: Response) -> HospitalOut:
    """One hospital, by its `external_id` or `id`."""
    with transaction() as session:
        shown = _shown(session, [the_hospital(session, hospital)])[0]
    tag(response, shown.version)
    return shown


@router.get(
    "/{hospital}/operating-hours", summary="Read the weekly hours", responses=documented(not_found=["unknown_hospital"])
)
def read_operating_hours(hospital: HospitalPath, response: Response) -> WeekOut:
    """The periods of every weekday, by the hospital's clock."""
    with transaction() as session:
        found = the_hospital(session, hospital)
        tag(response, found.version)
        return _weeks(session, [found.id])[found.id]


@router.put(
    "/{hospital}/operating-hours",
    summary="Replace the weekly hours",
    openapi_extra=examples.body(examples.OPERATING_HOURS),
    responses=documented(
        not_found=["unknown_hospital"],
        clash=["availability_outside_openings"],
        invalid=["not_a_time_of_day", "hours_overlap", "not_a_choice"],
        stale=True,
    ),
)
def replace_operating_hours(
    hospital: HospitalPath,
    week: Annotated[WeekHours, Body()],
    seen: SeenVersion,
    now: Now,
    response: Response,
) -> WeekOut:
    """Replace the hours of the whole week; a weekday left out is closed. Openings change from now on.

    Refused while availabilities lie outside the new openings; the answer names them.
    """
    with transaction() as session:
        found = _unchanged(session, hospital, seen)
        set_operating_hours(session, found.id, week, now)
        tag(response, _version(session, found))
        return _weeks(session, [found.id])[found.id]


@router.get(
    "/{hospital}/exceptions", summary="List the exceptions", responses=documented(not_found=["unknown_hospital"])
)
def list_exceptions(hospital: HospitalPath, response: Response) -> list[ExceptionOut]:
    """The dates on which the hospital keeps other hours, in order."""
    with transaction() as session:
        found = the_hospital(session, hospital)
        tag(response, found.version)
        rows = session.scalars(
            select(OperatingException)
            .where(OperatingException.hospital_id == found.id)
            .order_by(OperatingException.date)
        )
        return [ExceptionOut(date=row.date, hours=_hours(row.hours), reason=row.reason) for row in rows]


@router.put(
    "/{hospital}/exceptions/{date}",
    summary="Set the hours of one date",
    openapi_extra=examples.body(examples.EXCEPTION),
    responses=documented(
        not_found=["unknown_hospital"],
        clash=["availability_outside_openings"],
        invalid=["not_a_date", "not_a_time_of_day", "hours_overlap"],
        stale=True,
    ),
)
def put_exception(
    hospital: HospitalPath, date: LocalDate, exception: ExceptionBody, seen: SeenVersion, now: Now, response: Response
) -> ExceptionOut:
    """Let the hospital keep other hours on one date, or be closed: `{"hours": [], "reason": "Christmas Day"}`.

    Refused while availabilities lie outside the new openings; the answer names them.
    """
    with transaction() as session:
        found = _unchanged(session, hospital, seen)
        set_exception(session, found.id, ExceptionIn(date=date, **exception.model_dump()), now)
        tag(response, _version(session, found))
        row = session.get_one(OperatingException, (found.id, date))
        return ExceptionOut(date=row.date, hours=_hours(row.hours), reason=row.reason)


@router.delete(
    "/{hospital}/exceptions/{date}",
    status_code=204,
    summary="Remove an exception",
    responses=documented(
        not_found=["unknown_hospital", "unknown_exception"],
        clash=["availability_outside_openings"],
        invalid=["not_a_date"],
        stale=True,
    ),
)
def delete_exception(hospital: HospitalPath, date: LocalDate, seen: SeenVersion, now: Now) -> None:
    """Let the hospital keep its weekly hours on that date again."""
    with transaction() as session:
        found = _unchanged(session, hospital, seen)
        if not remove_exception(session, found.id, date, now):
            message = f"{found.name} keeps its weekly hours on {date} already."
            raise Refused(Refusal.NOT_FOUND, [Fault("unknown_exception", "", date.isoformat(), message)])


@router.get(
    "/{hospital}/openings",
    summary="Read the openings",
    responses=documented(not_found=["unknown_hospital"], invalid=["not_a_date", "dates_run_backward", "too_many_days"]),
)
def read_openings(
    hospital: HospitalPath,
    now: Now,
    first: Annotated[
        LocalDate | None, Query(alias="from", description="The first local date; today if left out")
    ] = None,
    last: Annotated[
        LocalDate | None, Query(alias="to", description="The last local date; a week in all if left out")
    ] = None,
) -> OpeningsOut:
    """The periods in which the hospital is open on some local dates, both ends included, cut at their midnights."""
    with transaction() as session:
        found = the_hospital(session, hospital)
        zone = ZoneInfo(found.timezone)
        first = first or now.astimezone(zone).date()
        last = last or first + dt.timedelta(days=6)
        _check_days(first, last)
        start, end = instant_of(first, 0, zone), instant_of(last + dt.timedelta(days=1), 0, zone)
        rows = session.scalars(
            select(Opening.during * period(start, end))
            .where(Opening.hospital_id == found.id, Opening.during.overlaps(period(start, end)))
            .order_by(Opening.during)
        )
        openings = [(local(opens, zone), local(closes, zone)) for opens, closes in map(ends, rows)]
    return OpeningsOut(timezone=zone.key, openings=[OpeningOut(start=opens, end=closes) for opens, closes in openings])


def _check_days(first: dt.date, last: dt.date) -> None:
    if last < first:
        message = f"to lies before from, {first}; choose a later date."
        raise QueryRefused(Refusal.INVALID, [Fault("dates_run_backward", "to", last.isoformat(), message)])
    if (last - first).days >= MAX_DAYS:
        message = f"from and to span more than {MAX_DAYS} days; ask for fewer."
        raise QueryRefused(Refusal.INVALID, [Fault("too_many_days", "to", last.isoformat(), message)])


def _unchanged(session: Session, reference: str, seen: int | None) -> Hospital:
    hospital = the_hospital(session, reference, locked=True)
    if seen not in (None, hospital.version):
        message = "The hospital's hours have been changed since you read them; read them again."
        raise Refused(Refusal.STALE, [Fault("changed_since", "", str(hospital.id), message)])
    return hospital


def _version(session: Session, hospital: Hospital) -> int:
    session.refresh(hospital)
    return hospital.version


def _shown(session: Session, hospitals: Sequence[Hospital]) -> list[HospitalOut]:
    weeks = _weeks(session, [hospital.id for hospital in hospitals])
    return [
        HospitalOut(
            id=hospital.id,
            external_id=hospital.external_id,
            name=hospital.name,
            timezone=hospital.timezone,
            operating_hours=weeks[hospital.id],
            openings_until=hospital.projected_until,
            version=hospital.version,
            created_at=local(hospital.created_at, ZoneInfo(hospital.timezone)),
        )
        for hospital in hospitals
    ]


def _weeks(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, WeekOut]:
    weeks: dict[uuid.UUID, WeekOut] = {id_: {day: [] for day in Weekday} for id_ in ids}
    days = list(Weekday)
    for row in session.scalars(select(OperatingHours).where(OperatingHours.hospital_id.in_(ids))):
        weeks[row.hospital_id][days[row.weekday - 1]] = _hours(row.hours)
    return weeks


def _hours(spans: MultiRange[int]) -> list[HoursOut]:
    return [HoursOut(opens=opens, closes=closes) for opens, closes in _times(spans)]


def _times(spans: MultiRange[int]) -> Iterable[tuple[str, str]]:
    for span in spans:
        if span.lower is not None and span.upper is not None:
            closes = span.upper if span.upper <= 1440 else span.upper - 1440
            yield f"{span.lower // 60:02}:{span.lower % 60:02}", f"{closes // 60:02}:{closes % 60:02}"
