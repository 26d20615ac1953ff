"""A little network in a database of the test's own, and the settings of a worker on it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

import models.session
from models.session import make_engine
from models.settings import Settings, settings
from tests.workers.network import Network
from workers.claim import Claim, Terms, claim
from workers.partition import Limits

NOW = datetime(2030, 1, 7, 6, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """Six o'clock in the morning of the network's first day."""
    return NOW


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, pool_size=10)
    yield engine
    engine.dispose()


@pytest.fixture
def transact(engine: Engine):
    """Does something in a transaction of its own, whose session comes first."""

    def run(do, *arguments, **options):
        with Session(engine, expire_on_commit=False) as session, session.begin():
            return do(session, *arguments, **options)

    return run


@pytest.fixture
def network(engine: Engine) -> Network:
    return Network(engine, NOW.replace(hour=0))


@pytest.fixture
def chosen(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of this process, which works on the test's database. Nobody hears its bell."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://localhost:1")
    settings.cache_clear()
    models.session.engine.cache_clear()
    yield settings()
    models.session.engine().dispose()
    settings.cache_clear()
    models.session.engine.cache_clear()


@pytest.fixture
def terms() -> Terms:
    return Terms(lease=timedelta(seconds=90), patience=timedelta(seconds=40), limits=Limits(1000, 5))


@pytest.fixture
def claimed(engine: Engine, terms: Terms):
    """Claims whatever is queued for a worker, at a given time."""

    def claim_for(worker: str = "w", at: datetime = NOW, on: Terms = terms) -> Claim | None:
        with Session(engine) as session, session.begin():
            return claim(session, on, worker=worker, now=at)

    return claim_for
