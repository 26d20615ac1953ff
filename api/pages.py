"""Long lists, a page at a time: `limit` and `cursor` in, `next_cursor` and `Link: <…>; rel="next"` out.

A cursor is the place of the last item that was given (its id, or its start and id), so that what is added or removed
meanwhile neither repeats nor hides another item.
"""

import base64
import binascii
import datetime as dt
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from models.inputs import FIRST_INSTANT, LAST_INSTANT

MAX_LIMIT = 1000

T = TypeVar("T")
Row = TypeVar("Row")


class Page(BaseModel, Generic[T]):
    """Some items of a list, and where it goes on."""

    items: list[T]
    next_cursor: str | None = Field(description="Send it as `cursor` for the items after these; null: there are none")


def encode(*place: object) -> str:
    """A cursor for a place: ids, instants or numbers."""
    text = json.dumps([step.isoformat() if isinstance(step, dt.datetime) else str(step) for step in place])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _steps(cursor: str, count: int) -> list[str]:
    try:
        steps = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _unreadable() from None
    if not isinstance(steps, list) or len(steps) != count or not all(isinstance(step, str) for step in steps):
        raise _unreadable()
    return steps


def _unreadable() -> PydanticCustomError:
    return PydanticCustomError(
        "unreadable_cursor", "is not a cursor of this list; take it from next_cursor, or leave it out to start anew"
    )


def decode_id(cursor: str) -> uuid.UUID:
    """The id a cursor stands for."""
    try:
        return uuid.UUID(_steps(cursor, 1)[0])
    except ValueError:
        raise _unreadable() from None


def decode_start(cursor: str) -> tuple[dt.datetime, uuid.UUID]:
    """The start and the id a cursor stands for."""
    start, id_ = _steps(cursor, 2)
    try:
        place = dt.datetime.fromisoformat(start), uuid.UUID(id_)
    except ValueError:
        raise _unreadable() from None
    if place[0].tzinfo is None or not FIRST_INSTANT <= place[0] < LAST_INSTANT:
        raise _unreadable()
    return place


def decode_rank(cursor: str) -> tuple[int, uuid.UUID]:
    """The rank and the id a cursor stands for."""
    rank, id_ = _steps(cursor, 2)
    try:
        return _number(rank), uuid.UUID(id_)
    except ValueError:
        raise _unreadable() from None


def decode_number(cursor: str) -> int:
    """The number a cursor stands for, of at most 63 bits."""
    return _number(*_steps(cursor, 1))


def decode_numbers(cursor: str) -> tuple[int, int]:
    """Two numbers of at most 63 bits."""
    first, second = _steps(cursor, 2)
    return _number(first), _number(second)


def _number(step: str) -> int:
    if not (step.isascii() and step.isdecimal() and len(step) < 19):
        raise _unreadable()
    return int(step)


def checked(decode: Callable[[str], object]) -> AfterValidator:
    """A validator of cursors that `decode` can read."""

    def check(cursor: str) -> str:
        decode(cursor)
        return cursor

    return AfterValidator(check)


Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The most items to give")]
_ABOUT = "The `next_cursor` of an earlier answer"


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """Which page was asked for; `after` is the place of the last item the caller has."""

    request: Request
    response: Response
    limit: int
    after: T | None

    def page(
        self,
        rows: Sequence[Row],
        place: Callable[[Row], tuple[object, ...]],
        shape: Callable[[Sequence[Row]], list[Any]],
    ) -> Page[Any]:  # Any: whichever shape the route declares
        """The page of `rows`, of which one more than `limit` were read so as to know whether there are more."""
        shown = rows[: self.limit]
        cursor = encode(*place(shown[-1])) if len(rows) > self.limit else None
        if cursor:
            link_next(self.request, self.response, cursor)
        return Page(items=shape(shown), next_cursor=cursor)


def link_next(request: Request, response: Response, cursor: str) -> None:
    """Point the answer's `Link` header at the page after it (RFC 8288), relative to this server."""
    url = request.url.include_query_params(cursor=cursor)
    response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'


async def _asked_by_id(
    request: Request,
    response: Response,
    limit: Limit = 100,
    cursor: Annotated[str | None, Query(description=_ABOUT), checked(decode_id)] = None,
) -> Asked[uuid.UUID]:
    return Asked(request, response, limit, decode_id(cursor) if cursor is not None else None)


async def _asked_by_start(
    request: Request,
    response: Response,
    limit: Limit = 100,
    cursor: Annotated[str | None, Query(description=_ABOUT), checked(decode_start)] = None,
) -> Asked[tuple[dt.datetime, uuid.UUID]]:
    return Asked(request, response, limit, decode_start(cursor) if cursor is not None else None)


async def _asked_by_rank(
    request: Request,
    response: Response,
    limit: Limit = 100,
    cursor: Annotated[str | None, Query(description=_ABOUT), checked(decode_rank)] = None,
) -> Asked[tuple[int, uuid.UUID]]:
    return Asked(request, response, limit, decode_rank(cursor) if cursor is not None else None)


async def _asked_by_number(
    request: Request,
    response: Response,
    limit: Limit = 100,
    cursor: Annotated[str | None, Query(description=_ABOUT), checked(decode_number)] = None,
) -> Asked[int]:
    return Asked(request, response, limit, decode_number(cursor) if cursor is not None else None)


ById = Annotated[Asked[uuid.UUID], Depends(_asked_by_id)]
"""A list in the order of its ids, that is, of creation."""

ByStart = Annotated[Asked[tuple[dt.datetime, uuid.UUID]], Depends(_asked_by_start)]
"""A list in the order of its periods' starts."""

ByRank = Annotated[Asked[tuple[int, uuid.UUID]], Depends(_asked_by_rank)]
"""A list in the order of its ranks, the lowest first."""

ByNumber = Annotated[Asked[int], Depends(_asked_by_number)]
"""A list in the order of the numbers its rows were given."""
