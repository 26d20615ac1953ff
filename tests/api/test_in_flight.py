"""One process answers so many requests at once, and puts off the others at once; who only waits does not count."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import httpx
import pytest
import structlog
from sqlalchemy import text

from api import waiting
from models.session import engine
from tests.api.town import Town, refused
from tests.api.with_settings import served_with
from tests.workers.waiting import blocked, until


@pytest.fixture
def narrow(town: Town) -> Iterator[httpx.Client]:
    """A caller of a server that answers one request at a time."""
    with served_with(MAX_IN_FLIGHT="1") as client:
        yield client


def in_the_end(attempt: Callable[[], httpx.Response], status: int) -> httpx.Response:
    deadline = time.monotonic() + 20
    while (response := attempt()).status_code != status:
        assert time.monotonic() < deadline, response.text
        time.sleep(0.02)
    return response


def test_more_at_once_is_put_off_and_probes_are_answered(narrow: httpx.Client, owner):
    with ThreadPoolExecutor(1) as pool:
        with owner() as locking:
            locking.execute(text("LOCK TABLE patient"))
            first = pool.submit(narrow.put, "/patients/p1", json={"name": "Maria"})
            until(lambda: blocked(engine()))
            response = narrow.get("/hospitals")
            refused(response, 503, "overloaded")
            assert response.headers["retry-after"] == "1"
            assert narrow.get("/app/schedule").status_code == 503
            assert [narrow.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
        assert first.result().is_success
    assert narrow.get("/hospitals").is_success  # its place is free again


def test_the_log_has_one_line_about_many_that_were_put_off(narrow: httpx.Client, owner):
    with ThreadPoolExecutor(1) as pool, structlog.testing.capture_logs() as lines:
        with owner() as locking:
            locking.execute(text("LOCK TABLE patient"))
            first = pool.submit(narrow.put, "/patients/p1", json={"name": "Maria"})
            until(lambda: blocked(engine()))
            for _ in range(5):
                refused(narrow.get("/hospitals"), 503, "overloaded")
        assert first.result().is_success
    told = [line["event"] for line in lines if line["event"] == "put_off" or line.get("status") == 503]
    assert told == ["put_off"]


def test_a_request_that_fails_gives_its_place_back(narrow: httpx.Client):
    for _ in range(3):
        assert narrow.get("/nowhere").status_code == 404
    assert narrow.get("/hospitals").is_success


@pytest.fixture
def polled(town: Town, monkeypatch) -> str:
    """A request that is not decided, and polls that look seldom."""
    monkeypatch.setattr(waiting, "_FIRST_PAUSE", 0.3)
    return "/booking-requests/" + town.post("/booking-requests", **town.wish())["id"]


def poll(narrow: httpx.Client, path: str) -> httpx.Response:
    return in_the_end(lambda: narrow.get(path, headers={"Prefer": "wait=20"}), 200)


def test_polls_that_are_held_open_do_not_count(narrow: httpx.Client, polled: str):
    with ThreadPoolExecutor(3) as pool:
        polls = [pool.submit(poll, narrow, polled) for _ in range(3)]
        in_the_end(lambda: narrow.get("/hospitals"), 200)
        in_the_end(lambda: narrow.delete(polled), 200)
        answers = [each.result() for each in polls]
    assert [each.json()["status"] for each in answers] == ["cancelled"] * 3
    assert narrow.get("/hospitals").is_success


def test_if_they_did_one_poll_would_hold_everybody_up(narrow: httpx.Client, polled: str, town: Town, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(waiting, "held_open", lambda _request: nullcontext())
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(poll, narrow, polled)
        in_the_end(lambda: narrow.get("/hospitals"), 503)
        for _ in range(20):
            refused(narrow.get("/hospitals"), 503, "overloaded")
        town.api.delete(polled)
        assert held.result().json()["status"] == "cancelled"
