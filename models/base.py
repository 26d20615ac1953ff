"""What every table shares: naming, identifiers, time stamps and the types PostgreSQL has and SQLAlchemy lacks."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import DateTime, Enum, MetaData, Uuid, func, select, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.types import UserDefinedType

NAMING = {
    "ix": "%(table_name)s_%(column_0_N_name)s_index",
    "uq": "%(table_name)s_%(column_0_N_name)s_unique",
    "ck": "%(table_name)s_%(constraint_name)s",
    "fk": "%(table_name)s_%(column_0_N_name)s_exists",
    "pk": "%(table_name)s_key",
}
"""Constraint names read as the rule they hold, since refusals are told by them (see `api.sentences`)."""


class Base(DeclarativeBase):
    """The declarative base of every table."""

    metadata = MetaData(naming_convention=NAMING)


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's `xid8`: a transaction's id that never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:  # Any: SQLAlchemy's own signature
        return "xid8"


ischema_names["xid8"] = TransactionId  # so that reflection (`alembic check`) knows it


def one_of(kind: type[StrEnum], name: str) -> Enum:
    """A text column that holds the values of `kind`, by a check constraint called `name`."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


def period(start: datetime, end: datetime) -> Range[datetime]:
    """The half-open range `[start, end)` of two aware instants."""
    return Range(start, end, bounds="[)")


def ends(during: Range[datetime]) -> tuple[datetime, datetime]:
    """The first instant of a stored period, and the first after it."""
    if during.lower is None or during.upper is None:
        raise ValueError("a stored period is finite")  # its check constraint says so (`whole_period`)
    return during.lower, during.upper


def new_ids(session: Session, count: int) -> list[uuid.UUID]:
    """Primary keys for `count` new rows, ascending."""
    return list(session.scalars(select(func.uuidv7()).select_from(func.generate_series(1, count))))


def first_id(at: datetime) -> uuid.UUID:
    """The lowest id that a row can have which was made at an instant or later: ids begin with the millisecond."""
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80)


def whole_period(column: str) -> str:
    """The SQL condition that a range column is a finite, non-empty, half-open period."""
    return (
        # Whether a period without an end is finite would be NULL, and pass: hence `upper_inf` besides.
        f"NOT isempty({column}) AND lower_inc({column}) AND NOT upper_inc({column}) AND NOT upper_inf({column})"
        f" AND isfinite(lower({column})) AND isfinite(upper({column}))"
    )


Id = Annotated[uuid.UUID, mapped_column(Uuid, primary_key=True, server_default=text("uuidv7()"))]
"""A primary key that sorts by the time of its creation."""

Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
During = Annotated[Range[datetime], mapped_column(TSTZRANGE)]
Now = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
"""When the row was written: the time of its transaction, unless told."""

MadeBy = Annotated[
    uuid.UUID | None,
    mapped_column(
        Uuid,
        server_default=text("((nullif(current_setting('slotwise.actor', true), ''))::jsonb ->> 'id')::uuid"),
    ),
]
"""The user or the token that a row was made for, as its transaction says (`models.access.acting`); NULL: nobody has
said, or neither.
"""

Version = Annotated[int, mapped_column(server_default=text("1"))]
"""Counts the changes of a row that people edit; its `ETag`."""
