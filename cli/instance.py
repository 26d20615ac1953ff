"""A whole running instance: services, migrations, workers, beat and the API, for the length of a `with` block."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from cli.embedded import EmbeddedError, EmbeddedServices, Process, ProcessFailed, Supervisor
from cli.health import ready, workers_answer
from cli.instances import CHECKOUT, announced_api
from cli.listening import Listening
from cli.migrate import bring_up_to_date
from cli.output import Exit, Stop, notes

PREFERRED_PORT = 8000

_PATIENCE = 180.0  # seconds for the API and the workers each, on a machine that has much else to do
_ASK_WORKERS_FOR = 0.5  # seconds
_API_GRACE = 15.0  # seconds: by itself it ends within ten (api/__main__.py)
_ENDED_AFTER = 10.0  # seconds: workers have ended by then once their time to finish is over


@dataclass(frozen=True, slots=True)
class Instance:
    """What runs, and where."""

    api: str
    folder: Path
    database: str  # without its password
    supervisor: Supervisor


@contextmanager
def running_instance(
    folder: Path, *, listening: Listening, workers: int, say: Callable[[str], None]
) -> Iterator[Instance]:
    """Start everything; leaving the block, for whatever reason, stops everything. `say` hears what is waited for.

    Raises
    ------
    Stop
        where strangers could do harm, the port is taken, or something does not start.

    """
    from cli.own_token import announced_token  # noqa: PLC0415  # see cli/main.py

    listening.check()
    if listening.port is not None:
        choose_port(listening.host, listening.port)  # refused before anything is started
    try:
        say("Starting PostgreSQL and Valkey")
        with EmbeddedServices(folder) as services:
            # What follows in this process (migrations, the sample) reads its settings from here too.
            os.environ.update(services.environment)
            _count_from_zero(services.folder / "metrics")
            say("Applying the migrations")
            _migrate(services)
            os.environ.pop("OWNER_DATABASE_URL", None)  # nothing that is started from here on needs the owner
            with Supervisor(services.log_folder) as supervisor:
                say("Starting workers and the API")
                address = _start_processes(supervisor, listening, workers)
                _wait_for_workers(services.log_folder)
                with announced_token(services.folder), announced_api(services.folder, address):
                    yield Instance(address, services.folder, _without_password(services.database_url), supervisor)
    except EmbeddedError as error:
        raise Stop(str(error), Exit.UNREACHABLE) from error


def _migrate(services: EmbeddedServices) -> None:
    """Bring the schema up to date; where a later version has been here, say so."""
    from models.migrate import Standing  # noqa: PLC0415  # see cli/main.py

    schema = bring_up_to_date(services.database_url, services.application_url)
    if schema.standing is Standing.NEWER:
        notes().print(f"{schema.told} Nothing is lost; start the later version again when it is mended.")


def _count_from_zero(folder: Path) -> None:
    """Let the processes that are started count in a folder, unless an operator has named another one."""
    chosen = Path(os.environ.setdefault("METRICS_FOLDER", str(folder)))
    for file in (*chosen.glob("*.db"), *chosen.glob("*.lock")):
        file.unlink(missing_ok=True)


def choose_port(host: str, wanted: int | None) -> int:
    """`wanted`, if it is free; where none is wanted 8000, or any free one with a note that says so.

    Raises
    ------
    Stop
        where the wanted one is taken.

    """
    port = PREFERRED_PORT if wanted is None else wanted
    if _is_free(host, port):
        return port
    if wanted is not None:
        raise Stop(f"Port {wanted} of {host} is taken. Choose another one, or leave --port out.", Exit.USAGE)
    with _server(host, 0) as free:
        other: int = free.getsockname()[1]
    notes().print(f"Port {port} is taken, so the API listens on {other}.")
    return other


def _start_processes(supervisor: Supervisor, listening: Listening, workers: int) -> str:
    """Start workers, beat and the API; returns the API's address. What takes longest to come up goes first."""
    from models.settings import settings  # noqa: PLC0415  # it has its environment by now

    celery = [sys.executable, "-m", "celery", "-A", "workers.app"]
    worker = [*celery, "worker", "--concurrency", str(workers), "--hostname", "slotwise@%h", "--without-mingle"]
    drained = settings().drain_seconds + _ENDED_AFTER
    supervisor.start(Process(name="worker", argv=worker, cwd=CHECKOUT, env=os.environ, grace=drained))
    supervisor.start(Process(name="beat", argv=[*celery, "beat", "--pidfile", ""], cwd=CHECKOUT, env=os.environ))
    chosen = choose_port(listening.host, listening.port)
    try:
        return _start_api(supervisor, listening, chosen)
    except ProcessFailed:
        if listening.port is not None or _is_free(listening.host, chosen):
            raise
        return _start_api(supervisor, listening, choose_port(listening.host, None))  # somebody took it a moment ago


def _start_api(supervisor: Supervisor, listening: Listening, port: int) -> str:
    here, trust = listening.here(port), listening.trust

    def is_ready() -> bool:
        # Whoever else listens there would answer as well.
        return _listens(supervisor.pid("api"), port) and ready(here, trust)

    arguments = ["--host", listening.host, "--port", str(port), *listening.arguments]
    supervisor.start(
        Process(
            name="api",
            argv=[sys.executable, "-m", "api", *arguments],
            env={**os.environ, **listening.environment},
            cwd=CHECKOUT,
            ready=is_ready,
            patience=_PATIENCE,
            grace=_API_GRACE,
        )
    )
    return listening.address(port)


def _listens(pid: int | None, port: int) -> bool:
    """Whether a process listens on a port."""
    if pid is None:
        return False
    try:
        open_ports = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in open_ports)


def _wait_for_workers(log_folder: Path) -> None:
    """Wait until a worker answers: requests that nobody plans would look like a fault of theirs."""
    for _ in range(int(_PATIENCE / _ASK_WORKERS_FOR)):
        if workers_answer(_ASK_WORKERS_FOR):
            return
    raise Stop(f"The workers do not answer. What they say is in {log_folder / 'worker.log'}.", Exit.UNREACHABLE)


def _is_free(host: str, port: int) -> bool:
    try:
        with _server(host, port):
            return True
    except OSError:
        return False


def _server(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family)


def _without_password(database_url: str) -> str:
    from sqlalchemy import make_url  # noqa: PLC0415

    return make_url(database_url).render_as_string(hide_password=True)
