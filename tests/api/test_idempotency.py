"""The same POST twice is done once: one answer for one key, even when both come at once."""

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from api import idempotency
from tests.api.town import Town, at, hospital, refused


def keyed(key: str = "k1"):
    return {"Idempotency-Key": key}


def count(session, table: str) -> int:
    with session() as open_session:
        return open_session.scalar(text(f"SELECT count(*) FROM {table}"))


def test_the_first_answer_is_given_again_to_the_byte(town: Town, session):
    body = town.wish(doctors=["d2", "d1"])
    first, again = (town.api.post("/booking-requests", json=body, headers=keyed()) for _ in range(2))
    assert again.content == first.content
    assert again.status_code == first.status_code == 202
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    for name in ("location", "retry-after", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert count(session, "booking_request") == 1


def test_spacing_and_order_make_no_other_body(town: Town, session):
    spaced = json.dumps(dict(reversed(town.wish().items())), indent=3)
    headers = keyed() | {"Content-Type": "application/json"}
    first = town.api.post("/booking-requests", json=town.wish(), headers=keyed())
    assert town.api.post("/booking-requests", content=spaced, headers=headers).content == first.content
    assert count(session, "booking_request") == 1


def test_without_a_key_the_same_body_is_two_requests(town: Town, session):
    for _ in range(2):
        town.post("/booking-requests", **town.wish())
    assert count(session, "booking_request") == 2


def test_a_key_stands_for_one_body(town: Town, session):
    town.api.post("/booking-requests", json=town.wish(), headers=keyed())
    problem = refused(town.api.post("/booking-requests", json=town.wish("p2"), headers=keyed()), 422, "key_reused")
    assert "choose a new key" in problem["detail"]
    assert count(session, "booking_request") == 1


def test_what_a_file_is_sent_with_counts_as_part_of_it(town: Town, session):
    def send(label: str):
        headers = keyed() | {"Content-Type": "text/csv"}
        body = f"patient,earliest,latest\np1,{at('09:00')},{at('18:00')}\n".encode()
        return town.api.post("/booking-batches", params={"label": label}, content=body, headers=headers)

    assert send("Week 49").content == send("Week 49").content
    refused(send("Week 50"), 422, "key_reused")
    assert count(session, "booking_batch") == 1


def test_a_key_is_of_one_address(town: Town):
    assert town.api.post("/booking-requests", json=town.wish(), headers=keyed()).status_code == 202
    assert town.api.post("/hospitals", json=hospital("west"), headers=keyed()).status_code == 201
    first, second = town.book("p1", "d1", "10:00"), town.book("p2", "d2", "10:00")
    for appointment in (first, second):
        ended = town.api.post(f"/appointments/{appointment['id']}/cancel", headers=keyed())
        assert ended.json()["id"] == appointment["id"]


def test_a_refusal_is_an_answer_like_any_other(town: Town):
    body = {"patient": "p1", "doctor": "d1", "hospital": "central", "start": at("10:00")}
    standing = town.book("p2", "d1", "10:00")
    first = town.api.post("/appointments", json=body, headers=keyed())
    refused(first, 409, "hours_taken")
    town.post(f"/appointments/{standing['id']}/cancel")
    again = town.api.post("/appointments", json=body, headers=keyed())
    assert (again.status_code, again.content) == (409, first.content)
    assert again.headers["content-type"] == "application/problem+json"
    assert again.headers["idempotent-replayed"] == "true"
    assert town.api.post("/appointments", json=body, headers=keyed("k2")).status_code == 201


def test_faults_of_shape_leave_the_key_free(town: Town):
    refused(town.api.post("/booking-requests", json=town.wish(latest="soon"), headers=keyed()), 422, "not_an_instant")
    assert town.api.post("/booking-requests", json=town.wish(), headers=keyed()).status_code == 202


def test_posts_without_a_body_are_done_once_too(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    url = f"/appointments/{appointment['id']}/complete"
    first, again = (town.api.post(url, headers=keyed()) for _ in range(2))
    assert first.content == again.content
    assert again.status_code == 200
    refused(town.api.post(url), 409, "appointment_not_booked")


@pytest.mark.parametrize("key", ["", "x" * 256, "k\té", "ключ"])
def test_a_key_is_printable_and_not_too_long(town: Town, key):
    headers = {"Idempotency-Key": key.encode()}
    problem = refused(town.api.post("/booking-requests", json=town.wish(), headers=headers), 422, "unreadable_key")
    assert problem["errors"][0]["parameter"] == "Idempotency-Key"


def test_the_longest_key_is_taken(town: Town):
    key = "".join(map(chr, range(33, 127))) * 3
    assert town.api.post("/booking-requests", json=town.wish(), headers=keyed(key[:255])).status_code == 202


@pytest.fixture
def slow_work(monkeypatch):
    """Work stops in its transaction until it is told to go on."""
    begun, go_on = threading.Event(), threading.Event()
    plain = idempotency._respond

    def respond(answer):
        begun.set()
        assert go_on.wait(timeout=10)
        return plain(answer)

    monkeypatch.setattr(idempotency, "_respond", respond)
    yield begun, go_on
    go_on.set()


def test_while_the_first_is_worked_on_the_second_is_told_so(town: Town, session, slow_work):
    begun, go_on = slow_work
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(town.api.post, "/booking-requests", json=town.wish(), headers=keyed())
        assert begun.wait(timeout=10)
        second = town.api.post("/booking-requests", json=town.wish(), headers=keyed())
        problem = refused(second, 409, "key_in_flight")
        assert second.headers["retry-after"] == "1"
        assert "send it again" in problem["detail"]
        go_on.set()
        assert first.result().status_code == 202
    again = town.api.post("/booking-requests", json=town.wish(), headers=keyed())
    assert again.content == first.result().content
    assert count(session, "booking_request") == 1


def test_a_connection_that_dies_leaves_neither_the_work_nor_the_key(town: Town, session, slow_work):
    begun, go_on = slow_work
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(town.api.post, "/booking-requests", json=town.wish(), headers=keyed())
        assert begun.wait(timeout=10)
        with session() as open_session:
            killed = open_session.scalars(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND state = 'idle in transaction'"
                )
            ).all()
        assert killed == [True]
        go_on.set()
        refused(first.result(), 503, "unavailable")
    assert count(session, "booking_request") == 0
    assert count(session, "idempotency_key") == 0
    assert town.api.post("/booking-requests", json=town.wish(), headers=keyed()).status_code == 202


def send_at_once(town: Town, callers: int) -> list[int]:
    gate = threading.Barrier(callers)
    body, headers = town.wish(), keyed(uuid.uuid4().hex)

    def send(_):
        gate.wait(timeout=10)
        return town.api.post("/booking-requests", json=body, headers=headers).status_code

    with ThreadPoolExecutor(callers) as pool:
        return sorted(pool.map(send, range(callers)))


def test_many_at_once_are_one(town: Town, session):
    for _ in range(5):
        statuses = send_at_once(town, 8)
        assert set(statuses) <= {202, 409}
        assert 202 in statuses
    assert count(session, "booking_request") == 5


def test_without_the_lock_many_at_once_are_not_one(town: Town, session, monkeypatch):
    """The negative control of the test above: it can fail."""
    monkeypatch.setattr(idempotency, "_is_free", lambda *_: True)
    gate = threading.Barrier(2, timeout=2)
    plain = idempotency._respond

    def respond(answer):  # both have done the work before either commits
        gate.wait()
        return plain(answer)

    monkeypatch.setattr(idempotency, "_respond", respond)
    assert send_at_once(town, 2) != [202, 202]
    assert gate.broken is False


def test_the_bell_rings_after_the_commit_of_what_was_not_refused(town: Town, session, served, monkeypatch):
    queued = []
    monkeypatch.setattr(served.app.state.bell, "ring", lambda: queued.append(count(session, "booking_request")))
    town.api.post("/booking-requests", json=town.wish(), headers=keyed())
    town.api.post("/booking-requests", json=town.wish("p9"), headers=keyed("k2"))
    town.api.post("/booking-requests", json=town.wish())
    town.api.post("/booking-batches", json={"requests": [town.wish()] * 2})
    assert queued == [1, 2, 4]
