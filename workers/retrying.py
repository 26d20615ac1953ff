"""Doing a transaction again when the database, and not the transaction, was the reason that it failed."""

from collections.abc import Callable
from time import sleep
from typing import TypeVar

import structlog
from sqlalchemy.exc import OperationalError

T = TypeVar("T")

WAITS = (0.1, 0.4, 1.0, 2.0, 4.0)
"""Seconds before each further try: long enough for a database that is starting again."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def retrying(step: Callable[[], T]) -> T:
    """Do `step`, a whole transaction, again where its connection was lost, or a lock was not to be had.

    Locks are taken in order, but an import or a closure may take the same ones in another: PostgreSQL then ends one of
    the two. `step` must be safe to do again after a commit of which the answer was lost.
    """
    for wait in WAITS:
        try:
            return step()
        except OperationalError as error:
            log.warning("trying again", wait=wait, error=str(error.orig).partition("\n")[0])
        sleep(wait)
    return step()


def retrying_unless(lost: type[Exception], step: Callable[[], object]) -> None:
    """As `retrying`, unless it raises `lost`: what is worked on is held no longer, which the log says."""
    try:
        retrying(step)
    except lost as error:
        log.info("work dropped", reason=str(error))
