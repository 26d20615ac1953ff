"""What every check of rows shares: rows as entities, the hospitals they concern, and how many are told of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy.orm import Session

from models.validation.found import Entity, Found, Kind
from models.validation.recording import KEPT
from models.validation.stored_rules import Catalogue, RuleKind, StoredRule

AT_MOST = KEPT + 1
"""Findings of one check. One more than are kept, so that nothing counts as gone where there are too many to tell."""

EXAMPLES = 10
"""Rows that a finding names of each table."""

_LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class RowCheck:
    """One statement over the rows of `table`, and the rules that it looks at. `find` is told the report's instant."""

    name: str
    table: str
    rules: frozenset[str]
    find: Callable[[Session, datetime], Sequence[Found]]


@dataclass(frozen=True)
class Tables:
    """The tables that rows are read of: those of the catalogue, as far as the database has them."""

    expected: Catalogue
    actual: Catalogue

    def has(self, *places: str) -> bool:
        """Whether the database has these tables, and these columns (`table.column`)."""
        return self._there.issuperset(places)

    @cached_property
    def _there(self) -> frozenset[str]:
        return frozenset(rule.id for rule in self.actual.rules if rule.kind in _PLACES)

    @cached_property
    def _columns(self) -> frozenset[str]:
        return frozenset(rule.id for rule in self.expected.rules if rule.kind in _PLACES)

    def row_id(self, table: str, alias: str) -> str:
        """The SQL expression of a row's id in a finding: its primary key, without what it refers to."""
        key = [f"coalesce({alias}.{column}::text, '?')" for column in self.expected.keys[table]]
        return f"left(concat_ws(',', {', '.join(key)}), {_LONGEST_ID})"

    def hospital_of(self, table: str, alias: str) -> str:
        """The SQL expression of the hospital that a row concerns; NULL: none that there is, so it concerns all."""
        if table == "hospital":
            return f"{alias}.id"
        if self.has("hospital.id", f"{table}.hospital_id"):
            return f"(SELECT h.id FROM hospital h WHERE h.id = {alias}.hospital_id LIMIT 1)"  # noqa: S608
        return "NULL::uuid"

    def key_of(self, table: str) -> list[str]:
        """The columns of a table's primary key, as `table.column`."""
        return [f"{table}.{column}" for column in self.expected.keys[table]]

    def needed(self, rules: Iterable[StoredRule]) -> set[str]:
        """The columns that must be there for rows to be held against rules."""
        return {each for rule in rules for each in (rule.id, *rule.needs) if each in self._columns}


_PLACES = (RuleKind.TABLE, RuleKind.COLUMN, RuleKind.GENERATED)

_ENTITIES = {
    kind.value: kind
    for kind in (
        Kind.APPOINTMENT,
        Kind.AVAILABILITY,
        Kind.OPENING,
        Kind.HOSPITAL,
        Kind.DOCTOR,
        Kind.PATIENT,
        Kind.BOOKING_REQUEST,
        Kind.PLANNING_RUN,
        Kind.RESCHEDULE,
        Kind.DELIVERY,
    )
}
"""What has a kind of its own, by its table."""


def row_entities(table: str, id_: str) -> tuple[Entity, ...]:
    """A row as the subject of a finding; and then, for what has a kind of its own, as what it is."""
    row = Entity(Kind.ROW, f"{table}:{id_}")
    return (row, Entity(_ENTITIES[table], id_)) if table in _ENTITIES else (row,)
