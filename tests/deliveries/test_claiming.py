"""A delivery is claimed by one worker at a time, and what became of it is noted by whoever still has it."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Select
from sqlalchemy.orm import Session

from models.deliveries.handing import hand_on
from models.deliveries.tables import Channel
from models.deliveries.working import Claimed, bury_lost, claim, mark_delivered, mark_failed
from models.session import engine, transaction
from tests.deliveries.clinic import now
from tests.workers.waiting import blocked, until

LEASE = dt.timedelta(seconds=60)


@pytest.fixture
def pending(clinic):
    """Two messages of two appointments, for the webhook."""
    clinic.book(9)
    clinic.book(10)
    with transaction() as session:
        hand_on(session, Channel.WEBHOOK, 10)
    return clinic


def claimed_in(session: Session, at: dt.datetime | None = None) -> Claimed | None:
    return claim(session, Channel.WEBHOOK, now=at or now(), lease=LEASE)


def claimed(at: dt.datetime | None = None) -> Claimed | None:
    with transaction() as session:
        return claimed_in(session, at)


def test_two_who_claim_at_once_get_different_ones(pending):
    with Session(engine()) as first, Session(engine()) as second:
        one, other = claimed_in(first), claimed_in(second)
        assert one.id != other.id
        first.commit()
        second.commit()
    assert claimed() is None
    assert [each.attempts for each in pending.deliveries()] == [1, 1]


def test_without_the_lock_both_get_the_same(pending, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(Select, "with_for_update", lambda unlocked, **_: unlocked)
    with Session(engine()) as first, ThreadPoolExecutor(1) as pool:
        one = claimed_in(first)
        other = pool.submit(claimed)
        until(lambda: blocked(engine()), what="the second to wait for the first")
        first.commit()
        assert other.result().id == one.id


def test_what_is_claimed_is_nobody_elses_until_its_lease_runs_out(pending):
    first, _ = claimed(), claimed()
    assert claimed(now() + LEASE - dt.timedelta(seconds=5)) is None
    again = claimed(now() + LEASE)
    assert (again.id, again.attempts) == (first.id, 2)


def test_a_later_message_of_an_appointment_waits_for_the_earlier_one(clinic):
    clinic.move(clinic.book(9), 10)
    with transaction() as session:
        hand_on(session, Channel.WEBHOOK, 10)
    first = claimed()
    assert claimed() is None
    with transaction() as session:
        mark_failed(session, first, "Not now.", again_at=now() + LEASE)
    assert claimed() is None
    later = now() + LEASE
    again = claimed(later)
    assert again.id == first.id
    with transaction() as session:
        mark_failed(session, again, "Never.", again_at=None)
    assert claimed(later).topic == "appointment.moved"


def test_who_has_lost_the_lease_notes_no_failure(pending):
    late = claimed()
    claimed()
    current = claimed(now() + LEASE)
    assert current.id == late.id
    with transaction() as session:
        assert not mark_failed(session, late, "It answered 500.", again_at=None)
        assert mark_failed(session, current, "It answered 502.", again_at=now())
    assert [each.last_error for each in pending.deliveries()] == ["It answered 502.", None]


def test_what_has_arrived_has_arrived_whoever_says_so(pending):
    late = claimed()
    with transaction() as session:
        mark_failed(session, late, "It answered 410.", again_at=None)
        mark_delivered(session, late.id, now=now())
        assert not mark_failed(session, late, "It answered 500.", again_at=now())
    assert [each.status.value for each in pending.deliveries()] == ["delivered", "pending"]


def test_only_what_was_lost_in_its_last_attempt_is_buried(pending):
    claimed()
    with transaction() as session:
        assert bury_lost(session, now=now(), max_attempts=1) == 0
        assert bury_lost(session, now=now() + LEASE, max_attempts=2) == 0
        assert bury_lost(session, now=now() + LEASE, max_attempts=1) == 1
    assert [each.status.value for each in pending.deliveries()] == ["dead", "pending"]
