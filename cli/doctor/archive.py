"""Whether PostgreSQL's log is archived, so that a backup can be brought up to any instant."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

from cli.doctor.checked import Checked, fail, ok, unknown, warn
from cli.doctor.database import setting
from models.seeing.alarms import lasting

LATE = dt.timedelta(minutes=15)
"""After which a segment that is full should long have been archived."""

_STATE = text("""
    SELECT now(), last_archived_wal, last_archived_time, last_failed_time,
        CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(pg_current_wal_lsn()) END,
        pg_size_bytes(current_setting('wal_segment_size'))
    FROM pg_stat_archiver
""")


@dataclass(frozen=True, slots=True)
class Archiver:
    """How far the log is archived. `archived`, `current`: the names of the last segment that is, and of the one that is
    being written (None: none is); `size`: of a segment, in bytes.
    """

    now: dt.datetime
    archived: str | None
    archived_at: dt.datetime | None
    failed_at: dt.datetime | None
    current: str | None
    size: int


def check_archive(connection: Connection) -> Checked:
    """Whether the log is archived, and how far."""
    if setting(connection, "archive_mode") == "off":
        return warn(
            "archive",
            "archive_mode is off: a restore goes back to the last base backup, and loses what came after",
            "Set it up as docs/operations.md says under Backup and restore (`slotwise backup setup`).",
        )
    return judge(Archiver(*connection.execute(_STATE).one()))


def judge(found: Archiver) -> Checked:
    """What to make of an archiver."""
    failed_ago = lasting((found.now - found.failed_at).total_seconds()) if found.failed_at else ""
    if found.failed_at and (found.archived_at is None or found.failed_at > found.archived_at):
        return fail(
            "archive",
            f"the last attempt to archive failed, {failed_ago} ago",
            "Read why in PostgreSQL's log (folder full or away?); until it is mended the log fills the disk.",
        )
    if found.archived is None or found.archived_at is None:
        return unknown("archive", "nothing was archived as yet", "Run `SELECT pg_switch_wal()`, then look again.")
    age = found.now - found.archived_at
    says = f"the last segment was archived {lasting(age.total_seconds())} ago"
    waiting = _number(found.current, found.size) - _number(found.archived, found.size) - 1 if found.current else 0
    if waiting > 0 and age > LATE:
        return fail("archive", f"{says}, and {waiting} more wait for it", "Read in PostgreSQL's log what holds it up.")
    return ok("archive", says)


def _number(segment: str, size: int) -> int:
    """The place of a segment of the log among all of a timeline, by its name."""
    per_file = 2**32 // size
    return int(segment[8:16], 16) * per_file + int(segment[16:24], 16)
