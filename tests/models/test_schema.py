"""The tables as declared and the tables as migrated are one and the same."""

import os
import subprocess

from alembic import command
from sqlalchemy import make_url

from cli.embedded.account import service_account
from cli.embedded.binaries import POSTGRESQL, find_program
from cli.embedded.databases import create_database
from models.migrate import alembic_config, check, upgrade
from models.session import make_engine
from models.tables import Base


def schema_of(database_url: str, copies) -> str:
    """What `pg_dump` says of a database's schema, without what Alembic keeps for itself."""
    postgres = find_program(POSTGRESQL, service_account(), copies)
    url = make_url(database_url)
    dump = subprocess.run(
        [postgres.with_name("pg_dump"), "--schema-only", "--exclude-table=alembic_version", "--restrict-key=none"],
        env=os.environ
        | {
            "PGHOST": str(url.query["host"]),
            "PGPORT": str(url.query.get("port", "5432")),
            "PGUSER": url.username or "",
            "PGPASSWORD": url.password or "",
            "PGDATABASE": url.database or "",
        },
        check=True,
        capture_output=True,
        text=True,
    )
    return dump.stdout


def test_the_migrations_lead_to_the_declared_tables_to_the_letter(services, database_url, tmp_path):
    declared = create_database(services.database_url, "declared")
    engine = make_engine(declared)
    Base.metadata.create_all(engine)
    engine.dispose()

    schema = schema_of(database_url, tmp_path)

    assert "appointment_within_availability" in schema
    assert schema == schema_of(declared, tmp_path)


def test_alembic_finds_nothing_to_migrate(database_url):
    check(database_url)


def test_migrating_twice_changes_nothing(database_url, tmp_path):
    before = schema_of(database_url, tmp_path)
    upgrade(database_url)
    assert schema_of(database_url, tmp_path) == before


def test_the_migrations_can_be_taken_back_and_applied_again(database_url, tmp_path):
    before = schema_of(database_url, tmp_path)
    command.downgrade(alembic_config(database_url), "base")
    assert "CREATE TABLE" not in schema_of(database_url, tmp_path)
    upgrade(database_url)
    assert schema_of(database_url, tmp_path) == before
