"""How Alembic runs a migration here: one transaction, bounded waits, one migrator at a time."""

from collections.abc import Collection
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from models.locks import AdvisoryLock
from models.migrate import say_whom_it_serves
from models.rules import RULES
from models.session import make_engine
from models.settings import settings
from models.tables import Base

LOCK_TIMEOUT = "5s"
"""A migration that cannot get its lock gives up rather than queue everyone else behind it."""

STATEMENT_TIMEOUT = "15min"

_RULE_NAMES = {rule.name for rule in RULES}


def is_compared(_object: Any, name: str | None, _type: str, _reflected: bool, _other: Any) -> bool:  # noqa: FBT001  # Alembic's signature
    """Whether Alembic compares an object: it cannot read temporal constraints, which a test compares instead."""
    return name not in _RULE_NAMES


def _applied(ctx: MigrationContext, step: Any, heads: Collection[Any], run_args: Any) -> None:  # noqa: ARG001  # Any: as Alembic calls it
    if ctx.connection is not None and heads:
        say_whom_it_serves(ctx.connection, context.script, heads)


def main() -> None:
    """Run the migrations that Alembic was asked for, against the configured database."""
    url = context.config.attributes.get("database_url") or settings().database_url
    engine = make_engine(url, pool_size=1, application="slotwise-migrations")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": AdvisoryLock.MIGRATING})
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=is_compared,
            on_version_apply=_applied,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


main()
