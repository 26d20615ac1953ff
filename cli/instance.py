"""A whole running instance: services, migrations, workers, beat and the API, for the length of a `with` block."""

import ipaddress
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
from cli.output import Exit, Stop, notes

PREFERRED_PORT = 8000

_PATIENCE = 180.0  # seconds for the API and the workers each, on a machine that has much else to do
_ASK_WORKERS_FOR = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Instance:
    """What runs, and where."""

    api: str
    folder: Path
    database: str  # without its password
    supervisor: Supervisor


@contextmanager
def running_instance(
    folder: Path, *, host: str, port: int | None, workers: int, say: Callable[[str], None]
) -> Iterator[Instance]:
    """Start everything; leaving the block, for whatever reason, stops everything.

    `say` hears what is being waited for. `port` None: 8000, or any free one where that is taken.

    Raises
    ------
    Stop
        where the host is not this machine's own, the port is taken, or something does not start.

    """
    only_loopback(host)
    if port is not None:
        choose_port(host, port)  # refused before anything is started
    try:
        say("Starting PostgreSQL and Valkey")
        with EmbeddedServices(folder) as services:
            # What follows in this process (migrations, the sample) reads its settings from here too.
            os.environ.update(services.environment)
            say("Applying the migrations")
            _migrate(services.database_url)
            with Supervisor(services.log_folder) as supervisor:
                say("Starting workers and the API")
                address = _start_processes(supervisor, host, port, workers)
                _wait_for_workers(services.log_folder)
                with announced_api(services.folder, address):
                    yield Instance(address, services.folder, _without_password(services.database_url), supervisor)
    except EmbeddedError as error:
        raise Stop(str(error), Exit.UNREACHABLE) from error


def only_loopback(host: str) -> None:
    """Refuse a host that other machines can reach.

    Raises
    ------
    Stop
        naming the reason.

    """
    try:
        ours = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        ours = False
    if not ours:
        raise Stop(
            f"Slotwise will not listen on {host}: there is no access control yet, so whoever reaches it may do "
            "everything. Until there is, it listens on this machine's own addresses only, such as 127.0.0.1.",
            Exit.USAGE,
        )


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


def _start_processes(supervisor: Supervisor, host: str, port: int | None, workers: int) -> str:
    """Start workers, beat and the API; returns the API's address. What takes longest to come up goes first."""
    celery = [sys.executable, "-m", "celery", "-A", "workers.app"]
    worker = [*celery, "worker", "--concurrency", str(workers), "--hostname", "slotwise@%h", "--without-mingle"]
    supervisor.start(Process(name="worker", argv=worker, cwd=CHECKOUT, env=os.environ))
    supervisor.start(Process(name="beat", argv=[*celery, "beat", "--pidfile", ""], cwd=CHECKOUT, env=os.environ))
    chosen = choose_port(host, port)
    try:
        return _start_api(supervisor, host, chosen)
    except ProcessFailed:
        if port is not None or _is_free(host, chosen):
            raise
        return _start_api(supervisor, host, choose_port(host, None))  # somebody took it a moment ago


def _start_api(supervisor: Supervisor, host: str, port: int) -> str:
    address = f"http://{_in_url(host)}:{port}"

    def is_ready() -> bool:
        # Whoever else listens there would answer as well.
        return _listens(supervisor.pid("api"), port) and ready(address)

    # A poll that is held open must not hold up the end.
    listen = ["--host", host, "--port", str(port), "--no-access-log", "--timeout-graceful-shutdown", "2"]
    supervisor.start(
        Process(
            name="api",
            argv=[sys.executable, "-m", "uvicorn", "api.app:app", *listen],
            env={"ALLOWED_HOSTS": f"localhost,127.0.0.1,[::1],{_in_url(host)}", **os.environ},
            cwd=CHECKOUT,
            ready=is_ready,
            patience=_PATIENCE,
        )
    )
    return address


def _listens(pid: int | None, port: int) -> bool:
    """Whether a process listens on a port."""
    if pid is None:
        return False
    try:
        open_ports = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in open_ports)


def _migrate(database_url: str) -> None:
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415  # see cli/main.py

    from models.migrate import upgrade  # noqa: PLC0415

    try:
        upgrade(database_url)
    except OperationalError as error:
        raise Stop(f"The database does not answer: {error.orig}", Exit.UNREACHABLE) from error


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


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _without_password(database_url: str) -> str:
    from sqlalchemy import make_url  # noqa: PLC0415

    return make_url(database_url).render_as_string(hide_password=True)
