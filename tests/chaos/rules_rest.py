"""Rules for what is left once things have settled: nothing that holds anything."""

import time
from collections.abc import Iterator

from tests.chaos.rules import Evidence

_LEASES = {
    "planning_run": "status = 'planning'",
    "reschedule": "status IN ('queued', 'planning')",
    "validation_report": "status IN ('queued', 'running')",
}

_LOOKS, _APART = 4, 0.4
"""How often locks are looked at, and the seconds in between: what workers hold for a moment is not left."""


def no_lease_is_held(evidence: Evidence) -> Iterator[str]:
    """No run, reschedule or validation waits or is worked on."""
    for table, condition in _LEASES.items():
        for row in evidence.rows(f"SELECT id::text, status FROM {table} WHERE {condition}"):
            yield f"{table} {row.id} is {row.status}."


def no_lock_is_left(evidence: Evidence) -> Iterator[str]:
    """No advisory lock and no transaction is held for long."""
    held = None
    for look in range(_LOOKS):
        if look:
            time.sleep(_APART)
        rows = evidence.rows("""
            SELECT format('The process %s holds the advisory lock %s %s.', l.pid, l.classid, l.objid) AS sentence
            FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
            WHERE l.locktype = 'advisory' AND l.pid <> pg_backend_pid()
            UNION ALL
            SELECT format('The process %s has a transaction open since %s.', pid, xact_start) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
            AND xact_start < clock_timestamp() - interval '5 seconds'""")
        now = {row.sentence for row in rows}
        held = now if held is None else held & now
    yield from sorted(held or ())


RULES = (no_lease_is_held, no_lock_is_left)
