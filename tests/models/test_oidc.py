"""Whom a provider of OpenID Connect means, and how an attempt to sign in by it comes to its end."""

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from models.access.oidc import ATTEMPT_LASTS, Unmatched, begin_attempt, state_of, take_attempt, user_meant
from models.access.secrets import digest
from models.access.tables import OidcAttempt, OidcIdentity
from models.directory import upsert_users
from models.inputs import UserIn
from models.people import Role, User
from tests.models.network import NOW

ISSUER = "https://accounts.example"


@pytest.fixture
def people(session):
    """Ana, whom the provider is to find; Rui, who has the same e-mail and left; and what no person is."""
    sent = {
        "ana": UserIn(name="Ana", email="Ana.Kim@Hospital.example", role=Role.STAFF),
        "rui": UserIn(name="Rui", email="ana.kim@hospital.example", role=Role.STAFF, active=False),
        "his": UserIn(name="His", email="ana.kim@hospital.example", role=Role.SERVICE),
    }
    return upsert_users(session, sent)


def meant(session, subject, email, issuer=ISSUER):
    found = user_meant(session, issuer, subject, email)
    return found if isinstance(found, Unmatched) else found.id


def test_the_first_time_the_e_mail_decides_and_from_then_on_the_subject(session, people):
    assert meant(session, "s-1", "ana.kim@hospital.example") == people["ana"]
    assert meant(session, "s-1", None) == people["ana"]
    assert meant(session, "s-1", "somebody.else@hospital.example") == people["ana"]


def test_an_e_mail_that_is_nobodys_or_was_not_verified_lets_nobody_in(session, people):
    assert meant(session, "s-1", None) is Unmatched.NOT_VERIFIED
    assert meant(session, "s-1", "an.other@hospital.example") is Unmatched.NOBODY
    assert meant(session, "s-1", "%") is Unmatched.NOBODY
    assert session.scalar(select(func.count()).select_from(OidcIdentity)) == 0


def test_an_e_mail_that_two_people_have_lets_neither_in(session, people):
    upsert_users(session, {"rui": UserIn(name="Rui", email="ana.kim@hospital.example", role=Role.STAFF)})
    assert meant(session, "s-1", "ana.kim@hospital.example") is Unmatched.NOBODY


def test_an_e_mail_that_only_looks_alike_lets_nobody_in(session, people):
    """The Kelvin sign is a k in lower case, here and in PostgreSQL."""
    assert "\N{KELVIN SIGN}".lower() == "k"
    assert meant(session, "s-1", "ana.\N{KELVIN SIGN}im@hospital.example") is Unmatched.NOBODY


def test_whoever_left_is_let_in_no_more(session, people):
    assert meant(session, "s-1", "ana.kim@hospital.example") == people["ana"]
    session.execute(update(User).where(User.id == people["ana"]).values(active=False))
    assert meant(session, "s-1", "ana.kim@hospital.example") is Unmatched.INACTIVE


def test_another_subject_with_the_same_e_mail_is_not_the_same_person(session, people):
    assert meant(session, "s-1", "ana.kim@hospital.example") == people["ana"]
    assert meant(session, "s-2", "ana.kim@hospital.example") is Unmatched.NOBODY
    assert meant(session, "s-1", None, issuer="https://elsewhere.example") is Unmatched.NOT_VERIFIED
    assert meant(session, "s-2", "ana.kim@hospital.example", issuer="https://elsewhere.example") == people["ana"]


@pytest.mark.parametrize(("second", "expected"), [("s-2", Unmatched.NOBODY), ("s-1", "ana")])
def test_of_two_who_come_at_once_one_subject_becomes_the_persons(engine, session, people, second, expected):
    session.commit()
    with Session(engine) as first, ThreadPoolExecutor(1) as another:
        assert meant(first, "s-1", "ana.kim@hospital.example") == people["ana"]

        def come():
            with Session(engine) as own, own.begin():
                return meant(own, second, "ana.kim@hospital.example")

        waiting = another.submit(come)
        _until_one_waits(session)
        first.commit()
        assert waiting.result() == people.get(expected, expected)


def test_without_the_rule_of_the_table_both_would_be_let_in(engine, session, people):
    session.execute(text("ALTER TABLE oidc_identity DROP CONSTRAINT oidc_identity_user_id_issuer_unique"))
    session.commit()
    with Session(engine) as first, Session(engine) as second:
        assert meant(first, "s-1", "ana.kim@hospital.example") == people["ana"]
        assert meant(second, "s-2", "ana.kim@hospital.example") == people["ana"]


def _until_one_waits(session):
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    deadline = time.monotonic() + 30
    while not session.scalar(waiting):
        assert time.monotonic() < deadline
        session.rollback()


def test_an_attempt_comes_back_once_with_what_it_went_with(session):
    begun = begin_attempt(session, "a browser's secret", "/app/requests", NOW)
    assert take_attempt(session, begun.state, NOW) == begun
    assert take_attempt(session, begun.state, NOW) is None


def test_an_attempt_is_stored_so_that_nobody_can_finish_it_who_reads_the_table(session):
    begun = begin_attempt(session, "a browser's secret", "/app/requests", NOW)
    stored = session.scalars(select(OidcAttempt)).one()
    assert begun.state.encode() not in stored.state_sha256
    assert begun.state == state_of("a browser's secret") != state_of("another browser's secret")
    assert "secret" not in begun.state


def test_no_two_attempts_share_what_they_prove_themselves_with(session):
    attempts = [begin_attempt(session, f"browser {number}", "/app/", NOW) for number in range(20)]
    proofs = {proof for each in attempts for proof in (each.state, each.nonce, each.code_verifier)}
    assert len(proofs) == 60
    assert all(len(proof) >= 43 for proof in proofs)


def test_an_attempt_does_not_outlast_its_time_and_is_forgotten_by_the_next(session):
    late = NOW + ATTEMPT_LASTS
    begun = begin_attempt(session, "one", "/app/", NOW)
    assert take_attempt(session, begun.state, late) is None
    begin_attempt(session, "two", "/app/", NOW)
    in_time = begin_attempt(session, "three", "/app/", late - dt.timedelta(seconds=1))
    begin_attempt(session, "four", "/app/", late)
    assert session.scalar(select(func.count()).select_from(OidcAttempt)) == 2
    assert take_attempt(session, in_time.state, late) == in_time


def take_after_a_look(session, state, _):
    """What `take_attempt` must not be: a look, and a deletion apart from it."""
    found = session.scalar(select(OidcAttempt).where(OidcAttempt.state_sha256 == digest(state)))
    if found:
        meet.wait()
        session.execute(delete(OidcAttempt).where(OidcAttempt.state_sha256 == digest(state)))
    return found


meet = Barrier(2)


@pytest.mark.parametrize(("take", "let_in"), [(take_attempt, 1), (take_after_a_look, 2)])
def test_of_two_who_come_back_at_once_one_ends_the_attempt(engine, session, take, let_in):
    begun = begin_attempt(session, "a browser's secret", "/app/", NOW)
    session.commit()
    start = Barrier(2)

    def come_back(_):
        with Session(engine) as own, own.begin():
            start.wait()
            return take(own, begun.state, NOW) is not None

    with ThreadPoolExecutor(2) as browsers:
        assert sum(browsers.map(come_back, range(2))) == let_in


@pytest.mark.parametrize("state", ["", "unknown", "\ud800\0"])
def test_a_state_that_is_nobodys_is_none(session, state):
    assert take_attempt(session, state, NOW) is None
