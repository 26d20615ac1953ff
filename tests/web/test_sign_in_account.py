"""One's own account: another password, where one is signed in, and how long guessing goes well."""

import pytest
from sqlalchemy import delete, select, update

from models.access.tables import Account, SignIn, SignInFailure, SignInMethod
from models.people import User
from tests.web.people import OTHER, PASSWORD, hire


@pytest.fixture
def ana(town, session, stranger):
    """Ana's browser, in which she is signed in."""
    hire(session, "ana", email="ana@example.org")
    browser = stranger()
    browser.sign_in("ana")
    browser.get("/app/password")
    return browser


def test_another_password_ends_every_other_sign_in(ana, stranger):
    elsewhere, former = stranger(), stranger()
    elsewhere.sign_in("ana")
    former.cookie = ana.cookie
    answer = ana.post("/app/password", old=PASSWORD, new=OTHER, again=OTHER, next="/app/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/account")
    assert [each.is_signed_in() for each in (ana, elsewhere, former)] == [True, False, False]
    assert stranger().sign_in("ana", PASSWORD).status_code == 422
    assert stranger().sign_in("ana", OTHER).status_code == 303


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"old": OTHER, "new": OTHER, "again": OTHER}, "old"),
        ({"new": OTHER, "again": OTHER}, "old"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "new"),
        ({"old": PASSWORD, "new": "ana@example.org ana", "again": "ana@example.org ana"}, "new"),
        ({"old": PASSWORD, "new": OTHER, "again": OTHER + "s"}, "again"),
    ],
)
def test_a_password_that_will_not_do_is_refused_at_its_field(ana, stranger, sent, field):
    answer = ana.post("/app/password", **sent)
    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    assert OTHER not in answer.text
    assert stranger().sign_in("ana", PASSWORD).status_code == 303


def test_guessing_goes_well_five_times_and_then_the_right_password_waits_too(town, session, stranger):
    hire(session, "ana")
    browser = stranger()
    for _ in range(5):
        assert browser.sign_in("ana", OTHER).status_code == 422
    refused = browser.sign_in("ANA", PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
    assert "set-cookie" not in refused.headers
    with session() as opened:
        opened.execute(delete(SignInFailure))
    assert browser.sign_in("ana", PASSWORD).status_code == 303


def test_whoever_found_a_browser_open_cannot_guess_the_password_either(ana):
    for _ in range(5):
        assert ana.post("/app/password", old=OTHER, new=OTHER, again=OTHER).status_code == 422
    refused = ana.post("/app/password", old=PASSWORD, new=OTHER, again=OTHER)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


def test_whom_another_house_lets_in_gets_no_password_here(ana, session):
    with session() as opened:
        opened.execute(delete(Account))
        opened.execute(update(SignIn).values(method=SignInMethod.OIDC))
    assert ana.get("/app/password").status_code == 403
    assert "/app/password" not in ana.get("/app/account").text
    assert ana.post("/app/password", new=OTHER, again=OTHER).status_code == 403


def test_one_sign_in_is_ended_or_all_and_never_somebody_elses(ana, session, stranger):
    hire(session, "rui")
    rui, other = stranger(), stranger()
    rui.sign_in("rui")
    other.sign_in("ana")
    with session() as opened:
        of = {
            name: opened.scalars(select(SignIn.id).join(User).where(User.external_id == name).order_by(SignIn.id)).all()
            for name in ("ana", "rui")
        }
    ana.get("/app/account")
    assert ana.post(f"/app/account/sign-ins/{of['rui'][-1]}/end").status_code == 303
    assert rui.is_signed_in()
    ana.get("/app/account")
    assert ana.post(f"/app/account/sign-ins/{of['ana'][-1]}/end").headers["location"] == "/app/account"
    assert not other.is_signed_in()
    other.sign_in("ana")
    ana.get("/app/account")
    ana.post("/app/account/sign-out-everywhere")
    assert not ana.is_signed_in()
    assert not other.is_signed_in()
    assert rui.is_signed_in()
