"""Deliveries are listed with what became of them, and a dead one is tried again."""

import datetime as dt
import uuid

import pytest
from sqlalchemy import update

from models import outbox
from models.deliveries.handing import hand_on, use_channels
from models.deliveries.tables import Channel, Delivery
from models.operations import OutboxMessage
from tests.api.town import Town, refused


@pytest.fixture
def telling(town: Town, session) -> Town:
    """The town, its first patient with an address, and both channels in use."""
    town.put("/patients/p1", name="Maria Silva", email="maria@example.org")
    with session() as opened:
        use_channels(opened, list(Channel))
    return town


@pytest.fixture
def handed(session):
    """Makes deliveries of what has happened."""

    def hand() -> None:
        for channel in Channel:
            with session() as opened:
                hand_on(opened, channel, 100)

    return hand


@pytest.fixture
def mark(session):
    """Says what became of a delivery, as a worker would."""

    def mark(id_: str, **values) -> None:
        with session() as opened:
            opened.execute(update(Delivery).where(Delivery.id == uuid.UUID(id_)).values(**values))

    return mark


def listed(town: Town, **params) -> list[tuple[str, str, str]]:
    items = town.get("/deliveries", **params)["items"]
    return [(each["topic"], each["channel"], each["status"]) for each in items]


def test_they_are_listed_newest_first_with_their_events(telling, handed, session):
    first = telling.book("p1", "d1", "10:00")
    telling.book("p2", "d1", "11:00")
    handed()
    assert listed(telling, channel="email") == [("appointment.booked", "email", "pending")]
    found = telling.get("/deliveries", channel="webhook")["items"]
    assert len(found) == 2
    oldest = found[-1]
    with session() as opened:
        event = opened.get_one(OutboxMessage, oldest["event"])
        assert event.payload["appointment"] == oldest["appointment"] == first["id"]
        assert event.id in {each.id for each in outbox.read(opened, outbox.START, 100)}
    assert telling.get(f"/deliveries/{oldest['id']}") == oldest
    assert (oldest["attempts"], oldest["last_error"], oldest["delivered_at"]) == (0, None, None)
    assert dt.datetime.fromisoformat(oldest["next_attempt_at"])


def test_they_are_filtered_by_status_and_come_in_pages(telling, handed, mark):
    for hour in ("09:00", "10:00", "11:00"):
        telling.book("p2", "d1", hour)
    handed()
    ids = [each["id"] for each in telling.get("/deliveries")["items"]]
    mark(ids[0], status="dead", last_error="It answered 410.")
    mark(ids[2], status="delivered", delivered_at=dt.datetime.now(dt.UTC))
    assert [each["id"] for each in telling.get("/deliveries", status="dead")["items"]] == [ids[0]]
    both = telling.get("/deliveries", status=["dead", "delivered"])["items"]
    assert [(each["id"], each["next_attempt_at"]) for each in both] == [(ids[0], None), (ids[2], None)]
    page = telling.api.get("/deliveries", params={"limit": 2})
    rest = telling.api.get(page.links["next"]["url"]).json()
    assert [each["id"] for each in page.json()["items"] + rest["items"]] == ids
    refused(telling.api.get("/deliveries", params={"status": "lost"}), 422, "not_a_choice")


def test_no_answer_says_who_is_told(telling, handed):
    telling.book("p1", "d1", "10:00")
    handed()
    told = telling.api.get("/deliveries").text
    assert "maria" not in told.lower()
    assert "p1" not in told


def test_a_dead_one_is_tried_again_as_often_as_a_new_one(telling, handed, mark):
    telling.book("p1", "d1", "10:00")
    handed()
    (email,) = telling.get("/deliveries", channel="email")["items"]
    mark(email["id"], status="dead", attempts=16, last_error="The mail server refused us (535).")
    again = telling.post(f"/deliveries/{email['id']}/retry")
    assert (again["status"], again["attempts"], again["id"]) == ("pending", 0, email["id"])
    assert again["last_error"] == "The mail server refused us (535)."
    assert dt.datetime.fromisoformat(again["next_attempt_at"]) <= dt.datetime.now(dt.UTC)


@pytest.mark.parametrize("status", ["pending", "delivered"])
def test_only_a_dead_one_is_tried_again(telling, handed, mark, status):
    telling.book("p1", "d1", "10:00")
    handed()
    id_ = telling.get("/deliveries", channel="email")["items"][0]["id"]
    mark(id_, status=status, delivered_at=dt.datetime.now(dt.UTC) if status == "delivered" else None)
    problem = refused(telling.api.post(f"/deliveries/{id_}/retry"), 409, "delivery_not_dead")
    assert problem["detail"] == f"The message is {status}; only a dead one is tried again."


def test_a_mail_is_not_sent_after_a_later_one_about_the_same_appointment(telling, handed, mark):
    moved = telling.book("p1", "d1", "10:00")
    telling.post(f"/appointments/{moved['id']}/cancel")
    handed()
    for channel in Channel:
        later, earlier = telling.get("/deliveries", channel=channel.value)["items"]
        mark(earlier["id"], status="dead", last_error="No.")
        mark(later["id"], status="delivered", delivered_at=dt.datetime.now(dt.UTC))
        answer = telling.api.post(f"/deliveries/{earlier['id']}/retry")
        if channel is Channel.EMAIL:
            refused(answer, 409, "delivery_outdated")
        else:  # a system can tell by the version which is the later
            assert answer.json()["status"] == "pending"


def test_what_is_not_there_is_not_found(api):
    for method, path in (("GET", ""), ("POST", "/retry")):
        refused(api.request(method, f"/deliveries/{uuid.uuid4()}{path}"), 404, "unknown_delivery")
