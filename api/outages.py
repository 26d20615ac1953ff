"""What the database's own troubles are to callers: none is a fault of theirs or ours, and all of them pass.

They are told apart by PostgreSQL's error codes (its documentation, appendix A); the first two characters are the class.
"""

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout


@dataclass(frozen=True, slots=True)
class Outage:
    """The `code` of the problem (`api.catalogue`), what callers are told, and the seconds after which to come again."""

    code: str
    detail: str
    seconds: int


AGAIN = "Send the request again in a moment, a POST with the same Idempotency-Key."

AWAY = Outage("unavailable", f"The database is not available just now. {AGAIN}", 2)
FULL_HOUSE = Outage("unavailable", f"The database is busy with others. {AGAIN}", 2)
CONTENDED = Outage(
    "contended", "Others are changing the same things just now; nothing was changed. Send the request again.", 1
)
TAKEN_TOO_LONG = Outage(
    "took_too_long", "The database was busy with this for too long, and gave up; nothing was changed.", 10
)
NO_ROOM = Outage("no_room", "The database has no room left to write to; nothing was changed.", 30)
READ_ONLY = Outage("read_only", "The database takes no changes just now; nothing was changed.", 15)
BROKEN = Outage("database_broken", "The database reports a fault of its own; nothing was changed.", 30)

_OF_CODE = {
    "25006": READ_ONLY,  # read_only_sql_transaction: a replica, or one that was told to be
    "25P03": AWAY,  # idle_in_transaction_session_timeout; the connection is gone
    "25P04": AWAY,  # transaction_timeout
    "53100": NO_ROOM,  # disk_full
    "55P03": CONTENDED,  # lock_not_available
    "57014": TAKEN_TOO_LONG,  # query_canceled, mostly by statement_timeout
}
_OF_CLASS = {
    "40": CONTENDED,  # transaction_rollback: deadlocks, serialization failures
    "53": FULL_HOUSE,  # insufficient_resources: connections, memory
    "57": AWAY,  # operator_intervention: it is shutting down, starting, or recovering from a crash
    "58": BROKEN,  # system_error: what is outside PostgreSQL, such as its disk
    "XX": BROKEN,  # internal_error, or data that is damaged
}


def of(error: SQLAlchemyError) -> Outage | None:
    """What a database error is to callers; None where it is no trouble of the database's own."""
    if isinstance(error, PoolTimeout):
        return FULL_HOUSE
    code = state_of(error)
    if found := _OF_CODE.get(code) or _OF_CLASS.get(code[:2]):
        return found
    lost = isinstance(error, (OperationalError, InterfaceError)) or getattr(error, "connection_invalidated", False)
    return AWAY if lost else None


def was_rolled_back_for_others(error: SQLAlchemyError) -> bool:
    """Whether the database has undone the transaction so that another could go on: it can be done again at once."""
    return state_of(error)[:2] == "40"


def state_of(error: SQLAlchemyError) -> str:
    """PostgreSQL's error code, five characters; empty where it has told none."""
    return (getattr(error.orig, "sqlstate", None) or "") if isinstance(error, DBAPIError) else ""
