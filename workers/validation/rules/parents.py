"""What rows refer to and what is not there. One finding tells of all rows that refer to the same thing: a row that was
deleted by hand is one fault, however many rows it leaves behind.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.stored_rules import RuleKind, StoredRule
from models.wording import counted
from workers.validation.rules.chained import looked_at
from workers.validation.rules.elsewhere import ELSEWHERE
from workers.validation.rules.rows import AT_MOST, RowCheck, Tables, row_entities
from workers.validation.rules.words import table_in_words

_BY_ID_ALONE = frozenset({"appointment.appointment_hospital_id_timezone_exists"})
"""Foreign keys of which other steps look at all columns but the first."""

_TOLD_ELSEWHERE = {
    # Whoever is no doctor any more and has hours to come has departed (`workers.validation.people`).
    "doctor.doctor_id_role_exists": """
        EXISTS (SELECT FROM app_user u WHERE u.id = r.id) AND (
            EXISTS (SELECT FROM availability a WHERE a.doctor_id = r.id AND lower(a.during) >= :since)
            OR EXISTS (
                SELECT FROM appointment a WHERE a.doctor_id = r.id AND a.status = 'booked' AND lower(a.during) >= :since
            )
        )
    """
}
"""By the rule's id: the rows `r` that refer in vain and of which another step tells."""


def parent_checks(tables: Tables) -> Iterator[RowCheck]:
    """One statement for each table that others refer to."""
    referring = [rule for rule in tables.expected.rules if rule.kind is RuleKind.FOREIGN_KEY and _is_ours(rule)]
    referring.sort(key=lambda rule: rule.references[0])
    for parent, rules in groupby(referring, key=lambda rule: rule.references[0]):
        looked_at = [rule for rule in rules if tables.has(*tables.key_of(rule.table), *tables.needed([rule]))]
        if looked_at and tables.has(parent):
            yield _check(tables, parent, looked_at)


def _is_ours(rule: StoredRule) -> bool:
    return rule.id not in ELSEWHERE or rule.id in _BY_ID_ALONE


def _check(tables: Tables, parent: str, rules: Sequence[StoredRule]) -> RowCheck:
    by_id = {rule.id: rule for rule in rules}
    query = text(" UNION ALL ".join(f"({_dangling(tables, rule)})" for rule in rules) + " ORDER BY missing, rule")

    def find(session: Session, since: datetime) -> list[Found]:
        rows = session.execute(query, {"since": since}).mappings()
        return [
            _found(parent, missing, list(of_it), by_id) for missing, of_it in groupby(rows, lambda row: row["missing"])
        ]

    return RowCheck(f"{parent}: referred to", parent, frozenset(by_id), find)


def _dangling(tables: Tables, rule: StoredRule) -> str:
    """The SQL query of what the rows of a table refer to in vain. A reference with a NULL in it refers to nothing."""
    parent, *theirs = rule.references
    pairs = list(zip(rule.columns, theirs, strict=True))[: 1 if rule.id in _BY_ID_ALONE else None]
    refers = " AND ".join(f'r."{column}" IS NOT NULL' for column, _ in pairs)
    same = " AND ".join(f'p."{their}" = r."{column}"' for column, their in pairs)
    elsewhere = f" AND NOT ({_TOLD_ELSEWHERE[rule.id]})" if rule.id in _TOLD_ELSEWHERE else ""
    return (
        f"SELECT '{rule.id}' AS rule, r.\"{rule.columns[0]}\"::text AS missing, count(*) AS rows,"  # noqa: S608
        f" min({tables.row_id(rule.table, 'r')}) AS example,"
        f" array_agg(DISTINCT {tables.hospital_of(rule.table, 'r')}) AS hospitals"
        f" FROM {rule.table} r WHERE {looked_at(tables, rule.table)} AND {refers}"
        f" AND NOT EXISTS (SELECT FROM {parent} p WHERE {same}){elsewhere}"
        f' GROUP BY r."{rule.columns[0]}" LIMIT {AT_MOST}'
    )


def _found(parent: str, missing: str, rows: Sequence[RowMapping], rules: dict[str, StoredRule]) -> Found:
    besides: list[Entity] = []
    hospitals: set[Any] = set()  # Any: UUIDs, and None where rows concern all
    told = []
    for row in rows:
        rule = rules[row["rule"]]
        hospitals |= set(row["hospitals"])
        besides += (*row_entities(rule.table, row["example"]), Entity(Kind.RULE, rule.id))
        told.append(f"{counted(row['rows'], 'row')} of {table_in_words(rule.table)} (such as {row['example']})")
    return Found(
        Code.ROW_BREAKS_RULE,
        row_entities(parent, missing)[:1],
        f"The {table_in_words(parent)} {missing} is not there, or not as it is referred to, and rows refer to it:"
        f" {', '.join(told)}. Restore it from a backup, or correct those rows in the database.",
        hospitals=frozenset(hospitals if None not in hospitals else ()),
        besides=tuple(besides),
        facts={"table": parent, "rules": [row["rule"] for row in rows], "rows": sum(row["rows"] for row in rows)},
    )
