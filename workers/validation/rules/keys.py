"""What there may be only once: primary keys, unique constraints, unique indexes."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.stored_rules import RuleKind, StoredRule
from workers.validation.rules.chained import looked_at
from workers.validation.rules.elsewhere import ELSEWHERE
from workers.validation.rules.rows import AT_MOST, EXAMPLES, RowCheck, Tables, row_entities
from workers.validation.rules.words import short_name, table_in_words

_KINDS = (RuleKind.PRIMARY_KEY, RuleKind.UNIQUE, RuleKind.UNIQUE_INDEX)


def key_checks(tables: Tables) -> Iterator[RowCheck]:
    """One statement for each key.

    A row that is there twice has every key of its table twice: that is told of the primary key alone.
    """
    for rule in tables.expected.rules:
        if rule.kind not in _KINDS or rule.id in ELSEWHERE:
            continue
        if tables.has(*tables.key_of(rule.table), *tables.needed([rule])):
            yield _check(tables, rule)


def _check(tables: Tables, rule: StoredRule) -> RowCheck:
    nulls_too = "NULLS NOT DISTINCT" in rule.definition
    held = [looked_at(tables, rule.table), *([f"({rule.condition})"] if rule.condition else [])]
    held += [] if nulls_too else [f'"{column}" IS NOT NULL' for column in rule.columns]
    columns = ", ".join(f'"{column}"' for column in rule.columns)
    equal = "IS NOT DISTINCT FROM" if nulls_too else "="
    key = ", ".join(f'twice."{column}"' for column in rule.columns)
    same = " AND ".join(f'r."{column}" {equal} twice."{column}"' for column in rule.columns)
    row, hospital = tables.row_id(rule.table, "r"), tables.hospital_of(rule.table, "r")
    different = "" if rule.kind is RuleKind.PRIMARY_KEY else f"HAVING min({row}) <> max({row})"
    query = text(
        f"WITH held AS NOT MATERIALIZED (SELECT * FROM {rule.table} r WHERE {' AND '.join(held)}),"  # noqa: S608
        f" twice AS (SELECT {columns} FROM held GROUP BY {columns} HAVING count(*) > 1)"
        f" SELECT count(*) AS rows, (array_agg(DISTINCT {row}))[1:{EXAMPLES}] AS ids,"
        f" array_agg(DISTINCT {hospital}) AS hospitals"
        f" FROM held r JOIN twice ON {same} GROUP BY {key}"
        f" {different} LIMIT {AT_MOST}"
    )

    def find(session: Session, since: datetime) -> list[Found]:
        return [_found(rule, row) for row in session.execute(query, {"since": since})]

    return RowCheck(f"{rule.table}: {short_name(rule)}", rule.table, frozenset({rule.id}), find)


def _found(rule: StoredRule, row: Row[tuple[int, list[str], list[object]]]) -> Found:
    entities = [row_entities(rule.table, id_) for id_ in row.ids]
    table = table_in_words(rule.table)
    if rule.kind is RuleKind.PRIMARY_KEY:
        message = (
            f"The {table} {row.ids[0]} is there {row.rows} times; the database should hold it once. Delete the copies"
            " that are not right, in the database."
        )
    else:
        message = (
            f"{row.rows} rows of {rule.table} share what only one may have ({short_name(rule)}): {', '.join(row.ids)}."
            " Correct all but one of them in the database."
        )
    return Found(
        Code.ROW_BREAKS_RULE,
        tuple(first for first, *_ in entities),
        message,
        hospitals=frozenset(row.hospitals if None not in row.hospitals else ()),
        besides=(*(each for _, *besides in entities for each in besides), Entity(Kind.RULE, rule.id)),
        facts={"table": rule.table, "rules": [rule.id], "rows": row.rows},
    )
