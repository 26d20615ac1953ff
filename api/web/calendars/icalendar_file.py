"""A calendar feed as iCalendar (RFC 5545 and RFC 7986), which every phone reads.

It says where and when, and never who the patient is: the file lies on phones and in clouds. Times are in UTC, which no
client misreads on the days on which clocks change; each event also says its hours by the hospital's clock.
"""

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

from icalendar import STATUS, TRANSP, Calendar, Event, vDuration, vText

from api.web import clocks
from api.web.words import t
from models.calendar_feeds import AppointmentEvent, AvailabilityEvent, FeedContent
from models.schedule import AppointmentStatus

MEDIA_TYPE = "text/calendar"

ASK_AGAIN = dt.timedelta(minutes=15)
"""How often the calendar asks to be read again; phones make of it what they will."""

FORMAT = 1
"""Part of a feed's `ETag`: to be raised when the same content is written otherwise, so that phones fetch it anew."""

_PRODUCT = "-//Slotwise//Slotwise//EN"

_SUMMARIES = {
    AppointmentStatus.BOOKED: "calendars-event-booked",
    AppointmentStatus.COMPLETED: "calendars-event-completed",
    AppointmentStatus.NO_SHOW: "calendars-event-no-show",
    AppointmentStatus.CANCELLED: "calendars-event-cancelled",
}


def calendar(content: FeedContent) -> bytes:
    """The feed as a file: UTF-8, lines that end in CRLF and are folded at 75 bytes.

    The same content gives the same bytes: it is dated by when it came to be, not by when it is read.
    """
    whole = Calendar.new(prodid=_PRODUCT, calscale="GREGORIAN", uid=content.doctor_id, last_modified=content.since)
    name, about = (t(key, doctor=content.doctor) for key in ("calendars-feed-name", "calendars-feed-about"))
    for key, text in (("NAME", name), ("X-WR-CALNAME", name), ("DESCRIPTION", about), ("X-WR-CALDESC", about)):
        whole.add(key, vText(text))  # said to be text, or the library leaves commas as they are
    whole.add("REFRESH-INTERVAL", vDuration(ASK_AGAIN), {"VALUE": "DURATION"})
    whole.add("X-PUBLISHED-TTL", vDuration(ASK_AGAIN))  # Outlook's word for it
    zones = Counter(each.timezone for each in content.availabilities)
    zones.update(each.timezone for each in content.appointments)
    if zones:
        whole.add("X-WR-TIMEZONE", zones.most_common(1)[0][0])  # where Google shows days, if it knows no better
    for appointment in content.appointments:
        whole.add_component(_appointment(appointment, content.since))
    for availability in content.availabilities:
        whole.add_component(_event(availability, t("calendars-event-available"), content.since))
    written: bytes = whole.to_ical()
    return written


def _appointment(appointment: AppointmentEvent, since: dt.datetime) -> Event:
    event = _event(appointment, t(_SUMMARIES[appointment.status]), since)
    if appointment.status is AppointmentStatus.CANCELLED:
        event.status = STATUS.CANCELLED
    else:
        event.status = STATUS.CONFIRMED
        event.transparency = TRANSP.OPAQUE
    return event


def _event(told: AppointmentEvent | AvailabilityEvent, summary: str, since: dt.datetime) -> Event:
    """An event that leaves its time free. When a changed row was changed is not known: by `since` at the latest."""
    zone = ZoneInfo(told.timezone)
    return Event.new(
        uid=told.id,
        stamp=since,
        created=told.created_at.astimezone(dt.UTC),
        last_modified=None if told.version > 1 else told.created_at.astimezone(dt.UTC),
        sequence=told.version - 1,
        start=told.start.astimezone(dt.UTC),
        end=told.end.astimezone(dt.UTC),
        summary=summary,
        description=t(
            "calendars-event-clock",
            start=clocks.clock(told.start, zone),
            end=clocks.clock(told.end, zone),
            zone=told.timezone,
        ),
        location=told.hospital,
        transparency=TRANSP.TRANSPARENT,
    )
