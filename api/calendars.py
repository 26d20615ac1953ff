"""What phones subscribe to: a doctor's schedule as iCalendar, at an address that is the only key to it.

A phone asks every few minutes for years. It is told 304 while nothing has changed, and for that nothing is written out.
"""

import datetime as dt
import re
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from api.problems import documented
from api.times import Now
from api.web.calendars.icalendar_file import FORMAT, MEDIA_TYPE, calendar
from models.access.reach import whole
from models.calendar_feeds import FeedContent, read_feed
from models.faults import Fault, Refusal, Refused
from models.session import transaction

router = APIRouter(prefix="/calendars", tags=["Calendars"])

_ENTITY_TAG = re.compile(r'"[^"]*"')


class CalendarFile(Response):
    """iCalendar; as a kind of text it is declared to be UTF-8."""

    media_type = MEDIA_TYPE


@router.head("/{token}.ics", include_in_schema=False)
@router.get(
    "/{token}.ics",
    response_class=CalendarFile,
    summary="Subscribe to a doctor's schedule",
    responses={
        200: {
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
            "description": "The schedule as iCalendar (RFC 5545)",
        },
        304: {"description": "Nothing has changed since"},
        **documented(not_found=["unknown_calendar_feed"]),
    },
)
def read_calendar(
    token: Annotated[str, Path(description="The secret of the address; `POST` made it")],
    now: Now,
    if_none_match: Annotated[str | None, Header(description="The `ETag` that the caller has")] = None,
    if_modified_since: Annotated[str | None, Header(description="The `Last-Modified` that the caller has")] = None,
) -> Response:
    """Appointments and availabilities from 30 days back on, whatever `Accept` says.

    Nothing in it names a patient: it lies on phones and in clouds. Cancelled appointments stay in it as cancelled, so
    that phones take them out. An address that is revoked, never was, or whose doctor is no longer active is answered
    with the same 404.
    """
    with transaction() as session, whole(session):  # the address says how far it reaches
        content = read_feed(session, token, now)
    if content is None:
        message = "There is no calendar at this address, or no longer; ask for a new one where you were given it."
        raise Refused(Refusal.NOT_FOUND, [Fault("unknown_calendar_feed", "", None, message)])
    headers = {
        "Cache-Control": "private, no-cache",  # kept by the phone alone, which asks before it uses it
        "ETag": _etag(content),
        "Last-Modified": format_datetime(content.since, usegmt=True),
    }
    if _has(content, if_none_match, if_modified_since):
        return Response(status_code=304, headers=headers)
    return CalendarFile(calendar(content), headers=headers)


def _etag(content: FeedContent) -> str:
    return f'"{FORMAT}-{content.sha256.hex()[:32]}-{int(content.since.timestamp())}"'


def _has(content: FeedContent, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether the caller has the content already (RFC 9110, section 13.2.2)."""
    if if_none_match is not None:
        return if_none_match.strip() == "*" or _etag(content) in _ENTITY_TAG.findall(if_none_match)
    try:
        seen = parsedate_to_datetime(if_modified_since or "")
    except (ValueError, OverflowError):  # no date, or none that a calendar reaches
        return False
    return content.since <= (seen if seen.tzinfo else seen.replace(tzinfo=dt.UTC))
