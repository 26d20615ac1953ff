"""Two transactions that see the same moment: one hands out rows, the other looks up what belongs to them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from workers.validation.step import reading


@contextmanager
def moment() -> Iterator[tuple[Session, str]]:
    """A transaction that only reads, and the name of the moment that it sees, for as long as it is open."""
    with reading() as session:
        yield session, session.execute(text("SELECT pg_export_snapshot()")).scalar_one()


@contextmanager
def at_moment(name: str) -> Iterator[Session]:
    """A transaction that only reads, as of a moment that another one sees."""
    with reading() as session:
        session.execute(text(f"SET TRANSACTION SNAPSHOT '{name}'"))  # PostgreSQL made the name
        yield session
