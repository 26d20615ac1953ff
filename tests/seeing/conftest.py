"""The API and a worker as processes of their own that count in one folder, traced and logged as in production."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from celery import Celery
from prometheus_client.parser import text_string_to_metric_families as parsed

from cli.embedded.databases import cloned_database
from models.session import make_engine
from tests.conftest import as_application
from tests.deliveries.receivers import free_port
from tests.seeing.collecting import Collector, collector
from tests.signed_in import HEADERS, sign_in_admin
from tests.workers.waiting import until

CHECKOUT = Path(__file__).resolve().parents[2]
_CELERY = (sys.executable, "-m", "celery", "-A", "workers.app", "worker", "--concurrency", "1", "--loglevel", "INFO")
REQUEST = "5eeb0c3c4e0b4d5aa8f1c3b5d7e9f102"
"""The id of the HTTP request that asks for the booking."""


@dataclass
class Plant:
    """What runs, and what it has left behind."""

    api: httpx.Client
    folder: Path
    environment: dict[str, str]
    worker: subprocess.Popen[bytes]
    worker_metrics: str
    collector: Collector

    def lines(self, name: str) -> list[dict[str, Any]]:
        """What a process has logged."""
        text = (self.folder / f"{name}.log").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def scrape(self) -> "Scrape":
        """What Prometheus reads of the API."""
        answer = self.api.get("/metrics")
        assert answer.status_code == 200, answer.text
        return Scrape(answer.text)

    def send(self, task: str) -> None:
        """Have a worker do something, as beat does."""
        with Celery(broker=self.environment["REDIS_URL"]) as beat:
            beat.send_task(task)

    @contextmanager
    def another_worker(self, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker more, for the length of the block."""
        with _process("another", list(_CELERY), self.environment | environment, self.folder) as worker:
            yield worker


class Scrape:
    """The samples of one look."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in parsed(text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples with these labels."""
        return sum(each.value for each in self.samples if each.name == name and labels.items() <= each.labels.items())

    @property
    def names(self) -> set[str]:
        return {each.name for each in self.samples}


@pytest.fixture(scope="module")
def plant(services, database_template, tmp_path_factory) -> Iterator[Plant]:
    """Everything at work on a database of its own, with nothing in it."""
    folder = tmp_path_factory.mktemp("plant")
    with ExitStack() as stack:
        url = stack.enter_context(cloned_database(services.database_url, database_template))
        owner = make_engine(url)
        with owner.begin() as connection:
            sign_in_admin(connection)
        owner.dispose()
        spans = stack.enter_context(collector())
        port, metrics_port = free_port(), free_port()
        environment = {
            "DATABASE_URL": as_application(services, url),
            "REDIS_URL": services.broker_url.replace("virtual_host=0", "virtual_host=5"),
            "METRICS_FOLDER": str(folder / "metrics"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": spans.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "LOG_JSON": "true",
            "OPENING_HORIZON_DAYS": "40",
            "PLAN_TIME_LIMIT": "2",
        }
        serving = [sys.executable, "-m", "api", "--port", str(port)]
        stack.enter_context(_process("api", serving, environment, folder))
        ported = environment | {"METRICS_PORT": str(metrics_port)}
        worker = stack.enter_context(_process("worker", list(_CELERY), ported, folder))
        api = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=60))
        until(lambda: _answers(api), seconds=60, what="the API")
        yield Plant(api, folder, environment, worker, f"http://127.0.0.1:{metrics_port}/metrics", spans)


@contextmanager
def _process(
    name: str, command: list[str], environment: dict[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=os.environ | environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _answers(api: httpx.Client) -> bool:
    try:
        return api.get("/readyz").is_success
    except httpx.TransportError:
        return False
