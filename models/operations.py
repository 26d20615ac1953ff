"""What keeps the promises to other systems: messages to be told, and answers to be given again."""

import uuid
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, TransactionId
from models.booking import JsonObject

NOBODY = uuid.UUID(int=0)
"""Whoever has not said who they are."""


class OutboxMessage(Base):
    """Something that happened, told in the transaction that did it.

    Readers follow `(transaction_id, id)` and stop before the oldest transaction that still runs, so that no message
    that commits late is ever stepped over (see `models.outbox`).
    """

    __tablename__ = "outbox_message"
    __table_args__ = (Index(None, "transaction_id", "id"), Index(None, "created_at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(TransactionId, server_default=text("pg_current_xact_id()"))
    topic: Mapped[str]
    payload: Mapped[JsonObject] = mapped_column(JSONB)  # ids and instants; no patient data
    created_at: Mapped[Now]


class IdempotencyKey(Base):
    """The first answer to a POST, given again to whoever sends the same key and body."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index(None, "created_at"),)

    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[str]
    status_code: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    body: Mapped[Any] = mapped_column(JSONB)  # Any: a JSON value
    created_at: Mapped[Now]
    # The user or the token that sent it: another one's key is another key.
    caller: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=text(f"'{NOBODY}'::uuid"))
