"""A rolling upgrade, rehearsed: callers go on asking while the schema and then every process is replaced.

The API's processes stand behind a list of addresses, as behind a load balancer: a caller whose connection is refused
asks the next one, and sends again what was not answered, with its key.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import Engine, text

from tests.api.town import Town, hospital
from tests.signed_in import HEADERS, sign_in_admin
from tests.workers.checker import faults, undecided
from tests.workers.waiting import until

DRAIN_SECONDS = 15
DOCTORS = 4
CALLERS = 3
WHOLE = ("worker-1", "worker-2", "beat", "api-1", "api-2")
FEW = ("worker-1", "api-1")
"""Which processes of a release run, in the order in which they are replaced."""

_PAUSE = 0.1
"""Seconds between two requests of a caller."""


@dataclass(frozen=True)
class Release:
    """A checkout that processes are started from."""

    checkout: Path

    def start(self, *argv: str, environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, *argv],
                cwd=self.checkout,
                env=os.environ | environment | {"PYTHONPATH": str(self.checkout)},
                stdout=out,
                stderr=out,
                start_new_session=True,
            )


@dataclass
class Heard:
    """What callers were answered. `acknowledged` are ids of requests; `twice` keys that got two of them."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0


@dataclass(frozen=True)
class Outcome:
    """How it went. `ended`: how many seconds each process took that was told to end, and its exit code."""

    heard: Heard
    ended: dict[str, tuple[float, int]]
    attempts: int
    lost: list[str]
    faults: set[str]

    @property
    def complaints(self) -> list[str]:
        """What must not be; empty where nothing acknowledged was lost, done twice or held up."""
        said = sorted(self.faults)
        said += [f"request {each} was acknowledged and is not decided" for each in self.lost]
        said += [f"the key {each} was answered with two requests" for each in self.heard.twice]
        said += [f"{number} answers were {status}" for status, number in self.heard.statuses.items() if status >= 500]
        if self.attempts:
            said.append(f"{self.attempts} requests were in lost runs")
        for name, (seconds, code) in self.ended.items():
            if code not in (0, -signal.SIGTERM):
                said.append(f"{name} ended with {code}")
            if seconds > DRAIN_SECONDS + 10:
                said.append(f"{name} took {seconds:.0f} s to end")
        return said


class Rehearsal:
    """Processes of one release after the other, and callers."""

    def __init__(
        self, engine: Engine, environment: dict[str, str], logs: Path, say: Callable[[str], None], kinds: Sequence[str]
    ) -> None:
        short = {"DRAIN_SECONDS": str(DRAIN_SECONDS), "PLAN_TIME_LIMIT": "5", "LEASE": "60", "SWEEP_EVERY": "1"}
        self._engine, self._environment, self._logs, self._say = engine, environment | short, logs, say
        self._kinds = kinds
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._addresses: list[str] = []
        self._ended: dict[str, tuple[float, int]] = {}
        self._heard, self._over = Heard(), threading.Event()

    def play(self, old: Release, migrate: Callable[[], None], new: Release) -> Outcome:
        """Upgrade from `old`, whose schema is there, to `new` while callers ask; then let everything be decided.

        `migrate` brings the schema of `new`.
        """
        try:
            self._start(old, "old")
            self._build_town()
            with self._callers():
                self._wait_for(20)
                self._say("migrating")
                migrate()
                self._wait_for(20)
                self._start(new, "new")
                for kind in self._kinds:
                    self._end(f"old {kind}")
                    self._wait_for(10)
            until(lambda: undecided(self._engine) == 0, seconds=60, what="every request to be decided")
            return self._judge()
        finally:
            for process in self._running.values():
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _start(self, release: Release, name: str) -> None:
        addresses = []
        for kind in self._kinds:
            if kind.startswith("api"):
                addresses.append(self._serve(release, f"{name} {kind}"))
            elif kind == "beat":
                self._celery(release, f"{name} beat", "beat")
            else:
                self._celery(
                    release, f"{name} {kind}", "worker", "--concurrency", "1", "--hostname", f"{name}-{kind}@here"
                )
        until(lambda: all(map(_is_ready, addresses)), seconds=90, what="the API to be ready")
        self._addresses += addresses
        workers = [f"{name} {kind}" for kind in self._kinds if kind.startswith("worker")]
        until(lambda: all("Connected to" in self._log(each) for each in workers), seconds=90, what="the workers")
        self._say(f"the {name} release runs")

    def _celery(self, release: Release, name: str, *argv: str) -> None:
        self._run(release, name, "-m", "celery", "-A", "workers.app", *argv, "--loglevel", "INFO")

    def _serve(self, release: Release, name: str) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._run(
            release, name, "-m", "uvicorn", "api.app:app", "--port", str(port), "--timeout-graceful-shutdown", "10"
        )
        return f"http://127.0.0.1:{port}"

    def _run(self, release: Release, name: str, *argv: str) -> None:
        log = self._path(name)
        self._running[name] = release.start(*argv, environment=self._environment, log=log)

    def _end(self, name: str) -> None:
        process = self._running[name]
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        code = process.wait(timeout=60)
        self._ended[name] = (time.monotonic() - began, code)
        self._say(f"{name} ended after {self._ended[name][0]:.1f} s")

    def _build_town(self) -> None:
        with self._engine.begin() as connection:
            sign_in_admin(connection)
        with httpx.Client(base_url=self._addresses[0], headers=HEADERS, timeout=30) as client:
            town = Town(client)
            town.post("/hospitals", **hospital("central"))
            for number in range(DOCTORS):
                town.put(f"/users/d{number}", name=f"Dr {number}", role="doctor", specialties=["cardiology"])
                town.available(f"d{number}", "09:00", "18:00")

    @contextmanager
    def _callers(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _wait_for(self, more: int) -> None:
        """Wait until so many more requests are acknowledged."""
        enough = len(self._heard.acknowledged) + more
        until(lambda: len(self._heard.acknowledged) >= enough, seconds=60, what="requests to be acknowledged")

    def _ask(self, caller: int) -> None:
        number = 0
        with httpx.Client(headers=HEADERS, timeout=30) as client:
            while not self._over.wait(_PAUSE):
                number += 1
                key = f"{caller}-{number}"
                self._send(client, "PUT", f"/patients/{key}", key, {"name": f"Patient {key}"})
                self._queue(client, key)

    def _queue(self, client: httpx.Client, key: str) -> None:
        """Queue a request, and often the same again, as whoever is not sure that it arrived."""
        wish = Town(client).wish(key)
        for _ in range(2):
            response = self._send(client, "POST", "/booking-requests", key, wish)
            if response.status_code == 202:
                id_ = response.json()["id"]
                if self._heard.acknowledged.setdefault(key, id_) != id_:
                    self._heard.twice.append(key)
        self._send(client, "GET", f"/booking-requests/{id_}", key, None)

    def _send(self, client: httpx.Client, method: str, path: str, key: str, body: object) -> httpx.Response:
        """Ask one process after the other until one answers."""
        headers = {"Idempotency-Key": key} if method == "POST" else {}
        if method == "GET":
            headers = {"Prefer": "wait=2"}
        for attempt in range(200):
            address = self._addresses[(hash(key) + attempt) % len(self._addresses)]
            try:
                response = client.request(method, f"{address}{path}", json=body, headers=headers)
            except httpx.TransportError:
                self._heard.unanswered += 1
                time.sleep(0.02)
                continue
            self._heard.statuses[response.status_code] += 1
            if response.is_success:
                return response
            time.sleep(0.2)
        raise AssertionError(f"{method} {path} was never answered")

    def _judge(self) -> Outcome:
        with self._engine.connect() as connection:
            decided = set(connection.scalars(text("SELECT id::text FROM booking_request WHERE decided_at IS NOT NULL")))
            attempts = connection.scalar(text("SELECT count(*) FROM booking_request WHERE attempts > 0"))
        lost = sorted(set(self._heard.acknowledged.values()) - decided)
        return Outcome(self._heard, self._ended, attempts or 0, lost, faults(self._engine))

    def _path(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '-')}.log"

    def _log(self, name: str) -> str:
        return self._path(name).read_text(encoding="utf-8")


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=5).is_success
    except httpx.TransportError:
        return False
