"""The database, cut off, locked, deadlocked and full."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from random import Random

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from models.access.privileges import APPLICATION
from tests.chaos.faults.fault import fault
from tests.chaos.stage import Stage, patient

_ATOMIC = "what belongs together is one transaction, done again where it was lost"
_COMMITTED_FIRST = (
    "nobody is answered before the commit; a database that is away is told so (503), and asked again later"
)

_END = sql.SQL("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = {} AND {}")
_WRITING = "backend_xid IS NOT NULL AND random() < 0.5"
_COMMITTED = "wait_event = 'SyncRep'"
_EVERY = "true"

_CONNECTIONS = 40
"""As many as strangers can take within a moment."""

_SOON, _BREATH = 2.0, 0.1  # seconds

_WRITTEN = ("appointment, outbox_message", "idempotency_key, planning_run")
"""What transactions write on their way, and what they write last."""

_LOCKED = (
    "planning_run WHERE status = 'planning'",
    "booking_request WHERE status IN ('queued', 'planning')",
    "appointment WHERE status = 'booked'",
    "patient",
)
"""What transactions have locked by then, each something of it."""


@fault(_ATOMIC, "outbox", lasts=(2, 6))
def cut_transactions(stage: Stage, random: Random, over: threading.Event) -> str:
    """Connections are ended in the middle of transactions that write."""
    return f"{_end_again_and_again(stage, _WRITING, over)} connections"


@fault("a commit whose answer was lost is known by its run, or by its key", "keys", lasts=(2, 5))
def lose_answers_of_commits(stage: Stage, random: Random, over: threading.Event) -> str:
    """Connections are ended right after their commit, so that nobody hears of it."""
    ended = 0
    while not over.wait(_BREATH):  # others get on meanwhile, to something that they commit
        with suppress(psycopg.Error), unanswered_commits(stage), stage.superuser(patience=5) as connection:
            ended += _end(connection, _COMMITTED)
            over.wait(_BREATH)
    return f"{ended} commits"


@contextmanager
def unanswered_commits(stage: Stage, several: int = 1) -> Iterator[None]:
    """Let no commit be answered in the block, which begins once several are to be, or after two seconds."""
    # A commit that waits for a standby that is not there has happened already; only its answer is missing.
    _alter(stage, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try:
        with suppress(psycopg.Error, TimeoutError), stage.superuser() as connection:
            waiting = f"SELECT count(*) FROM pg_stat_activity WHERE {_COMMITTED}"
            patient(lambda: connection.execute(waiting).fetchone()[0] >= several, _SOON)
        yield
    finally:
        _alter(stage, "ALTER SYSTEM RESET synchronous_standby_names")


@fault(_COMMITTED_FIRST, "unavailable", lasts=(2, 8))
def refuse_connections(stage: Stage, random: Random, over: threading.Event) -> None:
    """The database lets the application in no more and ends its connections."""
    _alter(stage, f"ALTER ROLE {APPLICATION} CONNECTION LIMIT 0")
    try:
        _end_again_and_again(stage, _EVERY, over)
    finally:
        _alter(stage, f"ALTER ROLE {APPLICATION} CONNECTION LIMIT -1")


@fault(_COMMITTED_FIRST, "unavailable", lasts=(4, 8))
def use_up_connections(stage: Stage, random: Random, over: threading.Event) -> str:
    """Strangers take every connection that the database has."""
    url = make_url(stage.services.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    taken = 0
    _alter(stage, f"ALTER DATABASE slotwise CONNECTION LIMIT {_CONNECTIONS}")
    with ExitStack() as strangers:
        strangers.callback(_alter, stage, "ALTER DATABASE slotwise CONNECTION LIMIT -1")
        while not over.is_set():
            try:
                strangers.enter_context(psycopg.connect(url, connect_timeout=5))
                taken += 1
            except psycopg.OperationalError:
                with suppress(psycopg.Error), stage.superuser(patience=1) as connection:
                    _end(connection, _EVERY)
                over.wait(0.1)
    return f"{taken} strangers"


@fault(_ATOMIC, "unavailable", lasts=(3, 12))
def lock_tables(stage: Stage, random: Random, over: threading.Event) -> None:
    """Somebody holds requests and appointments locked, for longer than anybody waits for a lock."""
    _while_connected(
        stage, over, lambda connection: connection.execute("LOCK TABLE booking_request, appointment"), hold=True
    )


@fault(_ATOMIC, "outbox", lasts=(4, 10))
def force_deadlocks(stage: Stage, random: Random, over: threading.Event) -> str:
    """Others lock rows in another order, so that PostgreSQL ends transactions of ours (40P01)."""
    before = _deadlocks(stage)
    while not over.wait(0.05):
        with suppress(psycopg.Error), stage.superuser(patience=5) as connection:
            _meet(connection, random, over)
    return f"{_deadlocks(stage) - before} of them"


@fault("a run commits only while its lease holds; one that ran out is planned again by others", "fencing", lasts=(2, 6))
def expire_leases(stage: Stage, random: Random, over: threading.Event) -> str:
    """The clock of every lease runs out while its holder is at work."""
    expired = 0

    def expire(connection: "psycopg.Connection[tuple]") -> None:
        nonlocal expired
        for table, status in (
            ("planning_run", "planning"),
            ("reschedule", "planning"),
            ("validation_report", "running"),
        ):
            done = connection.execute(
                f"UPDATE {table} SET lease_expires_at = lease_expires_at - interval '1 hour' WHERE status = %s",
                [status],
            )
            expired += done.rowcount

    _while_connected(stage, over, expire)
    return f"{expired} leases"


@fault(_COMMITTED_FIRST, "unavailable", lasts=(3, 10), needs_disk=True)
def fill_the_disk(stage: Stage, random: Random, over: threading.Event) -> str:
    """The disk on which everything lies (database, queue, logs) is full."""
    ballast = stage.folder / "ballast"
    try:
        with ballast.open("ab", buffering=0) as file:
            while not over.wait(0.1):
                with suppress(psycopg.Error), stage.superuser(patience=0) as connection:
                    connection.execute("SELECT pg_switch_wal()")  # so that it wants room before long
                for block in (bytes(1 << 20), bytes(1 << 12)):  # what is left beside the large ones goes to small ones
                    with suppress(OSError):
                        while not over.is_set():
                            file.write(block)
            return f"{file.tell() >> 20} MiB of ballast"
    finally:
        ballast.unlink(missing_ok=True)


def _alter(stage: Stage, statement: str) -> None:
    """Change what the server does; tried until it is done, whatever else is broken."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with stage.superuser() as connection:
                connection.execute("SET synchronous_commit = local")
                connection.execute(statement)
                connection.execute("SELECT pg_reload_conf()")
                return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _end_again_and_again(stage: Stage, which: str, over: threading.Event) -> int:
    ended = 0

    def end(connection: "psycopg.Connection[tuple]") -> None:
        nonlocal ended
        ended += _end(connection, which)

    _while_connected(stage, over, end)
    return ended


def _end(connection: "psycopg.Connection[tuple]", which: str) -> int:
    return connection.execute(_END.format(sql.Literal(APPLICATION), sql.SQL(which))).fetchone()[0]


def _while_connected(
    stage: Stage, over: threading.Event, do: Callable[["psycopg.Connection[tuple]"], object], *, hold: bool = False
) -> None:
    """Do something again and again; `hold`: once, and keep its transaction open. A lost connection is made again."""
    while not over.is_set():
        with suppress(psycopg.Error), stage.superuser(patience=5) as connection:
            if hold:
                with connection.transaction():
                    do(connection)
                    over.wait()
            while not over.wait(0.02):
                do(connection)


def _deadlocks(stage: Stage) -> int:
    with stage.superuser() as connection:
        return connection.execute("SELECT sum(deadlocks)::int FROM pg_stat_database").fetchone()[0]


def _meet(connection: "psycopg.Connection[tuple]", random: Random, over: threading.Event) -> None:
    """Let somebody who has locked something wait for us, and then want what they have locked.

    Who waits first looks first whether they wait in a ring (after a second), so it is their transaction that is ended.
    """
    with connection.transaction():
        connection.execute("SET LOCAL deadlock_timeout = '20s'; SET LOCAL lock_timeout = '5s'")
        connection.execute(f"LOCK TABLE {random.choice(_WRITTEN)} IN SHARE MODE")
        waiting = "SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        while not connection.execute(waiting).fetchone():
            if over.wait(0.02):
                return
        for rows in _LOCKED:
            connection.execute(f"SELECT FROM {rows} FOR UPDATE")
