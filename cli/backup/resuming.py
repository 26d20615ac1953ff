"""Making a restored database fit to be worked with, as the role that owns its tables."""

import os
from datetime import UTC, datetime

from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import ProgrammingError

from cli.database import reached
from cli.output import Exit, Stop
from models.restored import NotThisCluster, Resumed, resume
from models.session import engine
from models.settings import settings


def resume_at(owners: str, to: datetime | None) -> Resumed:
    """Do what `models.restored` says at an address; this process works with no other database from then on.

    Raises
    ------
    Stop
        where the database does not answer, the role does not own the tables, or the database was made from a dump.

    """
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = owners, ""  # nobody is rung
    settings.cache_clear()
    engine.cache_clear()
    try:
        with reached("DATABASE_URL") as session:
            return resume(session, to, now=datetime.now(UTC))
    except NotThisCluster:
        raise Stop(
            "This database was made from a dump: its events are numbered by another server's transactions, so some "
            "would never be told. Restore a base backup instead; a dump is a copy to look at."
        ) from None
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        raise Stop("Only the owner of the tables may do it: set OWNER_DATABASE_URL.", Exit.USAGE) from error
    finally:
        engine().dispose()
