"""When the sample begins unless told."""

from datetime import UTC, date, datetime, timedelta


def next_monday(now: datetime | None = None) -> date:
    """The first Monday after tomorrow (of `now`; None: this moment), so that all of it lies ahead everywhere."""
    tomorrow = (now or datetime.now(UTC)).astimezone(UTC).date() + timedelta(days=1)
    return tomorrow + timedelta(days=8 - tomorrow.isoweekday())
