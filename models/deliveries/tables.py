"""Deliveries: which message goes where, what became of it, and how far the outbox has been handed on."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Now, TransactionId, one_of


class Channel(StrEnum):
    """How a message is told."""

    WEBHOOK = "webhook"
    EMAIL = "email"


class DeliveryStatus(StrEnum):
    """`pending` is tried until it is delivered, or dead: given up, until somebody lets it be tried again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Delivery(Base):
    """One message of the outbox on its way by one channel. Its id is the receiver's, to tell a repetition by.

    Whoever delivers it claims it until `next_attempt_at`; a worker that dies lets that pass, and another tries.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("message_id", "channel"),
        CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="delivered_once_delivered"),
        CheckConstraint("status <> 'dead' OR last_error IS NOT NULL", name="dead_with_a_reason"),
        Index(
            "delivery_due_index",
            "channel",
            "next_attempt_at",
            "message_id",
            postgresql_where=text("status = 'pending'"),
        ),
        Index(None, "channel", "appointment_id", "message_id"),
        Index(None, "status", "id"),
    )

    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("outbox_message.id"))
    channel: Mapped[Channel] = mapped_column(one_of(Channel, "channel_known"))
    # As the message names it. What is told of one appointment is told in order.
    appointment_id: Mapped[uuid.UUID | None]
    status: Mapped[DeliveryStatus] = mapped_column(one_of(DeliveryStatus, "status_known"), server_default="pending")
    # How often it was begun, since it was made or last taken up again.
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_attempt_at: Mapped[Now]
    # What the last attempt came to; never who the patient is.
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[Now]


class DeliveryCursor(Base):
    """How far the outbox has been handed to a channel. No row: the channel is not in use, and hears of nothing."""

    __tablename__ = "delivery_cursor"

    channel: Mapped[Channel] = mapped_column(one_of(Channel, "channel_known"), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(TransactionId)
    message_id: Mapped[int] = mapped_column(BigInteger)
