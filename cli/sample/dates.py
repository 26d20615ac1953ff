"""The one clock of the sample: when it begins unless told."""

from datetime import UTC, date, datetime, timedelta


def next_monday() -> date:
    """The first Monday after today, by UTC: all of the sample lies ahead."""
    today = datetime.now(UTC).date()
    return today + timedelta(days=8 - today.isoweekday())
