"""The token of an instance's own terminal counts while the instance runs; one that was killed leaves none for long."""

import datetime as dt

from cli.instances import own_token_of, token_file
from cli.own_token import announced_token
from models.access.callers import with_token
from models.access.scopes import Scope


def known(session, secret):
    with session() as open_session:
        return with_token(open_session, secret, dt.datetime.now(dt.UTC))


def test_it_counts_everywhere_for_as_long_as_the_instance_runs(api, session, tmp_path) -> None:
    with announced_token(tmp_path):
        secret = own_token_of(tmp_path)
        assert secret
        caller = known(session, secret)
        assert (caller.hospitals, caller.scopes) == (None, set(Scope))
    assert known(session, secret) is None
    assert own_token_of(tmp_path) is None


def test_one_that_was_killed_leaves_a_token_that_the_next_start_revokes(api, session, tmp_path) -> None:
    with announced_token(tmp_path):
        secret = own_token_of(tmp_path)
        token_file(tmp_path).rename(tmp_path / "kept")
        with announced_token(tmp_path):
            pass
        assert known(session, secret), "another instance on the same database has its own"
        (tmp_path / "kept").rename(token_file(tmp_path))
        with announced_token(tmp_path):
            assert known(session, secret) is None
            assert own_token_of(tmp_path) != secret


def test_it_expires(api, session, tmp_path) -> None:
    with announced_token(tmp_path), session() as open_session:
        secret = own_token_of(tmp_path)
        now = dt.datetime.now(dt.UTC)
        assert with_token(open_session, secret, now + dt.timedelta(days=29))
        assert with_token(open_session, secret, now + dt.timedelta(days=31)) is None
