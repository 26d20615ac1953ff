"""Letting the application's role into the database, with the password that its address has."""

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from models.access.privileges import APPLICATION

_PATIENCE = 5  # seconds


def admit(owner_url: str, application_url: str) -> None:
    """Let the role that owns nothing sign in; where it can already, and for any other role, nothing is done.

    The server is told a digest of the password, so that none of its logs can hold it.

    Raises
    ------
    psycopg.errors.InsufficientPrivilege
        where the owner may not change that role.
    psycopg.OperationalError
        where the database does not answer the owner.

    """
    address = make_url(application_url)
    password = str(address.password or "")
    if address.username != APPLICATION or not password or _signs_in(address):
        return
    with _connect(make_url(owner_url)) as connection:
        digest = connection.pgconn.encrypt_password(password.encode(), APPLICATION.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(APPLICATION), sql.Literal(digest.decode())))


def _signs_in(address: URL) -> bool:
    try:
        _connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


def _connect(address: URL) -> "psycopg.Connection[tuple[object, ...]]":
    # Not as one string: SQLAlchemy leaves spaces in it, which libpq refuses.
    _, named = address.get_dialect()().create_connect_args(address)
    return psycopg.connect(**{"connect_timeout": _PATIENCE, **named})
