"""The API as its callers meet it: a real server on a loopback port, a real database of the test's own, and httpx."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy.orm import Session

from api.app import create_app
from api.bell import Bell
from models.session import engine, transaction
from models.settings import settings
from tests.api.town import Town, hospital


def _listener() -> socket.socket:
    """A socket on a free loopback port; as TCP in so many words, or asyncio lets answers wait 40 ms (Nagle)."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


@dataclass
class Served:
    """An application and where it is served."""

    app: FastAPI
    address: str


@pytest.fixture(scope="session")
def served(services) -> Iterator[Served]:
    """One server for all tests of the process; `api` points it at the test's database."""
    with pytest.MonkeyPatch.context() as environment, _listener() as listener:
        environment.setenv("DATABASE_URL", services.database_url)
        environment.setenv("REDIS_URL", services.broker_url)
        settings.cache_clear()
        app = create_app()
        config = uvicorn.Config(app, ws="none", log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Served(app, f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join(timeout=10)
            settings.cache_clear()


@pytest.fixture
def api(served: Served, service_environment, monkeypatch) -> Iterator[httpx.Client]:
    """A caller of the API, which works on a database of the test's own."""
    for name, value in service_environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    engine.cache_clear()
    with httpx.Client(base_url=served.address, timeout=30) as client:
        yield client
    engine().dispose()
    engine.cache_clear()
    settings.cache_clear()


@pytest.fixture
def session(api: httpx.Client) -> Callable[[], Session]:
    """Opens transactions on the test's database, for what no caller can bring about."""
    return transaction


@pytest.fixture
def town(api: httpx.Client) -> Town:
    """A hospital that is open 09:00 to 18:00 every day, two doctors, two patients, and the doctors' mornings."""
    town = Town(api)
    town.put("/users/d1", name="Dr Ana Sousa", role="doctor", specialties=["cardiology"])
    town.put("/users/d2", name="Dr Rui Costa", role="doctor", specialties=["dermatology"])
    town.put("/patients/p1", name="Maria Silva")
    town.put("/patients/p2", name="João Reis")
    town.post("/hospitals", **hospital("central"))
    town.available("d1", "09:00", "13:00")
    town.available("d2", "09:00", "13:00")
    return town


@pytest.fixture
def broken_bell(served: Served) -> Iterator[None]:
    """The server with a broker that nobody serves."""
    whole = served.app.state.bell
    served.app.state.bell = Bell(lambda: "redis://127.0.0.1:9")
    yield
    served.app.state.bell.close()
    served.app.state.bell = whole
