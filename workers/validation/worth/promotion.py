"""Conflicts that could be booked as things are, since hours came free: each is offered one, in turn, and all that are
offered fit together, also with what is offered to appointments that stand where they may not. Staff confirm them, or a
setting has them booked at once.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Select, or_, select, text
from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.faults import Refused
from models.session import transaction
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.remedies import apply_remedy
from models.validation.remedies.kinds import BookRequest
from models.validation.tables import Finding
from models.validation.waiting import MOST, Waiting, read_waiting, without_offered
from planner.plan import Booking
from planner.promotion import promoted
from workers.retrying import retrying
from workers.validation.step import Scope, Slice, Step, reading
from workers.validation.wording import by_clock

_IN_CONFLICT = text("SELECT count(*) FROM booking_request WHERE status = 'conflict'")

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def count_waiting(session: Session, _scope: Scope) -> int:
    """About how many requests a step looks at that looks at all that wait."""
    return min(session.scalar(_IN_CONFLICT) or 0, MOST)


def _carry_out(scope: Scope, _after: JsonObject | None) -> Iterator[Slice]:
    """Whichever hospital is validated, everybody who waits is planned, so that every validation offers the same."""
    with reading() as session:
        waiting = without_offered(session, read_waiting(session, scope.clock()))
    promotion = promoted(waiting.problem, waiting.turns, time_limit=scope.chosen.plan_time_limit)
    log.info(
        "promoted", waiting=len(waiting.turns), unread=waiting.unread, bookable=len(promotion.bookings),
        proved=promotion.proved,
    )  # fmt: skip
    offers = [each for each in promotion.bookings if scope.hospital in (None, UUID(each.hospital))]
    found = [_found(waiting, each) for each in offers]
    yield Slice(found, rows=len(waiting.turns))
    if scope.chosen.promote_conflicts == "automatic":
        for each in found:
            _book(each, scope)


def _found(waiting: Waiting, offer: Booking) -> Found:
    request = next(each for each in waiting.problem.requests if each.id == offer.request)
    zone = next(each.timezone for each in waiting.problem.hospitals if each.id == offer.hospital)
    queued = waiting.queued_at[offer.request]
    hour = BookRequest(
        booking_request=UUID(offer.request),
        doctor=UUID(offer.doctor),
        hospital=UUID(offer.hospital),
        start=offer.start,
    )
    return Found(
        Code.CONFLICT_BOOKABLE,
        (Entity(Kind.BOOKING_REQUEST, offer.request),),
        f"The {request.priority} request that has waited since {by_clock(queued, zone)} can be booked now: with"
        f" {waiting.names[offer.doctor]} at {waiting.names[offer.hospital]}, {by_clock(offer.start, zone)}.",
        frozenset({UUID(offer.hospital)}),
        (Entity(Kind.DOCTOR, offer.doctor), Entity(Kind.HOSPITAL, offer.hospital)),
        {
            "priority": request.priority,
            "queued_at": queued.isoformat(),
            "doctor": offer.doctor,
            "hospital": offer.hospital,
            "start": offer.start.isoformat(),
        },
        hour.stored,
    )


def _book(found: Found, scope: Scope) -> None:
    """Book what was offered, unless somebody lets the finding be. An hour that somebody else has taken since is left to
    them: the finding stands until the next validation, which offers another or none.
    """

    def book() -> bool:
        with transaction() as session:
            finding = session.scalar(_standing(found, scope.clock()))
            if finding is None:
                return False
            apply_remedy(session, finding, scope.clock())
        return True

    try:
        booked = retrying(book)
    except Refused as refused:
        log.info("not booked", finding=found.key, reason=refused.faults[-1].code)
    else:
        log.info("booked" if booked else "let be", finding=found.key)


def _standing(found: Found, now: datetime) -> Select[UUID]:
    """The finding, unless it is acknowledged."""
    return select(Finding.id).where(
        Finding.key == found.key,
        Finding.gone_at.is_(None),
        or_(Finding.acknowledged_until.is_(None), Finding.acknowledged_until <= now),
    )


PROMOTION = Step("Conflicts that can be booked", frozenset({Code.CONFLICT_BOOKABLE}), count_waiting, _carry_out)
