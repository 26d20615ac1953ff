"""An appointment as an entry for the patient's calendar: an iTIP request, or its cancellation (RFC 5545, 5546, 6047).

The entry has the appointment's id for its UID, and SEQUENCE grows with the appointment's version: whatever order the
mails arrive in, a calendar ends at the newest. Hours are in UTC, which no client misreads on the days on which clocks
change; the description says them by the hospital's clock.
"""

import datetime as dt

from icalendar import CUTYPE, ROLE, STATUS, TRANSP, Calendar, Event, vCalAddress, vText

from models.appointment_messages import CANCELLED
from models.deliveries.letters import Letter
from models.outgoing import Sender
from workers.telling import wording

_PRODUCT = "-//Slotwise//Slotwise//EN"


def method(letter: Letter) -> str:
    """What the entry asks of a calendar: to have it, as it is now, or to cancel it."""
    return "CANCEL" if letter.topic == CANCELLED else "REQUEST"


def invitation(letter: Letter, sender: Sender, address: str) -> bytes:
    """The entry as a file: UTF-8, lines that end in CRLF. The same letter gives the same bytes."""
    calendar = Calendar()  # not `Calendar.new`, which gives it a UID of its own, by chance
    for name, value in (("PRODID", _PRODUCT), ("VERSION", "2.0"), ("METHOD", method(letter))):
        calendar.add(name, vText(value))
    calendar.add_component(_event(letter, sender, address))
    written: bytes = calendar.to_ical()
    return written


def _event(letter: Letter, sender: Sender, address: str) -> Event:
    visit = letter.visit
    organizer = vCalAddress.new(sender.address, cn=visit.hospital)
    attendee = vCalAddress.new(address, cn=letter.name, cutype=CUTYPE.INDIVIDUAL, role=ROLE.REQ_PARTICIPANT, rsvp=False)
    return Event.new(
        uid=letter.appointment,
        stamp=letter.told_at.astimezone(dt.UTC),
        sequence=letter.version - 1,
        start=visit.start.astimezone(dt.UTC),
        end=visit.end.astimezone(dt.UTC),
        summary=wording.summary(visit),
        description=wording.by_the_clock(visit),
        location=visit.hospital,
        organizer=organizer,
        attendees=[attendee],
        status=STATUS.CANCELLED if letter.topic == CANCELLED else STATUS.CONFIRMED,
        transparency=TRANSP.OPAQUE,
    )
