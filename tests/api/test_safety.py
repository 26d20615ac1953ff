"""Who may speak to the server, what every answer carries, and what the log never says."""

import re

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.settings import ApiSettings
from models.access.acting import EVERYTHING, Actor, ActorKind, acting
from tests.api.town import Town, at, refused, wait_for_lines


def test_only_this_machines_names_are_answered_to(api):
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "[::2]", "192.168.0.1:80", ""]:
        problem = refused(api.get("/hospitals", headers={"Host": host}), 421, "misdirected")
        assert "ALLOWED_HOSTS" in problem["detail"]


def test_this_machine_has_several_names(api):
    for host in ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000", "[::1]"]:
        assert api.get("/hospitals", headers={"Host": host}).status_code == 200


def test_other_names_are_a_setting():
    assert ApiSettings(allowed_hosts="plan.hospital.example, LOCALHOST").hosts == {"plan.hospital.example", "localhost"}


def test_another_sites_page_changes_nothing(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    url = f"/appointments/{appointment['id']}/cancel"
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        refused(town.api.post(url, headers=headers), 403, "cross_site")
    assert town.get(f"/appointments/{appointment['id']}")["status"] == "booked"
    own = str(town.api.base_url).rstrip("/")
    assert town.api.post(url, headers={"Origin": own, "Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_every_answer_carries_what_keeps_browsers_safe(api):
    for path in ["/hospitals", "/", "/docs", "/nowhere", "/openapi.json", "/problems"]:
        headers = api.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert "strict-transport-security" not in headers, "what came unencrypted may not say so"


def test_an_answer_carries_the_callers_id_or_one_of_ours(api):
    assert api.get("/healthz", headers={"X-Request-ID": "job-7"}).headers["x-request-id"] == "job-7"
    for harmful in ("a b", "x" * 200, "a\tb", "é"):
        given = api.get("/healthz", headers={"X-Request-ID": harmful.encode()}).headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f]{32}", given)


def test_the_log_says_what_happened_and_not_to_whom(town: Town):
    with structlog.testing.capture_logs() as lines:
        town.put("/patients/marked-id", name="Marked Name")
        town.api.get("/appointments", params={"patient": "marked-id"})
        town.api.put("/patients/marked-id", json={"name": ["Marked Name"]})
        body = {"patient": "marked-id", "doctor": "d1", "hospital": "central", "start": at("10:30")}
        town.api.post("/appointments", json=body)
        town.api.get("/marked-id")
        wait_for_lines(lines, 5)
    assert [(line["method"], line["status"]) for line in lines if line["event"] == "request"] == [
        ("PUT", 201),
        ("GET", 200),
        ("PUT", 422),
        ("POST", 422),
        ("GET", 404),
    ]
    assert "arked" not in str(lines)


def test_a_fault_of_ours_is_logged_with_its_place_and_not_with_its_words(town: Town, monkeypatch):
    def broken(*_):
        raise ValueError("Maria Silva is secret")

    monkeypatch.setattr("api.hospitals._weeks", broken)
    with structlog.testing.capture_logs() as lines:
        refused(town.api.get("/hospitals"), 500, "internal")
        wait_for_lines(lines, 1)
    (line,) = (line for line in lines if line["event"] == "request_failed")
    assert line["error"] == "ValueError"
    assert any("test_safety.py" in frame for frame in line["frames"])
    assert "Maria" not in str(lines)


def test_a_callers_statement_that_does_not_end_is_ended(town: Town, monkeypatch):
    def sleepy(session: Session, *_):
        session.execute(text("SELECT pg_sleep(60)"))

    monkeypatch.setattr("models.session.LONGEST_STATEMENT", "200ms")
    monkeypatch.setattr("api.hospitals._weeks", sleepy)
    assert "retry-after" in town.api.get("/hospitals").headers
    refused(town.api.get("/hospitals"), 503, "took_too_long")


def test_statements_of_workers_take_what_they_need(town: Town, session):
    for kind, longest in ((ActorKind.WORKER, "0"), (ActorKind.OPERATOR, "0"), (ActorKind.TOKEN, "30s")):
        with acting(Actor(kind, "someone"), EVERYTHING), session() as open_session:
            assert open_session.scalar(text("SHOW statement_timeout")) == longest
    with session() as open_session:
        assert open_session.scalar(text("SHOW statement_timeout")) == "0", "of that transaction only"
