"""The stage: everything that `slotwise up` starts, as real processes in a folder, with leases that run out soon.

Two workers with a pool each, a teller, beat and the API are kept running by the product's own supervisor, so that
whatever is killed comes back as it would for an operator. With `SABOTAGE` set in their environment, workers and API are
the same with one guard switched off (`tests.chaos.sabotage`).
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import redis
from sqlalchemy import make_url

from cli.embedded import EmbeddedServices, Process, Supervisor
from cli.health import ready
from cli.instances import announced_api, token_file
from cli.migrate import bring_up_to_date
from models.access.scopes import Scope
from models.access.tokens import make_token
from models.session import engine, transaction
from models.settings import settings
from tests.chaos.rules_requests import MAX_ATTEMPTS

ROOT = Path(__file__).resolve().parents[2]

LEASE = 4.0
"""Seconds for which a run holds its requests: what is killed is planned again so soon."""

WORKERS = ("worker-1", "worker-2")
TELLER = "teller"
BEAT = "beat"
API = "api"
OURS = (*WORKERS, TELLER, BEAT, API)
"""The product's processes; `postgresql` and `valkey` are the services'."""

_PROMPT = {
    "LEASE": str(LEASE),
    "PLAN_TIME_LIMIT": "1.5",
    "RESCHEDULE_TIME_LIMIT": "2",
    "SWEEP_EVERY": "0.5",
    "MAX_ATTEMPTS": str(
        MAX_ATTEMPTS
    ),  # a run of faults takes many: what is tried here is that nothing is lost, not patience
    "RATE_LIMIT_PER_MINUTE": "1000000",  # counted, and never reached
    "DELIVERY_FIRST_WAIT": "0.5",
    "DELIVERY_LONGEST_WAIT": "2",
    "DELIVERY_LEASE": "4",
}
_PATIENCE = 60.0  # seconds for what comes back
_FIRST_START = 180.0  # seconds for the API, on a machine that has much else to do
_DISK = "768m"  # of a data folder that is to be full
_LOG = "128MB"  # of the database on it


@dataclass(frozen=True)
class Stage:
    """What runs, where, and how to lay hands on it."""

    services: EmbeddedServices
    supervisor: Supervisor
    address: str
    token: str
    processes: Collection[str]

    @property
    def folder(self) -> Path:
        return self.services.folder

    @property
    def database_url(self) -> str:
        """The address of the database for its superuser, as libpq takes it."""
        password = json.loads((self.folder / "secrets.json").read_text(encoding="utf-8"))["postgres"]
        url = make_url(self.services.database_url).set(drivername="postgresql", username="postgres", password=password)
        return url.render_as_string(hide_password=False)

    def pid(self, name: str) -> int | None:
        """The process id of a process or service; None while it is down."""
        return self.supervisor.pid(name) if name in OURS else self.services.pid(name)

    def process(self, name: str) -> psutil.Process:
        """A process that is kept running, waited for while it is down."""
        return psutil.Process(patient(lambda: self.pid(name)))

    def pool(self, worker: str) -> list[psutil.Process]:
        """The processes in which a worker plans."""
        return patient(lambda: self.process(worker).children())

    @contextmanager
    def superuser(self, *, patience: float = _PATIENCE) -> Iterator["psycopg.Connection[tuple]"]:
        """A connection that nobody can refuse, each statement its own transaction; waited for while there is none."""
        deadline = time.monotonic() + patience
        while True:
            try:
                connection = psycopg.connect(
                    self.database_url, autocommit=True, connect_timeout=5, application_name="chaos"
                )
                break
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        with connection:
            yield connection

    def leave_the_dead(self) -> None:
        """Let the supervisor start nothing again."""
        for keeper in self.supervisor._keepers:
            keeper._pause = lambda _ended, _deaths, keeper=keeper: keeper._stopping.wait()

    def leave_token(self) -> None:
        """Let `slotwise` find the token of the API by the data folder, as it finds that of `slotwise up`."""
        token_file(self.folder).touch(0o600)
        token_file(self.folder).write_text(self.token, encoding="utf-8")

    def valkey(self) -> redis.Redis:
        """A connection to the queue."""
        return redis.Redis.from_url(self.services.redis_url, retry=None, socket_timeout=5)


def patient(look, seconds: float = _PATIENCE):
    """What `look` returns once that is something; it may fail until then."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := look():
                return found
        except (psutil.Error, psycopg.Error, redis.RedisError):
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing came of waiting {seconds:g} s")
        time.sleep(0.02)


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Give a folder a disk of its own that can be filled; False where this account may mount none."""
    mounted = (
        sys.platform == "linux"
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_DISK},mode=711", "tmpfs", folder], check=False, capture_output=True
        ).returncode
        == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=False)


@contextmanager
def set_up(
    folder: Path,
    processes: Collection[str] = OURS,
    *,
    pool: int = 2,
    sabotage: str | None = None,
    webhook: str | None = None,
) -> Iterator[Stage]:
    """Start everything in a folder, or some processes alone; leaving the block, for whatever reason, ends it.

    `pool` is the number of processes of each worker, `sabotage` the guard that is switched off, `webhook` where events
    are posted. This process is the operator: its own settings are those of the instance as long as the block lasts.
    """
    outside = dict(os.environ)
    os.environ.update(
        _PROMPT | {"METRICS_FOLDER": str(folder / "metrics")} | ({"SABOTAGE": sabotage} if sabotage else {})
    )
    if webhook:
        os.environ.update(WEBHOOK_URL=webhook, WEBHOOK_SECRET="whsec_" + "c2xvdHdpc2UtY2hhb3Mtd2ViaG9vay1zZWNyZXQ=")
    try:
        with EmbeddedServices(folder, environ={}, durable=False) as services:
            os.environ.update(services.environment)
            bring_up_to_date(services.database_url, services.application_url)
            token = _token()
            with Supervisor(services.log_folder) as supervisor:
                port = _free_port()
                for process in _processes(port, pool, sabotaged=bool(sabotage)):
                    if process.name in processes:
                        supervisor.start(process)
                stage = Stage(services, supervisor, _address(port), token, processes)
                stage.leave_token()
                with stage.superuser() as connection:
                    connection.execute(f"ALTER SYSTEM SET max_wal_size = '{_LOG}'")
                    connection.execute("SELECT pg_reload_conf()")
                with announced_api(folder, stage.address):
                    yield stage
    finally:
        engine().dispose()
        os.environ.clear()
        os.environ.update(outside)
        settings.cache_clear()
        engine.cache_clear()


def _token() -> str:
    settings.cache_clear()
    engine.cache_clear()
    with transaction() as session:
        _, secret = make_token(session, "chaos", set(Scope), expires_at=datetime.now(UTC) + timedelta(days=1))
    return secret


def _processes(port: int, pool: int, *, sabotaged: bool) -> Iterator[Process]:
    """The product's processes; what takes longest to come up comes last, since it is waited for."""
    workers, api = ("tests.chaos.sabotaged_workers", "tests.chaos.sabotaged_api:app") if sabotaged else _REAL
    celery = [sys.executable, "-m", "celery", "-A", workers]
    options = ["--loglevel", "INFO", "--without-mingle", "--without-gossip"]

    def process(name: str, *argv: str, **more) -> Process:
        return Process(name=name, argv=argv, cwd=ROOT, env=os.environ, **more)

    def worker(name: str, queue: str, concurrency: int) -> Process:
        where = ["--queues", queue, "--concurrency", str(concurrency), "--hostname", f"{name}@%h"]
        return process(name, *celery, "worker", *options, *where)

    yield from (worker(name, "celery", pool) for name in WORKERS)
    yield worker(TELLER, "deliveries", 1)
    yield process(BEAT, *celery, "beat", "--pidfile", "")
    quiet = ["--http", "api.protocol:BoundedHttp", "--no-access-log", "--no-proxy-headers", "--no-server-header"]
    yield process(
        API,
        *[sys.executable, "-m", "uvicorn", api, "--port", str(port), *quiet, "--timeout-graceful-shutdown", "2"],
        ready=lambda: ready(_address(port)),
        patience=_FIRST_START,
    )


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


_REAL = ("workers.app", "api.app:app")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
