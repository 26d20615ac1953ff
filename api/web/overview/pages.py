"""The overview page: `/app/overview`, and what it asks every few seconds."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.times import Now
from api.web import hospitals
from api.web.hospitals import Choice
from api.web.overview.asked import DAYS, MORE_RUNS, WEEKS, Asked, AskedFor
from api.web.overview.sections import Section, first_week, sections
from api.web.rendering import page
from models.session import transaction

router = APIRouter(prefix="/app/overview")

NOTHING_NEW = 204
"""Tells the page to leave everything as it is."""


@router.get("")
def show_overview(request: Request, asked: AskedFor, now: Now) -> Response:
    """The page, whole."""
    choice, first, found = _read(request, asked, now)
    step = dt.timedelta(weeks=asked.weeks)
    response = page(
        request,
        "overview/page.html",
        choice=choice,
        asked=asked,
        first=first,
        earlier=asked.address(first=first - step),
        later=asked.address(first=first + step),
        sections=found,
        weeks=WEEKS,
        days=sorted({*DAYS, asked.days}),
        more_runs=MORE_RUNS,
        news=_news(asked, found),
    )
    hospitals.remember(response, choice)
    return response


@router.get("/news")
def read_news(
    request: Request, asked: AskedFor, now: Now, seen: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """The sections whose words or numbers are not those of the digests `seen`.

    While the database is away the page goes on asking, and says that its numbers are old.
    """
    _, _, found = _read(request, asked, now)
    before = seen.split(",")
    changed = [section for section in found if section.digest not in before]
    if not changed:
        return Response(status_code=NOTHING_NEW)
    return page(
        request, "overview/news.html", asked=asked, sections=changed, more_runs=MORE_RUNS, news=_news(asked, found)
    )


def _read(request: Request, asked: Asked, now: dt.datetime) -> tuple[Choice, dt.date, list[Section]]:
    with transaction() as session:
        choice = hospitals.choose(session, request, asked.hospital)
        first = asked.first or first_week(session, choice.chosen, now)
        return choice, first, list(sections(session, choice, asked, first, now))


def _news(asked: Asked, found: list[Section]) -> str:
    """Where the page asks what has changed since it has seen these sections."""
    return asked.address("/app/overview/news") + "&seen=" + ",".join(section.digest for section in found)
