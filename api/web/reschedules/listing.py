"""The list of reschedules, the newest first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import defer

from api.pages import checked, decode_id, encode
from api.times import Now
from api.web import hospitals, live
from api.web.rendering import is_fragment, page
from api.web.reschedules.telling import tell
from models.rescheduling.tables import Reschedule
from models.session import transaction

router = APIRouter()

_AT_ONCE = 30


@router.get("/app/reschedules")
def list_reschedules(
    request: Request, now: Now, before: Annotated[str | None, Query(), checked(decode_id)] = None
) -> HTMLResponse:
    """The list; only its rows where a page that shows it asks again."""
    jobs = select(Reschedule).order_by(Reschedule.id.desc()).limit(_AT_ONCE + 1)
    jobs = jobs.options(defer(Reschedule.extra_hours), defer(Reschedule.changes))  # long, and not shown here
    if before:
        jobs = jobs.where(Reschedule.id < decode_id(before))
    with transaction() as session:
        since = live.since(session)
        found = session.scalars(jobs).all()
        rows = tell(session, found[:_AT_ONCE], hospitals.choose(session, request, None), now)
    older = encode(found[_AT_ONCE - 1].id) if len(found) > _AT_ONCE else None
    template = "reschedules/list_rows.html" if is_fragment(request) else "reschedules/list.html"
    return page(request, template, rows=rows, older=older, before=before, live_since=since)
