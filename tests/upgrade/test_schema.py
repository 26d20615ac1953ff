"""A schema serves the release before its own, too, and says so; each migration is held to that."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from cli.embedded.databases import create_database, drop_database
from models.migrate import Standing, alembic_config, find_schema
from models.session import make_engine
from tests.api.town import refused
from tests.upgrade.catalog import broken_by, read_catalog
from tests.upgrade.releases import ADDED, MIGRATIONS, TAKEN_AWAY, migrate_to, newest

SLOTWISE = str(Path(sys.executable).with_name("slotwise"))


def standing(database_url: str) -> Standing:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        found = find_schema(connection).standing
    engine.dispose()
    return found


def migrate(database_url: str) -> subprocess.CompletedProcess[str]:
    environment = {"DATABASE_URL": database_url}
    return subprocess.run([SLOTWISE, "migrate"], env=environment, capture_output=True, text=True, check=False)


def test_a_process_is_ready_for_the_schema_of_the_release_to_come(api, database_url):
    assert api.get("/readyz").json()["schema_version"] == newest()
    migrate_to(database_url, ADDED)
    assert api.get("/readyz").json()["schema_version"] == ADDED


def test_a_process_is_not_ready_for_a_schema_that_serves_it_no_longer(api, database_url):
    migrate_to(database_url, TAKEN_AWAY)
    problem = refused(api.get("/readyz"), 503, "unavailable")
    assert "serves this one" in problem["detail"]
    assert "no longer" in problem["detail"]


def test_a_process_is_not_ready_for_a_schema_that_nobody_has_answered_for(api, database_url, owner):
    with owner() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'unheard of'"))
        session.execute(text("COMMENT ON TABLE alembic_version IS NULL"))
    refused(api.get("/readyz"), 503, "unavailable")


def test_migrating_with_the_release_before_changes_nothing(database_url):
    migrate_to(database_url, ADDED)
    done = migrate(database_url)
    assert done.returncode == 0
    assert f"The schema {ADDED} is of a later version and serves this one" in done.stderr
    assert standing(database_url) is Standing.NEWER


def test_migrating_with_a_release_that_the_schema_serves_no_longer_is_refused(database_url):
    migrate_to(database_url, TAKEN_AWAY)
    done = migrate(database_url)
    assert done.returncode == 1
    assert "no longer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_of_an_earlier_release_is_older_and_says_whom_it_serves_once_it_is_migrated(services):
    url = create_database(services.database_url, "earlier_release")
    try:
        assert standing(url) is Standing.OLDER
        command.upgrade(alembic_config(url), "0009")
        assert standing(url) is Standing.OLDER
        assert migrate(url).returncode == 0
        assert standing(url) is Standing.SAME
    finally:
        drop_database(services.database_url, "earlier_release")


@pytest.fixture(scope="module")
def released(services):
    """An empty database with the migrations that were released before they were held to anything, or with more."""
    url = create_database(services.database_url, "released")
    command.upgrade(alembic_config(url), "0009")
    yield url
    drop_database(services.database_url, "released")


def catalog(database_url: str):
    engine = make_engine(database_url)
    with engine.connect() as connection:
        found = read_catalog(connection)
    engine.dispose()
    return found


def test_every_migration_leaves_what_the_release_before_works_with_or_says_that_it_does_not(released):
    scripts = list(ScriptDirectory(str(MIGRATIONS)).iterate_revisions("head", "0009"))[::-1]
    assert scripts
    before = catalog(released)
    for script in scripts:
        command.upgrade(alembic_config(released), script.revision)
        now = catalog(released)
        if not hasattr(script.module, "contracts"):
            assert broken_by(before, now) == [], script.path
        before = now


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER TABLE patient DROP COLUMN email", "patient.email is gone"),
        ("ALTER TABLE patient RENAME COLUMN email TO mail", "patient.email is gone"),
        ("ALTER TABLE former_hour RENAME TO hour_before", "former_hour.appointment_id is gone"),
        ("ALTER TABLE conflict ALTER COLUMN message TYPE varchar(80)", "conflict.message was"),
        ("ALTER TABLE planning_run ALTER COLUMN error SET NOT NULL", "planning_run.error was"),
        ("ALTER TABLE patient ADD COLUMN language text NOT NULL", "patient.language has to be said"),
        ("ALTER TABLE patient ADD CHECK (name <> '')", "patient_name_check is a new rule of patient"),
        ("CREATE UNIQUE INDEX once ON hospital (name)", "once is a new rule of hospital"),
        ("REVOKE DELETE ON appointment FROM slotwise_app", "DELETE of appointment is taken away"),
        ("DROP TABLE idempotency_key", "DELETE of idempotency_key is taken away"),
    ],
)
def test_what_would_break_the_release_before_is_noticed(released, statement, told):
    engine = make_engine(released)
    with engine.connect() as connection:
        before = read_catalog(connection)
        connection.execute(text(statement))
        broken = broken_by(before, read_catalog(connection))
        connection.rollback()
    engine.dispose()
    assert any(told in each for each in broken)
