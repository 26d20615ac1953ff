"""Calendar feeds of doctors: made, listed and revoked. What subscribers read is in `api.calendars`."""

import uuid
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import examples
from api.idempotency import Answer, Posted
from api.named import ExternalId, PersonName, gone, user_names
from api.pages import ById, Page
from api.problems import LEAST_REFUSAL, documented
from api.times import UTC, InstantOut, local
from models.access.reach import of
from models.calendar_feeds import CalendarFeed, find_feed_doctor, make_feed, revoke_feed
from models.inputs import Input, Text
from models.session import transaction

router = APIRouter(tags=["Calendars"])

_EXAMPLE = {"label": "Phone"}


class CalendarFeedIn(Input):
    """A device that is to read a doctor's schedule."""

    label: Text = Field(description="What it is known by to whoever revokes it; no two of a doctor have the same")


class CalendarFeedOut(BaseModel):
    """An address at which a device reads a doctor's schedule. The address itself is not kept."""

    id: uuid.UUID
    doctor: PersonName
    label: str = Field(examples=["Phone"])
    created_at: InstantOut
    revoked_at: InstantOut | None = Field(description="Since when the address leads nowhere; null: it is read")
    last_read_at: InstantOut | None = Field(description="When it was last read, a few minutes off; null: never")


class NewCalendarFeedOut(CalendarFeedOut):
    """A feed that has just been made, with the address to subscribe to."""

    url: str | None = Field(
        description="The address, told this once: only a hash of it is kept, so a replayed answer has null",
        examples=["https://plan.hospital.example/calendars/Yk3…o8.ics"],
    )


@router.post(
    "/doctors/{doctor:path}/calendar-feeds",
    status_code=201,
    response_model=NewCalendarFeedOut,
    summary="Make a calendar address",
    openapi_extra=examples.body(_EXAMPLE),
    responses=documented(
        not_found=["unknown_doctor"], clash=["label_taken"], invalid=["inactive_doctor", "missing", "too_short"]
    ),
)
def make_calendar_feed(post: Posted, doctor: ExternalId, feed: CalendarFeedIn, request: Request) -> Response:
    """Make an address that nobody guesses, at which one device reads the doctor's schedule: make one for every device.

    Whoever has the address reads the schedule, without the names of patients, until it is revoked: as far as you can
    see it, and a doctor's own wherever that is.
    """
    made: list[tuple[NewCalendarFeedOut, str]] = []

    def work(session: Session) -> Answer:
        row, token = make_feed(session, doctor, feed.label, of(session))
        shown = NewCalendarFeedOut(**_shown(session, [row])[0].model_dump(), url=None)
        made.append((shown, token))
        return Answer(201, shown, {"Location": f"/calendar-feeds/{row.id}"})

    # The answer is kept for its Idempotency-Key, and the address is not to be kept: it is put in afterwards.
    response = post.once(work)
    if not made or response.status_code >= LEAST_REFUSAL:
        return response
    shown, token = made[0]
    told = shown.model_copy(update={"url": address(request, token)})
    return Response(
        told.model_dump_json(), 201, {"Location": response.headers["Location"]}, media_type="application/json"
    )


def address(request: Request, token: str) -> str:
    """The whole address of a feed, under the name by which this server was asked."""
    return f"{request.base_url}calendars/{token}.ics"


@router.get(
    "/doctors/{doctor:path}/calendar-feeds",
    summary="List the calendar addresses of a doctor",
    responses=documented(not_found=["unknown_doctor"]),
)
def list_calendar_feeds(
    asked: ById,
    doctor: ExternalId,
    revoked: Annotated[bool | None, Query(description="Only revoked ones, or only others")] = None,
) -> Page[CalendarFeedOut]:
    """What reads the doctor's schedule, oldest first, and what did so before it was revoked."""
    with transaction() as session:
        doctor_id = find_feed_doctor(session, doctor, of(session))
        feeds = select(CalendarFeed).where(CalendarFeed.doctor_id == doctor_id).order_by(CalendarFeed.id)
        if revoked is not None:
            feeds = feeds.where(CalendarFeed.revoked_at.is_not(None) == revoked)
        if asked.after:
            feeds = feeds.where(CalendarFeed.id > asked.after)
        rows = session.scalars(feeds.limit(asked.limit + 1)).all()
        return asked.page(rows, lambda row: (row.id,), lambda shown: _shown(session, shown))


@router.get(
    "/calendar-feeds/{feed_id}",
    summary="Read what is known of a calendar address",
    responses=documented(not_found=["unknown_calendar_feed"]),
)
def read_calendar_feed(feed_id: uuid.UUID) -> CalendarFeedOut:
    """One calendar feed, revoked or not."""
    with transaction() as session:
        feed = session.get(CalendarFeed, feed_id)
        if feed is None:
            raise gone("calendar_feed", feed_id)
        return _shown(session, [feed])[0]


@router.delete(
    "/calendar-feeds/{feed_id}",
    status_code=204,
    summary="Revoke a calendar address",
    responses=documented(not_found=["unknown_calendar_feed"]),
)
def revoke_calendar_feed(feed_id: uuid.UUID) -> None:
    """Let the address lead nowhere from now on, for good. One that is revoked already stays so."""
    with transaction() as session:
        revoke_feed(session, feed_id)


def _shown(session: Session, feeds: Sequence[CalendarFeed]) -> list[CalendarFeedOut]:
    doctors = user_names(session, {feed.doctor_id for feed in feeds})
    return [
        CalendarFeedOut(
            id=feed.id,
            doctor=doctors[feed.doctor_id],
            label=feed.label,
            created_at=local(feed.created_at, UTC),
            revoked_at=local(feed.revoked_at, UTC) if feed.revoked_at else None,
            last_read_at=local(feed.last_read_at, UTC) if feed.last_read_at else None,
        )
        for feed in feeds
    ]
