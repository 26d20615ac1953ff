"""The instants that people mean: with an offset, or by the clock of the one hospital that is meant."""

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from api.web.clocks import instants
from models.hours import instant_of

Hospitals = Mapping[str, str]
"""The IANA time zones of the hospitals that are meant, by their names."""

Typed = dt.date | dt.datetime
"""A date, or a time with or without an offset."""


class NoInstant(ValueError):  # noqa: N818  # a fault of what was typed
    """A time that means no instant, or more than one: what is wrong with it, and what to write instead."""


def typed(text: str) -> Typed:
    """A date or a time in ISO 8601.

    Raises
    ------
    NoInstant
        where it is neither.

    """
    for read in (dt.date.fromisoformat, dt.datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    raise NoInstant("is no date and no time; write it like 2026-12-07, 2026-12-07T09:00 or 2026-12-07T09:00+00:00")


def has_offset(time: Typed) -> bool:
    """Whether a time means the same everywhere."""
    return isinstance(time, dt.datetime) and time.tzinfo is not None


def instant(time: Typed, hospitals: Hospitals, *, ends: bool = False) -> dt.datetime:
    """The instant that a time means. A date is the whole day: its first instant, or with `ends` the next day's.

    `hospitals` matter only where it has no offset: all of them have to keep one clock.

    Raises
    ------
    NoInstant
        where they do not, or where their clock shows the time twice or never.

    """
    if isinstance(time, dt.datetime) and time.tzinfo is not None:
        return time
    zone = _the_zone(hospitals)
    if not isinstance(time, dt.datetime):
        day = time + dt.timedelta(days=1) if ends else time
        return instant_of(day, 0, zone).astimezone(zone)
    meant = [each.astimezone(zone) for each in instants(time, zone)]
    match meant:
        case [one]:
            return one
        case [first, second]:
            raise NoInstant(
                f"comes twice where the clocks of {zone.key} are put back; write {_written(first)} for the first "
                f"or {_written(second)} for the second"
            )
        case _:
            after = time.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone)
            raise NoInstant(f"does not exist: the clocks of {zone.key} skip it; {_written(after)} is the same moment")


def _the_zone(hospitals: Hospitals) -> ZoneInfo:
    zones = set(hospitals.values())
    if len(zones) == 1:
        return ZoneInfo(zones.pop())
    whose = ", ".join(f"{name} ({zone})" for name, zone in sorted(hospitals.items()))
    why = f"could be by the clock of {whose}" if whose else "is by no clock that is known"
    raise NoInstant(f"{why}; name one with --hospital, or write the offset, like 2026-12-07T09:00+00:00")


def _written(instant: dt.datetime) -> str:
    return instant.isoformat(timespec="minutes")
