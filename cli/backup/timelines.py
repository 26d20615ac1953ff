"""The timelines of a log: PostgreSQL begins one whenever a database was restored, and goes on with what it had then.

What was copied and logged between the time restored to and the restore belongs to the timeline before, and to no later
one. So a copy leads to a time only if its timeline does.

Source: PostgreSQL 18 manual, Timelines; backup_manifest's WAL-Ranges.
"""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cli.backup.store import Base, Store
from cli.embedded.archiving import SUFFIX

_HISTORY = re.compile(rf"([0-9A-F]{{8}})\.history({re.escape(SUFFIX)})?")
_LEFT = re.compile(r"^\s*(\d+)\s+([0-9A-F]+)/([0-9A-F]+)", re.MULTILINE)
_SEGMENT = re.compile(rf"([0-9A-F]{{24}}){re.escape(SUFFIX)}")


@dataclass(frozen=True, slots=True)
class Timeline:
    """A timeline, when it began, and at what positions in the log those before it were left."""

    number: int
    began: datetime
    left: Mapping[int, int]


def read_timelines(*folders: Path) -> dict[int, Timeline]:
    """The timelines whose histories are in some folders, by their numbers; the first has none."""
    found: dict[int, Timeline] = {}
    for file in (file for folder in folders for file in folder.glob("*.history*")):
        if named := _HISTORY.fullmatch(file.name):
            text, began = _read(file, packed=bool(named[2]))
            left = {int(number): _number(high, low) for number, high, low in _LEFT.findall(text)}
            found[int(named[1], 16)] = Timeline(int(named[1], 16), datetime.fromtimestamp(began, UTC), left)
    return found


def _read(file: Path, *, packed: bool) -> tuple[str, float]:
    """What a history says, and when it was written: gzip keeps that, wherever the file is copied to."""
    if not packed:
        return file.read_text(encoding="utf-8"), file.stat().st_mtime
    with gzip.open(file) as opened:
        text = opened.read().decode()
        return text, opened.mtime or file.stat().st_mtime


def current(timelines: Mapping[int, Timeline], bases: Sequence[Base], to: datetime | None) -> int:
    """The timeline that was gone on with at a time; None: the newest."""
    begun = [each.number for each in timelines.values() if to is None or each.began <= to]
    return max(begun + [base.timeline for base in bases if to is None or base.to <= to], default=1)


def leading_to(store: Store, bases: Sequence[Base], timelines: Mapping[int, Timeline], number: int) -> list[Base]:
    """Those of some copies from which a timeline can be reached: the others are of what was undone."""
    return [base for base in bases if base.timeline == number or _before(store, base, timelines.get(number))]


def newest_segment(store: Store, number: int) -> str | None:
    """The last file of a timeline's log that is archived; None where there is none."""
    names = (named[1] for file in store.log.iterdir() if (named := _SEGMENT.fullmatch(file.name)))
    return max((name for name in names if int(name[:8], 16) == number), default=None)


def position(segment: str) -> str:
    """What a file of the log has in its name besides its timeline: the greater, the later."""
    return segment[8:]


def _before(store: Store, base: Base, timeline: Timeline | None) -> bool:
    """Whether a copy was whole before a timeline left that of the copy."""
    left = timeline.left.get(base.timeline) if timeline else None
    if left is None:
        return False
    manifest = json.loads((store.of(base) / "data" / "backup_manifest").read_text(encoding="utf-8"))
    return _number(*manifest["WAL-Ranges"][-1]["End-LSN"].split("/")) <= left


def _number(high: str, low: str) -> int:
    """A position in the log as a number, which PostgreSQL writes as two."""
    return (int(high, 16) << 32) + int(low, 16)
