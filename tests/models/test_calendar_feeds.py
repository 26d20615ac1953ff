"""Calendar feeds are made, read and revoked; the database holds what must be true of them."""

import datetime as dt
import threading
import time

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.appointments import book_appointments
from models.availabilities import create_availabilities
from models.calendar_feeds import PAST, READ_AGAIN, CalendarFeed, make_feed, read_feed, revoke_feed
from models.faults import Refused
from models.inputs import AppointmentIn
from tests.models.network import NOW, at, availability

DAY = dt.timedelta(days=1)


@pytest.fixture
def hour(session, network) -> dt.datetime:
    """The end of a booked hour, and of the availability that carries it."""
    create_availabilities(session, [availability("d1", at("10:00"), at("11:00"))])
    book_appointments(session, [AppointmentIn(patient="p1", doctor="d1", hospital="lis", start=at("10:00"))], NOW)
    return at("11:00")


def sizes(session: Session, token: str, now: dt.datetime) -> tuple[int, int]:
    content = read_feed(session, token, now)
    return len(content.appointments), len(content.availabilities)


def test_a_feed_reaches_thirty_days_back_and_to_the_end(session, hour):
    _, token = make_feed(session, "d1", "Phone")
    assert sizes(session, token, hour - 400 * DAY) == (1, 1)
    assert sizes(session, token, hour) == (1, 1)
    assert sizes(session, token, hour + PAST - dt.timedelta(seconds=1)) == (1, 1)
    assert sizes(session, token, hour + PAST) == (0, 0)


def test_a_feed_is_dated_by_its_last_change_and_not_by_its_readers(session, hour):
    _, token = make_feed(session, "d1", "Phone")
    first = read_feed(session, token, NOW)
    assert read_feed(session, token, NOW + DAY) == first
    session.execute(text("UPDATE appointment SET status = 'cancelled', version = 2"))
    changed = read_feed(session, token, NOW + 2 * DAY)
    assert changed.since == NOW + 2 * DAY
    assert changed.sha256 != first.sha256
    assert read_feed(session, token, NOW + 3 * DAY) == changed


def test_reading_again_and_again_is_noted_now_and_then(session, hour):
    feed, token = make_feed(session, "d1", "Phone")

    def noted(now: dt.datetime) -> dt.datetime:
        read_feed(session, token, now)
        return session.get_one(CalendarFeed, feed.id, populate_existing=True).last_read_at

    assert noted(NOW) == NOW
    assert noted(NOW + READ_AGAIN) == NOW
    assert noted(NOW + READ_AGAIN + dt.timedelta(seconds=1)) > NOW


def test_a_revoked_feed_says_nothing(session, network):
    feed, token = make_feed(session, "d1", "Phone")
    revoke_feed(session, feed.id)
    assert read_feed(session, token, NOW) is None


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("calendar_feed_labelled", "label = ''"),
        ("calendar_feed_token_hashed", "token_sha256 = 'too short'"),
        ("calendar_feed_revoked_once_made", "revoked_at = created_at - interval '1 second'"),
        ("calendar_feed_content_dated", "content_since = now()"),
        ("calendar_feed_doctor_id_exists", "doctor_id = uuidv7()"),
    ],
)
def test_the_database_holds_what_a_feed_is(session, network, constraint, change):
    make_feed(session, "d1", "Phone")
    with pytest.raises(IntegrityError) as caught:
        session.execute(text(f"UPDATE calendar_feed SET {change}"))
    assert caught.value.orig.diag.constraint_name == constraint


def test_no_two_feeds_share_a_secret(session, network):
    make_feed(session, "d1", "Phone")
    make_feed(session, "d1", "Desktop")
    with pytest.raises(IntegrityError) as caught:
        session.execute(text("UPDATE calendar_feed SET token_sha256 = (SELECT min(token_sha256) FROM calendar_feed)"))
    assert caught.value.orig.diag.constraint_name == "calendar_feed_token_sha256_unique"


def test_whoever_is_a_doctor_no_longer_has_no_feed(session, network):
    make_feed(session, "d1", "Phone")
    session.execute(text("DELETE FROM doctor WHERE id = :id"), {"id": network.doctors[0]})
    assert session.scalars(select(CalendarFeed)).all() == []


@pytest.mark.parametrize(("guard", "outcome"), [(True, "label_taken"), (False, "made")])
def test_two_who_make_a_label_at_once_make_one_feed(engine, session, network, guard, outcome):
    """The negative control takes the index away, and both get what they ask for."""
    if not guard:
        session.execute(text("DROP INDEX calendar_feed_label_free"))
    session.commit()
    outcomes: list[str] = []

    def make() -> None:
        with Session(engine) as opened, opened.begin():
            try:
                make_feed(opened, "d1", "Phone")
                outcomes.append("made")
            except Refused as refused:
                outcomes.append(refused.faults[0].code)

    with Session(engine) as first, first.begin():
        make_feed(first, "d1", "Phone")
        second = threading.Thread(target=make)
        second.start()
        _wait_until_done_or_waiting(engine, second)
    second.join()
    assert outcomes == [outcome]


def _wait_until_done_or_waiting(engine, thread: threading.Thread) -> None:
    """Wait until the thread is done, or waits for a lock of the database."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 5
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while thread.is_alive() and not connection.scalar(waiting):
            assert time.monotonic() < deadline
            time.sleep(0.01)
