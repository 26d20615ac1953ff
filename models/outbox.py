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

RESTORED = "database.restored"
"""The topic that tells that the database was restored: what was told after `restored_to` has not happened."""

ERA_BITS = 26
"""A restore lets the ids of messages begin anew at a higher multiple of 2^26; the first of them tells of it."""


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


def resumed(session: Session, position: Position) -> Position:
    """Where a reader goes on: at `position`, or before the restore that has undone what they read last.

    Transactions are numbered on from the time that was restored to, so a reader who was further would miss what comes.
    Ids are not: what was read before a restore and is not smaller than the message that tells of it, is undone.
    """
    goes_on = position
    newest = session.scalar(select(func.max(OutboxMessage.id)))
    while newest and (first := newest >> ERA_BITS << ERA_BITS) > position.id:
        told = session.get(OutboxMessage, first)
        if told and told.topic == RESTORED:
            goes_on = min(goes_on, Position(int(told.transaction_id), first - 1))
        newest = session.scalar(select(func.max(OutboxMessage.id)).where(OutboxMessage.id < first))
    return goes_on


def place(message: OutboxMessage) -> Position:
    """How far a reader has come who has read `message`."""
    return Position(int(message.transaction_id), message.id)  # the driver gives an xid8 as text


def _position() -> ColumnElement[Any]:  # Any: a pair has no Python type of its own here
    return tuple_(OutboxMessage.transaction_id, OutboxMessage.id)


def _settled() -> ColumnElement[bool]:
    """Whether no transaction that still runs can write a message before this one."""
    return OutboxMessage.transaction_id < func.pg_snapshot_xmin(text("pg_current_snapshot()"))
