"""The sentences of a mail to a patient, and of the entry in their calendar."""

import datetime as dt
from zoneinfo import ZoneInfo

from babel.dates import format_date

from models.appointment_messages import BOOKED, CANCELLED, MOVED
from models.deliveries.letters import Letter, Visit

_LOCALE = "en_GB"

_SUBJECTS = {
    BOOKED: "Your appointment on {day}",
    MOVED: "Your appointment has been moved to {day}",
    CANCELLED: "Your appointment on {day} has been cancelled",
}

_BOOKED = """Dear {name},

you have an appointment:

{visit}

If this hour does not suit you, please tell the hospital.

{hospital}
"""

_MOVED = """Dear {name},

your appointment has been moved.

It was:

{before}

It is now:

{visit}

If the new hour does not suit you, please tell the hospital.

{hospital}
"""

_CANCELLED = """Dear {name},

your appointment has been cancelled:

{visit}

{hospital}
"""

_TEXTS = {BOOKED: _BOOKED, MOVED: _MOVED, CANCELLED: _CANCELLED}


def subject(letter: Letter) -> str:
    """The subject: what has happened, and the day; whom it is with stands inside."""
    return _SUBJECTS[letter.topic].format(day=_day(letter.visit))


def text(letter: Letter) -> str:
    """The mail's text, with the old hour and the new one where it was moved."""
    return _TEXTS[letter.topic].format(
        name=letter.name,
        visit=_told(letter.visit),
        before=_told(letter.before) if letter.before else "",
        hospital=letter.visit.hospital,
    )


def summary(visit: Visit) -> str:
    """What a calendar shows of it."""
    return f"Appointment with {visit.doctor}"


def by_the_clock(visit: Visit) -> str:
    """10:00 to 11:00 by the hospital's clock (Europe/Lisbon)."""
    return (
        f"{_clock(visit.start, visit.zone)} to {_clock(visit.end, visit.zone)} by the hospital's clock ({visit.zone})"
    )


def _told(visit: Visit) -> str:
    lines = (_day(visit), by_the_clock(visit), visit.doctor, visit.hospital)
    return "\n".join(f"    {line}" for line in lines)


def _day(visit: Visit) -> str:
    return format_date(visit.start.astimezone(visit.zone).date(), "EEEE d MMMM y", _LOCALE)


def _clock(instant: dt.datetime, zone: ZoneInfo) -> str:
    """10:00, or 01:00 (UTC+01:00) where the clocks go back and show it twice."""
    local = instant.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M} (UTC{local.isoformat()[-6:]})" if twice else f"{local:%H:%M}"
