"""Telling other systems what happened: written with the change, read in an order that misses nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select, text, tuple_
from sqlalchemy.orm import Session

from models.base import TransactionId
from models.booking import JsonObject
from models.operations import OutboxMessage


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far a reader has come."""

    transaction_id: int
    id: int


START = Position(0, 0)


def tell(session: Session, topic: str, payloads: Iterable[JsonObject]) -> None:
    """Write one message for each payload: ids and instants only, never who the patient is."""
    if rows := [{"topic": topic, "payload": payload} for payload in payloads]:
        session.execute(insert(OutboxMessage), rows)


def read(session: Session, after: Position, limit: int) -> Sequence[OutboxMessage]:
    """The next messages, at most `limit`, in the order of their transactions.

    A transaction that began earlier may commit later, so the reading stops before the oldest one that still runs: a
    message is never stepped over. Source: PostgreSQL 18 manual, Transaction ID and Snapshot Information Functions.
    """
    position = _position()
    start = tuple_(literal(str(after.transaction_id)).cast(TransactionId), literal(after.id))
    rows = select(OutboxMessage).where(position > start, _settled()).order_by(position).limit(limit)
    return session.scalars(rows).all()


def newest(session: Session) -> Position:
    """How far a reader can come just now: the place of the last message that `read` would give."""
    position = _position()
    row = session.execute(
        select(OutboxMessage.transaction_id, OutboxMessage.id).where(_settled()).order_by(position.desc()).limit(1)
    ).first()
    return Position(int(row.transaction_id), row.id) if row else START


def place(message: OutboxMessage) -> Position:
    """How far a reader has come who has read `message`."""
    return Position(int(message.transaction_id), message.id)  # the driver gives an xid8 as text


def _position() -> ColumnElement[Any]:  # Any: a pair has no Python type of its own here
    return tuple_(OutboxMessage.transaction_id, OutboxMessage.id)


def _settled() -> ColumnElement[bool]:
    """Whether no transaction that still runs can write a message before this one."""
    return OutboxMessage.transaction_id < func.pg_snapshot_xmin(text("pg_current_snapshot()"))
