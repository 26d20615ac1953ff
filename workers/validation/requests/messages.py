"""Messages that reached nobody: given up, waiting for far too long, or never handed to their channel."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.deliveries.tables import Channel, Delivery, DeliveryCursor, DeliveryStatus
from models.operations import OutboxMessage
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.remedies.kinds import DeliverAgain
from models.validation.remedies.messages import undelivered
from models.wording import counted
from workers.validation.paging import FORGOTTEN
from workers.validation.step import Scope, Slice, Step, by_slices
from workers.validation.wording import together

NAMED = 10
"""How many dead deliveries a finding names; the page Messages has all."""


def _look(session: Session, scope: Scope, _after: JsonObject | None) -> Slice:
    return Slice([found for channel in Channel for found in [_channel(session, channel, scope.since)] if found])


def _channel(session: Session, channel: Channel, since: datetime) -> Found | None:
    counts = {
        "dead": _count(session, _dead(channel, since)),
        "late": _count(session, _late(channel, since - FORGOTTEN)),
        "not_handed_on": _count(session, _not_handed_on(channel, since - FORGOTTEN)),
    }
    if not any(counts.values()):
        return None
    said = {"dead": "given up", "late": "late by more than an hour", "not_handed_on": "not handed on by any worker"}
    ways = [f"{counted(counts[each], 'message')} {said[each]}" for each in said if counts[each]]
    named = session.scalars(_dead(channel, since).order_by(Delivery.id.desc()).limit(NAMED)).all()
    return Found(
        Code.MESSAGE_UNDELIVERED,
        (Entity(Kind.CHANNEL, channel.value),),
        f"By {channel.value} there are {together(ways)}. {_advice(session, channel, since)}",
        besides=tuple(Entity(Kind.DELIVERY, str(each)) for each in named),
        facts=counts,
        remedy=DeliverAgain(channel=channel).stored if counts["dead"] else None,
    )


def _advice(session: Session, channel: Channel, since: datetime) -> str:
    dead = _dead(channel, since).with_only_columns(Delivery.last_error).order_by(Delivery.id.desc()).limit(1)
    error = session.scalar(dead)
    return f"The last reason: {error}" if error else "See that beat and workers run, and that the receiver does."


def _count(session: Session, ids: Select[UUID] | Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def _dead(channel: Channel, since: datetime) -> Select[UUID]:
    return (
        select(Delivery.id)
        .join(OutboxMessage, OutboxMessage.id == Delivery.message_id)
        .where(Delivery.channel == channel, undelivered(since))
    )


def _late(channel: Channel, before: datetime) -> Select[UUID]:
    """What nobody has tried for long, or has tried in vain for long. Of a channel that is not in use nobody does."""
    untried = Delivery.next_attempt_at < before
    in_vain = and_(Delivery.attempts > 1, Delivery.created_at < before)
    return (
        select(Delivery.id)
        .join(DeliveryCursor, DeliveryCursor.channel == Delivery.channel)
        .where(Delivery.channel == channel, Delivery.status == DeliveryStatus.PENDING, or_(untried, in_vain))
    )


def _not_handed_on(channel: Channel, before: datetime) -> Select[int]:
    """What could have been handed on long ago: no transaction runs any more that could come before it."""
    message = tuple_(OutboxMessage.transaction_id, OutboxMessage.id)
    return (
        select(OutboxMessage.id)
        .join(DeliveryCursor, message > tuple_(DeliveryCursor.transaction_id, DeliveryCursor.message_id))
        .where(
            DeliveryCursor.channel == channel,
            OutboxMessage.created_at < before,
            OutboxMessage.transaction_id < func.pg_snapshot_xmin(text("pg_current_snapshot()")),
        )
    )


UNDELIVERED = Step("Messages", frozenset({Code.MESSAGE_UNDELIVERED}), lambda _session, _scope: 0, by_slices(_look))
