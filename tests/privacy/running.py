"""The whole product as processes of their own on services of their own, and everything that they leave behind: logs,
messages, addresses, metrics, spans. So that a test can look through all of it.
"""

import base64
import binascii
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from cli.embedded import EmbeddedServices
from models.migrate import upgrade
from models.session import make_engine
from tests.deliveries.receivers import Mailbox, Receiver, free_port, mail_server, receiver
from tests.seeing.collecting import Collector, collector
from tests.signed_in import HEADERS, sign_in_admin
from tests.workers.waiting import until

CHECKOUT = Path(__file__).resolve().parents[2]
_CELERY = (sys.executable, "-m", "celery", "-A", "workers.app")
_ENCODED = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")


@dataclass
class Running:
    """The product at work, whoever it tells of it, and the folder that its processes write to."""

    services: EmbeddedServices
    folder: Path
    api: httpx.Client
    environment: dict[str, str]
    mailbox: Mailbox
    hook: Receiver
    heard: list[bytes]
    traced: Collector

    def log(self, name: str) -> bytes:
        """What a process has written: `api`, `access` (the addresses as a proxy sees them), `worker`, `beat`."""
        return (self.folder / f"{name}.log").read_bytes()

    def left(self) -> dict[str, bytes]:
        """Everything that was left behind, by where, with what is in base64 (as Celery's messages are) read as well."""
        logs = [*self.folder.glob("*.log"), *self.services.log_folder.glob("*.log")]
        kept = (each for each in (self.services.folder / "valkey").rglob("*") if each.is_file())
        found = {str(file): file.read_bytes() for file in (*logs, *kept)}
        found["what Valkey was told"] = b"".join(self.heard)
        found["spans"] = b"\n".join(self.traced.bodies)
        found["metrics"] = self.api.get("/metrics").content
        found["webhooks"] = b"\n".join(
            each.body + repr((each.path, each.headers)).encode() for each in self.hook.received
        )
        return {where: text + _decoded(text) for where, text in found.items()}


def _decoded(text: bytes) -> bytes:
    found = []
    for encoded in _ENCODED.findall(text):
        try:
            found.append(base64.b64decode(encoded + b"=" * (-len(encoded) % 4)))
        except binascii.Error:
            continue
    return b"\n".join([b"", *found])


@contextmanager
def running(data: Path, folder: Path) -> Iterator[Running]:
    """Everything, until the end of the block. Processes log at INFO as JSON; access lines are kept."""
    port, mail_port, mailbox, heard = free_port(), free_port(), Mailbox(), []
    with ExitStack() as stack:
        traced = stack.enter_context(collector())
        services = stack.enter_context(EmbeddedServices(data, environ={}, durable=False))
        stack.enter_context(_overheard(services, heard))
        upgrade(services.database_url)
        owner = make_engine(services.database_url)
        with owner.begin() as connection:
            sign_in_admin(connection)
        owner.dispose()
        hook = stack.enter_context(receiver())
        stack.enter_context(mail_server(mailbox, mail_port))
        environment = services.environment | {
            "LOG_JSON": "true",
            "METRICS_FOLDER": str(folder / "metrics"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": traced.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "SWEEP_EVERY": "2",
            "PLAN_TIME_LIMIT": "2",
            "RESCHEDULE_TIME_LIMIT": "2",
            "OPENING_HORIZON_DAYS": "40",
            "DELIVERY_FIRST_WAIT": "0.5",
            "WEBHOOK_URL": hook.url,
            "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwdAAAAAA=",
            "SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
            "MAIL_FROM": "appointments@hospital.example",
        }
        uvicorn = [sys.executable, "-m", "uvicorn", "api.app:app", "--port", str(port), "--log-level", "info"]
        commands = {
            "api": uvicorn,
            "worker": [*_CELERY, "worker", "--concurrency", "2", "--loglevel", "INFO"],
            "beat": [*_CELERY, "beat", "--pidfile", "", "--loglevel", "INFO"],
        }
        for name, command in commands.items():
            stack.enter_context(_process(name, command, environment, folder))
        api = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=60))
        until(lambda: _answers(api), seconds=60, what="the API")
        yield Running(services, folder, api, environment, mailbox, hook, heard, traced)


@contextmanager
def _process(name: str, command: list[str], environment: dict[str, str], folder: Path) -> Iterator[None]:
    """A process; what it says on standard output, which of the API is one line for each request, is apart."""
    output = folder / f"{'access' if name == 'api' else f'{name}-output'}.log"
    with (folder / f"{name}.log").open("wb") as log, output.open("wb") as out:
        process = subprocess.Popen(command, cwd=CHECKOUT, env=os.environ | environment, stdout=out, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _overheard(services: EmbeddedServices, heard: list[bytes]) -> Iterator[None]:
    """Keep whatever Valkey is told, word by word."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.connect(services.redis_url.removeprefix("unix://"))
        listener.sendall(b"MONITOR\r\n")

        def listen() -> None:
            while said := listener.recv(65_536):
                heard.append(said)

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _answers(api: httpx.Client) -> bool:
    try:
        return api.get("/readyz").is_success
    except httpx.TransportError:
        return False
