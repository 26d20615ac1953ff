"""The outbox is handed to the channels in use: every message once, from the day on which a channel came into use."""

import threading

import pytest
from sqlalchemy.orm import Session

from models import outbox
from models.deliveries import handing
from models.deliveries.handing import hand_on, use_channels
from models.deliveries.tables import Channel, Delivery
from models.schedule import AppointmentStatus
from models.session import engine, transaction


def handed(channel: Channel, limit: int = 100) -> int:
    with transaction() as session:
        return hand_on(session, channel, limit)


def in_use(*channels: Channel) -> None:
    with transaction() as session:
        use_channels(session, channels)


def topics(deliveries: list[Delivery]) -> list[str]:
    with transaction() as session:
        rows = {each.id: each.topic for each in outbox.read(session, outbox.START, 1000)}
    return [rows[each.message_id] for each in deliveries]


def test_a_webhook_is_told_everything_in_its_order_once(clinic):
    appointment = clinic.book(9)
    clinic.move(appointment, 10)
    clinic.change(appointment, AppointmentStatus.COMPLETED)
    assert [handed(Channel.WEBHOOK, 2), handed(Channel.WEBHOOK, 2), handed(Channel.WEBHOOK, 2)] == [2, 1, 0]
    found = clinic.deliveries(Channel.WEBHOOK)
    assert topics(found) == ["appointment.booked", "appointment.moved", "appointment.completed"]
    assert {each.appointment_id for each in found} == {appointment}


def test_a_patient_is_mailed_what_they_want_to_know(clinic):
    seen = clinic.book(9)
    clinic.change(seen, AppointmentStatus.COMPLETED)
    clinic.cancel(clinic.book(10))
    clinic.move(clinic.book(11), 12)
    handed(Channel.EMAIL)
    told = ["booked", "booked", "cancelled", "booked", "moved"]
    assert topics(clinic.deliveries(Channel.EMAIL)) == [f"appointment.{each}" for each in told]


def test_a_patient_without_an_address_is_no_delivery(clinic):
    clinic.book(9, patient="p2")
    assert handed(Channel.EMAIL) == 1
    assert clinic.deliveries() == []


def test_hours_that_have_passed_are_no_news_to_a_patient(clinic):
    clinic.cancel(clinic.record())
    handed(Channel.EMAIL)
    assert clinic.deliveries() == []


def test_a_message_of_an_older_version_that_tells_no_hour_is_passed_over(clinic):
    with transaction() as session:
        outbox.tell(session, "appointment.booked", [{"appointment": str(clinic.book(9, "p2"))}])
    assert handed(Channel.EMAIL) == 2
    assert clinic.deliveries() == []


def test_a_channel_hears_of_what_happens_once_it_is_in_use(clinic):
    in_use(Channel.EMAIL)
    clinic.book(9)
    in_use(*Channel)
    clinic.book(10)
    assert handed(Channel.WEBHOOK) == 1
    assert handed(Channel.EMAIL) == 2


def test_what_happens_while_a_channel_is_not_in_use_is_not_told_later(clinic):
    in_use()
    clinic.book(9)
    assert handed(Channel.EMAIL) == 0
    in_use(Channel.EMAIL)
    clinic.book(10)
    assert handed(Channel.EMAIL) == 1


def test_using_a_channel_again_and_again_forgets_nothing(clinic):
    clinic.book(9)
    in_use(*Channel)
    assert handed(Channel.EMAIL) == 1


def test_a_message_that_commits_late_is_handed_on_too(clinic):
    with Session(engine()) as slow:
        outbox.tell(slow, "slow", [{}])
        slow.flush()
        clinic.book(9)
        assert handed(Channel.WEBHOOK) == 0
        slow.commit()
    assert handed(Channel.WEBHOOK) == 2
    assert topics(clinic.deliveries()) == ["slow", "appointment.booked"]


def read_together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Two who hand on: the first waits, once it has read, until the second is done. What each has read."""
    second = threading.Event()
    original, counts = outbox.read, []

    def read_and_wait(session, after, limit):
        messages = original(session, after, limit)
        if threading.current_thread().name == "first":
            begun.set()
            second.wait(10)
        return messages

    begun = threading.Event()
    monkeypatch.setattr(handing.outbox, "read", read_and_wait)
    first = threading.Thread(target=lambda: counts.append(handed(Channel.WEBHOOK)), name="first")
    first.start()
    begun.wait(10)
    counts.insert(0, handed(Channel.WEBHOOK))
    second.set()
    first.join()
    return counts


def test_two_do_not_hand_on_the_same_at_once(clinic, monkeypatch):
    clinic.book(9)
    assert read_together(monkeypatch) == [0, 1]
    assert len(clinic.deliveries()) == 1


def test_without_the_lock_both_read_the_same_and_the_key_alone_keeps_them_apart(clinic, monkeypatch):
    """The negative control of the test above."""
    real = handing.select
    monkeypatch.setattr(handing, "select", lambda *what: _Unlocked(real(*what)))
    clinic.book(9)
    assert read_together(monkeypatch) == [1, 1]
    assert len(clinic.deliveries()) == 1


class _Unlocked:
    """A statement that takes no lock."""

    def __init__(self, statement):
        self.statement = statement

    def where(self, *which):
        return _Unlocked(self.statement.where(*which))

    def with_for_update(self, **_):
        return self.statement

    def __getattr__(self, name):
        return getattr(self.statement, name)
