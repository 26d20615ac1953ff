"""Signing in and out, as a browser does it."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from models.access.codes import make_code
from models.access.secrets import digest
from models.access.tables import Account, SignIn
from models.people import Role, User
from tests.web.people import OTHER, PASSWORD, hire

WRONG = "the name, or the password or code, is not right"


@pytest.fixture
def ana(town, session, stranger):
    """Ana's browser; she has not signed in."""
    hire(session, "ana", email="Ana.Reis@example.org")
    return stranger()


@pytest.mark.parametrize("name", ["ana", "ANA", " ana ", "ana.reis@example.org", "Ana.Reis@EXAMPLE.org"])
def test_a_name_or_an_address_in_any_case_and_the_password_lead_in(ana, name):
    answer = ana.sign_in(name)
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/schedule")
    assert ana.is_signed_in()


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ana", OTHER),
        ("ana", PASSWORD + "s"),
        ("nobody", PASSWORD),
        ("d1", PASSWORD),
        ("an\0a", OTHER),
        ("ana", "x" * 999),
    ],
)
def test_who_is_not_let_in_is_told_one_thing(ana, name, password):
    """A wrong password, an unknown name, and one who has none: nobody can tell which it was."""
    answer = ana.sign_in(name, password)
    assert answer.status_code == 422
    assert WRONG in answer.text.lower()
    assert "set-cookie" not in answer.headers
    assert not ana.is_signed_in()


def test_the_cookie_is_for_this_host_and_for_no_script(ana):
    cookie = ana.sign_in("ana").headers["set-cookie"]
    assert cookie.startswith("__Host-slotwise=")
    told = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert told == {"httponly", "secure", "samesite=lax", "path=/"}


def test_only_a_digest_of_the_secret_is_kept(ana, session):
    ana.sign_in("ana")
    with session() as opened:
        kept = opened.scalars(select(SignIn.secret_sha256).join(User).where(User.external_id == "ana")).all()
    assert kept == [digest(ana.cookie)]


def test_what_was_in_the_browser_before_is_worth_nothing_after(ana, stranger):
    """Session fixation: whoever has put a cookie into somebody's browser is not signed in with them."""
    ana.cookie = "put-there-by-another"
    ana.sign_in("ana")
    assert ana.cookie != "put-there-by-another"
    attacker = stranger()
    attacker.cookie = "put-there-by-another"
    assert not attacker.is_signed_in()


def test_signing_in_again_ends_the_sign_in_that_the_browser_had(ana, stranger):
    ana.sign_in("ana")
    before = stranger()
    before.cookie = ana.cookie
    assert before.is_signed_in()
    ana.sign_in("ana")
    assert ana.is_signed_in()
    assert not before.is_signed_in()


def test_signing_out_ends_the_sign_in_and_takes_the_cookie(ana, stranger):
    ana.sign_in("ana")
    kept = stranger()
    kept.cookie = ana.cookie
    ana.get("/app/account")
    answer = ana.post("/app/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/sign-in?out=1")
    assert ana.cookie is None
    assert not kept.is_signed_in()


def test_signing_out_twice_leads_to_the_same_page(ana):
    answer = ana.post("/app/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/sign-in")


def test_a_page_is_come_back_to(ana):
    wanted = "/app/requests?status=conflict&x=%20y"
    sent = ana.get(wanted)
    assert sent.status_code == 303
    form = ana.get(sent.headers["location"])
    assert 'value="/app/requests?status=conflict&amp;x=%20y"' in form.text
    assert ana.sign_in("ana", to=wanted).headers["location"] == wanted


@pytest.mark.parametrize(
    "next_page",
    [
        "//evil.example/app/",
        "https://evil.example/app/",
        "/\\evil.example",
        "/app\\@evil.example",
        "javascript:alert(1)",
        "/app/schedule\r\nSet-Cookie: a=b",
        "/appendix",
        "/docs",
        "/app/é",
        "",
    ],
)
def test_nobody_is_led_to_another_site(ana, next_page):
    assert ana.sign_in("ana", to=next_page).headers["location"] == "/app/schedule"


def test_a_program_and_a_part_of_a_page_are_told_rather_than_led(ana):
    assert ana.get("/hospitals").status_code == 401
    part = ana.get("/app/requests", **{"HX-Request": "true", "HX-Current-URL": "http://here/app/requests?page=2"})
    assert part.status_code == 401
    assert part.headers["hx-redirect"] == "/app/sign-in?next=%2Fapp%2Frequests%3Fpage%3D2"
    assert ana.get("/app/schedule/data", **{"X-Background": "1"}).status_code == 401
    assert ana.get("/app/live?since=x", Accept="text/event-stream").status_code == 401


def test_a_one_time_code_leads_in_once(ana, session):
    code = _code(session, "ana", sets_password=False)
    assert ana.sign_in("ana", code.lower().replace("-", " ")).status_code == 303
    assert ana.get("/app/schedule").status_code == 200
    ana.cookie = None
    assert WRONG in ana.sign_in("ana", code).text.lower()


def test_who_came_by_a_code_that_sets_a_password_sets_it_first(ana, session):
    ana.sign_in("ana", _code(session, "ana"), to="/app/requests")
    for path in ("/app/schedule", "/app/account", "/"):
        assert ana.get(path).headers["location"].startswith("/app/password?next=")
    refused = ana.get("/hospitals")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    assert ana.get("/app/requests", **{"HX-Request": "true"}).headers["hx-redirect"] == "/app/password"
    form = ana.get("/app/password?next=/app/requests")
    assert 'name="old"' not in form.text
    answer = ana.post("/app/password", new=OTHER, again=OTHER, next="/app/requests")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/requests")
    assert ana.get("/app/schedule").status_code == 200
    ana.cookie = None
    assert ana.sign_in("ana", OTHER).status_code == 303


def test_who_has_to_set_a_password_can_leave(ana, session):
    ana.sign_in("ana", _code(session, "ana"))
    ana.get("/app/password")
    assert ana.post("/app/sign-out").headers["location"] == "/app/sign-in?out=1"


@pytest.mark.parametrize("what", ["idle", "expired", "ended", "inactive"])
def test_a_sign_in_does_not_last_for_ever(ana, session, what):
    ana.sign_in("ana")
    assert ana.is_signed_in()
    ago = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=61)
    changes = {
        "idle": update(SignIn).values(last_seen_at=ago),
        "expired": update(SignIn).values(expires_at=ago),
        "ended": update(SignIn).values(ended_at=ago),
        "inactive": update(User).where(User.external_id == "ana").values(active=False),
    }
    with session() as opened:
        opened.execute(changes[what])
    assert not ana.is_signed_in()


def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(ana, session):
    ana.sign_in("ana")
    seen = select(SignIn.last_seen_at).join(User).where(User.external_id == "ana")
    ago = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=30)
    with session() as opened:
        opened.execute(update(SignIn).values(last_seen_at=ago))
    ana.get("/app/schedule", **{"X-Background": "1"})
    with session() as opened:
        assert opened.scalar(seen) == ago
    ana.get("/app/schedule")
    with session() as opened:
        assert opened.scalar(seen) > ago


def test_an_inactive_user_and_a_service_cannot_sign_in(town, session, stranger):
    hire(session, "gone", active=False)
    hire(session, "robot", Role.SERVICE)
    for name in ("gone", "robot"):
        assert WRONG in stranger().sign_in(name).text.lower()


def test_a_name_that_two_have_leads_nobody_in(town, session, stranger):
    """Of two with one e-mail address nobody can say who is meant; by their own ids both can."""
    hire(session, "one", email="shared@example.org")
    hire(session, "two", email="shared@example.org")
    assert WRONG in stranger().sign_in("shared@example.org").text.lower()
    assert stranger().sign_in("one").status_code == 303


def test_an_outdated_hash_is_renewed_when_somebody_signs_in(ana, session):
    from argon2 import PasswordHasher  # noqa: PLC0415

    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with session() as opened:
        opened.execute(update(Account).values(password_hash=weak))
    assert ana.sign_in("ana").status_code == 303
    with session() as opened:
        renewed = opened.scalar(select(Account.password_hash))
    assert renewed != weak
    ana.cookie = None
    assert ana.sign_in("ana").status_code == 303


def test_an_empty_field_is_asked_for(ana):
    answer = ana.post("/app/sign-in", name="ana", password="")
    assert answer.status_code == 422
    assert 'id="password-fault"' in answer.text


def test_the_sign_in_page_says_who_is_signed_in(ana):
    assert "You are signed in as" not in ana.get("/app/sign-in").text
    ana.sign_in("ana")
    assert "You are signed in as Ana." in ana.get("/app/sign-in").text
    assert "/app/sign-out" in ana.get("/docs").text


def _code(session, external_id, *, sets_password=True):
    with session() as opened:
        user = opened.scalars(select(User.id).where(User.external_id == external_id)).one()
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        return make_code(opened, user, soon, sets_password=sets_password)
