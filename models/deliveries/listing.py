"""What became of the messages: for lists, and as counts."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.deliveries.tables import Channel, Delivery, DeliveryStatus
from models.operations import OutboxMessage


@dataclass(frozen=True, slots=True)
class Counts:
    """The deliveries of a channel. `oldest` is how long the first of the pending ones has waited, in seconds."""

    pending: int
    delivered: int
    dead: int
    oldest: float | None


def select_deliveries(
    statuses: Collection[DeliveryStatus] = (), channels: Collection[Channel] = ()
) -> Select[Delivery, str]:
    """Deliveries with the topics of their messages, newest first; of any status and channel where none is named."""
    rows: Select[Delivery, str] = (
        select(Delivery, OutboxMessage.topic)
        .join(OutboxMessage, OutboxMessage.id == Delivery.message_id)
        .order_by(Delivery.id.desc())
    )
    if statuses:
        rows = rows.where(Delivery.status.in_(statuses))
    if channels:
        rows = rows.where(Delivery.channel.in_(channels))
    return rows


def count_deliveries(session: Session, now: dt.datetime) -> dict[Channel, Counts]:
    """How the deliveries of every channel stand at `now`."""
    found = {
        row.channel: Counts(
            row.pending, row.delivered, row.dead, None if row.oldest is None else (now - row.oldest).total_seconds()
        )
        for row in session.execute(
            select(
                Delivery.channel,
                *(_count(status).label(status.value) for status in DeliveryStatus),
                func.min(Delivery.created_at).filter(Delivery.status == DeliveryStatus.PENDING).label("oldest"),
            ).group_by(Delivery.channel)
        )
    }
    return {channel: found.get(channel, Counts(0, 0, 0, None)) for channel in Channel}


def _count(status: DeliveryStatus) -> Any:  # Any: SQLAlchemy's own expression
    return func.count().filter(Delivery.status == status)
