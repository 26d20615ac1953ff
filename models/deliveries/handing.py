"""Handing the outbox to the channels in use: each message becomes one delivery by each channel that has to tell it.

A channel has a cursor, which follows the outbox in its own order and so steps over nothing; whoever hands on holds it.
A channel that comes into use hears of what happens from then on: nobody is mailed about last year.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import outbox
from models.appointment_messages import BOOKED, CANCELLED, MOVED, told_hours
from models.deliveries.tables import Channel, Delivery, DeliveryCursor
from models.operations import OutboxMessage
from models.outbox import Position
from models.people import Patient
from models.schedule import Appointment

_FOR_PATIENTS = (BOOKED, MOVED, CANCELLED)


def use_channels(session: Session, channels: Collection[Channel]) -> None:
    """Let these channels hear of what happens from now on, where they did not already, and no others."""
    session.execute(delete(DeliveryCursor).where(DeliveryCursor.channel.not_in(channels)))
    if channels:
        newest = outbox.newest(session)
        start = {"transaction_id": str(newest.transaction_id), "message_id": newest.id}
        rows = [{"channel": channel, **start} for channel in channels]
        session.execute(insert(DeliveryCursor).on_conflict_do_nothing(), rows)


def hand_on(session: Session, channel: Channel, limit: int) -> int:
    """Make deliveries of the next messages for a channel, at most `limit`. Returns how many messages were read.

    None is read where the channel is not in use, or where somebody else is handing to it at this moment.
    """
    cursor = session.scalar(
        select(DeliveryCursor).where(DeliveryCursor.channel == channel).with_for_update(skip_locked=True)
    )
    if cursor is None:
        return 0
    messages = outbox.read(session, Position(int(cursor.transaction_id), cursor.message_id), limit)
    if not messages:
        return 0
    rows = [
        {"message_id": message.id, "channel": channel, "appointment_id": _appointment(message)}
        for message in _told_by(session, channel, messages)
    ]
    if rows:
        session.execute(insert(Delivery).on_conflict_do_nothing(), rows)
    reached = outbox.place(messages[-1])
    session.execute(
        update(DeliveryCursor)
        .where(DeliveryCursor.channel == channel)
        .values(transaction_id=str(reached.transaction_id), message_id=reached.id)
    )
    return len(messages)


def _told_by(session: Session, channel: Channel, messages: Sequence[OutboxMessage]) -> Iterable[OutboxMessage]:
    """Those of `messages` that a channel tells: a webhook all, e-mail what a patient with an address wants to know."""
    if channel is Channel.WEBHOOK:
        return messages
    about = [message for message in messages if message.topic in _FOR_PATIENTS and _is_news(message)]
    reachable = set(
        session.scalars(
            select(Appointment.id)
            .join(Patient, Patient.id == Appointment.patient_id)
            .where(Appointment.id.in_([_appointment(message) for message in about]), Patient.email.is_not(None))
        )
    )
    return [message for message in about if _appointment(message) in reachable]


def _is_news(message: OutboxMessage) -> bool:
    """Whether a message tells of an hour to come; hours that have passed are booked and cancelled for the record.

    Messages that were written before they told their hours are no news either.
    """
    if "start" not in message.payload:
        return False
    return any(hour.start > message.created_at for hour in told_hours(message.payload) if hour)


def _appointment(message: OutboxMessage) -> uuid.UUID | None:
    named = message.payload.get("appointment")
    return uuid.UUID(named) if named else None
