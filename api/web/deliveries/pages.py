"""The page of messages: `/app/messages`."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.pages import checked, decode_id, encode
from api.times import Now
from api.web.deliveries.telling import tell
from api.web.forms import Left
from api.web.rendering import done, is_fragment, page, query
from api.web.words import t
from models.deliveries.listing import count_deliveries, select_deliveries
from models.deliveries.tables import Delivery, DeliveryStatus
from models.deliveries.working import take_up_again
from models.session import transaction
from models.settings import settings

router = APIRouter(prefix="/app/messages")

PATH = "/app/messages"

_AT_ONCE = 50

_OPEN = (DeliveryStatus.DEAD, DeliveryStatus.PENDING)
"""What is shown where no status is asked for: whatever has not arrived."""


@router.get("")
def show_messages(
    request: Request,
    now: Now,
    status: Annotated[DeliveryStatus | None, Left, Query()] = None,
    before: Annotated[str | None, Left, Query(), checked(lambda cursor: cursor and decode_id(cursor))] = None,
) -> Response:
    """Messages and what became of them; as a fragment, their list alone."""
    rows = select_deliveries([status] if status else _OPEN).limit(_AT_ONCE + 1)
    if before:
        rows = rows.where(Delivery.id < decode_id(before))
    with transaction() as session:
        found = session.scalars(rows).all()
        told = tell(session, found[:_AT_ONCE], now)
        counts = count_deliveries(session, now).values()
    older = encode(found[_AT_ONCE - 1].id) if len(found) > _AT_ONCE else None
    chosen = settings()
    return page(
        request,
        "messages/rows.html" if is_fragment(request) else "messages/page.html",
        rows=told,
        only=status,
        before=before,
        older=older and PATH + query({"status": status and status.value, "before": older}),
        counts={each.value: sum(getattr(count, each.value) for count in counts) for each in DeliveryStatus},
        silent=not (chosen.webhook_url or chosen.smtp_url),
    )


@router.post("/{delivery_id}/retry")
def try_again(request: Request, delivery_id: uuid.UUID, now: Now) -> Response:
    """Let a dead message be tried again."""
    with transaction() as session:
        take_up_again(session, delivery_id, now)
    if not is_fragment(request):
        return RedirectResponse(PATH, status_code=303)
    return done(t("messages-tried-again"), "messages-changed")
