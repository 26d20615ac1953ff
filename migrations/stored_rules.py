"""`python -m migrations.stored_rules`: write down which rules the migrations make, for the nightly validation.

To be run with every new migration. It migrates an empty database of its own, and asks PostgreSQL what is there.
"""

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.embedded import EmbeddedServices
from cli.embedded.folder import temporary_data_folder
from models.migrate import upgrade
from models.session import make_engine
from models.validation.stored_rules import FILE, Catalogue, RuleKind, StoredRule, read_catalogue


def migrated_catalogue(database_url: str) -> Catalogue:
    """The rules of a database that was just migrated, each with how a restored dump has it written."""
    engine = make_engine(database_url)
    with Session(engine) as session:
        catalogue = read_catalogue(session)
        for rule in catalogue.rules:
            for statement in _read_again(rule):
                session.execute(text(statement))
        again = {rule.id: rule.definition for rule in read_catalogue(session).rules}
        session.rollback()
    engine.dispose()
    rules = [
        replace(rule, restored=again[rule.id]) if again[rule.id] != rule.definition else rule
        for rule in catalogue.rules
    ]
    return replace(catalogue, rules=tuple(rules))


def _read_again(rule: StoredRule) -> Iterator[str]:
    """Statements that have PostgreSQL read its own words for a rule, as restoring a dump does."""
    match rule.kind:
        case RuleKind.CHECK:
            yield f"ALTER TABLE {rule.table} DROP CONSTRAINT {rule.name}, ADD CONSTRAINT {rule.name} {rule.definition}"
        case RuleKind.UNIQUE_INDEX:
            yield f"DROP INDEX {rule.name}"
            yield rule.definition


def main() -> None:
    """Write the file."""
    with temporary_data_folder() as folder, EmbeddedServices(folder, environ={}, durable=False) as services:
        upgrade(services.database_url)
        FILE.write_text(migrated_catalogue(services.database_url).written(), encoding="utf-8")


if __name__ == "__main__":
    main()
