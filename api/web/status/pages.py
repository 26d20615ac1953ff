"""The page of status: `/app/status`, and what it asks for again every few seconds."""

from fastapi import APIRouter, Request, Response

from api.times import Now
from api.web.rendering import is_fragment, page
from api.web.status.picture import charts
from api.web.status.services import who_is_away
from api.web.status.telling import facts, tables
from models.seeing.alarms import alarms
from models.seeing.figures import read_figures
from models.session import transaction
from models.settings import settings

router = APIRouter(prefix="/app/status")


@router.get("")
def show_status(request: Request, now: Now) -> Response:
    """What wants attention, and how it runs; as a fragment, that without the frame."""
    chosen = settings()
    with transaction() as session:
        figures = read_figures(session, now)
    away = who_is_away(chosen.redis_url)
    return page(
        request,
        "status/state.html" if is_fragment(request) else "status/page.html",
        alarms=alarms(figures, chosen, now, away),
        tables=tables(figures),
        charts=charts(figures.lately),
        facts=list(facts(figures, away, now)),
    )
