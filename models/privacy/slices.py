"""Deleting a slice at a time: a short transaction each, past rows that somebody else holds."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, delete, select, text, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.base import Base

Column = InstrumentedAttribute[Any]  # Any: a key may be of any type
Rows = TypeVar("Rows", bound=Select[*tuple[Any, ...]])

_FORGETTING = text("SELECT set_config('slotwise.forgetting', 'on', true)")


def tell_together(session: Session) -> None:
    """Have the audit tell, until the transaction ends, of deleted rows by their number alone (`models.audit.told`).

    To repeat there what is to be forgotten would be to keep it. The database refuses it of what is not over for long.
    """
    session.execute(_FORGETTING)


def delete_slice(
    session: Session, table: type[Base], key: Sequence[Column], old: Select[*tuple[Any, ...]], limit: int
) -> int:
    """Delete the first `limit` rows of a table whose keys `old` selects. Returns how many."""
    held = held_slice(old, table, limit).cte("held")
    gone = delete(table).where(tuple_(*key).in_(select(held))).returning(key[0])
    return len(session.execute(gone.execution_options(synchronize_session=False)).all())


def held_slice(old: Rows, table: type[Base], limit: int) -> Rows:
    """The first `limit` of those rows that nobody else holds, locked."""
    return old.limit(limit).with_for_update(of=table, skip_locked=True)
