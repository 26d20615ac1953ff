"""Every rule that the database holds, dropped, weakened and switched off in turn: found once, named, and mended by the
statement that is told.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.embedded.databases import cloned_database
from models.validation.codes import Code
from models.validation.found import Found
from models.validation.stored_rules import RuleKind, StoredRule, expected_catalogue, read_catalogue
from tests.workers.validation.corrupting import alone
from workers.validation.rules.comparing import differences, triggers_silenced

EXPECTED = expected_catalogue()
HOLD_ROWS = (RuleKind.TABLE, RuleKind.COLUMN)


@pytest.fixture
def database_url(services, lived_in):
    with cloned_database(services.database_url, lived_in) as url:
        yield url


@pytest.fixture
def session(superuser) -> Iterator[Session]:
    with Session(superuser) as session:
        yield session


def of_kinds(*kinds: RuleKind) -> list[StoredRule]:
    return [rule for rule in EXPECTED.rules if rule.kind in kinds]


def found(session: Session) -> list[Found]:
    return list(differences(EXPECTED, read_catalogue(session)))


DROPPED = {
    RuleKind.EXTENSION: "DROP EXTENSION {0.name} CASCADE",
    RuleKind.TABLE: "DROP TABLE {0.name} CASCADE",
    RuleKind.COLUMN: "ALTER TABLE {0.table} DROP COLUMN {0.name} CASCADE",
    RuleKind.GENERATED: "ALTER TABLE {0.table} ALTER COLUMN {0.name} DROP EXPRESSION",
    RuleKind.FUNCTION: "DROP FUNCTION {0.name} CASCADE",
    RuleKind.TRIGGER: "DROP TRIGGER {0.name} ON {0.table}",
    RuleKind.UNIQUE_INDEX: "DROP INDEX {0.name}",
}


def dropped(rule: StoredRule) -> str:
    return DROPPED.get(rule.kind, "ALTER TABLE {0.table} DROP CONSTRAINT {0.name} CASCADE").format(rule)


def is_mended(session: Session, finding: Found) -> bool:
    """Whether the statement that is told mends what was found, and all of it."""
    assert finding.remedy
    assert finding.remedy["kind"] == "statement"
    session.execute(text(finding.remedy["sql"]))
    return found(session) == []


def in_turn(session: Session, rules: list[StoredRule], code: Code, corruption, *, mended: bool = True) -> None:
    """Corrupt each rule in turn, and see that exactly it is found, and mended."""
    assert rules
    wrong = {}
    for rule in rules:
        savepoint = session.begin_nested()
        for statement in corruption(rule):
            session.execute(text(statement))
        told = found(session)
        if [(each.code, each.subject[0].id) for each in told] != [(code, rule.id)]:
            wrong[rule.id] = told
        elif mended and not is_mended(session, told[0]):
            wrong[rule.id] = told[0].remedy
        savepoint.rollback()
    assert wrong == {}


def at_once(session: Session, rules: list[StoredRule], code: Code, corruption) -> None:
    """Corrupt all of the rules, and see that they and no others are found, and mended."""
    assert rules
    for rule in rules:
        for statement in corruption(rule):
            session.execute(text(statement))
    told = found(session)
    assert [(each.code, each.subject[0].id) for each in told] == [(code, rule.id) for rule in rules]
    for each in told:
        session.execute(text(each.remedy["sql"]))
    assert found(session) == []


@pytest.mark.parametrize("kind", [kind for kind in RuleKind if kind not in (*HOLD_ROWS, RuleKind.NOT_NULL)])
def test_a_rule_that_was_dropped_is_missing_once_and_can_be_put_back(session, kind):
    in_turn(session, of_kinds(kind), Code.RULE_MISSING, lambda rule: [dropped(rule)])


def test_so_is_a_column_that_need_not_have_a_value_any_more(session):
    keys = {(table, column) for table, columns in EXPECTED.keys.items() for column in columns}
    rules = [rule for rule in of_kinds(RuleKind.NOT_NULL) if (rule.table, *rule.columns) not in keys]
    identities = {rule.id for rule in of_kinds(RuleKind.COLUMN) if "IDENTITY" in rule.definition}
    rules = [rule for rule in rules if f"{rule.table}.{rule.columns[0]}" not in identities]
    in_turn(session, rules, Code.RULE_MISSING, lambda rule: [dropped(rule)])


@pytest.mark.parametrize("kind", HOLD_ROWS)
def test_a_table_or_a_column_that_was_dropped_is_one_finding_that_no_statement_mends(session, kind):
    in_turn(session, of_kinds(kind), Code.RULE_MISSING, lambda rule: [dropped(rule)], mended=False)


def test_a_check_that_lets_everything_through_is_altered(session):
    def weaken(rule):
        yield dropped(rule)
        yield f"ALTER TABLE {rule.table} ADD CONSTRAINT {rule.name} CHECK ({rule.columns[0]} IS NULL OR true)"

    at_once(session, of_kinds(RuleKind.CHECK), Code.RULE_ALTERED, weaken)


def test_a_key_of_other_columns_is_altered(session):
    def widen(rule):
        yield dropped(rule)
        yield f"ALTER TABLE {rule.table} ADD COLUMN IF NOT EXISTS other int"
        yield f"ALTER TABLE {rule.table} ADD CONSTRAINT {rule.name} UNIQUE ({rule.columns[0]}, other)"

    nobodys = [rule for rule in of_kinds(RuleKind.UNIQUE) if not EXPECTED.dependents(rule)]
    at_once(session, nobodys, Code.RULE_ALTERED, widen)


def test_a_foreign_key_that_does_something_else_is_altered(session):
    def cascade(rule):
        yield dropped(rule)
        yield f"ALTER TABLE {rule.table} ADD CONSTRAINT {rule.name} {rule.definition} DEFERRABLE INITIALLY DEFERRED"

    rules = [rule for rule in of_kinds(RuleKind.FOREIGN_KEY) if "DEFERRABLE" not in rule.definition]
    at_once(session, rules, Code.RULE_ALTERED, cascade)


def test_a_unique_index_over_fewer_rows_is_altered(session):
    def narrow(rule):
        yield dropped(rule)
        where = " AND " if " WHERE " in rule.definition else " WHERE "
        yield f"{rule.definition}{where}{rule.columns[0]} IS NOT NULL"

    at_once(session, of_kinds(RuleKind.UNIQUE_INDEX), Code.RULE_ALTERED, narrow)


def test_a_trigger_that_does_nothing_is_altered(session):
    at_once(
        session,
        of_kinds(RuleKind.FUNCTION),
        Code.RULE_ALTERED,
        lambda rule: [
            f"CREATE OR REPLACE FUNCTION {rule.name} RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
        ],
    )


def test_a_trigger_that_fires_at_another_time_is_altered(session):
    def delay(rule):
        yield dropped(rule)
        if " WHEN " in rule.definition:
            yield rule.definition.replace(" WHEN (", " WHEN (false AND ", 1)
        else:
            yield rule.definition.replace(" EXECUTE ", " WHEN (pg_trigger_depth() > 9) EXECUTE ", 1)

    at_once(session, of_kinds(RuleKind.TRIGGER), Code.RULE_ALTERED, delay)


def test_a_generated_column_of_another_expression_is_altered(session):
    values = {
        "appointment.occupies": "CASE status WHEN 'booked' THEN during END",
        "doctor.role": "'doctor'::varchar || ''",
    }
    at_once(
        session,
        of_kinds(RuleKind.GENERATED),
        Code.RULE_ALTERED,
        lambda rule: [f"ALTER TABLE {rule.table} ALTER COLUMN {rule.name} SET EXPRESSION AS ({values[rule.id]})"],
    )


def test_a_constraint_that_was_never_validated_is_not_enforced(session):
    def put_back_unseen(rule):
        yield dropped(rule)
        yield f"ALTER TABLE {rule.table} ADD CONSTRAINT {rule.name} {rule.definition} NOT VALID"

    at_once(session, of_kinds(RuleKind.CHECK, RuleKind.FOREIGN_KEY), Code.RULE_NOT_ENFORCED, put_back_unseen)


def test_a_constraint_that_is_switched_off_is_not_enforced(session):
    def switch_off(rule):
        yield dropped(rule)
        yield f"ALTER TABLE {rule.table} ADD CONSTRAINT {rule.name} {rule.definition} NOT ENFORCED"

    at_once(session, of_kinds(RuleKind.CHECK, RuleKind.FOREIGN_KEY), Code.RULE_NOT_ENFORCED, switch_off)


def test_a_trigger_that_is_disabled_is_not_enforced(session):
    at_once(
        session,
        of_kinds(RuleKind.TRIGGER),
        Code.RULE_NOT_ENFORCED,
        lambda rule: [f"ALTER TABLE {rule.table} DISABLE TRIGGER {rule.name}"],
    )


def test_disabling_all_triggers_of_a_table_switches_off_the_foreign_keys_from_it_and_to_it(session):
    session.execute(text("ALTER TABLE availability DISABLE TRIGGER ALL"))
    named = {each.subject[0].id for each in found(session)}
    assert {each.code for each in found(session)} == {Code.RULE_NOT_ENFORCED}
    assert named == {
        "availability.availability_doctor_id_exists",
        "availability.availability_hospital_id_exists",
        "availability.availability_within_openings",
        "availability.availability_wall_clock_noted_insert",
        "availability.availability_wall_clock_noted_update",
        "availability.availability_audited_insert",
        "availability.availability_audited_update",
        "availability.availability_audited_delete",
        "availability.availability_audited_forgotten",
        "appointment.appointment_within_availability",
    }
    for each in found(session):
        session.execute(text(each.remedy["sql"]))
    assert found(session) == []


def test_an_index_that_could_not_be_built_is_not_enforced(superuser, session):
    alone(superuser, "DROP INDEX calendar_feed_label_free")
    copied = "doctor_id, label, token_sha256"
    alone(
        superuser,
        f"INSERT INTO calendar_feed ({copied}) SELECT doctor_id, label, sha256(token_sha256) FROM calendar_feed",
    )
    concurrently = EXPECTED.by_id["calendar_feed.calendar_feed_label_free"].definition.replace(
        "INDEX", "INDEX CONCURRENTLY"
    )
    with pytest.raises(Exception, match="could not create unique index"):
        alone(superuser, concurrently)
    [finding] = found(session)
    assert (finding.code, finding.facts["lapse"]) == (Code.RULE_NOT_ENFORCED, "invalid")
    session.execute(text("DELETE FROM calendar_feed WHERE id = (SELECT max(id::text)::uuid FROM calendar_feed)"))
    assert is_mended(session, finding)


def test_a_server_that_lets_no_trigger_fire_is_told_of_once(services, superuser, database_url):
    name = database_url.split("/")[3].split("?")[0]
    alone(superuser, f"ALTER DATABASE {name} SET session_replication_role = replica")
    superuser.dispose()
    with Session(superuser) as session:
        silenced = triggers_silenced(session)
        assert list(differences(EXPECTED, read_catalogue(session))) == []
    assert silenced
    assert silenced.subject[0].id == "session_replication_role"
    alone(superuser, silenced.remedy["sql"])
    superuser.dispose()
    with Session(superuser) as session:
        assert triggers_silenced(session) is None


def test_nothing_is_compared_in_the_words_of_another_postgresql(session):
    session.execute(text("ALTER TABLE patient DROP CONSTRAINT patient_external_id_unique"))
    session.execute(text("ALTER TABLE patient ADD CONSTRAINT patient_external_id_unique UNIQUE (external_id, name)"))
    newer = replace(read_catalogue(session), server=EXPECTED.server + 1)
    assert list(differences(EXPECTED, newer)) == []
