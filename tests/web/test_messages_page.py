"""The page of messages: what has not arrived, why, and a button to try it again."""

import datetime as dt
import json
import uuid

import pytest
from sqlalchemy import select, update

from models.deliveries.handing import hand_on, use_channels
from models.deliveries.tables import Channel, Delivery
from tests.api.town import MONDAY, Town
from tests.web.fragments import Fragment

PART = {"HX-Request": "true"}


@pytest.fixture
def telling(town: Town, session) -> Town:
    """The town, its first patient with an address, and both channels in use."""
    town.put("/patients/p1", name="Maria Silva", email="maria@example.org")
    with session() as opened:
        use_channels(opened, list(Channel))
    return town


@pytest.fixture
def handed(session):
    """Makes a delivery of what has happened by each channel; a mail's id first."""

    def hand() -> list[str]:
        for channel in Channel:
            with session() as opened:
                hand_on(opened, channel, 100)
        with session() as opened:
            ids = opened.scalars(select(Delivery.id).order_by(Delivery.channel, Delivery.message_id))
            return [str(id_) for id_ in ids]

    return hand


@pytest.fixture
def mark(session):
    def mark(id_: str, **values) -> None:
        with session() as opened:
            opened.execute(update(Delivery).where(Delivery.id == uuid.UUID(id_)).values(**values))

    return mark


def words(town: Town, path: str = "/app/messages") -> str:
    return Fragment(town.api.get(path).text).words


def test_nothing_to_tell_is_said(town: Town):
    assert "Everything has arrived" in words(town)
    assert "neither a webhook nor a mail server is set" in words(town)
    assert '<a href="/app/messages" aria-current="page">' in town.api.get("/app/messages").text


def test_what_is_pending_is_there_with_whom_it_concerns(telling, handed):
    telling.book("p1", "d1", "10:00")
    handed()
    text = words(telling)
    assert (
        f"Appointment booked Maria Silva, {MONDAY:%a} {MONDAY.day} {MONDAY:%b} {MONDAY.year}, 10:00 e-mail pending"
        in text
    )
    assert "about to be tried" in text
    assert "maria@example.org" not in text


def test_what_waits_says_why_and_until_when(telling, handed, mark):
    telling.book("p1", "d1", "10:00")
    email, _ = handed()
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=3, minutes=5)
    mark(email, attempts=2, last_error="The mail server refused us (454).", next_attempt_at=soon)
    assert "The mail server refused us (454). tried 2 times, again in 3 hours" in words(telling)


def test_what_was_given_up_says_why_and_can_be_tried_again(telling, handed, mark):
    telling.book("p1", "d1", "10:00")
    email, _ = handed()
    mark(email, status="dead", attempts=1, last_error="The mail server refused the recipient (550 5.1.1).")
    page = Fragment(telling.api.get("/app/messages?status=dead").text)
    assert "The mail server refused the recipient (550 5.1.1). given up after 1 attempt" in page.words
    assert [form.action for form in page.forms if "retry" in form.action] == [f"/app/messages/{email}/retry"]
    done = telling.api.post(f"/app/messages/{email}/retry", headers=PART)
    assert done.status_code == 204
    said = json.loads(done.headers["HX-Trigger"])
    assert (said["toast"], "messages-changed" in said) == ("It is tried again within seconds.", True)
    assert "No message is like that" in words(telling, "/app/messages?status=dead")
    assert telling.get(f"/deliveries/{email}")["status"] == "pending"


def test_trying_again_works_without_scripts(telling, handed, mark):
    telling.book("p1", "d1", "10:00")
    email, _ = handed()
    mark(email, status="dead", last_error="No.")
    done = telling.api.post(f"/app/messages/{email}/retry")
    assert (done.status_code, done.headers["location"]) == (303, "/app/messages")


def test_what_cannot_be_tried_again_says_why(telling, handed):
    telling.book("p1", "d1", "10:00")
    email, _ = handed()
    answer = telling.api.post(f"/app/messages/{email}/retry", headers=PART)
    assert answer.status_code == 409
    assert "only a dead one is tried again" in answer.text
    assert telling.api.post(f"/app/messages/{uuid.uuid4()}/retry", headers=PART).status_code == 404


def test_what_has_arrived_is_shown_when_it_is_asked_for(telling, handed, mark):
    telling.book("p2", "d1", "10:00")
    (webhook,) = handed()
    mark(webhook, status="delivered", delivered_at=dt.datetime.now(dt.UTC))
    assert "Everything has arrived" in words(telling)
    arrived = words(telling, "/app/messages?status=delivered")
    assert "webhook delivered arrived" in arrived
    assert "João" not in arrived  # a webhook's receiver is not told who it is, and nor is who looks at its messages


def test_many_messages_come_in_pages(telling, handed):
    appointment = telling.book("p2", "d1", "09:00")
    for _ in range(29):
        telling.post(f"/appointments/{appointment['id']}/cancel")
        appointment = telling.book("p2", "d1", "09:00")
    assert len(handed()) == 59
    first = telling.api.get("/app/messages", headers=PART).text
    assert "<html" not in first
    assert first.count("<tr>") == 1 + 50
    second = telling.api.get(Fragment(first).leads["Older"]).text
    assert second.count("<tr>") == 1 + 9
    assert "Newest" in Fragment(second).leads
