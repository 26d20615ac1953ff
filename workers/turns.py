"""Whose turn it is: hospitals take turns in the queue, so that none waits for all that another has queued at once.

Every request counts for one *share*, the first hospital that it accepts; those that accept any hospital are a share of
their own. Of one urgency, the first request of every share comes before the second of any, and among those that come
at the same place, the share that was served longest ago goes first. Where there is one share, the oldest goes first.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, func, null, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.booking import BookingRequest, RequestStatus, Turn
from models.hospitals import Hospital
from planner.problem import Priority


def in_turn(priority: Priority, most: int, of_each: int) -> Subquery:
    """The first `most` queued requests of an urgency: their `id`, and in `turn`, from 1 on, when theirs is.

    Only the first `of_each` of every share are read, by that share's own stretch of the index. If they come to `most`
    all the same, further ones would have changed nothing.
    """
    next_of_each = _first_of(priority, BookingRequest.share == Hospital.id, of_each).lateral()
    theirs = select(Hospital.id.label("share"), next_of_each.c.id, next_of_each.c.place).join(next_of_each, true())
    anyones = _first_of(priority, BookingRequest.share.is_(None), of_each).subquery()
    places = theirs.union_all(select(null(), anyones.c.id, anyones.c.place)).subquery()
    order = (places.c.place, Turn.served_at.nulls_first(), places.c.share.nulls_first())
    return (
        select(places.c.id, func.row_number().over(order_by=order).label("turn"))
        .outerjoin(Turn, Turn.share.is_not_distinct_from(places.c.share))
        .order_by(*order)
        .limit(most)
        .subquery()
    )


def note_served(session: Session, shares: Sequence[UUID | None], now: datetime) -> None:
    """Note that the requests of a run, of these shares in their order, have had their turn.

    Of two shares of one run, who was served last in it was served later: by a microsecond for each place.
    """
    last = {share: now + timedelta(microseconds=place) for place, share in enumerate(shares)}
    statement = insert(Turn)
    session.execute(
        statement.on_conflict_do_update(index_elements=[Turn.share], set_={"served_at": statement.excluded.served_at}),
        [{"share": share, "served_at": served_at} for share, served_at in last.items()],
    )


def _first_of(priority: Priority, share: ColumnElement[bool], most: int) -> Select[tuple[UUID, int]]:
    oldest_first = (BookingRequest.queued_at, BookingRequest.id)
    return (
        select(BookingRequest.id, func.row_number().over(order_by=oldest_first).label("place"))
        .where(BookingRequest.status == RequestStatus.QUEUED, BookingRequest.priority == priority, share)
        .order_by(*oldest_first)
        .limit(most)
    )
