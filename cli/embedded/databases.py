"""Databases for tests: cheap clones of one that was migrated once.

PostgreSQL copies a template's files instead of replaying its migrations, so that every test can have its own.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url

_PATIENCE = 20.0  # seconds


def create_database(server_url: str, name: str, template: str | None = None) -> str:
    """Create a database, as a copy of `template` if there is one, and return its address.

    Parameters
    ----------
    server_url
        The SQLAlchemy address of any other database on the same server. Nobody may be connected to the template.
    """
    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template:
        # Copied files cost as much as logged blocks here (45 ms), but what was not logged is dropped in half the time.
        statement += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template))
    _execute(server_url, statement)
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def drop_database(server_url: str, name: str) -> None:
    """Drop a database, if it exists, together with whatever connections it still has.

    Those of a superuser, to whom autovacuum belongs too, nobody else may end: they are waited for.
    """
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            _execute(server_url, statement)
        except psycopg.errors.InsufficientPrivilege:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def cloned_database(server_url: str, template: str) -> Iterator[str]:
    """The address of a new copy of a template, dropped at the end of the block."""
    name = f"{template}_{uuid.uuid4().hex[:12]}"
    url = create_database(server_url, name, template)
    try:
        yield url
    finally:
        drop_database(server_url, name)


def _execute(server_url: str, statement: sql.Composed) -> None:
    url = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
