"""Nothing in Redis is the only copy of anything: whatever becomes of it, callers are answered at once, and when it is
back everything is decided, with no hand laid on.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import httpx
import psutil
import pytest
import redis

from cli.embedded import Process, Supervisor
from cli.embedded.account import service_account
from cli.embedded.databases import cloned_database
from cli.embedded.folder import socket_folder, temporary_data_folder
from cli.embedded.valkey import valkey, valkey_url
from models.booking import BookingRequest
from models.redis_urls import for_celery
from models.session import make_engine
from tests.conftest import as_application
from tests.deliveries.receivers import free_port
from tests.signed_in import HEADERS, sign_in_admin
from tests.workers.checker import faults, undecided
from tests.workers.network import Network
from tests.workers.waiting import until
from workers.hearing import DEAF

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 10.0
"""Seconds in which everybody is answered, on a machine that has much else to do; a Redis that hangs takes longer."""

PATIENCE = 180.0
"""Seconds for processes to start on one, perhaps twice."""


class Valkey:
    """A Valkey of the test's own, which can be troubled."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self.folder, self.url = folder, valkey_url(sockets)
        self._sockets = sockets
        self._supervisor = Supervisor(folder / "logs")

    def __enter__(self) -> Self:
        self._supervisor.__enter__()
        self._start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._supervisor.__exit__(*raised)

    def _start(self) -> None:
        self._supervisor.start(valkey(self.folder, self._sockets, service_account(), durable=False))

    def tell(self, *words: object) -> None:
        with redis.Redis.from_url(self.url, retry=None) as client:
            client.execute_command(*words)

    @contextmanager
    def gone_with_its_data(self) -> Iterator[None]:
        os.kill(self._supervisor.pid("valkey"), signal.SIGKILL)
        self._supervisor.stop()
        shutil.rmtree(self.folder / "valkey")
        yield
        self._start()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        pid = self._supervisor.pid("valkey")
        os.kill(pid, signal.SIGSTOP)
        yield
        os.kill(pid, signal.SIGCONT)

    @contextmanager
    def full(self) -> Iterator[None]:
        self.tell("CONFIG", "SET", "maxmemory", 1)
        yield
        self.tell("CONFIG", "SET", "maxmemory", 0)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        self.tell("REPLICAOF", "127.0.0.1", 9)
        yield
        self.tell("REPLICAOF", "NO", "ONE")

    @contextmanager
    def wanting_another_password(self) -> Iterator[None]:
        with redis.Redis.from_url(self.url, retry=None) as client:
            client.config_set("requirepass", "another")
            client.client_kill_filter(_type="normal", skipme=True)
            yield
            client.config_set("requirepass", "")


TROUBLES = {
    Valkey.hanging: "away",
    Valkey.gone_with_its_data: "away",
    Valkey.full: "full",
    Valkey.read_only: "read_only",
    Valkey.wanting_another_password: "locked",
}
"""And what `/readyz` says of each."""


@dataclass
class Product:
    """The API, a worker and beat as processes, and a caller."""

    api: httpx.Client
    network: Network
    valkey: Valkey
    logs: Path
    doctor: str

    def ask(self) -> None:
        """Queue a request, as a caller who is in no mood to wait."""
        network = self.network
        body = {
            "patient": str(network.patient()),
            "doctors": [self.doctor],
            "earliest": network.at(9).isoformat(),
            "latest": network.at(17).isoformat(),
        }
        answer = self.api.post("/booking-requests", json=body)
        assert answer.status_code == 202, answer.text


@pytest.fixture(scope="module")
def product(services, database_template, tmp_path_factory) -> Iterator[Product]:
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        database_url = stack.enter_context(cloned_database(services.database_url, database_template))
        folder = stack.enter_context(temporary_data_folder())
        server = stack.enter_context(Valkey(folder, stack.enter_context(socket_folder(folder, service_account()))))
        engine = make_engine(database_url)
        stack.callback(engine.dispose)
        with engine.begin() as connection:
            sign_in_admin(connection)
        port = free_port()
        environment = {
            "DATABASE_URL": as_application(services, database_url),
            "REDIS_URL": for_celery(server.url),
            "LEASE": "4",
            "PLAN_TIME_LIMIT": "1",
            "SWEEP_EVERY": "0.5",
            "RATE_LIMIT_PER_MINUTE": "1200",  # whatever other tests have set
        }
        crew = stack.enter_context(Supervisor(logs))  # whoever gives up is started again, as everywhere
        for name, command in {
            "api": ("api", "--port", str(port)),
            "worker": ("celery", "-A", "tests.concurrency.keen", "worker", "--concurrency", "1", "--loglevel", "INFO"),
            "beat": ("celery", "-A", "workers.app", "beat", "--pidfile", "", "--loglevel", "INFO"),
        }.items():
            argv = [sys.executable, "-m", *command]
            crew.start(Process(name=name, argv=argv, env=os.environ | environment, cwd=ROOT))
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        network = Network(engine, midnight)
        doctor = network.doctor()
        network.availability(doctor, network.hospital(), 9, 17)
        api = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=AT_ONCE, trust_env=False)
        )
        until(lambda: _answers(api), seconds=PATIENCE, what="the API")
        yield Product(api, network, server, logs, str(doctor))


def _answers(api: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        return api.get("/readyz").is_success
    return False


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda each: each.__name__.replace("_", " "))
def test_whatever_becomes_of_it_callers_are_answered_and_all_is_decided(product: Product, trouble):
    product.ask()
    with trouble(product.valkey):
        for _ in range(3):
            product.ask()
        assert product.api.get("/app/schedule").status_code == 200
        ready = product.api.get("/readyz").json()
        assert (ready["status"], ready["broker"]) == ("ready", TROUBLES[trouble])
    until(lambda: undecided(product.network.engine) == 0, seconds=PATIENCE, what="every request to be decided")
    assert faults(product.network.engine) == set()
    assert {row.attempts for row in product.network.all(BookingRequest)} == {0}


def test_that_it_was_away_is_said(product: Product):
    log = product.logs / "api.log"

    def said() -> bool:
        product.ask()
        return {"requests_not_counted", "bell_not_rung"} <= set(log.read_text(encoding="utf-8").split())

    with product.valkey.hanging():
        try:
            until(said, seconds=60, what="the log to say so")
        except AssertionError as error:
            error.add_note(log.read_text(encoding="utf-8"))
            raise


def test_a_worker_that_does_not_hear_the_bell_any_more_ends_to_be_started_anew(crew):
    deaf = crew.worker("tests.concurrency.deaf")
    crew.ring()
    children = until(psutil.Process(deaf.pid).children, seconds=PATIENCE, what="its pool")
    assert deaf.wait(timeout=PATIENCE) == DEAF
    assert "does not hear the bell any more" in crew.log(deaf)
    assert psutil.wait_procs(children, timeout=20)[1] == [], "its pool goes with it"
