"""Telling other systems what happened: written with the change, read in an order that misses nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, literal, select, text, tuple_
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
    position = tuple_(OutboxMessage.transaction_id, OutboxMessage.id)
    start = tuple_(literal(str(after.transaction_id)).cast(TransactionId), literal(after.id))
    settled = OutboxMessage.transaction_id < func.pg_snapshot_xmin(text("pg_current_snapshot()"))
    return session.scalars(select(OutboxMessage).where(position > start, settled).order_by(position).limit(limit)).all()
