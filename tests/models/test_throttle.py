"""Who guesses has to wait, however many guesses come at once."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.access import throttle
from models.access.tables import SignInFailure
from models.access.throttle import OF_ACCOUNT, OF_ADDRESS, WINDOW, attempt, succeeded

NOW = dt.datetime(2027, 1, 12, 9, tzinfo=dt.UTC)
HERE, THERE = "192.0.2.1", "192.0.2.2"
MINUTE = dt.timedelta(minutes=1)


def fail(session, times, account="ana", address=HERE, now=NOW):
    for number in range(times):
        assert attempt(session, account, address, now + number * MINUTE) is None


def test_an_account_bears_so_many_failures_and_then_waits(session):
    fail(session, OF_ACCOUNT)
    later = NOW + OF_ACCOUNT * MINUTE
    assert attempt(session, "ana", THERE, later) == NOW + WINDOW
    assert attempt(session, "rui", HERE, later) is None


def test_an_address_bears_so_many_failures_whatever_the_accounts(session):
    for number in range(OF_ADDRESS):
        assert attempt(session, f"guessed-{number}", HERE, NOW) is None
    assert attempt(session, "one more", HERE, NOW) == NOW + WINDOW
    assert attempt(session, "one more", THERE, NOW) is None


def test_addresses_that_one_somebody_has_are_one(session):
    for number in range(OF_ADDRESS):
        assert attempt(session, f"guessed-{number}", f"2001:db8:1:1::{number:x}", NOW) is None
    assert attempt(session, "one more", "2001:db8:1:1:ffff::1", NOW) == NOW + WINDOW
    assert attempt(session, "one more", "2001:db8:1:2::1", NOW) is None


def test_the_window_slides(session):
    """The oldest failure is forgotten first, and makes room for one."""
    fail(session, OF_ACCOUNT)
    soon = NOW + WINDOW
    assert attempt(session, "ana", HERE, soon - MINUTE / 2) == soon
    assert attempt(session, "ana", HERE, soon) is None
    assert attempt(session, "ana", HERE, soon) == soon + MINUTE


def test_waiting_is_not_made_longer_by_trying(session):
    fail(session, OF_ACCOUNT)
    for number in range(10):
        assert attempt(session, "ana", HERE, NOW + (5 + number) * MINUTE) == NOW + WINDOW
    assert attempt(session, "ana", HERE, NOW + WINDOW) is None


def test_success_clears_the_account_and_not_the_address(session):
    fail(session, OF_ACCOUNT)
    succeeded(session, "ana")
    assert attempt(session, "ana", HERE, NOW) is None
    for number in range(OF_ADDRESS - 1):
        attempt(session, f"guessed-{number}", HERE, NOW)
    assert attempt(session, "another", HERE, NOW) is not None


def test_no_name_is_kept_as_it_was_typed(session):
    attempt(session, "my password by mistake", HERE, NOW)
    (kept,) = session.scalars(select(SignInFailure)).all()
    assert b"password" not in kept.account_sha256
    assert len(kept.account_sha256) == 32


def judged_at_once(engine, guesses: int) -> int:
    """How many of so many guesses that come at the same moment are judged."""
    together = Barrier(guesses)

    def guess(_: int) -> bool:
        with Session(engine) as session, session.begin():
            session.execute(select(1))
            together.wait(30)
            return attempt(session, "ana", HERE, NOW) is None

    with ThreadPoolExecutor(guesses) as guessers:
        return sum(guessers.map(guess, range(guesses)))


def test_of_guesses_at_once_no_more_are_judged_than_one_after_the_other(engine):
    assert judged_at_once(engine, 10) == OF_ACCOUNT
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(SignInFailure)) == OF_ACCOUNT


def test_without_the_lock_more_would_be(engine, monkeypatch):
    """The negative control: all count before any of them has counted itself."""
    monkeypatch.setattr(throttle, "_lock", lambda *_: None)
    counted, full_until = Barrier(10), throttle._full_until

    def counts_and_waits(session, whose, most, now):
        found = full_until(session, whose, most, now)
        if most == OF_ADDRESS:
            counted.wait(30)
        return found

    monkeypatch.setattr(throttle, "_full_until", counts_and_waits)
    assert judged_at_once(engine, 10) > OF_ACCOUNT


@pytest.mark.parametrize("address", [None, ""])
def test_who_comes_from_nowhere_is_throttled_too(session, address):
    for number in range(OF_ADDRESS):
        assert attempt(session, f"guessed-{number}", address, NOW) is None
    assert attempt(session, "one more", address, NOW) is not None
