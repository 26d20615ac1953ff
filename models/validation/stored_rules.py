"""The rules that the database holds: as the migrations make them (`stored_rules.json`), and as a database has them.

The file is made by `python -m migrations.stored_rules`, which everybody runs who adds a migration. It is PostgreSQL's
own account of a database just migrated, so it is no second list of the rules that somebody could forget to keep.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

FILE = Path(__file__).with_name("stored_rules.json")
_READ = text(FILE.with_name("stored_rules_read.sql").read_text(encoding="utf-8"))


class RuleKind(StrEnum):
    """What holds a rule."""

    EXTENSION = "extension"
    TABLE = "table"
    COLUMN = "column"
    GENERATED = "generated"
    CHECK = "check"
    NOT_NULL = "not_null"
    PRIMARY_KEY = "primary_key"
    UNIQUE = "unique"
    UNIQUE_INDEX = "unique_index"
    FOREIGN_KEY = "foreign_key"
    FUNCTION = "function"
    TRIGGER = "trigger"


class Lapse(StrEnum):
    """Why a rule that is there does not hold."""

    NOT_ENFORCED = "not_enforced"
    NOT_VALID = "not_valid"
    DISABLED = "disabled"  # its trigger, or those that PostgreSQL keeps for a foreign key
    INVALID = "invalid"  # its index


@dataclass(frozen=True, slots=True)
class StoredRule:
    """One thing that the database holds and that keeps rows right.

    `definition` is as PostgreSQL writes it; `restored` as it writes it after it has read its own words from a dump,
    where those differ. `columns` are those of its table, of a key in their order; `needs` the ids of the rules that it
    cannot be there without. `condition` is what must not be false of a row: of a check and of a generated column; of a
    unique index it is for which rows it holds (None: all). `references`, of a foreign key, is the other table and
    then its columns.
    """

    kind: RuleKind
    name: str
    definition: str
    table: str = ""  # empty: of none
    columns: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    condition: str | None = None
    references: tuple[str, ...] = ()
    restored: str | None = None
    lapse: Lapse | None = None

    @property
    def id(self) -> str:
        """`table.name`, or the name alone of what is of no table."""
        return f"{self.table}.{self.name}" if self.table else self.name

    @property
    def place(self) -> tuple[str, ...]:
        """What tells it from all other rules: columns must have a value once, whatever that rule is called."""
        if self.kind is RuleKind.NOT_NULL:
            return (self.kind, self.table, *self.columns)
        return (self.kind, self.id)

    def is_as(self, other: "StoredRule") -> bool:
        """Whether a rule that a database has is this one to the letter, migrated or restored from a dump."""
        return other.definition in (self.definition, self.restored)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules that the migrations make, up to `revision`, as PostgreSQL `server` (its major version) writes them."""

    revision: str
    server: int
    rules: tuple[StoredRule, ...]

    @property
    def by_id(self) -> Mapping[str, StoredRule]:
        """The rules by their ids."""
        return {rule.id: rule for rule in self.rules}

    @property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of each table's primary key."""
        return {rule.table: rule.columns for rule in self.rules if rule.kind is RuleKind.PRIMARY_KEY}

    def dependents(self, rule: StoredRule) -> list[StoredRule]:
        """The rules that cannot be without another, directly or through others, in an order to add them in."""
        gone = {rule.id}
        while more := {each.id for each in self.rules if gone.intersection(each.needs)} - gone:
            gone |= more
        order = list(RuleKind)
        return sorted(
            (each for each in self.rules if each.id in gone and each is not rule),
            key=lambda each: order.index(each.kind),
        )

    def written(self) -> str:
        """As the file holds it: one rule a line, without what a rule has none of."""
        lines = [json.dumps({name: value for name, value in asdict(rule).items() if value}) for rule in self.rules]
        rules = ",\n".join(lines)
        return f'{{"revision": "{self.revision}", "server": {self.server}, "rules": [\n{rules}\n]}}\n'


@cache
def expected_catalogue() -> Catalogue:
    """What the migrations of this code make."""
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    return Catalogue(kept["revision"], kept["server"], tuple(_rule(**each) for each in kept["rules"]))


def read_catalogue(session: Session) -> Catalogue:
    """What a database has. Its revision is empty where nothing, or more than one, is written of it."""
    rows = session.execute(_READ).mappings().all()
    server = int(session.scalars(text("SELECT current_setting('server_version_num')::int / 10000")).one())
    rules = sorted((_rule(**row) for row in rows), key=lambda rule: (rule.table, rule.name, rule.kind))
    return Catalogue(_revision(session), server, tuple(rules))


def _revision(session: Session) -> str:
    if session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return ""
    revisions = session.scalars(text("SELECT version_num FROM alembic_version LIMIT 2")).all()
    return str(revisions[0]) if len(revisions) == 1 else ""


def _rule(**values: Any) -> StoredRule:  # Any: as JSON or a row has them
    for name in ("columns", "needs", "references"):
        values[name] = tuple(values.get(name, ()))
    lapse = values.get("lapse")
    return StoredRule(**values | {"kind": RuleKind(values["kind"]), "lapse": Lapse(lapse) if lapse else None})
