"""The list of booking requests: newest first, as its address filters them."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from api.booking_request_view import shown
from api.named import Reference
from api.pages import checked, decode_id, encode
from api.request_filter import RequestFilter
from api.times import Now
from api.web import hospitals, live
from api.web.forms import Left
from api.web.rendering import is_fragment, page, query
from api.web.requests.telling import UNDECIDED, Told, timezones
from models.booking import BookingBatch, BookingRequest, RequestStatus
from models.hospitals import Hospital
from models.people import Doctor, User
from models.session import transaction
from planner.plan import ConflictKind
from planner.problem import Priority

router = APIRouter()

PATH = "/app/requests"

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """What of all requests is asked for. `before`: only those older than the last one of the page before."""

    status: RequestStatus | None = None
    priority: Priority | None = None
    kind: ConflictKind | None = None
    batch: uuid.UUID | None = None
    hospital: str | None = None
    doctor: str | None = None
    before: str | None = None

    @property
    def address(self) -> str:
        """The address of the list with this filter."""
        return PATH + query({name: str(value) for name, value in self.values.items()})

    @property
    def values(self) -> dict[str, Any]:  # Any: a parameter's own type
        """What is not left open."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def narrowed(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.values.keys() - {"before"})

    @property
    def of_any_status(self) -> RequestFilter:
        """What is asked for, whatever its status."""
        return RequestFilter(
            batch=self.batch,
            priority=self.priority,
            kind=self.kind,
            hospital=self.hospital,
            doctor=[self.doctor] if self.doctor else [],
        )

    def but(self, **changes: Any) -> "Filter":  # Any: a parameter's own type
        """The same filter with other values, from its first page on."""
        return replace(self, before=None, **changes)

    def older(self, last: uuid.UUID) -> str:
        """The address of what comes after the request `last`."""
        return replace(self, before=encode(last)).address


async def _filter(
    status: Annotated[RequestStatus | None, Left, Query()] = None,
    priority: Annotated[Priority | None, Left, Query()] = None,
    kind: Annotated[ConflictKind | None, Left, Query()] = None,
    batch: Annotated[uuid.UUID | None, Left, Query()] = None,
    hospital: Annotated[Reference | None, Left, Query()] = None,
    doctor: Annotated[Reference | None, Left, Query()] = None,
    before: Annotated[str | None, Left, Query(), checked(lambda cursor: cursor and decode_id(cursor))] = None,
) -> Filter:
    return Filter(status, priority, kind, batch, hospital, doctor, before)


@dataclass(frozen=True, slots=True)
class _Choices:
    """What can be chosen from in the filters."""

    hospitals: Sequence[tuple[str, str]]
    doctors: Sequence[tuple[str, str]]
    batch: BookingBatch | None


@router.get(PATH)
def list_requests(request: Request, asked: Annotated[Filter, Depends(_filter)], now: Now) -> HTMLResponse:
    """The list; only its rows and counts where a page that shows it asks again."""
    with transaction() as session:
        since = live.since(session)
        wanted = asked.of_any_status.select(session)
        rows = wanted if asked.status is None else wanted.where(BookingRequest.status == asked.status)
        if asked.before:
            rows = rows.where(BookingRequest.id < decode_id(asked.before))
        found = session.scalars(rows.order_by(BookingRequest.id.desc()).limit(_AT_ONCE + 1)).all()
        house = hospitals.choose(session, request, None).zone
        zones = timezones(session)
        told = [Told(each, zones, house, now) for each in shown(session, found[:_AT_ONCE])]
        counts = _counts(session, wanted)
        context: dict[str, Any] = {"choices": _choices(session, asked), "live_since": since}  # Any: the template's
    context |= {
        "asked": asked,
        "rows": told,
        "counts": counts,
        "total": counts.total(),
        "undecided": sum(counts[status] for status in UNDECIDED),
        "older": asked.older(found[_AT_ONCE - 1].id) if len(found) > _AT_ONCE else None,
        "statuses": list(RequestStatus),
        "priorities": list(Priority),
        "kinds": list(ConflictKind),
    }
    return page(request, "requests/list_rows.html" if is_fragment(request) else "requests/list.html", **context)


def _counts(session: Session, wanted: Select[BookingRequest]) -> Counter[RequestStatus]:
    counted = wanted.with_only_columns(BookingRequest.status, func.count()).group_by(BookingRequest.status)
    return Counter(dict(session.execute(counted).all()))


def _choices(session: Session, asked: Filter) -> _Choices:
    places = session.execute(select(Hospital.external_id, Hospital.name).order_by(Hospital.name)).all()
    doctors = session.execute(
        select(User.external_id, User.name).join(Doctor, Doctor.id == User.id).order_by(User.name, User.id)
    ).all()
    batch = session.get(BookingBatch, asked.batch) if asked.batch else None
    return _Choices([(id_, name) for id_, name in places], [(id_, name) for id_, name in doctors], batch)
