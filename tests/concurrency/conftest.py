"""Real worker and beat processes, started from the command line on the test's own database and queue."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery import Celery
from sqlalchemy import Engine

from models.session import make_engine
from models.settings import settings
from tests.concurrency.ward import Ward
from tests.workers.checker import faults, undecided
from tests.workers.network import Network
from tests.workers.waiting import until

ROOT = Path(__file__).resolve().parents[2]


class Crew:
    """The processes of one test. Leases are short, so that what is lost is found soon."""

    def __init__(self, environment: dict[str, str], engine: Engine, logs: Path) -> None:
        short = {"LEASE": "3", "PLAN_TIME_LIMIT": "1", "SWEEP_EVERY": "0.5"}
        self._environment = os.environ | environment | short
        self._engine, self._logs = engine, logs
        self._processes: list[subprocess.Popen[bytes]] = []
        self._bell = Celery(broker=environment["REDIS_URL"])

    def worker(
        self, app: str = "workers.app", concurrency: int = 1, queues: str = "", **environment: str
    ) -> subprocess.Popen[bytes]:
        """A worker; `queues`: the only ones that it takes from."""
        name = f"worker-{len(self._processes)}@here"
        options = ["--concurrency", str(concurrency), "--hostname", name, "--loglevel", "INFO"]
        options += ["--queues", queues] if queues else []
        return self._start(app, "worker", *options, **environment)

    def beat(self, **environment: str) -> subprocess.Popen[bytes]:
        return self._start("workers.app", "beat", "--loglevel", "INFO", **environment)

    def ring(self, times: int = 1) -> None:
        with self._bell.connection_for_write() as connection:
            for _ in range(times):
                self._bell.send_task("slotwise.plan_queued", connection=connection)

    def decide(self, seconds: float = 60) -> None:
        """Wait until every request is decided."""
        until(lambda: undecided(self._engine) == 0, seconds=seconds, what="every request to be decided")
        assert faults(self._engine) == set()

    def log(self, process: subprocess.Popen[bytes]) -> str:
        return (self._logs / f"{self._processes.index(process)}.log").read_text(encoding="utf-8")

    @staticmethod
    def kill(process: subprocess.Popen[bytes]) -> None:
        """End a process and its children as a power cut would."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                self.kill(process)
        self._bell.close()

    def _start(self, app: str, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self._logs / f"{len(self._processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", app, *command],
                cwd=ROOT,
                env=self._environment | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, pool_size=10)
    yield engine
    engine.dispose()


@pytest.fixture
def network(engine: Engine) -> Network:
    """Days from tomorrow on, since the workers go by the real clock."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Network(engine, midnight + timedelta(days=1))


@pytest.fixture
def crew(service_environment: dict[str, str], engine: Engine, tmp_path: Path) -> Iterator[Crew]:
    crew = Crew(service_environment, engine, tmp_path)
    yield crew
    crew.end()


@pytest.fixture
def queue(network: Network):
    """Doctors who are there from 9 to 17, and more requests for each than there are hours."""

    def fill(doctors: int, each: int = 10) -> int:
        hospital = network.hospital()
        for _ in range(doctors):
            doctor = network.doctor()
            network.availability(doctor, hospital, 9, 17)
            for _ in range(each):
                network.request([doctor])
        return doctors * each

    return fill


@pytest.fixture
def ward(engine, network, service_environment, monkeypatch) -> Iterator[Ward]:
    for name, value in service_environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield Ward(engine, network)
    settings.cache_clear()
