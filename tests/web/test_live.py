"""What changes is told to open pages, and nothing between reading and listening is missed."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api.web import live
from models import outbox
from tests.api.town import MONDAY, Town
from tests.api.validations import found, reported


@contextmanager
def listening(api: httpx.Client, address: str, headers=None) -> Iterator[Iterator[dict[str, str]]]:
    with api.stream("GET", address, timeout=20, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _events(response)


def _events(response: httpx.Response) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if line and name:
            event[name] = value
        elif not line and "event" in event:
            yield event
            event = {}


@pytest.fixture
def since(town: Town, session) -> str:
    with session() as open_session:
        return live.since(open_session)


def test_a_booking_is_told_to_whoever_listens(town: Town, since):
    with listening(town.api, f"/app/live?since={since}") as events:
        later = threading.Timer(0.3, town.book, ("p1", "d1", "09:00"))
        later.start()
        assert next(events)["event"] == "schedule"
        later.join()


def test_a_validation_and_its_findings_are_told_to_whoever_listens(town: Town, since, session):
    town.post("/validation-reports")
    with listening(town.api, f"/app/live?since={since}") as events:
        first = next(events)
    reported(session, found())
    (finding,) = town.get("/findings")["items"]
    town.post(f"/findings/{finding['id']}/acknowledge", because="We know", until=str(MONDAY))
    with listening(town.api, f"/app/live?since={since}", {"Last-Event-ID": first["id"]}) as events:
        second = next(events)
    assert (first["event"], second["event"], first["id"] == second["id"]) == ("validation", "validation", False)


def test_what_happened_between_reading_and_listening_is_told(town: Town, since):
    town.book("p1", "d1", "09:00")
    with listening(town.api, f"/app/live?since={since}") as events:
        first = next(events)
    town.book("p2", "d1", "10:00")
    with listening(town.api, f"/app/live?since={since}", {"Last-Event-ID": first["id"]}) as events:
        second = next(events)
    assert first["id"] != second["id"]


def test_a_change_is_read_once_however_many_pages_are_open(town: Town, since, monkeypatch):
    read, places = live._read, []
    monkeypatch.setattr(live, "_read", lambda *asked: places.append(asked) or read(*asked))
    with ExitStack() as pages:
        heard = [pages.enter_context(listening(town.api, f"/app/live?since={since}")) for _ in range(8)]
        town.book("p1", "d1", "09:00")
        assert [next(events)["event"] for events in heard] == ["schedule"] * 8
    assert len(places) == 1


def test_a_reading_that_failed_is_not_kept(town: Town, since, monkeypatch):
    read, places = live._read, []

    def fail_first(*asked):
        places.append(asked)
        if len(places) == 1:
            raise OperationalError("gone", None, Exception())
        return read(*asked)

    monkeypatch.setattr(live, "_read", fail_first)
    town.book("p1", "d1", "09:00")
    with listening(town.api, f"/app/live?since={since}") as events:
        assert next(events, None) is None  # the stream ends, and a browser comes again
    with listening(town.api, f"/app/live?since={since}") as events:
        assert next(events)["event"] == "schedule"


def test_what_happens_at_another_hospital_is_left_out(town: Town, since, session):
    here = town.get("/hospitals/central")["id"]
    with session() as telling:
        outbox.tell(telling, "booking_request.conflict", [{"hospital": "another"}])
    with session() as telling:
        outbox.tell(telling, "availability.added", [{"hospital": here}])
    with listening(town.api, f"/app/live?since={since}&hospital={here}") as events:
        assert next(events)["event"] == "schedule"
    with listening(town.api, f"/app/live?since={since}") as events:  # and without the filter it is heard
        assert next(events)["event"] == "requests"


def test_a_hospital_hears_of_an_appointment_that_leaves_it(town: Town, since, session):
    here = town.get("/hospitals/central")["id"]
    with session() as telling:
        outbox.tell(telling, "appointment.moved", [{"hospital": "another", "former_hospital": here}])
    with listening(town.api, f"/app/live?since={since}&hospital={here}") as events:
        assert next(events)["event"] == "schedule"


def test_a_reader_waits_for_a_transaction_that_began_earlier(town: Town, session):
    """The newest place is one that no later message can come before; else a page would step over a change."""
    with session() as slow:
        slow.execute(text("SELECT pg_current_xact_id()"))
        with session() as quick:
            outbox.tell(quick, "appointment.booked", [{}])
        with session() as reader:
            before = outbox.newest(reader)
        outbox.tell(slow, "appointment.cancelled", [{}])
    with session() as reader:
        told = [message.topic for message in outbox.read(reader, before, 10)]
    assert told == ["appointment.cancelled", "appointment.booked"]


def test_a_place_that_is_none_is_refused(town: Town):
    answer = town.api.get("/app/live?since=nowhere")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
