"""The API, put together. Serve it with `uvicorn api.app:app --no-access-log` (paths and queries name patients)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import Depends, FastAPI

from api import (
    appointment_history,
    appointments,
    availabilities,
    booking_batches,
    booking_requests,
    calendar_feeds,
    calendars,
    deliveries,
    directory,
    events,
    findings,
    health,
    hospitals,
    media,
    openapi,
    overview,
    overview_files,
    planning_runs,
    problems,
    reschedule_changes,
    reschedule_files,
    reschedules,
    schedule,
    validation_files,
    validation_reports,
)
from api.bell import Bell
from api.logs import configure_logs
from api.safety import Safety
from api.settings import api_settings
from api.waiting import Waiters
from api.web import day_sheet, dialogs, live, problem_view, reference, requests, start
from api.web import reschedules as reschedule_pages
from api.web import validation as validation_pages
from api.web.calendars import pages as calendar_pages
from api.web.deliveries import pages as message_pages
from api.web.overview import pages as overview_pages
from api.web.rendering import Assets
from api.web.schedule import pages as schedule_pages
from models.session import engine
from models.settings import settings

RESOURCES = (
    hospitals,
    directory,
    availabilities,
    appointments,
    appointment_history,
    booking_requests,
    booking_batches,
    reschedules,
    reschedule_changes,
    schedule,
    planning_runs,
    validation_reports,
    findings,
    overview,
    calendar_feeds,
    events,
    deliveries,
    health,
)
FILES = (calendars, overview_files, reschedule_files, validation_files)
PAGES = (
    start,
    live,
    schedule_pages,
    dialogs,
    day_sheet,
    calendar_pages,
    overview_pages,
    validation_pages,
    requests,
    reschedule_pages,
    message_pages,
    reference,
)

_log = structlog.get_logger("slotwise.api")


def create_app() -> FastAPI:
    """The application. Settings are read when it starts to serve, not before."""
    app = FastAPI(
        title="Slotwise",
        version="0.1.0",
        summary="Plans hospital appointments: books what can be booked and says exactly why the rest cannot.",
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.bell = Bell(lambda: settings().redis_url)
    app.state.waiters = Waiters()
    app.state.watcher = live.Watcher()
    problems.install(app, problem_view.shown)
    for resource in RESOURCES:
        app.include_router(resource.router, dependencies=[Depends(media.speaks_json)])
    for file in FILES:  # which are no JSON, whatever a caller accepts
        app.include_router(file.router)
    for page in PAGES:
        app.include_router(page.router, include_in_schema=False)
    app.mount("/app/static", Assets())
    openapi.install(app)
    chosen = api_settings()
    app.add_middleware(Safety, hosts=chosen.hosts, max_body_bytes=chosen.max_body_bytes, shown=problem_view.shown)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    configure_logs(as_json=settings().log_json)
    _log.warning("no_access_control", answers_to=sorted(api_settings().hosts), advice="let only this machine reach it")
    engine()  # one for this process, before many threads ask at once
    yield
    app.state.bell.close()


app = create_app()
