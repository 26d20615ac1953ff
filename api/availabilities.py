"""When doctors see patients."""

import uuid
from collections.abc import Collection
from typing import Any, Self
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from pydantic import BaseModel, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Row, Select, func, select, tuple_
from sqlalchemy.orm import Session

from api import examples
from api.etags import SeenVersion, etag, tag
from api.idempotency import Answer, Posted
from api.named import DoctorFilter, HospitalFilter, HospitalName, PersonName, doctor_filter, gone, hospital_filter
from api.pages import ByStart, Page
from api.periods import FromDate, ToDate, on_local_dates
from api.problems import documented
from api.times import InstantOut, local
from models.availabilities import change_availability, create_availabilities, withdraw_availability
from models.base import ends
from models.hospitals import Hospital
from models.inputs import AvailabilityIn, Input, Instant
from models.people import User
from models.schedule import Availability
from models.session import transaction

router = APIRouter(prefix="/availabilities", tags=["Availabilities"])


class AvailabilityOut(BaseModel):
    """A period `[start, end)` in which a doctor sees patients at one hospital."""

    id: uuid.UUID
    doctor: PersonName
    hospital: HospitalName
    start: InstantOut
    end: InstantOut
    version: int
    created_at: InstantOut


class AvailabilityChange(Input):
    """The new start, the new end, or both."""

    start: Instant | None = None
    end: Instant | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.start is None and self.end is None:
            raise PydanticCustomError("nothing_to_change", "changes nothing; send start, end or both")
        return self


@router.post(
    "",
    status_code=201,
    response_model=AvailabilityOut,
    summary="Add an availability",
    openapi_extra=examples.body(examples.AVAILABILITY),
    responses=documented(
        clash=["outside_openings", "doctor_elsewhere"],
        invalid=["unknown_doctor", "inactive_doctor", "unknown_hospital", "period_runs_backward", "no_offset"],
    ),
)
def add_availability(post: Posted, availability: AvailabilityIn) -> Response:
    """Let a doctor see patients at a hospital from `start` to `end`, within the hospital's openings."""

    def work(session: Session) -> Answer:
        (id_,) = create_availabilities(session, [availability])
        shown = _the(session, id_)
        return Answer(201, shown, {"Location": f"/availabilities/{id_}", "ETag": etag(shown.version)})

    return post.once(work)


@router.get("", summary="List availabilities", responses=documented(invalid=["unknown_hospital", "unknown_doctor"]))
def list_availabilities(
    asked: ByStart,
    hospital: HospitalFilter = None,
    doctor: DoctorFilter = [],  # noqa: B006  # FastAPI copies defaults
    first: FromDate = None,
    last: ToDate = None,
) -> Page[AvailabilityOut]:
    """Availabilities in the order of their starts, at a hospital, of some doctors, on some local dates."""
    with transaction() as session:
        rows = _select().order_by(func.lower(Availability.during), Availability.id).limit(asked.limit + 1)
        if at := hospital_filter(session, hospital):
            rows = rows.where(Availability.hospital_id == at)
        if doctors := doctor_filter(session, doctor):
            rows = rows.where(Availability.doctor_id.in_(doctors))
        rows = rows.where(*on_local_dates(Availability.during, Hospital.timezone, first, last))
        if asked.after:
            rows = rows.where(tuple_(func.lower(Availability.during), Availability.id) > tuple_(*asked.after))
        found = session.execute(rows).all()
    return asked.page(
        found,
        lambda row: (ends(row.Availability.during)[0], row.Availability.id),
        lambda shown: [_shown(row) for row in shown],
    )


@router.get(
    "/{availability_id}", summary="Read an availability", responses=documented(not_found=["unknown_availability"])
)
def read_availability(availability_id: uuid.UUID, response: Response) -> AvailabilityOut:
    """One availability."""
    with transaction() as session:
        shown = _the(session, availability_id)
    tag(response, shown.version)
    return shown


@router.patch(
    "/{availability_id}",
    summary="Change an availability",
    openapi_extra=examples.body(examples.AVAILABILITY_CHANGE),
    responses=documented(
        not_found=["unknown_availability"],
        clash=["outside_openings", "doctor_elsewhere", "appointment_stands"],
        invalid=["period_runs_backward", "nothing_to_change", "no_offset"],
        stale=True,
    ),
)
def patch_availability(
    availability_id: uuid.UUID, change: AvailabilityChange, seen: SeenVersion, response: Response
) -> AvailabilityOut:
    """Let it start or end at another time. Refused while booked appointments would lie outside; they are named."""
    with transaction() as session:
        availability = session.get(Availability, availability_id, with_for_update=True)
        if availability is None:
            raise gone("availability", availability_id)
        start, end = ends(availability.during)
        change_availability(session, availability_id, change.start or start, change.end or end, seen)
        session.expire_all()
        shown = _the(session, availability_id)
    tag(response, shown.version)
    return shown


@router.delete(
    "/{availability_id}",
    status_code=204,
    summary="Withdraw an availability",
    responses=documented(not_found=["unknown_availability"], clash=["appointment_stands"], stale=True),
)
def delete_availability(availability_id: uuid.UUID, seen: SeenVersion) -> None:
    """Withdraw it. Refused while booked appointments stand in it; they are named."""
    with transaction() as session:
        withdraw_availability(session, availability_id, seen)


def _select() -> Select[*tuple[Any, ...]]:  # Any: the columns, which `_shown` reads by name
    return (
        select(
            Availability,
            User.external_id.label("doctor_external_id"),
            User.name.label("doctor_name"),
            Hospital.external_id.label("hospital_external_id"),
            Hospital.name.label("hospital_name"),
            Hospital.timezone.label("timezone"),
        )
        .join(User, User.id == Availability.doctor_id)
        .join(Hospital, Hospital.id == Availability.hospital_id)
    )


def the_availabilities(session: Session, ids: Collection[uuid.UUID]) -> list[AvailabilityOut]:
    """Those of these ids that exist, by their ids."""
    rows = session.execute(_select().where(Availability.id.in_(ids)).order_by(Availability.id))
    return [_shown(row) for row in rows]


def _the(session: Session, availability_id: uuid.UUID) -> AvailabilityOut:
    found = the_availabilities(session, [availability_id])
    if not found:
        raise gone("availability", availability_id)
    return found[0]


def _shown(row: Row[Any]) -> AvailabilityOut:  # Any: see `_select`
    availability: Availability = row.Availability
    zone = ZoneInfo(row.timezone)
    start, end = ends(availability.during)
    return AvailabilityOut(
        id=availability.id,
        doctor=PersonName(id=availability.doctor_id, external_id=row.doctor_external_id, name=row.doctor_name),
        hospital=HospitalName(
            id=availability.hospital_id,
            external_id=row.hospital_external_id,
            name=row.hospital_name,
            timezone=row.timezone,
        ),
        start=local(start, zone),
        end=local(end, zone),
        version=availability.version,
        created_at=local(availability.created_at, zone),
    )
