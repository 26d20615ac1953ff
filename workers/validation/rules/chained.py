"""Of the audit, which is only added to, what was added lately: what is older is held by its chain, which
`slotwise audit verify` computes anew. So the nights do not read more with every year.
"""

from workers.validation.rules.rows import Tables

_LATELY = "CAST(:since AS timestamptz) - interval '7 days'"

_ADDED = {
    "audit_entry": ("audit_entry.at", f"r.at IS NULL OR r.at >= {_LATELY}"),
    "audit_detail": (
        "audit_entry.at",
        f"r.entry_id IS NULL OR r.entry_id >= (SELECT coalesce(min(id), 0) FROM audit_entry WHERE at >= {_LATELY})",  # noqa: S608
    ),
    "audit_seal": ("audit_seal.sealed_at", f"r.sealed_at IS NULL OR r.sealed_at >= {_LATELY}"),
}
"""By table: the column that it takes, and the condition on a row `r`."""


def looked_at(tables: Tables, table: str) -> str:
    """The SQL condition that a row `r` of a table is held against its rules."""
    column, condition = _ADDED.get(table, ("", ""))
    return f"({condition})" if condition and tables.has(column) else "true"
