"""Messages that reached nobody, and letting them be tried again."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import ColumnElement, DateTime, and_, case, cast, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.deliveries.tables import Channel, Delivery, DeliveryStatus
from models.faults import Fault, Refusal, Refused
from models.operations import OutboxMessage
from models.validation.remedies.kinds import DeliverAgain


def deliver_again(session: Session, remedy: DeliverAgain, now: dt.datetime) -> Mapping[str, str]:
    """Let every message of a channel that is `undelivered` be tried again, as often as a new one.

    Raises
    ------
    Refused
        where there is none (any more).

    """
    ids = (
        select(Delivery.id)
        .join(OutboxMessage, OutboxMessage.id == Delivery.message_id)
        .where(Delivery.channel == remedy.channel, undelivered(now))
        .order_by(Delivery.id)
        .with_for_update(of=Delivery)
        .cte("undelivered")
    )
    again = (
        update(Delivery)
        .where(Delivery.id.in_(select(ids.c.id)), Delivery.status == DeliveryStatus.DEAD)
        .values(status=DeliveryStatus.PENDING, attempts=0, next_attempt_at=now)
        .returning(Delivery.id)
    )
    if not session.scalars(again.execution_options(synchronize_session=False)).all():
        message = f"No message by {remedy.channel} waits to be sent again."
        raise Refused(Refusal.CLASH, [Fault("nothing_undelivered", "", remedy.channel.value, message)])
    return {}


def undelivered(now: dt.datetime) -> ColumnElement[bool]:
    """Whether a delivery, joined with its message, is dead and still worth sending.

    A mail is not once its patient has been told something later about the same appointment, or the hours that it tells
    of have begun: it would only mislead.
    """
    later = aliased(Delivery)
    told_later = exists().where(
        later.channel == Delivery.channel,
        later.appointment_id == Delivery.appointment_id,
        later.message_id > Delivery.message_id,
        later.status == DeliveryStatus.DELIVERED,
    )
    last_start = func.greatest(*(_instant(OutboxMessage.payload[name].astext) for name in ("start", "former_start")))
    is_news = and_(~told_later, func.coalesce(last_start > now, True))
    return and_(Delivery.status == DeliveryStatus.DEAD, or_(Delivery.channel != Channel.EMAIL, is_news))


def _instant(told: ColumnElement[str]) -> ColumnElement[dt.datetime | None]:
    """An instant as a message tells it; NULL where it tells none."""
    return case((func.pg_input_is_valid(told, "timestamptz"), cast(told, DateTime(timezone=True))))
