"""A webhook gets every event, signed, under an id that stays the same however often it is tried."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading

import pytest
import structlog

from models import outbox
from models.deliveries.tables import Channel
from models.session import transaction
from tests.deliveries.conftest import SECRET
from tests.deliveries.receivers import Posted
from workers.telling import webhook
from workers.telling.webhook import Webhook


@pytest.fixture
def deliver(deliver):
    """By the webhook alone."""
    return lambda later=0, **values: deliver(later, SMTP_URL=None, MAIL_FROM=None, **values)


def signature_of(posted: Posted) -> str:
    """What the specification says the signature is, reckoned here from what came in."""
    signed = b".".join(
        (posted.headers["webhook-id"].encode(), posted.headers["webhook-timestamp"].encode(), posted.body)
    )
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_an_event_is_posted_as_the_feed_shows_it_and_signed(clinic, hook, deliver):
    clinic.book(9, "p2")
    deliver()
    (posted,) = hook.received
    with transaction() as session:
        event = outbox.read(session, outbox.START, 10)[-1]
    assert json.loads(posted.body) == {
        "id": event.id,
        "topic": "appointment.booked",
        "payload": event.payload,
        "created_at": event.created_at.isoformat(),
    }
    assert posted.path == "/hook"
    assert posted.headers["content-type"] == "application/json"
    assert posted.headers["webhook-signature"] == signature_of(posted)
    age = dt.datetime.now(dt.UTC).timestamp() - int(posted.headers["webhook-timestamp"])
    assert 0 <= age < 60
    (delivery,) = clinic.deliveries()
    assert (posted.headers["webhook-id"], delivery.status, delivery.attempts) == (str(delivery.id), "delivered", 1)
    assert delivery.delivered_at


def test_no_event_says_who_the_patient_is(clinic, hook, deliver):
    clinic.move(clinic.book(9), 10)
    deliver()
    told = b"".join(each.body for each in hook.received)
    assert b"Liam" not in told
    assert b"p1" not in told
    assert b"example.org" not in told


def test_what_fails_is_tried_again_under_the_same_id_later_and_later(clinic, hook, deliver):
    clinic.book(9)
    waits = []
    for later in (0, 60, 120, 240):
        hook.answers.append((500, {}))
        deliver(later)
        (delivery,) = clinic.deliveries()
        waits.append((delivery.next_attempt_at - dt.datetime.now(dt.UTC)).total_seconds() - later)
    deliver(600)
    (delivery,) = clinic.deliveries()
    assert (delivery.status, delivery.attempts, delivery.last_error) == ("delivered", 5, None)
    assert len(hook.ids) == 5
    assert len(set(hook.ids)) == 1
    for wait, most in zip(waits, (10, 20, 40, 80), strict=True):
        assert most / 2 - 2 <= wait <= most
    assert len({posted.headers["webhook-signature"] for posted in hook.received}) > 1  # each says when it was sent


def test_it_is_not_tried_again_before_its_time(clinic, hook, deliver):
    clinic.book(9)
    hook.answers.append((500, {}))
    deliver()
    deliver(2)
    assert len(hook.received) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 408, 422, 429, 500, 503])
def test_whatever_is_no_success_is_tried_again(clinic, hook, deliver, status):
    clinic.book(9)
    hook.answers.append((status, {"location": f"{hook.url}/elsewhere"}))
    deliver()
    (delivery,) = clinic.deliveries()
    assert (delivery.status, delivery.attempts) == ("pending", 1)
    assert f"answered {status}" in delivery.last_error
    assert [posted.path for posted in hook.received] == ["/hook"]  # redirects are not followed


def test_gone_is_dead_at_once(clinic, hook, deliver):
    clinic.book(9)
    hook.answers.append((410, {}))
    deliver()
    (delivery,) = clinic.deliveries()
    assert (delivery.status, delivery.last_error) == ("dead", "It answered 410.")


def test_after_so_many_attempts_it_is_dead(clinic, hook, deliver):
    clinic.book(9)
    hook.answers.extend([(500, {})] * 3)
    for later in (0, 60, 120, 240):
        deliver(later, DELIVERY_ATTEMPTS="3")
    (delivery,) = clinic.deliveries()
    assert (delivery.status, delivery.attempts, delivery.last_error) == ("dead", 3, "It answered 500.")
    assert len(hook.received) == 3


def test_a_receiver_that_asks_for_time_gets_it_within_limits(clinic, hook, deliver):
    clinic.book(9)
    hook.answers.append((503, {"retry-after": "3600"}))
    deliver()
    (delivery,) = clinic.deliveries()
    wait = (delivery.next_attempt_at - dt.datetime.now(dt.UTC)).total_seconds()
    assert 3590 < wait <= 3600
    hook.answers.append((503, {"retry-after": "999999999"}))
    deliver(3601, DELIVERY_LONGEST_WAIT="7200")
    (delivery,) = clinic.deliveries()
    assert 10_000 < (delivery.next_attempt_at - dt.datetime.now(dt.UTC)).total_seconds() <= 10_801


def test_while_nobody_is_there_the_others_keep_their_attempts(clinic, hook, deliver):
    for hour in (9, 10, 11):
        clinic.book(hour)
    hook.answers.append((502, {}))
    assert deliver() is False
    assert [each.attempts for each in clinic.deliveries()] == [1, 0, 0]
    deliver(30)
    assert clinic.statuses(Channel.WEBHOOK) == ["delivered"] * 3


def test_who_refuses_one_message_gets_the_others(clinic, hook, deliver):
    for hour in (9, 10, 11):
        clinic.book(hour)
    hook.answers.append((422, {}))
    deliver()
    assert clinic.statuses(Channel.WEBHOOK) == ["pending", "delivered", "delivered"]


def test_an_address_that_nobody_serves_is_tried_again(clinic, deliver):
    clinic.book(9)
    deliver(WEBHOOK_URL="http://127.0.0.1:9/hook")
    (delivery,) = clinic.deliveries()
    assert (delivery.status, delivery.attempts) == ("pending", 1)
    assert "could not be reached" in delivery.last_error


def test_who_does_not_answer_in_time_is_not_waited_for(clinic, hook, deliver, monkeypatch):
    over = threading.Event()
    hook.before_answering = lambda: over.wait(20)
    monkeypatch.setattr("workers.deliveries.Webhook", lambda url, secret: Webhook(url, secret, timeout=0.2))
    clinic.book(9)
    deliver()
    over.set()
    (delivery,) = clinic.deliveries()
    assert (delivery.status, delivery.last_error) == ("pending", "It did not answer in time.")
    assert webhook.TIMEOUT == 10


def test_what_is_told_of_one_appointment_is_told_in_order(clinic, hook, deliver):
    first, other = clinic.book(9), clinic.book(10, "p2")
    clinic.move(first, 11)
    hook.answers.append((400, {}))
    deliver()
    told = [json.loads(posted.body)["payload"]["appointment"] for posted in hook.received]
    assert told == [str(first), str(other)]  # its second message waits for the first
    deliver(30)
    topics = [json.loads(posted.body)["topic"] for posted in hook.received]
    assert topics[2:] == ["appointment.booked", "appointment.moved"]


def test_a_log_line_names_the_delivery_and_no_patient(clinic, hook, deliver):
    clinic.book(9)
    hook.answers.append((500, {}))
    with structlog.testing.capture_logs() as lines:
        deliver()
        deliver(60)
    (delivery,) = clinic.deliveries()
    events = [(line["event"], line["delivery"], line["attempt"]) for line in lines if "delivery" in line]
    assert events == [("not delivered", str(delivery.id), 1), ("delivered", str(delivery.id), 2)]
    assert "Liam" not in str(lines)


def test_channels_that_are_not_set_tell_nobody(clinic, hook, deliver):
    clinic.book(9)
    deliver(WEBHOOK_URL=None, WEBHOOK_SECRET=None)
    assert (clinic.deliveries(), hook.received) == ([], [])
