"""Alive and ready, the bell with and without a broker, and the first page."""

import json
import time

import pytest
import redis
import structlog
from sqlalchemy import text

from api.bell import Bell
from models.settings import settings
from tests.api.town import Town, refused


def test_alive_asks_nothing_of_anyone(api):
    assert api.get("/healthz").json() == {"status": "alive"}


def test_ready_with_database_schema_and_broker(api):
    shown = api.get("/readyz").json()
    assert shown == {
        "status": "ready",
        "database": "reachable",
        "schema_version": shown["schema_version"],
        "broker": "reachable",
    }


def test_ready_without_a_broker_and_says_so(api, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis+socket:///nowhere/valkey.sock?virtual_host=1")
    settings.cache_clear()
    assert api.get("/readyz").json()["broker"] == "away"


@pytest.mark.parametrize("statement", ["DROP TABLE alembic_version", "UPDATE alembic_version SET version_num = '0001'"])
def test_not_ready_with_an_older_schema(api, owner, statement):
    with owner() as open_session:
        open_session.execute(text(statement))
    response = api.get("/readyz")
    problem = refused(response, 503, "unavailable")
    assert "run the migrations" in problem["detail"]
    assert response.headers["retry-after"] == "5"


def test_not_ready_without_a_database(api, monkeypatch):
    from models.session import engine  # noqa: PLC0415

    engine().dispose()
    engine.cache_clear()
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@/nothing?host=/nowhere")
    settings.cache_clear()
    for path in ("/readyz", "/hospitals"):
        response = api.get(path)
        refused(response, 503, "unavailable")
        assert response.headers["retry-after"]
    assert api.get("/healthz").status_code == 200


def messages(redis_url: str) -> list[dict]:
    with redis.Redis.from_url(redis_url) as client:
        return [json.loads(each) for each in client.lrange("celery", 0, -1)]


def wait_for_messages(redis_url: str) -> list[dict]:
    deadline = time.monotonic() + 10
    while not (found := messages(redis_url)):
        assert time.monotonic() < deadline, "no bell was rung"
        time.sleep(0.01)
    return found


def test_a_queued_request_rings_for_the_planners(town: Town, redis_url):
    town.post("/booking-requests", **town.wish())
    (message,) = wait_for_messages(redis_url)
    assert message["headers"]["task"] == "slotwise.plan_queued"
    assert "p1" not in str(message)


def test_a_burst_rings_a_few_times_and_once_after_its_end(broker_url, redis_url):
    ringing = Bell(lambda: broker_url)
    for _ in range(1000):
        ringing.ring()
    wait_for_messages(redis_url)
    ringing.ring()
    ringing.close()
    assert 2 <= len(messages(redis_url)) <= 4


def test_a_bell_that_is_closed_rings_no_more(broker_url, redis_url):
    ringing = Bell(lambda: broker_url)
    ringing.ring()
    ringing.close()
    before = len(messages(redis_url))
    assert before == 1
    ringing.ring()
    assert len(messages(redis_url)) == before


@pytest.mark.usefixtures("broken_bell")
def test_a_broker_that_is_away_holds_nobody_up(town: Town):
    with structlog.testing.capture_logs() as lines:
        began = time.monotonic()
        for _ in range(20):
            town.post("/booking-requests", **town.wish())
        seconds = time.monotonic() - began
    assert seconds < 5
    assert len(town.get("/booking-requests", status="queued")["items"]) == 20
    assert sum(line["event"] == "bell_not_rung" for line in lines) <= 1
