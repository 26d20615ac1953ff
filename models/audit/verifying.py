"""Whether the audit is as it was written: every hash of the chain computed anew, here and not by the database.

Where the oldest part stands in an archive, the chain goes on from the archive's last hash; with the archive's parts at
hand they are verified too, and that they are the ones.

Whoever may change the database's rules could rewrite the whole chain, from what they changed on. What gives them away
then is a hash of before that was kept elsewhere (`head`).
"""

# ruff: noqa: S608  # of the text of an entry and of a seal, as `models.audit.functions` has them

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from models.audit.archive import VerifiedArchive
from models.audit.functions import ENTRY_TEXT, SEAL_TEXT
from models.audit.tables import AuditArchive

SLICE = 500
"""Seals that one statement reads."""

TOLD = 20
"""Ids that a fault names at most."""

_SEALS = text(f"""
    SELECT number, previous, hash, sealed_at, {SEAL_TEXT} AS text,
        (SELECT sum(upper(each) - lower(each)) FROM unnest(entries) AS each) AS size,
        (SELECT min(lower(each)) FROM unnest(entries) AS each) AS first,
        (SELECT max(upper(each)) - 1 FROM unnest(entries) AS each) AS last
    FROM audit_seal WHERE number > :after ORDER BY number LIMIT :most
""")
_ENTRIES = text(f"""
    SELECT number, {ENTRY_TEXT} AS text
    FROM audit_seal CROSS JOIN LATERAL unnest(entries) AS held
    JOIN audit_entry ON id >= lower(held) AND id < upper(held)
    WHERE number BETWEEN :first AND :last ORDER BY number, id
""")
_ADDED = text("""
    WITH sealed AS (SELECT coalesce(range_agg(entries), '{}') AS ids FROM audit_seal)
    SELECT id FROM audit_entry
    WHERE NOT id <@ (SELECT ids FROM sealed) AND NOT EXISTS (SELECT FROM audit_unsealed WHERE entry_id = id)
    ORDER BY id LIMIT :most
""")
_LOST = text("""
    SELECT entry_id FROM audit_unsealed
    WHERE NOT EXISTS (SELECT FROM audit_entry WHERE id = entry_id) ORDER BY entry_id LIMIT :most
""")
_OTHER_WORDS = text("""
    SELECT entry_id FROM audit_detail AS detail JOIN audit_entry AS entry ON entry.id = entry_id
    CROSS JOIN LATERAL (VALUES (detail.before, entry.before), (detail.after, entry.after)) AS side (words, told)
    WHERE encode(sha256(convert_to(salt::text || words::text, 'UTF8')), 'hex') IS DISTINCT FROM told ->> 'words'
    ORDER BY entry_id LIMIT :most
""")


@dataclass
class Verified:
    """What came of it. `number` and `head` are the newest seal's (0: nothing is sealed); `faults` are sentences.

    `archived` is the number of the last seal that stands in an archive (0: none).
    """

    entries: int = 0
    archived: int = 0
    number: int = 0
    head: bytes = b""
    faults: list[str] = field(default_factory=list)


def verify(
    session: Session,
    head: str | None = None,
    progress: Callable[[int], object] = lambda _: None,
    archive: VerifiedArchive | None = None,
) -> Verified:
    """Compute the chain anew and compare.

    Parameters
    ----------
    head
        A hash, in hexadecimal, that was the chain's head before.
    progress
        Is told how many entries have been looked at.
    archive
        What came of the archive, which is verified before, since no transaction lasts for as long as that may take;
        None: the chain is taken up where the archive ends.

    """
    found = Verified()
    passed_head = _archived(session, found, archive, head) or head is None
    while seals := session.execute(_SEALS, {"after": found.number, "most": SLICE}).all():
        hashes, sizes = _computed(session, seals)
        for seal in seals:
            if fault := _fault(seal, found, hashes[seal.number], sizes[seal.number]):
                when = f"{seal.sealed_at:%Y-%m-%d %H:%M:%S} UTC"
                found.faults.append(
                    f"Seal {seal.number} (entries {seal.first} to {seal.last}, sealed {when}): {fault}."
                )
            found.number, found.head = seal.number, seal.hash
            found.entries += sizes[seal.number]
            passed_head = passed_head or found.head.hex() == head
        progress(found.entries)
    if not passed_head:
        where = "" if archive is not None or not found.archived else ", unless it is in the archive: name that, too"
        found.faults.append(f"The chain does not go through {head}: it was cut off before, or written anew{where}.")
    found.faults += _beside_the_chain(session)
    return found


def _archived(session: Session, found: Verified, archive: VerifiedArchive | None, head: str | None) -> bool:
    """Take up the chain where the archive ends. Returns whether it goes through `head` there, as far as is known."""
    rows = session.scalars(select(AuditArchive).order_by(AuditArchive.number)).all()
    if rows:
        found.archived = found.number = rows[-1].number
        found.head = rows[-1].hash
    heads = {each.hash.hex() for each in rows}
    if archive:
        found.entries, found.faults = archive.entries, [*archive.faults]
        found.faults += [
            f"The archive has no part up to seal {each.number}, as this database has archived it on"
            f" {each.archived_at:%Y-%m-%d}: it lies elsewhere, or is lost."
            for each in rows
            if archive.heads.get(each.number) != each.hash.hex()
        ]
    return head in heads or bool(archive and archive.passed_head)


def _computed(session: Session, seals: Sequence[Row[Any]]) -> tuple[dict[int, bytes], Counter[int]]:
    """By the number of each seal: the hash that it should have, and how many entries there are of it."""
    hashes = {seal.number: hashlib.sha256(seal.previous + seal.text.encode()) for seal in seals}
    sizes: Counter[int] = Counter()
    among = {"first": seals[0].number, "last": seals[-1].number}
    for number, entry in session.execute(_ENTRIES, among, execution_options={"yield_per": 1000}):
        hashes[number].update(hashlib.sha256(entry.encode()).digest())
        sizes[number] += 1
    return {number: each.digest() for number, each in hashes.items()}, sizes


def _fault(seal: Row[Any], before: Verified, computed: bytes, size: int) -> str | None:
    """What is wrong with a seal that follows `before`; None: nothing."""
    if seal.number != before.number + 1:
        return f"the seals from {before.number + 1} to it are missing"
    if seal.previous != before.head:
        return "it does not follow from the seal before"
    if size != seal.size:
        return f"{seal.size - size} of its {seal.size} entries are missing"
    return None if computed == seal.hash else "one of its entries, or the seal itself, was changed"


def _beside_the_chain(session: Session) -> Iterator[str]:
    """Entries that no seal holds and none is to hold, and what does not fit an entry."""
    for query, told in (
        (_ADDED, "Entries that nothing sealed were put in: {}."),
        (_LOST, "Entries were deleted before they were sealed: {}."),
        (_OTHER_WORDS, "What patients were called was changed in the details of the entries {}."),
    ):
        if ids := session.scalars(query, {"most": TOLD + 1}).all():
            more = " and more" if len(ids) > TOLD else ""
            yield told.format(", ".join(str(each) for each in ids[:TOLD]) + more)
