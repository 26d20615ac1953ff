"""The API and the pages as their callers meet them: a real server, a database of the test's own, and httpx."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy.orm import Session, sessionmaker
from starlette.types import Receive, Scope, Send

from api.app import create_app
from api.bell import Bell
from api.protocol import BoundedHttp
from api.settings import api_settings
from cli.embedded import EmbeddedServices
from cli.embedded.databases import cloned_database, create_database
from models.session import engine, make_engine, transaction
from models.settings import settings
from tests.api.town import Town, hospital
from tests.conftest import as_application
from tests.signed_in import Browser, sign_in_admin


def _listener() -> socket.socket:
    """A socket on a free loopback port; as TCP in so many words, or asyncio lets answers wait 40 ms (Nagle)."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


@dataclass
class Served:
    """An application, where it is served, and how many requests are underway."""

    app: FastAPI
    address: str
    underway: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.underway += scope["type"] == "http"
        try:
            await self.app(scope, receive, send)
        finally:
            self.underway -= scope["type"] == "http"


@pytest.fixture(scope="session")
def served(services) -> Iterator[Served]:
    """One server for all tests of the process; `api` points it at the test's database."""
    with pytest.MonkeyPatch.context() as environment, _listener() as listener:
        environment.setenv("DATABASE_URL", services.database_url)
        environment.setenv("REDIS_URL", services.broker_url)
        environment.setenv("RATE_LIMIT_PER_MINUTE", "0")  # one admin asks for all tests
        settings.cache_clear()
        api_settings.cache_clear()
        served = Served(create_app(), f"http://127.0.0.1:{listener.getsockname()[1]}")
        config = uvicorn.Config(
            served, http=BoundedHttp, ws="none", log_level="warning", access_log=False, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield served
        finally:
            server.should_exit = True
            thread.join(timeout=10)
            settings.cache_clear()
            api_settings.cache_clear()


@contextmanager
def _at_work_on(served: Served, services: EmbeddedServices, database_url: str) -> Iterator[None]:
    """Let the server work on a database, as the role that owns nothing. An admin is signed in."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", as_application(services, database_url))
        _leave_database(served)  # of the server's own, asked for by who came between two tests
        with engine().begin() as connection:  # and so one engine, before many ask at once
            sign_in_admin(connection)
        yield
        _leave_database(served)
    settings.cache_clear()


def _leave_database(served: Served) -> None:
    """Close the connections to the database that the server works on, and forget which it is."""
    deadline = time.monotonic() + 30
    while served.underway or engine().pool.checkedout():  # for a caller who has gone
        assert time.monotonic() < deadline
        time.sleep(0.01)
    engine().dispose()
    engine.cache_clear()
    settings.cache_clear()


@pytest.fixture(scope="session")
def town_template(services, database_template, served: Served) -> str:
    """The name of a database with a town in it: cloning it is quicker than building the town anew."""
    name = "slotwise_town"
    with (
        _at_work_on(served, services, create_database(services.database_url, name, database_template)),
        httpx.Client(base_url=served.address, auth=Browser(), timeout=30) as client,
    ):
        town = Town(client)
        town.put("/users/d1", name="Dr Ana Sousa", role="doctor", specialties=["cardiology"])
        town.put("/users/d2", name="Dr Rui Costa", role="doctor", specialties=["dermatology"])
        town.put("/patients/p1", name="Maria Silva")
        town.put("/patients/p2", name="João Reis")
        town.post("/hospitals", **hospital("central"))
        town.available("d1", "09:00", "13:00")
        town.available("d2", "09:00", "13:00")
    return name


@pytest.fixture
def database_url(request: pytest.FixtureRequest, services) -> Iterator[str]:
    """The address of a database of the test's own, for SQLAlchemy: with the town in it where the test asks for it."""
    template = request.getfixturevalue("town_template" if "town" in request.fixturenames else "database_template")
    with cloned_database(services.database_url, template) as url:
        yield url


@pytest.fixture
def api(served: Served, services, database_url) -> Iterator[httpx.Client]:
    """A caller of the API, which works on a database of the test's own: an admin in a browser."""
    with (
        _at_work_on(served, services, database_url),
        httpx.Client(base_url=served.address, auth=Browser(), timeout=30) as client,
    ):
        yield client


@pytest.fixture
def session(api: httpx.Client) -> Callable[[], Session]:
    """Opens transactions on the test's database, for what no caller can bring about."""
    return transaction


@pytest.fixture
def owner(database_url) -> Iterator[Callable[[], AbstractContextManager[Session]]]:
    """Opens transactions as the role that owns the test's database, which may undo its rules."""
    owning = make_engine(database_url)
    yield sessionmaker(owning).begin
    owning.dispose()


@pytest.fixture
def town(api: httpx.Client) -> Town:
    """A hospital that is open 09:00 to 18:00 every day, two doctors, two patients, and the doctors' mornings."""
    return Town(api)


@pytest.fixture
def broken_bell(served: Served) -> Iterator[None]:
    """The server with a broker that nobody serves."""
    whole = served.app.state.bell
    served.app.state.bell = Bell(lambda: "redis://127.0.0.1:9")
    yield
    served.app.state.bell.close()
    served.app.state.bell = whole
