"""The API, put together. `python -m api` serves it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import Depends, FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import (
    appointment_history,
    appointments,
    audit,
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
    metrics,
    openapi,
    overview,
    overview_files,
    planning_runs,
    pressure,
    problems,
    reschedule_changes,
    reschedule_files,
    reschedules,
    schedule,
    validation_files,
    validation_reports,
)
from api.access import gate, limits
from api.bell import Bell
from api.ending import Ending
from api.measuring import Measured
from api.safety import Safety
from api.settings import api_settings
from api.tracing import Traced
from api.waiting import Waiters
from api.web import day_sheet, dialogs, live, problem_view, reference, requests, start
from api.web import reschedules as reschedule_pages
from api.web import validation as validation_pages
from api.web.access import account, admin, oidc, password, sign_in
from api.web.calendars import pages as calendar_pages
from api.web.deliveries import pages as message_pages
from api.web.overview import pages as overview_pages
from api.web.rendering import Assets
from api.web.schedule import pages as schedule_pages
from api.web.status import pages as status_pages
from models.logs import configure_logs
from models.seeing import traces
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
    audit,
    health,
)
FILES = (calendars, metrics, overview_files, reschedule_files, validation_files)
PAGES = (
    start,
    sign_in,
    oidc,
    password,
    account,
    admin,
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
    status_pages,
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
        dependencies=[Depends(gate.permitted)],
    )
    app.state.bell = Bell(lambda: settings().redis_url)
    app.state.tally = limits.Tally(lambda: settings().redis_url)
    app.state.ending = Ending()
    app.state.waiters = Waiters()
    app.state.queue_bound = pressure.QueueBound(lambda: settings().max_queued)
    app.state.watcher = live.Watcher()
    app.state.observatory = metrics.Observatory()
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
    app.add_middleware(limits.Fairness, tally=app.state.tally, chosen=chosen, shown=problem_view.shown)
    app.add_middleware(gate.Gate, shown=problem_view.shown)
    app.add_middleware(limits.Strangers, tally=app.state.tally, shown=problem_view.shown)
    app.add_middleware(Traced)
    app.add_middleware(pressure.InFlight, most=chosen.max_in_flight, shown=problem_view.shown)
    app.add_middleware(Safety, chosen=chosen, shown=problem_view.shown)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=chosen.proxies)  # nobody else is believed
    app.add_middleware(Measured)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    configure_logs(as_json=settings().log_json, level=logging.WARNING)
    server = logging.getLogger("uvicorn")  # which has a form of its own
    server.handlers, server.propagate = [], True
    traces.begin("slotwise-api")
    app.state.observatory.open()
    engine()  # one for this process, before many threads ask at once
    with app.state.ending.heeding_signals():
        yield
    app.state.bell.close()
    app.state.observatory.close()
    traces.end()
    await app.state.tally.close()


app = create_app()
