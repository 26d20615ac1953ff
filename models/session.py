"""Connections and transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from models.settings import settings


def make_engine(database_url: str, *, pool_size: int = 5, application: str = "slotwise") -> Engine:
    """An engine whose sessions speak UTC, notice dead connections, and never wait for a lock without end."""
    return create_engine(
        database_url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,  # they name patients, and errors end up in logs
        connect_args={
            "application_name": application,
            "connect_timeout": 5,
            "options": "-c timezone=UTC -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
        },
    )


@cache
def engine() -> Engine:
    """The engine of this process, made at first use (so after a fork)."""
    return make_engine(settings().database_url, pool_size=20)


@contextmanager
def transaction() -> Iterator[Session]:
    """One transaction: committed at the end, rolled back by any exception. Keep it short."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session
