"""What happened, for other systems: a feed that misses nothing and repeats nothing, read from a cursor on."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.pages import Limit, checked, decode_numbers, encode, link_next
from api.problems import documented
from api.times import UTC, InstantOut, local
from api.waiting import LONGEST_WAIT, Patience
from models import outbox
from models.access.reach import whole
from models.booking import JsonObject
from models.outbox import START, Position
from models.session import transaction
from models.withholding import Withholding

router = APIRouter(prefix="/events", tags=["Events"])


class EventOut(BaseModel):
    """Something that happened. Ids and instants only; read the rest at the resource."""

    id: int
    topic: str = Field(examples=["appointment.booked"])
    payload: JsonObject = Field(examples=[{"appointment": "0198c5a0-7d3e-7c1a-9f1e-2b6a54d0e111"}])
    created_at: InstantOut


class EventsOut(BaseModel):
    """Some events, in the order in which they became known."""

    items: list[EventOut]
    next_cursor: str = Field(description="Keep it, and send it as `cursor` next time; there is always one")


@router.get("", summary="Follow events", responses=documented(invalid=["unreadable_cursor", "out_of_range"]))
async def read_events(
    request: Request,
    response: Response,
    limit: Limit = 100,
    cursor: Annotated[
        str | None,
        Query(description="Where you stopped last time; from the first event if left out"),
        checked(decode_numbers),
    ] = None,
    wait: Annotated[
        int, Query(ge=0, le=LONGEST_WAIT, description="Hold the answer back up to so many seconds while there is none")
    ] = 0,
) -> EventsOut:
    """Events after a cursor. Keep `next_cursor` with what you did about them, and no event is missed or seen twice.

    `database.restored` tells that the database was restored to an earlier time: what was told after `restored_to` has
    not happened. A caller who acts at some hospitals hears what happens there; of an appointment that came from
    another, or went to another, only that.
    """
    position = Position(*decode_numbers(cursor)) if cursor is not None else START

    def read() -> list[EventOut]:
        nonlocal position
        with transaction() as session:
            with whole(session):
                newest = outbox.newest(session)
                position = outbox.resumed(session, position)
            messages = outbox.read(session, position, limit)
            # Where nothing up to there is in reach, it need not be looked through again.
            position = outbox.place(messages[-1]) if messages else max(position, newest)
            telling = Withholding(session, [message.payload for message in messages])
            return [
                EventOut(
                    id=message.id,
                    topic=message.topic,
                    payload=telling.of_message(message.payload),
                    created_at=local(message.created_at, UTC),
                )
                for message in messages
            ]

    items = await Patience(request, response, wait).until(read, bool)
    following = encode(position.transaction_id, position.id)
    link_next(request, response, following)
    return EventsOut(items=items, next_cursor=following)
