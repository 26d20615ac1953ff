"""The rules that validation expects are those that the migrations make, however the database came by them."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.embedded.databases import create_database, drop_database
from migrations.stored_rules import migrated_catalogue
from models.session import make_engine
from models.validation.stored_rules import FILE, Lapse, RuleKind, StoredRule, expected_catalogue, read_catalogue
from tests.workers.validation.corrupting import run_program, superuser_engine

FORWARD = "booking_request_window_runs_forward"


@pytest.fixture
def superuser(services, database_url):
    """A transaction of somebody who may do anything."""
    with superuser_engine(services, database_url) as engine, Session(engine) as session:
        yield session


@pytest.fixture
def change(superuser):
    """Changes the test's database by statements, and says which rules then are otherwise than expected."""

    def run(*statements: str) -> dict[str, StoredRule | None]:
        for each in statements:
            superuser.execute(text(each))
        there = {rule.place: rule for rule in read_catalogue(superuser).rules}
        pairs = [(rule, there.get(rule.place)) for rule in expected_catalogue().rules]
        return {rule.id: is_ for rule, is_ in pairs if is_ is None or is_.lapse or not rule.is_as(is_)}

    return run


def test_the_file_is_what_the_migrations_make(database_url):
    written = migrated_catalogue(database_url).written()
    assert written == FILE.read_text(encoding="utf-8"), "Run `python -m migrations.stored_rules` and commit the file."


def test_a_database_that_was_migrated_has_every_rule_to_the_letter(change):
    assert change() == {}


def test_so_has_one_that_was_restored_from_a_dump(services, database_url, tmp_path):
    restored = create_database(services.database_url, "restored")
    dump = run_program("pg_dump", database_url, tmp_path, "--format=custom")
    run_program("pg_restore", restored, tmp_path, "--exit-on-error", "--dbname=restored", dump=dump)

    engine = make_engine(restored)
    with Session(engine) as session:
        there = {rule.place: rule for rule in read_catalogue(session).rules}
    engine.dispose()
    drop_database(services.database_url, "restored")

    rules = expected_catalogue().rules
    assert [rule.id for rule in rules if not rule.is_as(there[rule.place])] == []
    assert [rule.id for rule in rules if rule.definition != there[rule.place].definition]  # some in other words


def test_every_kind_of_rule_is_known(change):
    assert {rule.kind for rule in expected_catalogue().rules} == set(RuleKind)


def test_a_constraint_is_known_by_its_name_and_a_column_that_must_have_a_value_by_its_place(change):
    assert change(
        "ALTER TABLE patient RENAME CONSTRAINT patient_name_not_null TO anything",
        "ALTER TABLE patient RENAME CONSTRAINT patient_external_id_unique TO anything_else",
    ) == {"patient.patient_external_id_unique": None}


@pytest.mark.parametrize(
    ("statements", "rule", "lapse"),
    [
        (
            [
                f"ALTER TABLE booking_request DROP CONSTRAINT {FORWARD}",
                f"ALTER TABLE booking_request ADD CONSTRAINT {FORWARD} CHECK (earliest <= latest) NOT VALID",
            ],
            f"booking_request.{FORWARD}",
            Lapse.NOT_VALID,
        ),
        (
            [
                "ALTER TABLE patient DROP CONSTRAINT patient_name_not_null",
                "ALTER TABLE patient ADD CONSTRAINT patient_name_not_null NOT NULL name NOT VALID",
            ],
            "patient.patient_name_not_null",
            Lapse.NOT_VALID,
        ),
        (
            ["ALTER TABLE appointment ALTER CONSTRAINT appointment_doctor_id_exists NOT ENFORCED"],
            "appointment.appointment_doctor_id_exists",
            Lapse.NOT_ENFORCED,
        ),
        (
            ["ALTER TABLE appointment DISABLE TRIGGER former_hour_kept"],
            "appointment.former_hour_kept",
            Lapse.DISABLED,
        ),
        (
            ["ALTER TABLE reschedule_event DISABLE TRIGGER ALL"],
            "reschedule_event.reschedule_event_reschedule_id_exists",
            Lapse.DISABLED,
        ),
        (
            ["UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'opening_no_overlap'::regclass"],
            "opening.opening_no_overlap",
            Lapse.INVALID,
        ),
        (
            ["UPDATE pg_index SET indisready = false WHERE indexrelid = 'finding_stands_once'::regclass"],
            "finding.finding_stands_once",
            Lapse.INVALID,
        ),
    ],
)
def test_a_rule_that_is_there_and_does_not_hold_is_told_from_one_that_does(change, statements, rule, lapse):
    changed = change(*statements)
    assert {id_: rule.lapse for id_, rule in changed.items() if rule} == {rule: lapse}


def test_what_cannot_be_there_without_a_rule_is_in_an_order_to_add_it_in():
    catalogue = expected_catalogue()
    gone = [rule.id for rule in catalogue.dependents(catalogue.by_id["btree_gist"])]
    assert gone.index("availability.availability_by_hospital") < gone.index(
        "appointment.appointment_within_availability"
    )
    assert "appointment.appointment_key" not in gone
