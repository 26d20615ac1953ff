"""Access tokens: found, listed and revoked, and shown once."""

import datetime as dt

import pytest
from sqlalchemy import select

from models.access.callers import with_token
from models.access.scopes import Scope
from models.access.tables import AccessToken
from models.access.tokens import find_tokens, list_tokens, make_token, revoke_secret, revoke_token

READ = {Scope.SCHEDULE_READ}


@pytest.fixture
def now():
    return dt.datetime.now(dt.UTC)


def test_only_its_digest_is_stored(session):
    made, secret = make_token(session, "till", READ)
    assert secret.startswith(made.prefix)
    assert len(made.prefix) == len("slw_") + 6
    row = session.execute(select(AccessToken.__table__)).one()
    assert not any(secret in str(value) for value in row)


def test_a_revoked_token_is_nobodys_and_is_revoked_once(session, now):
    made, secret = make_token(session, "till", READ)
    assert with_token(session, secret, now).name == "till"
    assert revoke_token(session, made.id, now)
    assert with_token(session, secret, now) is None
    assert not revoke_token(session, made.id, now)
    assert not revoke_secret(session, secret, now)


def test_a_clock_that_is_behind_the_databases_may_revoke(session, now):
    _, secret = make_token(session, "till", READ)
    assert revoke_secret(session, secret, now - dt.timedelta(hours=1))
    assert with_token(session, secret, now) is None


def test_a_token_is_revoked_by_its_secret_and_no_other_with_it(session, now):
    _, secret = make_token(session, "till", READ)
    _, other = make_token(session, "till", READ)
    assert revoke_secret(session, secret, now)
    assert with_token(session, other, now)
    assert not revoke_secret(session, "slw_nobodys", now)


def test_tokens_are_listed_the_newest_first_with_where_they_act(session, network, now):
    first, _ = make_token(session, "first", READ)
    second, _ = make_token(session, "second", READ, hospitals=[network.lisbon, network.delhi])
    listed = list_tokens(session)
    assert [each.token.id for each in listed] == [second.id, first.id]
    assert [[hospital.name for hospital in each.hospitals] for each in listed] == [["Delhi", "Lisbon"], []]
    revoke_token(session, second.id, now)
    assert [each.token.id for each in list_tokens(session)] == [first.id]
    assert [each.token.id for each in list_tokens(session, revoked=True)] == [second.id, first.id]


def test_a_token_tells_whether_it_counts(session, now):
    make_token(session, "short", READ, expires_at=now + dt.timedelta(hours=1))
    (listed,) = list_tokens(session)
    assert listed.status(now) == "active"
    assert listed.status(now + dt.timedelta(hours=1)) == "expired"
    revoke_token(session, listed.token.id, now)
    (listed,) = list_tokens(session, revoked=True)
    session.refresh(listed.token)
    assert listed.status(now) == "revoked"


def test_tokens_are_found_by_name_first_letters_and_id_while_they_are_not_revoked(session, now):
    first, _ = make_token(session, "till", READ)
    second, _ = make_token(session, "till", READ)
    found = find_tokens(session, "till")
    assert [each.token.id for each in found] == [first.id, second.id]
    assert [each.token.id for each in find_tokens(session, second.prefix)] == [second.id]
    assert [each.token.id for each in find_tokens(session, str(first.id))] == [first.id]
    assert find_tokens(session, "tills") == []
    revoke_token(session, first.id, now)
    assert [each.token.id for each in find_tokens(session, "till")] == [second.id]
