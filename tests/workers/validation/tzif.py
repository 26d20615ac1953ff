"""Time-zone files of our own making, as a newer time-zone database would have them (RFC 8536)."""

import struct
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
KNOWN_SINCE = datetime(2025, 1, 1, tzinfo=UTC)


def shifted_from(timezone: str, instant: datetime, offset: timedelta) -> bytes:
    """The file of a zone as it is, but that from `instant` on, for good, its clock is `offset` ahead of UTC."""
    zone = ZoneInfo(timezone)
    hours = [KNOWN_SINCE + each * HOUR for each in range((instant - KNOWN_SINCE) // HOUR)]
    offsets = [at.astimezone(zone).utcoffset() for at in hours]
    changes = [
        (at, after) for at, before, after in zip(hours[1:], offsets, offsets[1:], strict=False) if before != after
    ]
    return _file([(KNOWN_SINCE, offsets[0]), *changes, (instant, offset)])


def _file(changes: list[tuple[datetime, timedelta]]) -> bytes:
    offsets = sorted({offset for _, offset in changes})
    times = b"".join(struct.pack(">q", int(at.timestamp())) for at, _ in changes)
    kinds = bytes(offsets.index(offset) for _, offset in changes)
    types = b"".join(struct.pack(">lbb", offset // timedelta(seconds=1), 0, 0) for offset in offsets)
    head = b"TZif2" + bytes(15)
    first = head + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"LMT\0"
    second = head + struct.pack(">6l", 0, 0, 0, len(changes), len(offsets), 4) + times + kinds + types + b"LMT\0"
    return first + second + b"\n" + _for_good(changes[-1][1]) + b"\n"


def _for_good(offset: timedelta) -> bytes:
    """An offset as POSIX writes it: what is added to the clock to have UTC."""
    minutes = offset // timedelta(minutes=1)
    sign, (hours, rest) = "-" if minutes > 0 else "+", divmod(abs(minutes), 60)
    return f"<{'+' if minutes >= 0 else '-'}{hours:02}{rest:02}>{sign}{hours}:{rest:02}".encode()
