"""Steps that each put one question to the database and tell the answer row by row.

The database looks through whole tables by itself, quickly; only what it finds is read, in pages. So these steps count
no rows towards the progress of a report.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.validation.codes import Code
from models.validation.found import Found
from workers.validation.step import Scope, Slice, Step, by_slices

PAGE = 1_000
"""How many findings a slice holds at most."""

FORGOTTEN = timedelta(hours=1)
"""How long work may wait for a worker before it is forgotten: a queue of ten thousand takes minutes."""

SWEEPS = 12
"""How many sweeps of beat may pass before a lost worker's lease should have been noticed."""

_FIRST, _LAST = "timestamptz '0001-01-02 00:00Z'", "timestamptz '9999-12-30 00:00Z'"

# A row without an id, or without a hospital, is a finding of its own.
_PAGED = """
SELECT * FROM ({}) AS answer
WHERE id IS NOT NULL
    AND (
        CAST(:hospital AS uuid) IS NULL
        OR CAST(:hospital AS uuid) = ANY (concerned)
        OR coalesce(cardinality(array_remove(concerned, NULL)), 0) = 0
    )
    AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))
ORDER BY id
LIMIT :page
"""


def question(name: str, code: Code, query: str, tell: Callable[[RowMapping, Scope], Found]) -> Step:
    """A step that asks `query` and has each row told by `tell`.

    Each row of the query has an `id` of its own, and `concerned`, the hospitals whose schedule it concerns (NULL: all
    of them). The query is given `:report` and `:since` of the scope. What has waited for a worker since before
    `:forgotten`, nobody will see to; nor will beat to a lease that ran out before `:overdue`.
    """
    paged = text(_PAGED.format(query))

    def look(session: Session, scope: Scope, after: JsonObject | None) -> Slice:
        asked = {
            "report": scope.report,
            "since": scope.since,
            "hospital": scope.hospital,
            "forgotten": scope.since - FORGOTTEN,
            "overdue": scope.since - timedelta(seconds=SWEEPS * scope.chosen.sweep_every),
            "after": after["id"] if after else None,
            "page": PAGE,
        }
        rows = session.execute(paged, asked).mappings().all()
        following = {"id": str(rows[-1]["id"])} if len(rows) == PAGE else None
        return Slice([tell(row, scope) for row in rows], after=following)

    return Step(name, frozenset({code}), lambda _session, _scope: 0, by_slices(look))


def concerned(row: RowMapping) -> frozenset[UUID]:
    """The hospitals that a finding concerns; none: all of them."""
    return frozenset(each for each in row["concerned"] or () if each)


def tellable(instant: str) -> str:
    """The SQL condition that an instant is one that every clock can tell: neither infinite nor in the year 10000."""
    return f"{instant} BETWEEN {_FIRST} AND {_LAST}"


def nearest(instant: str) -> str:
    """The SQL expression of the nearest instant that every clock can tell; of NULL the first."""
    return f"least(greatest({instant}, {_FIRST}), {_LAST})"
