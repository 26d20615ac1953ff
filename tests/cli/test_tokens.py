"""`slotwise token`: what it makes lets a system in for what was said, where and until then."""

import datetime as dt

import httpx
import pytest

from models.access.callers import with_token
from models.access.scopes import Scope


@pytest.fixture
def token_command(slotwise, town, service_environment):
    """Runs `slotwise token` on the town's database."""

    def run(*args: object):
        return slotwise("token", *args, env=service_environment)

    return run


@pytest.fixture
def asks(api):
    """Asks the API with a token; returns the status of the answer."""

    def ask(secret: str, path: str) -> int:
        return httpx.get(f"{api.base_url}{path}", headers={"Authorization": f"Bearer {secret}"}).status_code

    return ask


def caller_of(session, secret, after=dt.timedelta()):
    with session() as opened:
        return with_token(opened, secret, dt.datetime.now(dt.UTC) + after)


def test_a_token_is_shown_alone_and_once_and_lets_a_system_in(token_command, asks):
    made = token_command("add", "Patient portal", "--scope", "schedule:read")
    assert made.code == 0, made.err
    secret = made.out.strip()
    assert asks(secret, "/appointments") == 200
    assert asks(secret, "/booking-requests") == 403
    assert "at every hospital, those to come among them" in made.err
    assert "is not shown again" in made.err
    listed = token_command("list").out
    assert secret[:10] in listed
    assert secret not in listed


def test_it_acts_where_it_was_said(token_command, session, town):
    made = token_command("add", "till", "--scope", "schedule:read", "--hospital", "central", "--json")
    central = town.get("/hospitals/central")["id"]
    also = token_command("add", "till", "--scope", "schedule:read", "--hospital", "central", "--hospital", central)
    assert also.code == 0, "the same hospital by both of its ids"
    for secret in (made.json["token"], also.out.strip()):
        assert {str(each) for each in caller_of(session, secret).hospitals} == {central}


@pytest.mark.parametrize(
    ("typed", "counts", "counts_no_more"),
    [
        ((), 89, 91),
        (("--expires", "7d"), 6, 8),
        (("--expires", (dt.datetime.now(dt.UTC) + dt.timedelta(days=3)).date()), 2, 4.01),
        (("--expires", "never"), 5000, None),
    ],
)
def test_it_counts_until_it_was_said(token_command, session, typed, counts, counts_no_more):
    made = token_command("add", "till", "--scope", "schedule:read", *typed, "--json")
    secret = made.json["token"]
    assert caller_of(session, secret, dt.timedelta(days=counts)).scopes == {Scope.SCHEDULE_READ}
    if counts_no_more:
        assert caller_of(session, secret, dt.timedelta(days=counts_no_more)) is None


def test_a_day_is_counted_to_its_end(token_command, session):
    made = token_command("add", "till", "--scope", "schedule:read", "--expires", "2027-06-30", "--json")
    assert made.json["expires_at"].startswith("2027-07-01 00:00:00+00:00")


def test_everything_that_will_not_do_is_told_and_no_token_is_made(token_command):
    args = ("--scope", "schedule:write", "--scope", "everything", "--hospital", "nowhere", "--expires")
    done = token_command("add", " ", *args, "soon", "--json")
    assert done.code == 2
    assert [(fault["where"], fault["value"]) for fault in done.json["faults"]] == [
        ("--scope", "everything"),
        ("--expires", "soon"),
        ("NAME", " "),
        ("--hospital", "nowhere"),
    ]
    assert "schedule:read" in done.json["faults"][0]["message"]
    for expires in ("0d", "-3d", "2020-01-01", "9999999999999d", "9999-12-31", "4000d", "2027-02-30"):
        assert token_command("add", "till", "--scope", "schedule:read", f"--expires={expires}").code == 2, expires
    assert token_command("add", "till").code == 2, "a token that may do nothing"
    assert token_command("list", "--all").out == "There is no token.\n"


def test_a_revoked_token_lets_nobody_in(token_command, asks):
    secret = token_command("add", "till", "--scope", "schedule:read", "--json").json["token"]
    assert asks(secret, "/appointments") == 200
    done = token_command("revoke", secret[:10])
    assert (done.code, done.out) == (0, "till is revoked.\n")
    assert asks(secret, "/appointments") == 401
    assert token_command("revoke", secret[:10]).code == 1
    assert token_command("list").out == "There is no token.\n"
    (listed,) = token_command("list", "--all", "--json").json
    assert (listed["name"], listed["status"], listed["scopes"]) == ("till", "revoked", ["schedule:read"])
    assert listed["last_used_at"] is not None


def test_of_two_with_one_name_neither_is_revoked_by_it(token_command, asks):
    secrets = [token_command("add", "till", "--scope", "schedule:read").out.strip() for _ in range(2)]
    done = token_command("revoke", "till")
    assert done.code == 1
    assert all(secret[:10] in done.err for secret in secrets)
    assert [asks(secret, "/appointments") for secret in secrets] == [200, 200]
