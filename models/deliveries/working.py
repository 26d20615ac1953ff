"""Working through the deliveries: claimed one at a time, told outside any transaction, marked by what came of it."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, false, func, select, update
from sqlalchemy.orm import Session, aliased

from models.booking import JsonObject
from models.deliveries.tables import Channel, Delivery, DeliveryStatus
from models.faults import Fault, Refusal, Refused
from models.operations import OutboxMessage

CUT_OFF = "No attempt is left, and the last one was cut off."


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until its lease runs out, and the message that it is to tell."""

    id: uuid.UUID
    channel: Channel
    attempts: int
    message: int
    topic: str
    payload: JsonObject
    created_at: dt.datetime


def claim(session: Session, channel: Channel, *, now: dt.datetime, lease: dt.timedelta) -> Claimed | None:
    """Claim the delivery that has been due longest, so that nobody else tries it before `now + lease`.

    What is told of one appointment is told in order: as long as an earlier message about it is pending, a later one
    waits.
    """
    due = (
        select(Delivery.id)
        .where(
            Delivery.channel == channel,
            Delivery.status == DeliveryStatus.PENDING,
            Delivery.next_attempt_at <= now,
            ~_waits_for_an_earlier_one(),
        )
        .order_by(Delivery.next_attempt_at, Delivery.message_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claimed = session.execute(
        update(Delivery)
        .where(Delivery.id == due.scalar_subquery())
        .values(attempts=Delivery.attempts + 1, next_attempt_at=now + lease)
        .returning(Delivery.id, Delivery.attempts, Delivery.message_id)
    ).first()
    if claimed is None:
        return None
    message = session.get_one(OutboxMessage, claimed.message_id)
    return Claimed(
        claimed.id, channel, claimed.attempts, message.id, message.topic, message.payload, message.created_at
    )


def mark_delivered(session: Session, delivery: uuid.UUID, *, now: dt.datetime) -> None:
    """Note that a delivery has arrived, whoever may have claimed it meanwhile: it has."""
    session.execute(
        update(Delivery)
        .where(Delivery.id == delivery, Delivery.status != DeliveryStatus.DELIVERED)
        .values(status=DeliveryStatus.DELIVERED, delivered_at=now, last_error=None)
    )


def mark_failed(session: Session, claimed: Claimed, error: str, *, again_at: dt.datetime | None) -> bool:
    """Note that an attempt failed; None: it is not to be tried again, and dead.

    False where another worker has claimed the delivery meanwhile, or it has been delivered: then nothing is noted.
    """
    dead = {"status": DeliveryStatus.DEAD} if again_at is None else {"next_attempt_at": again_at}
    marked = session.scalars(
        update(Delivery)
        .where(
            Delivery.id == claimed.id,
            Delivery.status == DeliveryStatus.PENDING,
            Delivery.attempts == claimed.attempts,
        )
        .values(last_error=error, **dead)
        .returning(Delivery)
    ).first()
    if marked and again_at and marked.appointment_id:
        _put_off_later_ones(session, marked, again_at)
    return marked is not None


def hand_back(session: Session, claimed: Claimed, *, now: dt.datetime) -> bool:
    """Let a delivery be due at once, as if it had not been claimed: its worker is told to end while it tells it.

    Perhaps it has arrived; whoever is told it again knows it by its id. False where another worker has claimed it
    meanwhile, or it has been marked.
    """
    handed_back = session.execute(
        update(Delivery)
        .where(
            Delivery.id == claimed.id,
            Delivery.status == DeliveryStatus.PENDING,
            Delivery.attempts == claimed.attempts,
        )
        .values(attempts=Delivery.attempts - 1, next_attempt_at=now)
        .returning(Delivery.id)
    )
    return handed_back.first() is not None


def bury_lost(session: Session, *, now: dt.datetime, max_attempts: int) -> int:
    """Let deliveries be dead whose worker was lost in the last attempt that they had. Returns how many."""
    lost = session.execute(
        update(Delivery)
        .where(
            Delivery.status == DeliveryStatus.PENDING,
            Delivery.next_attempt_at <= now,
            Delivery.attempts >= max_attempts,
        )
        .values(status=DeliveryStatus.DEAD, last_error=CUT_OFF)
        .returning(Delivery.id)
    )
    return len(lost.all())


def take_up_again(session: Session, delivery_id: uuid.UUID, now: dt.datetime) -> None:
    """Let a dead delivery be tried again, as often as a new one.

    Raises
    ------
    Refused
        where there is no such delivery (not found), it is not dead, or a patient has been told something later about
        the same appointment: what is older would only mislead (clash).

    """
    delivery = session.get(Delivery, delivery_id, with_for_update=True, populate_existing=True)
    # What an appointment was told of at another hospital is not for whoever sees it now.
    if delivery is None or session.get(OutboxMessage, delivery.message_id) is None:
        message = f"There is no delivery {delivery_id}."
        raise Refused(Refusal.NOT_FOUND, [Fault("unknown_delivery", "", str(delivery_id), message)])
    if delivery.status is not DeliveryStatus.DEAD:
        message = f"The message is {delivery.status}; only a dead one is tried again."
        raise Refused(Refusal.CLASH, [Fault("delivery_not_dead", "", str(delivery_id), message)])
    if delivery.channel is Channel.EMAIL and _told_later(session, delivery):
        message = "The patient has been told something later about this appointment; what is older would mislead them."
        raise Refused(Refusal.CLASH, [Fault("delivery_outdated", "", str(delivery_id), message)])
    session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id)
        .values(status=DeliveryStatus.PENDING, attempts=0, next_attempt_at=now)
    )


def _waits_for_an_earlier_one() -> ColumnElement[bool]:
    """Asked row by row and, as an aggregate, only by the index of an appointment's messages.

    An EXISTS would be joined, and looked for among all that is pending wherever PostgreSQL does not know yet how much
    that is: the more waits, the longer every claim would take.
    """
    earlier = aliased(Delivery)
    is_pending = func.coalesce(func.bool_or(earlier.status == DeliveryStatus.PENDING), false())
    return (
        select(is_pending)
        .where(
            earlier.channel == Delivery.channel,
            earlier.appointment_id == Delivery.appointment_id,
            earlier.message_id < Delivery.message_id,
        )
        .correlate(Delivery)
        .scalar_subquery()
    )


def _put_off_later_ones(session: Session, failed: Delivery, until: dt.datetime) -> None:
    """Let what waits for a failed one to be told be due no earlier than that: claims would look at it in vain."""
    later = session.execute(
        select(Delivery.id, Delivery.status).where(
            Delivery.channel == failed.channel,
            Delivery.appointment_id == failed.appointment_id,
            Delivery.message_id > failed.message_id,
        )
    )
    # By their ids: what is pending may be all there is, and is not searched.
    if waiting := [id_ for id_, status in later if status is DeliveryStatus.PENDING]:
        put_off = func.greatest(Delivery.next_attempt_at, until)
        session.execute(update(Delivery).where(Delivery.id.in_(waiting)).values(next_attempt_at=put_off))


def _told_later(session: Session, delivery: Delivery) -> bool:
    later = exists().where(
        Delivery.channel == delivery.channel,
        Delivery.appointment_id == delivery.appointment_id,
        Delivery.message_id > delivery.message_id,
        Delivery.status == DeliveryStatus.DELIVERED,
    )
    return bool(session.scalar(select(later)))
