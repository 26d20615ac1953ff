"""`GET /metrics`: what Prometheus reads. What processes have counted, and what the database says of the moment.

The database and the broker are looked at by threads of their own, over connections of their own (the pool may be what
has run out). What does not come in time is left out: the answer never waits for it.
"""

import asyncio
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.orm import Session

from api.broker import find_trouble
from api.glances import Glances
from models.migrate import find_schema
from models.seeing.gauges import read_gauges
from models.seeing.measuring import Counted, tell
from models.settings import settings

router = APIRouter(tags=["Health"])

_PATIENCE = 0.25
"""Seconds for which an answer waits for the database and the broker."""

_log = structlog.get_logger("slotwise.api")


class Observatory(Collector):
    """What one process needs to answer `GET /metrics`."""

    def __init__(self) -> None:
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="metrics")
        self._glances = tuple(
            Glances(look, patience=_PATIENCE, nothing=(), gone=[_up(what, answers=False)])
            for what, look in (("database", _look_at_database), ("broker", _look_at_broker))
        )
        self._registry = CollectorRegistry()
        for each in (Counted(), self):
            self._registry.register(each)

    def open(self) -> None:
        """Tell the same where the operator has said, without asking who reads it."""
        tell(settings().metrics_host, settings().metrics_port, Counted(), self)

    async def told(self, accept: str) -> tuple[bytes, str]:
        """All metrics in the form that a caller accepts, and its media type."""
        encode, media_type = choose_encoder(accept)
        text = await asyncio.get_running_loop().run_in_executor(self._writing, encode, self._registry)
        return text, media_type

    def close(self) -> None:
        """Look no more."""
        for each in self._glances:
            each.close()
        self._writing.shutdown(wait=False)

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: what there is depends on what answers."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """What the database and the broker say."""
        for each in self._glances:
            yield from each.latest()


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus's text"}},
)
async def metrics(request: Request, accept: Annotated[str, Header(include_in_schema=False)] = "") -> Response:
    """How much was asked, planned, booked, refused and told, how long it took, and what waits just now.

    Nothing in it is of a patient. While the database is away, what is read from it is missing and
    `slotwise_database_up` is 0; a token that was let in before is then let in for another hour.
    """
    observatory: Observatory = request.app.state.observatory
    text, media_type = await observatory.told(accept)
    return Response(text, media_type=media_type)


def _look_at_database() -> Sequence[Metric]:
    """The gauges. Where the schema will not do, how many migrations are pending, and nothing else."""
    chosen = settings()
    try:
        with Session(_engine(chosen.database_url)) as session:
            schema = find_schema(session.connection())
            about = "Migrations to be applied before this version can work"
            found = [GaugeMetricFamily("slotwise_migrations_pending", about, value=schema.pending)]
            if schema.will_do:
                found += read_gauges(session, chosen, dt.datetime.now(dt.UTC))
    except Exception as error:  # noqa: BLE001  # whatever it is, the other metrics are told
        _log.warning("database_not_seen", reason=type(error.__cause__ or error).__name__)
        return [_up("database", answers=False)]
    return [_up("database", answers=True), *found]


def _up(what: str, *, answers: bool) -> Metric:
    return GaugeMetricFamily(f"slotwise_{what}_up", f"Whether the {what} answers", value=float(answers))


@cache
def _engine(database_url: str) -> Engine:
    """Connects anew for each look, which are few and far between."""
    options = "-c timezone=UTC -c statement_timeout=5s -c lock_timeout=1s -c default_transaction_read_only=on"
    return create_engine(
        database_url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"application_name": "slotwise metrics", "connect_timeout": 2, "options": options},
    )


def _look_at_broker() -> Sequence[Metric]:
    return [_up("broker", answers=find_trouble(settings().redis_url, patience=1) is None)]
