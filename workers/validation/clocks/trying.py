"""Trying a remedy before it is offered: in a transaction that is rolled back, so that nobody ever sees it."""

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from models.faults import Refused
from models.rescheduling.writing import meanwhile
from models.session import transaction

TOLD_OF = 10
"""Of more reasons against a remedy only the first are told."""


class _TriedOut(Exception):  # noqa: N818  # named for what happened
    """Leave no trace."""


def reasons_against(remedy: Callable[[Session], object]) -> tuple[str, ...]:
    """Why a remedy cannot be applied as things are, in sentences; empty: it can."""
    try:
        with suppress(_TriedOut), transaction() as session:
            session.execute(text("SET LOCAL lock_timeout = '2s'"))
            remedy(session)
            raise _TriedOut
    except Refused as refused:
        return tuple(fault.message for fault in refused.faults[:TOLD_OF])
    except IntegrityError as error:
        return (meanwhile(error).message,)
    except OperationalError:
        return ("Somebody was changing the same rows while it was tried.",)
    except DBAPIError as error:
        return (f"The database refuses it ({type(error.orig).__name__}).",)
    return ()
