"""The database as commands use it: reached or told why not."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from cli.acting import as_operator
from cli.output import Exit, Stop
from models.session import transaction

_NO_SUCH_TABLE = "42P01"
_NO_SUCH_COLUMN = "42703"


@contextmanager
def reached(whose: str) -> Iterator[Session]:
    """One transaction of the operator's, committed at the end and rolled back by any exception.

    Raises
    ------
    Stop
        where the database does not answer or its schema is not this version's.

    """
    try:
        with as_operator(), transaction() as session:
            yield session
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        raise Stop(f"The database of {whose} does not answer: {reason}", Exit.UNREACHABLE) from error
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) not in {_NO_SUCH_TABLE, _NO_SUCH_COLUMN}:
            raise
        message = f"The database of {whose} has not the schema of this version; run `slotwise migrate`."
        raise Stop(message, Exit.UNREACHABLE) from error
