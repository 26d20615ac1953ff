"""Words that the messages of findings share."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from models.validation.clocks import zone_of
from planner.wording import MOST_NAMED, spoken


def by_clock(at: datetime, timezone: str | None) -> str:
    """An instant by the clock of a zone: `Tue 1 Dec 2026 10:00 (Europe/Lisbon)`; by UTC where the zone is none."""
    zone = zone_of(timezone)
    return f"{spoken(at.astimezone(zone or UTC))} ({zone.key if zone else 'UTC'})"


def together(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def listed(names: Collection[str]) -> str:
    """The first few of some names, and how many more there are."""
    first = sorted(names)[:MOST_NAMED]
    more = len(names) - len(first)
    return together([*first, f"{more} more"] if more else first)
