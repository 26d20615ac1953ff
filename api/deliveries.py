"""What became of the messages to patients and to other systems, and trying again what was given up."""

import uuid
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import Row
from sqlalchemy.orm import Session

from api.idempotency import Answer, Posted
from api.named import gone
from api.pages import ById, Page
from api.problems import documented
from api.times import UTC, InstantOut, Now, local
from models.deliveries.listing import select_deliveries
from models.deliveries.tables import Channel, Delivery, DeliveryStatus
from models.deliveries.working import take_up_again
from models.session import transaction

router = APIRouter(prefix="/deliveries", tags=["Deliveries"])


class DeliveryOut(BaseModel):
    """An event on its way to whom it concerns. It never says who that is."""

    id: uuid.UUID = Field(description="The `webhook-id`, and the Message-ID of a mail: the same in every attempt")
    event: int = Field(description="The event's `id` in `GET /events`")
    topic: str = Field(examples=["appointment.moved"])
    appointment: uuid.UUID | None
    channel: Channel
    status: DeliveryStatus
    attempts: int = Field(description="Since it was made, or last tried again by hand")
    next_attempt_at: InstantOut | None = Field(description="null: it is not pending")
    last_error: str | None = Field(examples=["It answered 503."])
    delivered_at: InstantOut | None
    created_at: InstantOut


@router.get("", summary="List deliveries", responses=documented(invalid=["not_a_choice"]))
def list_deliveries(
    asked: ById,
    status: Annotated[list[DeliveryStatus], Query(description="Only of this status; repeat it for several")] = [],  # noqa: B006  # FastAPI copies defaults
    channel: Annotated[list[Channel], Query(description="Only by this channel; repeat it for several")] = [],  # noqa: B006
) -> Page[DeliveryOut]:
    """Deliveries, newest first. `status=dead` are those that were given up."""
    rows = select_deliveries(status, channel).limit(asked.limit + 1)
    if asked.after:
        rows = rows.where(Delivery.id < asked.after)
    with transaction() as session:
        found = session.execute(rows).all()
    return asked.page(found, lambda row: (row.Delivery.id,), _shown)


@router.get("/{delivery_id}", summary="Read a delivery", responses=documented(not_found=["unknown_delivery"]))
def read_delivery(delivery_id: uuid.UUID) -> DeliveryOut:
    """One delivery."""
    with transaction() as session:
        return _the(session, delivery_id)


@router.post(
    "/{delivery_id}/retry",
    response_model=DeliveryOut,
    summary="Try a dead delivery again",
    responses=documented(not_found=["unknown_delivery"], clash=["delivery_not_dead", "delivery_outdated"]),
)
def retry_delivery(post: Posted, delivery_id: uuid.UUID, now: Now) -> Response:
    """Let a delivery that was given up be tried again, within seconds and as often as a new one."""

    def work(session: Session) -> Answer:
        take_up_again(session, delivery_id, now)
        session.expire_all()
        return Answer(200, _the(session, delivery_id))

    return post.once(work)


def _the(session: Session, delivery_id: uuid.UUID) -> DeliveryOut:
    rows = session.execute(select_deliveries().where(Delivery.id == delivery_id)).all()
    if not rows:
        raise gone("delivery", delivery_id)
    return _shown(rows)[0]


def _shown(rows: Sequence[Row[Delivery, str]]) -> list[DeliveryOut]:
    return [_one(delivery, topic) for delivery, topic in rows]


def _one(delivery: Delivery, topic: str) -> DeliveryOut:
    pending = delivery.status is DeliveryStatus.PENDING
    return DeliveryOut(
        id=delivery.id,
        event=delivery.message_id,
        topic=topic,
        appointment=delivery.appointment_id,
        channel=delivery.channel,
        status=delivery.status,
        attempts=delivery.attempts,
        next_attempt_at=local(delivery.next_attempt_at, UTC) if pending else None,
        last_error=delivery.last_error,
        delivered_at=delivery.delivered_at and local(delivery.delivered_at, UTC),
        created_at=local(delivery.created_at, UTC),
    )
