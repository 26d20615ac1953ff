"""What is measured: an instance as `slotwise up` runs it, on a database and a queue that outlast it."""

import datetime as dt
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import Engine, text

from bench.load.arrivals import Curve
from bench.load.wishes import Wishes
from bench.page_pictures import running
from bench.schedules import Size, build_network
from cli.embedded import EmbeddedServices
from cli.embedded.databases import create_database
from cli.instances import own_token_of
from models.migrate import upgrade
from models.session import make_engine

SIZE = Size(doctors=80, days=60, hospitals=8)
ROOT = Path(__file__).resolve().parents[2]
Json = dict[str, Any]
PUT_OFF = ("429", "503")
_PARTS = {
    "api": "api",
    "worker": "workers",
    "beat": "beat",
    "valkey-server": "valkey",
    "postgres": "postgresql",
}
"""The parts of an instance, by a word of their processes' command lines."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long something took: half of the callers, 95 and 99 of 100 were done by then, and the last."""

    count: int
    p50: float
    p95: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class Called:
    """What became of callers: answers by what was asked and their status, those accepted by the second, and seconds.

    `missed`: how many more arrived than the generator could keep in the air.
    """

    missed: int
    statuses: dict[str, dict[str, int]]
    accepted: tuple[int, ...]
    seconds: dict[str, Seconds]

    def sustained(self, since: int, until: int) -> float:
        """How many were accepted a second, from one second to another."""
        return sum(self.accepted[since:until]) / (until - since)

    @property
    def put_off(self) -> int:
        """How many were answered that there is too much to do just now."""
        return sum(count for each in self.statuses.values() for status, count in each.items() if status in PUT_OFF)


class Stand:
    """A database with a network in it, and the folder of the instance that works on it."""

    def __init__(self, services: EmbeddedServices, folder: Path, wishes: Wishes, engine: Engine) -> None:
        self.services, self.folder, self.wishes, self.engine = services, folder, wishes, engine

    @contextmanager
    def instance(self, workers: int) -> Iterator[str]:
        """The address of an instance with so many worker processes."""
        with running(self.folder, "--workers", str(workers)) as address:
            yield address

    @contextmanager
    def bare(self) -> Iterator[str]:
        """The address of the reference, on a database of its own of the same server."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "uvicorn", "bench.load.bare:app", "--port", str(port), "--no-access-log"]
        command += ["--http", "api.protocol:BoundedHttp", "--log-level", "warning"]
        url = create_database(self.services.database_url, "bare")
        with subprocess.Popen(command, cwd=ROOT, env=os.environ | {"BARE_DATABASE_URL": url}) as process:
            address = f"http://127.0.0.1:{port}"
            try:
                _wait_for(address)
                yield address
            finally:
                process.terminate()

    def call(self, address: str, kind: str, curve: Curve, seed: int = 1) -> Called:
        """Let callers arrive, and wait for the last."""
        out = self.folder / "callers.json"
        command = [sys.executable, "-W", "ignore", "-m", "bench.load.callers", "--address", address, "--as", kind]
        command += ["--curve", json.dumps(curve.points), "--wishes", json.dumps(asdict(self.wishes))]
        environment = os.environ | {"SLOTWISE_TOKEN": own_token_of(self.folder) or ""}
        subprocess.run([*command, "--seed", str(seed), "--out", str(out)], cwd=ROOT, env=environment, check=True)
        told = json.loads(out.read_text(encoding="utf-8"))
        seconds = {name: Seconds(**each) for name, each in told["seconds"].items()}
        return Called(told["missed"], told["statuses"], tuple(told["accepted"]), seconds)

    def ask(self, question: str, **values: object) -> Any:  # Any: whatever the database answers
        """One value of the database."""
        with self.engine.begin() as connection:
            return connection.execute(text(question), values).scalar_one()

    def settle(self, seconds: float = 900) -> None:
        """Wait until every request is decided.

        Raises
        ------
        TimeoutError
            where that takes longer.

        """
        deadline = time.monotonic() + seconds
        while self.ask("SELECT EXISTS (SELECT FROM booking_request WHERE decided_at IS NULL)"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"requests are not decided after {seconds:g} s")
            time.sleep(0.2)


@contextmanager
def stand(folder: Path) -> Iterator[Stand]:
    """A new database on services of the bench's own, which keep what they acknowledge even through a power cut."""
    with EmbeddedServices(folder / "services", environ={}) as services:
        upgrade(services.database_url)
        # For `slotwise up`, and for what is written from here.
        os.environ |= services.environment | {"OWNER_DATABASE_URL": services.database_url, "RATE_LIMIT_PER_MINUTE": "0"}
        engine = make_engine(services.database_url)
        yield Stand(services, folder / "instance", _filled(), engine)
        engine.dispose()


def memory() -> Counter[str]:
    """The bytes of each part of the instance; what processes share is divided among them (PSS).

    Raises
    ------
    LookupError
        where no process is known to be of a part.

    """
    found: Counter[str] = Counter()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if part := _part(process):
                found[part] += process.memory_full_info().pss
    if unknown := set(_PARTS.values()) - found.keys():
        raise LookupError(f"no process of the instance is known to be of: {', '.join(sorted(unknown))}")
    return found


def _filled() -> Wishes:
    """Write the network, and say what can be asked for in it."""
    now = dt.datetime.now(dt.UTC)
    build_network(SIZE, now)
    return Wishes(SIZE.doctors, SIZE.patients, SIZE.hospitals, SIZE.days, str(now.date() + dt.timedelta(days=2)))


def _part(process: psutil.Process) -> str | None:
    words = {Path(word).name.rstrip(":") for each in process.cmdline()[:6] for word in each.split()[:1]}
    return next((part for word, part in _PARTS.items() if word in words), None)


def _wait_for(address: str) -> None:
    for _ in range(200):
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/healthz", trust_env=False).is_success:
                return
        time.sleep(0.1)
    raise TimeoutError(f"{address} does not answer")
