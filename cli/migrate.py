"""`slotwise migrate`: the schema brought up to this version, once per upgrade and before anything else starts."""

from typing import TYPE_CHECKING

from cli.options import examples
from cli.output import Exit, Stop, notes

if TYPE_CHECKING:
    from models.migrate import Schema

EXAMPLES = examples("""
    OWNER_DATABASE_URL=postgresql+psycopg://slotwise:secret@db/slotwise \\
    DATABASE_URL=postgresql+psycopg://slotwise_app:other@db/slotwise slotwise migrate

    The owner of the tables migrates them; everything else works as
    slotwise_app, which owns nothing and is let in with the password of its
    address. Without OWNER_DATABASE_URL, DATABASE_URL is the owner's.

    `slotwise up` and `slotwise demo` do it themselves. Doing it twice does
    nothing; two at once take turns. A migration that cannot get its locks
    within 5 s gives up (exit code 3): run it again at a quieter moment.
    """)


def migrate() -> None:
    """Bring the schema of the database up to this version, and let the application's role in."""
    owners, theirs = addresses()
    notes().print(bring_up_to_date(owners, theirs).told)
    if owners == theirs:
        notes().print(
            "The application works as the role that owns the tables, so it could undo every rule and the audit. In "
            "production set OWNER_DATABASE_URL to that role, and DATABASE_URL to slotwise_app."
        )


def addresses() -> tuple[str, str]:
    """The addresses of the database for the role that owns the tables and for the application's, as set.

    Raises
    ------
    Stop
        where they are not, or will not do.

    """
    import os  # noqa: PLC0415  # see cli/main.py

    from pydantic import ValidationError  # noqa: PLC0415

    from models.settings import settings  # noqa: PLC0415

    os.environ.setdefault("REDIS_URL", "")  # nobody is rung
    try:
        theirs = settings().database_url
        owners = settings().owner_database_url or theirs
    except ValidationError as error:
        told = "; ".join(f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        raise Stop(f"The settings will not do: {told}.", Exit.USAGE) from error
    return owners, theirs


def bring_up_to_date(owners: str, theirs: str) -> "Schema":
    """Migrate a database by its owner's address, and let the application's role in as its own address, `theirs`, says.

    Returns the schema that it has then: that of this version, or of a later one that serves this one, too.

    Raises
    ------
    Stop
        where the database does not answer, the owner may not do it, or the schema is too new for this version.

    """
    from psycopg.errors import InsufficientPrivilege  # noqa: PLC0415  # see cli/main.py
    from sqlalchemy.exc import OperationalError, ProgrammingError  # noqa: PLC0415

    from models.access.admitting import admit  # noqa: PLC0415
    from models.migrate import SchemaTooNew, upgrade  # noqa: PLC0415

    try:
        schema = upgrade(owners)
        admit(owners, theirs)
    except SchemaTooNew as error:
        remedy = "Start the later version, or restore a backup from before it (docs/operations.md, Upgrading)."
        raise Stop(f"{error} {remedy}", Exit.REFUSED) from error
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        raise Stop(f"The database could not be migrated: {reason}", Exit.UNREACHABLE) from error
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        told = str(error.orig).partition("\n")[0]
        raise Stop(
            f"The role that migrates may not do it: {told}. It has to own the database and its tables, and to have "
            "CREATEROLE unless a superuser has made the application's role: CREATE ROLE slotwise_app.",
            Exit.REFUSED,
        ) from error
    except InsufficientPrivilege as error:
        raise Stop(
            "The schema is that of this version, but slotwise_app cannot sign in with the password in DATABASE_URL, "
            "and OWNER_DATABASE_URL's role may not set it. As a superuser: ALTER ROLE slotwise_app LOGIN, then "
            "\\password slotwise_app in psql.",
            Exit.REFUSED,
        ) from error
    return schema
