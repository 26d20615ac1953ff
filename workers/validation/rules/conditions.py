"""What must be true of every row by itself: checks, columns that must have a value, generated columns."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.stored_rules import RuleKind, StoredRule
from workers.validation.rules.chained import looked_at
from workers.validation.rules.elsewhere import ELSEWHERE
from workers.validation.rules.rows import AT_MOST, RowCheck, Tables, row_entities
from workers.validation.rules.words import broken_in_words, table_in_words

_KINDS = (RuleKind.CHECK, RuleKind.NOT_NULL, RuleKind.GENERATED)


def condition_checks(tables: Tables) -> Iterator[RowCheck]:
    """One scan of each table for all of its conditions."""
    rules = sorted((rule for rule in tables.expected.rules if rule.kind in _KINDS), key=lambda rule: rule.table)
    for table, of_table in groupby(rules, key=lambda rule: rule.table):
        looked_at = [rule for rule in of_table if rule.id not in ELSEWHERE and tables.has(*tables.needed([rule]))]
        if looked_at and tables.has(table, *tables.key_of(table)):
            yield _check(tables, table, looked_at)


def _check(tables: Tables, table: str, rules: Sequence[StoredRule]) -> RowCheck:
    broken = [_broken(rule) for rule in rules]
    numbers = ", ".join(f"CASE WHEN {each} THEN {number} END" for number, each in enumerate(broken))
    query = text(
        f"SELECT {tables.row_id(table, 'r')} AS id, {tables.hospital_of(table, 'r')} AS hospital,"  # noqa: S608
        f" array_remove(ARRAY[{numbers}], NULL) AS broken FROM {table} r"
        f" WHERE {looked_at(tables, table)} AND ({' OR '.join(broken)}) LIMIT {AT_MOST}"
    )

    def find(session: Session, since: datetime) -> list[Found]:
        rows = session.execute(query, {"since": since})
        return [_found(table, [rules[number] for number in row.broken], row) for row in rows]

    return RowCheck(f"{table}: each row", table, frozenset(rule.id for rule in rules), find)


def _broken(rule: StoredRule) -> str:
    """The SQL condition that a row breaks a rule. Source: PostgreSQL 18 manual, Check Constraints: NULL passes."""
    return f'r."{rule.columns[0]}" IS NULL' if rule.kind is RuleKind.NOT_NULL else f"({rule.condition}) IS FALSE"


def _found(table: str, rules: Sequence[StoredRule], row: Row[tuple[str, object, list[int]]]) -> Found:
    row_, *besides = row_entities(table, row.id)
    reasons = ", ".join(broken_in_words(rule) for rule in rules)
    return Found(
        Code.ROW_BREAKS_RULE,
        (row_,),
        f"The {table_in_words(table)} {row.id} breaks what the database should hold: {reasons}. Correct the row in the"
        " database, or restore it from a backup.",
        hospitals=frozenset([row.hospital] if row.hospital else ()),
        besides=(*besides, *(Entity(Kind.RULE, rule.id) for rule in rules)),
        facts={"table": table, "rules": [rule.id for rule in rules]},
    )
