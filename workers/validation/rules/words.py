"""Rules and tables in words. Constraint names read as the rule they hold (`models.base.NAMING`)."""

from models.validation.stored_rules import RuleKind, StoredRule


def table_in_words(table: str) -> str:
    """`booking_request` as people read it."""
    return "user" if table == "app_user" else table.replace("_", " ")


def rule_in_words(rule: StoredRule) -> str:
    """What a rule says and where, to follow “the”."""
    match rule.kind:
        case RuleKind.EXTENSION | RuleKind.TABLE | RuleKind.FUNCTION:
            return f"{rule.kind} {rule.name}"
        case RuleKind.COLUMN:
            return f"column {rule.name} of {rule.table}"
        case RuleKind.GENERATED:
            return f"rule that the database itself writes {rule.name} of {rule.table}"
        case RuleKind.NOT_NULL:
            return f"rule “{rule.columns[0]} has a value” of {rule.table}"
        case RuleKind.PRIMARY_KEY:
            return f"rule “one row for each key” of {rule.table}"
    return f"rule “{short_name(rule)}” of {rule.table} ({rule.name})"


def short_name(rule: StoredRule) -> str:
    """A rule's name in words, without its table."""
    return rule.name.removeprefix(f"{rule.table}_").replace("_", " ")


def broken_in_words(rule: StoredRule) -> str:
    """How a row breaks a rule of its own."""
    match rule.kind:
        case RuleKind.NOT_NULL:
            return f"it has no {rule.columns[0]}"
        case RuleKind.GENERATED:
            return f"its {rule.columns[0]} is not what the database would write"
    return f"not “{short_name(rule)}”"
