"""The API as it is run: a process of its own, many callers, and a PostgreSQL that is shot under it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import make_url

from api.pages import encode
from cli.embedded.databases import cloned_database
from tests.api.town import MONDAY, Town, refused
from tests.signed_in import HEADERS

CHECKOUT = Path(__file__).resolve().parents[2]
RETRIED = ("/problems/unavailable", "/problems/key_in_flight")


@dataclass
class Process:
    """A running API process on a database of its own, a caller of it, and what it logs."""

    town: Town
    api: httpx.Client
    database_url: str
    log: Path
    running: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def process(services, town_template, tmp_path_factory) -> Iterator[Process]:
    """One process for all of these tests: it takes a while to start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("api") / "log"
    argv = [sys.executable, "-m", "api", "--port", str(port)]
    with (
        cloned_database(services.database_url, town_template) as database_url,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=30) as client,
    ):
        environment = {"DATABASE_URL": database_url, "REDIS_URL": services.broker_url, "LOG_JSON": "true"}
        with log.open("wb") as out:
            running = subprocess.Popen(argv, cwd=CHECKOUT, env=os.environ | environment, stdout=out, stderr=out)
        try:
            deadline = time.monotonic() + 60
            while not answers(client):
                assert running.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield Process(Town(client), client, database_url, log, running)
        finally:
            client.close()
            running.terminate()
            running.wait(timeout=15)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


def kill_connections(database_url: str) -> int:
    plain = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        return connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()[0]


def test_the_request_after_its_connections_were_killed_succeeds(process):
    for _ in range(3):
        assert process.api.get("/hospitals").is_success
        assert kill_connections(process.database_url) > 0
        assert process.api.get("/hospitals").is_success


def test_killed_connections_cost_no_request_and_repeat_none(process):
    """Callers who send again what was answered with 503, with its key, end with exactly what they asked for."""

    def queue(number: int) -> str:
        for _ in range(50):
            headers = {"Idempotency-Key": f"r{number}"}
            response = process.api.post("/booking-requests", json=process.town.wish(), headers=headers)
            if response.status_code == 202:
                return response.json()["id"]
            assert refused(response, response.status_code)["type"] in RETRIED
            assert response.headers["retry-after"]
        raise AssertionError("never accepted")

    with ThreadPoolExecutor(8) as pool:
        queued = [pool.submit(queue, number) for number in range(200)]
        for every in range(10, 200, 10):
            wait(queued[:every], timeout=60)
            kill_connections(process.database_url)
        ids = [each.result() for each in queued]
    items = process.town.get("/booking-requests", limit=1000)["items"]
    assert sorted(each["id"] for each in items) == sorted(ids)
    assert len(set(ids)) == 200


def test_two_bookers_of_one_hour_get_one_booking_and_one_sentence(process):
    shown = process.town.get("/schedule", hospital="central", date=str(MONDAY), doctor="d1")

    def book(patient: str, start: str) -> httpx.Response:
        body = {"patient": patient, "doctor": "d1", "hospital": "central", "start": start}
        return process.api.post("/appointments", json=body)

    with ThreadPoolExecutor(2) as pool:
        for hour in shown["doctors"][0]["free_hours"]:
            answered = pool.map(book, ("p1", "p2"), (hour["start"], hour["start"]))
            won, lost = sorted(answered, key=lambda response: response.status_code)
            assert won.status_code == 201
            assert "Dr Ana Sousa" in refused(lost, 409, "hours_taken")["detail"]


def test_no_name_and_no_query_reaches_the_log(process):
    process.api.put("/patients/marked-id", json={"name": "Marked Name"})
    process.api.get("/appointments", params={"patient": "marked-id"})
    process.api.get("/patients/marked-id")
    process.api.put("/patients/marked-id", json={"name": 17, "Marked": "Marked"})
    log = process.log.read_text()
    assert '"route": "/patients/{external_id}"' in log
    assert "arked" not in log


def test_one_that_is_told_to_end_answers_those_whom_it_keeps_waiting_and_ends(process):
    """The last of these tests: nothing is left to ask."""
    request = process.town.post("/booking-requests", **process.town.wish())
    with ThreadPoolExecutor(1) as pool, process.api.stream("GET", "/app/live", params={"since": encode(0, 0)}) as live:
        lines = live.iter_lines()
        next(lines)  # so the stream has begun
        poll = pool.submit(process.api.get, f"/booking-requests/{request['id']}", headers={"Prefer": "wait=30"})
        wait([poll], timeout=1)
        assert not poll.done()
        process.running.terminate()
        told = time.monotonic()
        list(lines)
        assert (poll.result().status_code, poll.result().json()["status"]) == (200, "queued")
        assert process.running.wait(timeout=15) == -signal.SIGTERM  # raised again by the server when all is done
    assert time.monotonic() - told < 5
    with pytest.raises(httpx.ConnectError):
        process.api.get("/healthz")
