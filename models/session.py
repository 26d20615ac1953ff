"""Connections and transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Connection, Engine, String, bindparam, create_engine, event, text
from sqlalchemy.orm import Session, SessionTransaction

from models.access import acting, reach
from models.audit import readings
from models.seeing.counts import watch_pool
from models.settings import settings

# SET, and no SELECT of set_config: a transaction that has asked anything can choose no isolation any more.
_BECAUSE_OF = text("SET LOCAL slotwise.actor = :actor; SET LOCAL statement_timeout = :longest").bindparams(
    *(bindparam(name, type_=String, literal_execute=True) for name in ("actor", "longest"))
)

LONGEST_STATEMENT = "30s"
"""The longest that one statement of a caller of the API may take; workers and commands take what they need."""

POOL_SIZE = 20
"""The connections that a process keeps; it may have twice as many."""

LONGEST_WAIT = 5
"""Seconds to wait for one of the process's connections, when all are in use."""

_CALLERS = frozenset({acting.ActorKind.USER, acting.ActorKind.TOKEN})


def make_engine(database_url: str, *, pool_size: int = 5, application: str = "slotwise") -> Engine:
    """An engine whose sessions speak UTC, notice dead connections, and never wait for a lock without end."""
    return create_engine(
        database_url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=LONGEST_WAIT,
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
    made = make_engine(settings().database_url, pool_size=POOL_SIZE)
    watch_pool(made, 2 * POOL_SIZE)  # with as many that overflow
    return made


@contextmanager
def transaction() -> Iterator[Session]:
    """One transaction: committed at the end, rolled back by any exception. Keep it short.

    It carries who acts (for the audit) and sees what they reach (`models.access`).
    """
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        reach.bind(session, acting.reach())
        if who := acting.actor():
            _say_who_acts(session, who)
        with readings.noted(session):
            yield session


def _say_who_acts(session: Session, who: acting.Actor) -> None:
    """Have the transaction say who acts as soon as it begins, and no sooner: who opens it may yet choose how."""

    def say(_session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
        longest = LONGEST_STATEMENT if who.kind in _CALLERS else "0"
        connection.execute(_BECAUSE_OF, {"actor": who.setting, "longest": longest})

    event.listen(session, "after_begin", say, once=True)
