"""Rules for the audit: from its entries alone every row follows as it is, and every entry is chained."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.chaos.rules import Evidence

TABLES = {
    "hospital": ("id",),
    "operating_exception": ("hospital_id", "date"),
    "app_user": ("id",),
    "doctor": ("id",),
    "patient": ("id",),
    "availability": ("id",),
    "appointment": ("id",),
    "booking_batch": ("id",),
    "booking_request": ("id",),
    "reschedule": ("id",),
    "access_token": ("id",),
}
"""Tables of which every change of a row is told, and what their rows are known by."""

PARTS = {
    "operating_hours": "hospital_id",
    "doctor_specialty": "doctor_id",
    "booking_request_doctor": "booking_request_id",
    "booking_request_hospital": "booking_request_id",
    "user_hospital": "user_id",
    "access_token_hospital": "token_id",
}
"""Tables whose rows are told together, by what they are parts of."""

_LOOKED_AT = ("booking_request", "reschedule")
"""What workers look at: that they do is no change to the audit."""


def rows_follow_from_the_audit(evidence: Evidence) -> Iterator[str]:
    """The entries of a row, one after the other, lead to the row as it is."""
    for table, key in TABLES.items():
        rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        for entry in evidence.entries:
            if entry.kind == table:
                yield from _replay(entry, rows, key)
        there = {}
        for (row,) in evidence.rows(f"SELECT to_jsonb(t) FROM {table} AS t"):
            if table in _LOOKED_AT and row["status"] == "planning":
                row["status"] = "queued"
            there[tuple(row[name] for name in key)] = row
        for id_ in there.keys() - rows.keys():
            yield f"No entry of the audit tells of {table} {_named(id_)}."
        for id_ in rows.keys() - there.keys():
            yield f"The audit knows {table} {_named(id_)}, which is not there."
        for id_ in rows.keys() & there.keys():
            other = [name for name, value in rows[id_].items() if there[id_].get(name) != value]
            if other:
                yield f"{table} {_named(id_)} has another {', '.join(other)} than the audit leads to."


def _replay(entry: Any, rows: dict[tuple[Any, ...], dict[str, Any]], key: tuple[str, ...]) -> Iterator[str]:
    """Do to `rows` what an entry tells; a sentence for whatever does not fit."""
    before, after = ({n: v for n, v in (side or {}).items() if n != "words"} for side in (entry.before, entry.after))
    id_ = tuple((after or before)[name] for name in key)
    known = rows.get(id_)
    if (known is None) != (entry.action == "insert"):
        yield f"Entry {entry.id} tells of the {entry.action} of {entry.kind} {_named(id_)}, which does not follow."
    elif known and any(known.get(name) != value for name, value in before.items()):
        yield f"Entry {entry.id} tells of {entry.kind} {_named(id_)} as it was not: one before it is missing."
    if entry.action == "delete":
        rows.pop(id_, None)
    else:
        rows[id_] = (known or {}) | after


def _named(id_: tuple[Any, ...]) -> str:
    return " ".join(map(str, id_))


def parts_follow_from_the_audit(evidence: Evidence) -> Iterator[str]:
    """The entries of rows that are told together lead to those that are there."""
    for table, whole in PARTS.items():
        parts: dict[str, Counter[str]] = defaultdict(Counter)
        names: set[str] = set()
        for entry in evidence.entries:
            if entry.kind != table:
                continue
            for side, sign in ((entry.before, -1), (entry.after, 1)):
                for part in (side or {}).get("parts", ()):
                    names |= part.keys()
                    parts[side[whole]][_written(part)] += sign
        there: dict[str, Counter[str]] = defaultdict(Counter)
        for (row,) in evidence.rows(f"SELECT to_jsonb(t) FROM {table} AS t"):
            there[row[whole]][_written({name: row[name] for name in names})] += 1
        for id_ in parts.keys() | there.keys():
            if {part: count for part, count in parts[id_].items() if count} != dict(there[id_]):
                yield f"{table} of {id_} has other rows than the audit leads to."


def _written(part: dict[str, Any]) -> str:
    return repr(sorted(part.items()))


def words_are_what_was_digested(evidence: Evidence) -> Iterator[str]:
    """A patient's words, kept apart so that they can be erased, are those that the entry has the digest of."""
    rows = evidence.rows("""
        SELECT e.id, coalesce(bool_and(
            encode(sha256(convert_to(d.salt::text || w.words::text, 'UTF8')), 'hex') = w.digest), false) AS right
        FROM audit_entry e
        CROSS JOIN LATERAL (VALUES (e.before ->> 'words', true), (e.after ->> 'words', false)) AS s (digest, is_before)
        LEFT JOIN audit_detail d ON d.entry_id = e.id
        CROSS JOIN LATERAL (SELECT CASE WHEN s.is_before THEN d.before ELSE d.after END AS words, s.digest) AS w
        WHERE e.kind = 'patient' AND s.digest IS NOT NULL GROUP BY e.id""")
    for row in rows:
        if not row.right:
            yield f"Entry {row.id} has the digest of other words than are kept with it."


def every_entry_is_sealed_once(evidence: Evidence) -> Iterator[str]:
    """Once things have settled, each entry is in one seal."""
    rows = evidence.rows("""
        SELECT e.id, count(sealed) AS seals FROM audit_entry e LEFT JOIN (
            SELECT generate_series(lower(r), upper(r) - 1) AS sealed FROM audit_seal, unnest(entries) AS r
        ) AS s ON sealed = e.id GROUP BY e.id HAVING count(sealed) <> 1 ORDER BY e.id""")
    for row in rows:
        yield f"Entry {row.id} of the audit is in {row.seals} seals."


_ENTRY = """
    jsonb_build_array(id, extract(epoch FROM at), transaction_id::text, database_role, actor_kind, actor_id,
    actor_name, action, kind, subjects, before, after, request_id, address)::text"""


def the_chain_holds(evidence: Evidence) -> Iterator[str]:
    """Each seal is the hash of its entries and of the seal before."""
    entries = {
        row.id: hashlib.sha256(row.text.encode()).digest()
        for row in evidence.rows(f"SELECT id, {_ENTRY} AS text FROM audit_entry")
    }
    previous, number = b"", 0
    for seal in evidence.rows("""
        SELECT number, previous, hash, format('%s %s %s', number, entries, extract(epoch FROM sealed_at)) AS text,
            ARRAY(SELECT lower(r) FROM unnest(entries) AS r ORDER BY r) AS firsts,
            ARRAY(SELECT upper(r) FROM unnest(entries) AS r ORDER BY r) AS ends
        FROM audit_seal ORDER BY number"""):
        number += 1
        held = [id_ for first, end in zip(seal.firsts, seal.ends, strict=True) for id_ in range(first, end)]
        digests = b"".join(entries.get(id_, b"") for id_ in held)
        if seal.number != number or bytes(seal.previous) != previous:
            yield f"Seal {seal.number} does not follow on the one before."
        elif hashlib.sha256(previous + seal.text.encode() + digests).digest() != bytes(seal.hash):
            yield f"Seal {seal.number} is not that of its entries."
        previous, number = bytes(seal.hash), seal.number


RULES = (
    rows_follow_from_the_audit,
    parts_follow_from_the_audit,
    words_are_what_was_digested,
    every_entry_is_sealed_once,
    the_chain_holds,
)
