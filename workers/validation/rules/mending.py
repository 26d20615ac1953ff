"""The SQL that puts a rule back. An operator runs it: the program does not change the rules that it is held by."""

from models.booking import JsonObject
from models.validation.remedies.kinds import Statement
from models.validation.stored_rules import Catalogue, Lapse, RuleKind, StoredRule

_CONSTRAINTS = (
    RuleKind.CHECK,
    RuleKind.NOT_NULL,
    RuleKind.PRIMARY_KEY,
    RuleKind.UNIQUE,
    RuleKind.FOREIGN_KEY,
)


def mended_by(statements: list[str]) -> JsonObject | None:
    """The remedy of these statements; None: nothing mends it."""
    return Statement(sql=";\n".join(statements) + ";").stored if statements else None


def put_back(catalogue: Catalogue, rule: StoredRule) -> list[str]:
    """Statements that add a rule that is missing, and those that went with it. None for what held rows."""
    if rule.kind is RuleKind.GENERATED:
        return put_right(catalogue, rule)  # a column that lost only its expression is still there
    return _added(catalogue, rule)


def put_right(catalogue: Catalogue, rule: StoredRule) -> list[str]:
    """Statements that make a rule that is there what it should be."""
    if rule.kind is RuleKind.FUNCTION:
        return [rule.definition]  # CREATE OR REPLACE
    away = _away(rule)
    return [away, *_added(catalogue, rule)] if away else []


def have_hold(catalogue: Catalogue, rule: StoredRule, lapse: Lapse) -> list[str]:
    """Statements that have a rule hold again that is there."""
    match lapse:
        case Lapse.NOT_VALID:
            return [f"ALTER TABLE {rule.table} VALIDATE CONSTRAINT {rule.name}"]
        case Lapse.DISABLED if rule.kind is RuleKind.TRIGGER:
            return [f"ALTER TABLE {rule.table} ENABLE TRIGGER {rule.name}"]
        case Lapse.INVALID:
            return [f"REINDEX INDEX {rule.name}"]
    # PostgreSQL's own triggers of a foreign key are made anew with it: only a superuser may enable them.
    return put_right(catalogue, rule)


def _away(rule: StoredRule) -> str | None:
    match rule.kind:
        case RuleKind.TRIGGER:
            return f"DROP TRIGGER {rule.name} ON {rule.table}"
        case RuleKind.UNIQUE_INDEX:
            return f"DROP INDEX {rule.name}"
        case RuleKind.GENERATED:
            return f"ALTER TABLE {rule.table} DROP COLUMN IF EXISTS {rule.name} CASCADE"
        case kind if kind in _CONSTRAINTS:
            return f"ALTER TABLE {rule.table} DROP CONSTRAINT {rule.name} CASCADE"
    return None


def _added(catalogue: Catalogue, rule: StoredRule) -> list[str]:
    """What adds a rule, and after it those that cannot be without it."""
    if rule.kind in (RuleKind.TABLE, RuleKind.COLUMN):
        return []
    return [_adding(each) for each in (rule, *catalogue.dependents(rule))]


def _adding(rule: StoredRule) -> str:
    if rule.kind is RuleKind.EXTENSION:
        return f"CREATE EXTENSION {rule.name}"
    if rule.kind is RuleKind.GENERATED:
        return f"ALTER TABLE {rule.table} ADD COLUMN {rule.name} {rule.definition}"
    if rule.kind in _CONSTRAINTS:
        return f"ALTER TABLE {rule.table} ADD CONSTRAINT {rule.name} {rule.definition}"
    return rule.definition
