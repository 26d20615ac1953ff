"""What a database has of the rules, against what the migrations make."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.stored_rules import Catalogue, Lapse, RuleKind, StoredRule
from workers.validation.rules.mending import have_hold, mended_by, put_back, put_right
from workers.validation.rules.words import rule_in_words

_LAPSED = {
    Lapse.NOT_ENFORCED: "is switched off: no row is checked against it",
    Lapse.NOT_VALID: "holds for rows that are written now; older ones were never checked against it",
    Lapse.DISABLED: "is switched off: its triggers are disabled",
    Lapse.INVALID: "is not kept: its index is invalid",
}


def is_outdated(expected: Catalogue, actual: Catalogue) -> bool:
    """Whether a database has another schema than this code."""
    return actual.revision != expected.revision


def schema_outdated(expected: Catalogue, actual: Catalogue) -> Found:
    """What is said of another schema. Nothing else is then said of the rules: the migrations change them."""
    has = f"the schema {actual.revision}" if actual.revision else "no schema of a known version (alembic_version)"
    return Found(
        Code.SCHEMA_OUTDATED,
        (Entity(Kind.RULE, "alembic_version"),),
        f"The database has {has}, this release is made for {expected.revision}. Bring the schema up to date with"
        " “slotwise migrate”, or run the release that it belongs to; the rules are checked from then on.",
        facts={"expected": expected.revision, "found": actual.revision or None},
    )


def differences(expected: Catalogue, actual: Catalogue) -> Iterator[Found]:
    """Every rule that is missing, reads otherwise or does not hold.

    What cannot be there without another rule that is missing is told with that one. PostgreSQL of another major
    version may write the same rule in other words, so there only the names are compared.
    """
    there = {rule.place: rule for rule in actual.rules}
    missing = {rule.id: rule for rule in expected.rules if rule.place not in there}
    for rule in expected.rules:
        if rule.id in missing:
            if not any(need in missing for need in rule.needs):
                yield _missing(expected, rule, missing)
            continue
        found = there[rule.place]
        if expected.server == actual.server and not rule.is_as(found):
            yield _altered(expected, rule, found)
        elif found.lapse:
            yield _lapsed(expected, rule, found)


def triggers_silenced(session: Session) -> Found | None:
    """What is said where the server lets no trigger fire, so that no foreign key is looked after."""
    setting = session.execute(
        text("SELECT setting, source FROM pg_settings WHERE name = 'session_replication_role'")
    ).one()
    if setting.setting != "replica":
        return None
    place = {"database": "DATABASE", "user": "ROLE"}.get(setting.source)
    name = session.scalar(
        text("SELECT quote_ident(CASE :place WHEN 'ROLE' THEN current_user ELSE current_database() END)"),
        {"place": place},
    )
    return Found(
        Code.RULE_NOT_ENFORCED,
        (Entity(Kind.RULE, "session_replication_role"),),
        "The server's setting session_replication_role is “replica”: no trigger fires, and no row is refused that"
        " refers to one that is not there. Set it back to “origin”.",
        facts={"source": setting.source},
        remedy=mended_by([f"ALTER {place} {name} RESET session_replication_role"]) if place else None,
    )


def _missing(expected: Catalogue, rule: StoredRule, missing: dict[str, StoredRule]) -> Found:
    along = [each for each in expected.dependents(rule) if each.id in missing]
    with_it = f" With it {len(along)} more cannot be held." if along else ""
    if rule.kind in (RuleKind.TABLE, RuleKind.COLUMN):
        message = (
            f"The {rule_in_words(rule)} is missing in the database.{with_it} Restore it from a backup; nothing here"
            " can make up for what was in it."
        )
    else:
        message = (
            f"The {rule_in_words(rule)} is missing in the database: what breaks it is no longer refused.{with_it}"
            " An operator can put it back once no row breaks it."
        )
    return _about(Code.RULE_MISSING, rule, message, None, put_back(expected, rule), along)


def _altered(expected: Catalogue, rule: StoredRule, found: StoredRule) -> Found:
    message = (
        f"The {rule_in_words(rule)} reads otherwise in the database than in this release. An operator can put it"
        " right once no row breaks it."
    )
    return _about(Code.RULE_ALTERED, rule, message, found, put_right(expected, rule))


def _lapsed(expected: Catalogue, rule: StoredRule, found: StoredRule) -> Found:
    assert found.lapse  # noqa: S101  # asked for by the caller
    message = (
        f"The {rule_in_words(rule)} {_LAPSED[found.lapse]}. An operator can have it hold again once no row breaks it."
    )
    return _about(Code.RULE_NOT_ENFORCED, rule, message, found, have_hold(expected, rule, found.lapse))


def _about(
    code: Code,
    rule: StoredRule,
    message: str,
    found: StoredRule | None,
    statements: list[str],
    along: list[StoredRule] | None = None,
) -> Found:
    return Found(
        code,
        (Entity(Kind.RULE, rule.id),),
        message,
        besides=tuple(Entity(Kind.RULE, each.id) for each in along or ()),
        facts={
            "expected": rule.definition,
            "found": found.definition if found else None,
            "lapse": found.lapse if found else None,
        },
        remedy=mended_by(statements),
    )
