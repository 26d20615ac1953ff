"""Moving the oldest part of the audit into an archive: written, read back and verified, and only then deleted.

Each part is one transaction, so whatever ends it leaves the database as it was, and what was written of the part is
written anew the next time. A part holds the details that it has until it is done, so that nobody is erased meanwhile.
"""

# ruff: noqa: S608  # of the text of an entry and of a seal, as `models.audit.functions` has them

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from models.arrays import among
from models.audit.archive import (
    Part,
    Seal,
    Words,
    as_line,
    parts_of,
    read_words,
    seals_file,
    verify_part,
    words_file,
    write_lines,
    write_part,
)
from models.audit.functions import ENTRY_TEXT, SEAL_TEXT
from models.audit.tables import AuditArchive
from models.locks import AdvisoryLock
from models.people import Patient
from models.session import engine

MOST = 20_000
"""Entries that a part holds at most, unless one seal has more: a second's work or two."""

_SEALS = text(f"""
    WITH following AS (
        SELECT number, sealed_at, encode(previous, 'hex') AS previous, encode(hash, 'hex') AS hash, {SEAL_TEXT} AS text,
            (SELECT sum(upper(each) - lower(each)) FROM unnest(entries) AS each)::bigint AS size,
            lead(number) OVER (ORDER BY number) AS next
        FROM audit_seal WHERE number > :after ORDER BY number LIMIT :most + 1
    ), reckoned AS (SELECT *, sum(size) OVER (ORDER BY number) AS so_far FROM following)
    SELECT * FROM reckoned
    WHERE sealed_at < :before AND next IS NOT NULL AND (so_far <= :most OR number = :after + 1) ORDER BY number
""")
"""Those that a part takes: the newest of all stays, since the next one follows from it."""

_ENTRIES = text(f"""
    SELECT number, {ENTRY_TEXT} AS text
    FROM audit_seal CROSS JOIN LATERAL unnest(entries) AS held
    JOIN audit_entry ON id >= lower(held) AND id < upper(held)
    WHERE number BETWEEN :first AND :last ORDER BY number, id
""")
_WORDS = text("""
    SELECT entry_id AS entry, patient_id::text AS patient, salt::text, before::text, after::text
    FROM audit_seal CROSS JOIN LATERAL unnest(entries) AS held
    JOIN audit_detail ON entry_id >= lower(held) AND entry_id < upper(held)
    WHERE number BETWEEN :first AND :last ORDER BY entry_id FOR SHARE OF audit_detail
""")


class ArchiveRefused(Exception):  # noqa: N818  # as `Refused`
    """Nothing more was archived: it says why, and what to do."""


def check_folder(session: Session, folder: Path) -> list[Part]:
    """The parts that a folder has, of which the last may not have been deleted from the database as yet.

    Raises
    ------
    ArchiveRefused
        where it is another database's, not this one's newest, or no archive at all; or where not the owner asks.
    NotAnArchive
        where it cannot be read.

    """
    if not session.scalar(text("SELECT has_function_privilege('archive_audit(bigint, bytea)', 'EXECUTE')")):
        raise ArchiveRefused("Only the role that owns the tables may archive the audit: set OWNER_DATABASE_URL to it.")
    parts = parts_of(folder)
    if not parts:
        if any(not each.name.startswith("seals-") for each in folder.iterdir()):
            raise ArchiveRefused(f"{folder} is not empty and no archive; name another folder.")
        return []
    number, head = _anchor(session)
    heads = {each.last: each.head for each in parts}
    if number and heads.get(number) != head:
        raise ArchiveRefused(
            f"{folder} has not what was archived last of this database, up to seal {number}; name the folder that has,"
            " or an empty one."
        )
    for part in parts:
        if part.last > number and part.head != session.scalar(_HASH, {"number": part.last}):
            raise ArchiveRefused(
                f"{folder} holds what this database does not know, in {part.seals.name}: it is another's, or this one"
                " was restored to before. Keep it, and name an empty folder."
            )
    return parts


def archive_part(session: Session, folder: Path, before: dt.datetime, most: int = MOST) -> Part | None:
    """Move the oldest seals into a part of the archive, with about `most` entries: those sealed before an instant.

    None: there are no more. The transaction must be the owner's.

    Raises
    ------
    ArchiveRefused
        where what was written is not what the database has: it is as it was.

    """
    session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '10min'"))  # disks elsewhere may be slow
    session.execute(select(func.pg_advisory_xact_lock(AdvisoryLock.ARCHIVING)))
    number, head = _anchor(session)
    seals = session.execute(_SEALS, {"after": number, "before": before, "most": most}).all()
    if not seals:
        return None
    among_ = {"first": seals[0].number, "last": seals[-1].number}
    # Held until the transaction ends: whoever erases a patient waits, and finds nothing left to erase here.
    words = [Words(**row) for row in session.execute(_WORDS, among_).mappings()]
    write_lines(words_file(folder, seals[0].number), map(as_line, words))
    part = Part(
        folder=folder,
        first=seals[0].number,
        last=seals[-1].number,
        previous=head,
        head=seals[-1].hash,
        entries=sum(each.size for each in seals),
        since=seals[0].sealed_at.isoformat(),
        until=seals[-1].sealed_at.isoformat(),
        sha256=write_lines(seals_file(folder, seals[0].number), _lines(session, seals, among_)),
    )
    write_part(part)
    if faults := list(verify_part(part)):
        raise ArchiveRefused(f"Nothing was deleted from the database: {faults[0]}")
    session.execute(select(func.archive_audit(part.last, bytes.fromhex(part.head))))
    return part


def erase_words(session: Session, part: Part) -> int:
    """Take away from a part what patients were called who have been erased since. Returns how many entries' words."""
    words = list(read_words(part))
    patients = {UUID(each.patient) for each in words}
    there = select(Patient.id).where(Patient.erased_at.is_(None), among(Patient.id, patients))
    known = {str(id_) for id_ in session.scalars(there)}
    kept = [each for each in words if each.patient in known]
    if len(kept) < len(words):
        write_lines(part.words, map(as_line, kept))
    return len(words) - len(kept)


def make_room() -> None:
    """Let the database use again what deleted rows have taken. Its files stay as long as they are."""
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM audit_entry, audit_detail, audit_seal"))


_HASH = text("SELECT encode(hash, 'hex') FROM audit_seal WHERE number = :number")


def _anchor(session: Session) -> tuple[int, str]:
    """The number and the hash of the seal that was archived last; of none: 0 and nothing."""
    newest = session.scalar(select(AuditArchive).order_by(AuditArchive.number.desc()).limit(1))
    return (newest.number, newest.hash.hex()) if newest else (0, "")


def _lines(session: Session, seals: Sequence[Row[Any]], among_: Mapping[str, int]) -> Iterator[str]:
    """Each seal, and after it its entries."""
    following = iter(seals)
    number = 0
    for row in session.execute(_ENTRIES, among_, execution_options={"yield_per": 1000}):
        if row.number != number:
            seal = next(following)
            number = seal.number
            yield as_line(Seal(number, seal.text, seal.previous, seal.hash, seal.size))
        yield row.text
