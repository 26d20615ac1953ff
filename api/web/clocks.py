"""Dates and times as people write them, by the clock of a hospital.

A time of day is written with its offset only where the same time comes twice that day: the hours around a clock's
going back.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_timedelta

from api.web.words import LOCALE, t


def day(date: dt.date) -> str:
    """Tuesday 12 January 2027."""
    return format_date(date, "EEEE d MMMM y", LOCALE)


def short_day(date: dt.date) -> str:
    """Tue 12 Jan."""
    return format_date(date, "EEE d MMM", LOCALE)


def monday(date: dt.date) -> dt.date:
    """The Monday of the week that a date is in."""
    return date - dt.timedelta(days=date.weekday())


def clock(instant: dt.datetime, zone: ZoneInfo) -> str:
    """10:00, or 01:00 (UTC+1) where there are two of them that day."""
    local = instant.astimezone(zone)
    told = f"{local:%H:%M}"
    return f"{told} ({offset(instant, zone)})" if len(instants(local.replace(tzinfo=None), zone)) > 1 else told


def span(start: dt.datetime, end: dt.datetime, zone: ZoneInfo) -> str:
    """10:00 to 11:00, as a short text with a dash."""
    return f"{clock(start, zone)}–{clock(end, zone)}"  # noqa: RUF001  # an en dash is what a span is written with


def when(instant: dt.datetime, zone: ZoneInfo) -> str:
    """Tue 12 Jan 2027, 10:00."""
    local = instant.astimezone(zone)
    return f"{format_date(local.date(), 'EEE d MMM y', LOCALE)}, {clock(instant, zone)}"


def offset(instant: dt.datetime, zone: ZoneInfo) -> str:
    """UTC+5:30: how far the zone's clocks are ahead at an instant."""
    minutes = int((instant.astimezone(zone).utcoffset() or dt.timedelta()).total_seconds() // 60)
    sign = "−" if minutes < 0 else "+"  # noqa: RUF001  # a minus sign
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"


def place(zone: ZoneInfo) -> str:
    """Lisbon: the place a zone is named after."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def ago(instant: dt.datetime, now: dt.datetime) -> str:
    """3 minutes ago, or in 2 days."""
    passed = instant - now
    return t("common-now") if abs(passed) < dt.timedelta(seconds=1) else _with_direction(passed)


def _with_direction(passed: dt.timedelta) -> str:
    return format_timedelta(passed, add_direction=True, locale=LOCALE, threshold=1.2)


def lasting(seconds: float) -> str:
    """0.4 s, 12 s or 3 minutes."""
    return f"{seconds:.2g} s" if seconds < 60 else format_timedelta(dt.timedelta(seconds=seconds), locale=LOCALE)


def as_input(instant: dt.datetime, zone: ZoneInfo) -> str:
    """What `<input type="datetime-local">` takes: the time by the zone's clock, without an offset."""
    return instant.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes")


def instants(local: dt.datetime, zone: ZoneInfo) -> list[dt.datetime]:
    """The instants (UTC) at which a zone's clocks show `local`, which is naive: one; none where the clocks skip it; two
    where they show it twice, the earlier first.
    """
    readings = [local.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1)]
    shown = [each for each in readings if each.astimezone(zone).replace(tzinfo=None) == local]
    return sorted(set(shown))
