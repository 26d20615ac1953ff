"""Corrupting a database on purpose, as only its superuser can: rules dropped, rows edited past them."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, make_url, text

from cli.embedded import EmbeddedServices
from cli.embedded.account import service_account
from cli.embedded.binaries import POSTGRESQL, find_program
from models.session import make_engine
from models.validation.codes import Code
from models.validation.found import Kind
from models.validation.stored_rules import expected_catalogue

EXPECTED = expected_catalogue()

UNSEEN = "SET LOCAL session_replication_role = replica"
"""No trigger fires and no foreign key is looked after, as while a dump of the data alone is restored."""


def superuser_url(services: EmbeddedServices, database_url: str) -> str:
    """The address of a database for the superuser of the embedded server."""
    password = json.loads((services.folder / "secrets.json").read_text(encoding="utf-8"))["postgres"]
    return make_url(database_url).set(username="postgres", password=password).render_as_string(hide_password=False)


@contextmanager
def superuser_engine(services: EmbeddedServices, database_url: str) -> Iterator[Engine]:
    """Connections of the superuser to a database."""
    engine = make_engine(superuser_url(services, database_url))
    try:
        yield engine
    finally:
        engine.dispose()


def corrupt(engine: Engine, *statements: str, **values: object) -> None:
    """Run statements in one transaction, and say no word of it to triggers and foreign keys."""
    with engine.begin() as connection:
        connection.execute(text(UNSEEN))
        for statement in statements:
            connection.execute(text(statement), values)


def alone(engine: Engine, statement: str) -> None:
    """Run a statement that no transaction may surround."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


def run_program(name: str, database_url: str, copies: Path, *arguments: str, dump: bytes | None = None) -> bytes:
    """Run one of PostgreSQL's own programs (`pg_dump`, `pg_restore`, `psql`) on a database; what it writes."""
    url = make_url(database_url)
    environment = os.environ | {
        "PGHOST": str(url.query["host"]),
        "PGPORT": str(url.query["port"]),
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
    }
    program = find_program(POSTGRESQL, service_account(), copies).with_name(name)
    done = subprocess.run([program, *arguments], env=environment, input=dump, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@dataclass
class Corrupting:
    """Corrupts a database, and keeps what a validation has to find."""

    engine: Engine
    expected: set[tuple[str, str]] = field(default_factory=set)

    def one(self, query: str, **values: object) -> str:
        """One value, as text."""
        with self.engine.begin() as connection:
            return str(connection.execute(text(query), values).scalars().first())

    def run(self, *statements: str, **values: object) -> None:
        """Run statements of which no trigger and no foreign key hears."""
        corrupt(self.engine, *statements, **values)

    def edit(self, *statements: str, **values: object) -> None:
        """Run statements as somebody does who edits rows by hand: whatever rules there are hear of it."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    def without(self, *rules: str) -> None:
        """Drop rules, named `table.constraint`."""
        for rule in rules:
            table, _, name = rule.partition(".")
            self.run(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")
            self.expect(Code.RULE_MISSING, Kind.RULE, rule)

    def put_back_unseen(self, rule: str) -> None:
        """Put a rule back that was dropped, for new rows only."""
        table, _, name = rule.partition(".")
        self.run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {EXPECTED.by_id[rule].definition} NOT VALID")
        self.expected.remove((Code.RULE_MISSING, f"rule:{rule}"))
        self.expect(Code.RULE_NOT_ENFORCED, Kind.RULE, rule)

    def expect(self, code: Code, kind: Kind, *ids: str) -> None:
        """Let one finding be expected, about these."""
        self.expected.add((code, " ".join(f"{kind}:{each}" for each in sorted(ids))))
