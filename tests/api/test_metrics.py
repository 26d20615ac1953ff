"""`GET /metrics`: who may read it, what it counts, and what it says while what it looks at is away."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed
from sqlalchemy import text

from api import glances
from api.access import watchers
from models.access.scopes import Scope
from models.access.tokens import make_token, revoke_secret
from models.session import engine
from models.settings import settings
from tests.api.town import Town, refused
from tests.serving import Served
from tests.workers.waiting import until

NOWHERE = "postgresql+psycopg://nobody@/nothing?host=/nowhere"


class Scraper:
    """A system whose token may read metrics, and nothing else."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def value(self, name: str, **labels: str) -> float | None:
        """The value of a metric; None: there is none."""
        answer = self.client.get("/metrics")
        assert answer.status_code == 200, answer.text
        samples = (sample for family in parsed(answer.text) for sample in family.samples)
        return next(
            (each.value for each in samples if each.name == name and labels.items() <= each.labels.items()), None
        )

    def until(self, name: str, wanted: float | None, **labels: str) -> None:
        """Wait until the metric has a value: looking at the database may take longer than the answer."""
        until(lambda: self.value(name, **labels) == wanted, what=f"{name} to be {wanted}")


@pytest.fixture
def token(api, owner) -> str:
    with owner() as session:
        return make_token(session, "prometheus", [Scope.METRICS_READ])[1]


@pytest.fixture
def scraper(served: Served, token: str, monkeypatch) -> Iterator[Scraper]:
    """Every look is made anew, as if seconds had passed."""
    monkeypatch.setattr(glances, "FRESH", 0.0)
    with httpx.Client(base_url=served.address, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        yield Scraper(client)


@pytest.fixture
def away(monkeypatch) -> Callable[[], None]:
    """Takes the database away."""

    def take_away() -> None:
        engine().dispose()
        engine.cache_clear()
        monkeypatch.setenv("DATABASE_URL", NOWHERE)
        settings.cache_clear()

    return take_away


def test_a_token_with_its_scope_reads_it_in_the_form_that_it_accepts(scraper: Scraper):
    plain = scraper.client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=")
    assert plain.headers["cache-control"] == "no-store"
    modern = scraper.client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert modern.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert modern.text.endswith("# EOF\n")


def test_nobody_else_reads_it(served: Served, api, owner):
    with owner() as session:
        _, secret = make_token(session, "other", [each for each in Scope if each is not Scope.METRICS_READ])
    with httpx.Client(base_url=served.address) as stranger:
        refused(stranger.get("/metrics"), 401, "unauthenticated")
        refused(stranger.get("/metrics", headers={"Authorization": f"Bearer {secret}"}), 403, "forbidden")


def test_requests_are_counted_by_the_templates_of_their_routes(scraper: Scraper, town: Town):
    labels = {"method": "GET", "route": "/hospitals/{hospital}"}
    count = "slotwise_http_request_seconds_count"
    before = {status: scraper.value(count, status=status, **labels) or 0 for status in ("200", "404")}
    town.get("/hospitals/central")
    refused(town.api.get("/hospitals/nowhere"), 404)
    for status, number in before.items():
        scraper.until(count, number + 1, status=status, **labels)


def test_methods_that_the_api_does_not_have_are_counted_as_one(scraper: Scraper, api):
    labels = {"method": "other", "route": "", "status": "404"}
    before = scraper.value("slotwise_http_request_seconds_count", **labels) or 0
    for method in ("PROPFIND", "REPORT"):
        api.request(method, "/nowhere")
    scraper.until("slotwise_http_request_seconds_count", before + 2, **labels)


def test_a_poll_that_is_held_open_does_not_count_as_slow(scraper: Scraper, town: Town):
    wish = town.post("/booking-requests", **town.wish())["id"]
    route = "/booking-requests/{request_id}"
    slow = scraper.value("slotwise_http_request_seconds_count", route=route, method="GET") or 0
    held = scraper.value("slotwise_http_held_total", route=route) or 0
    assert town.api.get(f"/booking-requests/{wish}", headers={"Prefer": "wait=1"}).json()["status"] == "queued"
    scraper.until("slotwise_http_held_total", held + 1, route=route)
    assert (scraper.value("slotwise_http_request_seconds_count", route=route, method="GET") or 0) == slow


def test_what_waits_is_told_by_priority(scraper: Scraper, town: Town, owner):
    for priority in ("urgent", "soon", "soon"):
        town.post("/booking-requests", **town.wish(priority=priority))
    with owner() as session:
        session.execute(
            text("UPDATE booking_request SET queued_at = now() - interval '1 hour' WHERE priority = 'soon'")
        )
    scraper.until("slotwise_requests_queued", 2, priority="soon")
    assert scraper.value("slotwise_requests_queued", priority="urgent") == 1
    assert scraper.value("slotwise_requests_queued", priority="routine") == 0
    assert 3600 <= (scraper.value("slotwise_oldest_queued_seconds", priority="soon") or 0) < 3700
    assert scraper.value("slotwise_oldest_queued_seconds", priority="routine") == 0


def test_migrations_that_are_pending_are_told_and_what_they_may_change_is_not_read(scraper: Scraper, town, owner):
    scraper.until("slotwise_migrations_pending", 0)
    with owner() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0009'"))
    until(lambda: (scraper.value("slotwise_migrations_pending") or 0) > 0)
    assert scraper.value("slotwise_database_up") == 1
    assert scraper.value("slotwise_requests_queued") is None


def test_without_a_broker(scraper: Scraper, monkeypatch):
    scraper.until("slotwise_broker_up", 1)
    monkeypatch.setenv("REDIS_URL", "redis+socket:///nowhere/valkey.sock?virtual_host=1")
    settings.cache_clear()
    scraper.until("slotwise_broker_up", 0)


def test_without_a_database_it_tells_the_rest_to_who_was_let_in_before(scraper: Scraper, away):
    scraper.until("slotwise_database_up", 1)
    away()
    scraper.until("slotwise_database_up", 0)
    assert scraper.value("slotwise_requests_queued") is None
    assert scraper.value("slotwise_http_in_flight") is not None
    # Whom nobody knows is not let in.
    answer = scraper.client.get("/metrics", headers={"Authorization": "Bearer slw_stranger"})
    refused(answer, 503, "unavailable")
    # And who was let in here is not let in elsewhere.
    refused(scraper.client.get("/hospitals"), 503, "unavailable")


def test_who_was_let_in_is_forgotten_after_an_hour(scraper: Scraper, away, monkeypatch):
    scraper.until("slotwise_database_up", 1)
    monkeypatch.setattr(watchers, "REMEMBERED", 0.0)
    scraper.until("slotwise_database_up", 1)
    away()
    refused(scraper.client.get("/metrics"), 503, "unavailable")


def test_a_token_that_is_revoked_is_refused(scraper: Scraper, token: str, owner):
    scraper.until("slotwise_database_up", 1)
    with owner() as session:
        revoke_secret(session, token, dt.datetime.now(dt.UTC))
    refused(scraper.client.get("/metrics"), 401, "unauthenticated")


def test_a_database_that_hangs_holds_nothing_up(scraper: Scraper, owner, monkeypatch):
    scraper.until("slotwise_database_up", 1)
    with owner() as session:
        # Nobody is told who has a token, nor what is queued.
        session.execute(text("LOCK TABLE access_token, booking_request IN ACCESS EXCLUSIVE MODE"))
        began = time.perf_counter()
        assert scraper.value("slotwise_database_up") == 1  # it did, a moment ago
        took = time.perf_counter() - began
        monkeypatch.setattr(glances, "STALE", 0.0)  # as if that were half a minute ago
        assert scraper.value("slotwise_database_up") == 0
    assert took < 5, "it waited for the database"  # whose locks are waited for twice as long


def test_looking_that_takes_long_is_done_once_for_all():
    ended, looks = threading.Event(), []

    def look() -> str:
        looks.append(threading.current_thread())
        ended.wait()
        return "seen"

    glance = glances.Glances(look, patience=0.01, nothing="nothing", gone="gone")
    assert {glance.latest() for _ in range(5)} == {"nothing"}
    ended.set()
    until(lambda: glance.latest() == "seen")
    assert len(looks) == 1
    glance.close()
