"""Whether the database's time zones are those of Python: both reckon hospitals' hours, and have to come to the same."""

import datetime as dt
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, text

from cli.doctor.checked import Checked, fail, ok

_AHEAD = 800
_EVERY = 7
"""Days; clocks that change stay changed for weeks."""

_USUAL = ("Europe/Lisbon", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
"""Looked at where there are no hospitals as yet."""

_OFFSETS = text("""
    SELECT zone, instant, extract(epoch FROM (instant AT TIME ZONE zone) - (instant AT TIME ZONE 'UTC'))::int
    FROM unnest(CAST(:zones AS text[])) AS zone, unnest(CAST(:instants AS timestamptz[])) AS instant
    WHERE zone IN (SELECT name FROM pg_timezone_names)
""")


def check_zones(connection: Connection, now: dt.datetime) -> Checked:
    """Compare what both know of the hospitals' zones, week by week for two years."""
    zones = connection.scalars(text("SELECT DISTINCT timezone FROM hospital ORDER BY timezone")).all() or _USUAL
    instants = [now + dt.timedelta(days=day) for day in range(0, _AHEAD, _EVERY)]
    rows = connection.execute(_OFFSETS, {"zones": list(zones), "instants": instants}).all()
    there = {(zone, instant): offset for zone, instant, offset in rows}
    for zone in zones:
        for instant in instants:
            here = _offset(zone, instant)
            if here is None or here != there.get((zone, instant)):
                return fail(
                    "time zones",
                    f"on {instant:%d %b %Y} {zone} is {_told(there.get((zone, instant)))} by PostgreSQL and "
                    f"{_told(here)} by Python (tzdata {_tzdata()})",
                    "Bring the older time zone data up to date (PostgreSQL's minor version, or the system's tzdata; "
                    "`pip install --upgrade tzdata`), then run `slotwise validate`.",
                )
    return ok("time zones", f"PostgreSQL and Python (tzdata {_tzdata()}) agree on {', '.join(zones)}")


def _offset(zone: str, instant: dt.datetime) -> int | None:
    """Seconds east of UTC by Python; None where it does not know the zone."""
    try:
        offset = instant.astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return round(offset.total_seconds()) if offset is not None else None


def _told(offset: int | None) -> str:
    if offset is None:
        return "unknown"
    minutes = abs(offset) // 60
    return f"UTC{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _tzdata() -> str:
    try:
        return version("tzdata")
    except PackageNotFoundError:
        return "of the system"
