"""The steps that hold the database against the rules: whether it has them, and whether every row keeps them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.validation.codes import Code
from models.validation.found import Found
from models.validation.stored_rules import expected_catalogue, read_catalogue
from models.validation.tables import ValidationReport
from workers.validation.paging import PAGE
from workers.validation.rules.comparing import differences, is_outdated, schema_outdated, triggers_silenced
from workers.validation.rules.conditions import condition_checks
from workers.validation.rules.keys import key_checks
from workers.validation.rules.parents import parent_checks
from workers.validation.rules.rows import RowCheck, Tables
from workers.validation.step import Scope, Slice, Step, by_slices, reading

_SLICE_SECONDS = 1.0

_OF_RULES = frozenset({Code.RULE_MISSING, Code.RULE_ALTERED, Code.RULE_NOT_ENFORCED})


def row_checks(tables: Tables) -> list[RowCheck]:
    """All statements over rows, in the order in which they are put."""
    return [*condition_checks(tables), *key_checks(tables), *parent_checks(tables)]


def _compare(session: Session, scope: Scope, _after: JsonObject | None) -> Slice:
    expected, actual = expected_catalogue(), read_catalogue(session)
    rows = len(expected.rules)
    if is_outdated(expected, actual):
        return Slice([schema_outdated(expected, actual)], rows, write=_unchecked(scope, _OF_RULES))
    silenced = triggers_silenced(session)
    return Slice([*differences(expected, actual), *([silenced] if silenced else [])], rows)


def _read_rows(scope: Scope, after: JsonObject | None) -> Iterator[Slice]:
    """Slices of as many statements as fit into a second; a position is the name of the last one put."""
    expected = expected_catalogue()
    with reading() as session:
        actual = read_catalogue(session)
        sizes = _sizes(session)
    if is_outdated(expected, actual):  # its rows keep other rules
        yield Slice(write=_unchecked(scope, frozenset({Code.ROW_BREAKS_RULE})))
        return
    checks = row_checks(Tables(expected, actual))
    names = [check.name for check in checks]
    following = names.index(after["check"]) + 1 if after and after["check"] in names else 0
    while following < len(checks):
        put, found = _put(checks[following:], scope)
        for begin in range(0, len(found), PAGE):
            yield Slice(found[begin : begin + PAGE], after=after)
        following += put
        after = {"check": names[following - 1]}
        yield Slice(rows=sum(sizes.get(check.table, 0) for check in checks[following - put : following]), after=after)


def _put(checks: Sequence[RowCheck], scope: Scope) -> tuple[int, list[Found]]:
    """Put statements for about a second; how many they were, and what they found."""
    found: list[Found] = []
    began = perf_counter()
    for number, check in enumerate(checks, start=1):
        with reading() as session:
            found += [each for each in check.find(session, scope.since) if _concerns(scope, each)]
        if perf_counter() - began > _SLICE_SECONDS or len(found) >= PAGE:
            return number, found
    return len(checks), found


def _concerns(scope: Scope, found: Found) -> bool:
    return scope.hospital is None or not found.hospitals or scope.hospital in found.hospitals


def _rows_to_read(session: Session, _scope: Scope) -> int:
    expected = expected_catalogue()
    sizes = _sizes(session)
    return sum(sizes.get(check.table, 0) for check in row_checks(Tables(expected, expected)))


def _sizes(session: Session) -> Mapping[str, int]:
    """Rows of each table, about: as many as the database reckons with."""
    rows = session.execute(
        text(
            "SELECT relname::text AS name, greatest(reltuples, 0)::bigint AS size FROM pg_class"
            " WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
        )
    )
    return {row.name: row.size for row in rows}


def _unchecked(scope: Scope, codes: frozenset[Code]) -> Callable[[Session], None]:
    """Note in the report that these were not looked for, so that none of them counts as gone."""

    def write(session: Session) -> None:
        report = session.get_one(ValidationReport, scope.report)
        report.unchecked = sorted({*report.unchecked, *codes})

    return write


HELD = Step(
    "Whether the database holds the rules",
    _OF_RULES | {Code.SCHEMA_OUTDATED},
    lambda _session, _scope: len(expected_catalogue().rules),
    by_slices(_compare),
)

KEPT_BY_ROWS = Step("Whether every row keeps the rules", frozenset({Code.ROW_BREAKS_RULE}), _rows_to_read, _read_rows)
