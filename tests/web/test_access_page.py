"""The page on which admins see who may sign in, hand out codes and tokens, and take them back."""

import html
import re
import uuid

import pytest
from sqlalchemy import select

from models.access.tables import AccessToken, OneTimeCode, SignIn
from models.people import Role, User
from tests.api.town import hospital
from tests.web.people import hire

PART = {"HX-Request": "true"}
CODE = re.compile(r'value="((?:[2-9A-HJ-NP-Z]{4}-){2}[2-9A-HJ-NP-Z]{4})"')
TOKEN = re.compile(r'value="(slw_[\w-]{43})"')


@pytest.fixture
def ana(town, session):
    return hire(session, "ana")


def send(town, path, headers=None, **fields):
    return town.api.post(f"/app/access{path}", data=fields, headers=headers or {})


def new_token(town, **more):
    fields = {"name": "Portal", "scope": ["requests:write", "schedule:read"], "hospital": ["central"], "expires": "30"}
    return send(town, "/tokens", **{name: value for name, value in (fields | more).items() if value is not None})


def test_an_admin_sees_who_may_sign_in_and_how(town, ana, stranger):
    stranger().sign_in("ana")
    text = town.api.get("/app/access").text
    assert '<a href="/app/access" aria-current="page">' in text
    (row,) = [row for row in text.split("<tr>") if ">ana<" in row]
    assert "Ana" in row
    assert "password" in row
    assert "nowhere yet" in row
    assert '<td class="number">1</td>' in row


def test_names_and_roles_narrow_the_list(town, ana):
    assert "Dr Ana Sousa" in town.api.get("/app/access", params={"name": "ana"}).text
    assert "Dr Rui Costa" not in town.api.get("/app/access", params={"name": "ana"}).text
    text = town.api.get("/app/access", params={"role": "staff", "name": "ana"}).text
    assert ">ana<" in text
    assert "Dr Ana Sousa" not in text
    assert "Nobody is found" in town.api.get("/app/access", params={"name": "zz"}).text


@pytest.mark.parametrize("headers", [{}, PART])
def test_a_code_is_shown_once_and_signs_them_in_to_choose_a_password(town, ana, stranger, headers):
    assert CODE.search(town.api.get(f"/app/access/users/{ana}/code", headers=headers).text) is None
    shown = send(town, f"/users/{ana}/code", headers)
    (code,) = CODE.findall(shown.text)
    assert f"{town.api.base_url}".rstrip("/") + "/app/sign-in" in shown.text
    assert code not in town.api.get("/app/access").text
    person = stranger()
    assert person.sign_in("ana", code).status_code == 303
    assert person.get("/app/schedule").headers["location"].startswith("/app/password")


def test_a_new_code_takes_the_place_of_the_one_before(town, ana, stranger):
    first, second = (CODE.findall(send(town, f"/users/{ana}/code").text)[0] for _ in range(2))
    assert stranger().sign_in("ana", first).status_code == 422
    assert stranger().sign_in("ana", second).status_code == 303


def test_somebody_is_signed_out_everywhere_and_their_code_counts_no_more(town, ana, stranger, session):
    one, two = stranger(), stranger()
    for each in (one, two):
        each.sign_in("ana")
    send(town, f"/users/{ana}/code")
    answer = send(town, f"/users/{ana}/sign-out", PART)
    assert "signed out of 2 browsers" in answer.headers["hx-trigger"]
    assert not one.is_signed_in()
    assert not two.is_signed_in()
    with session() as opened:
        assert opened.scalars(select(OneTimeCode)).all() == []
    assert send(town, f"/users/{ana}/sign-out").headers["location"] == "/app/access"


def test_whoever_left_or_is_no_person_gets_no_code(town, session):
    left = hire(session, "left", active=False)
    system = hire(session, "system", role=Role.SERVICE)
    for each in (left, system, uuid.uuid4()):
        assert town.api.get(f"/app/access/users/{each}/code").status_code == 404
        assert send(town, f"/users/{each}/code").status_code == 404
        assert send(town, f"/users/{each}/sign-out").status_code == 404
    assert ">left<" not in town.api.get("/app/access").text


def call(town, stranger, token):
    return stranger().api.get("/hospitals", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("headers", [{}, PART])
def test_a_token_is_shown_once_and_does_what_was_chosen(town, stranger, session, headers):
    town.post("/hospitals", **hospital("north"))
    shown = town.api.post(
        "/app/access/tokens",
        data={"name": "Portal", "scope": ["schedule:read"], "hospital": ["central"], "expires": "30"},
        headers=headers,
    )
    (token,) = TOKEN.findall(shown.text)
    listed = town.api.get("/app/access").text
    assert token not in listed
    assert f"{token[:10]}…" in listed
    assert [each["external_id"] for each in call(town, stranger, token).json()["items"]] == ["central"]
    refused = stranger().api.get("/booking-requests", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 403
    with session() as opened:
        (kept,) = opened.scalars(select(AccessToken).where(AccessToken.name == "Portal"))
    assert (kept.everywhere, kept.scopes) == (False, ["schedule:read"])
    assert (kept.expires_at - kept.created_at).days in (29, 30)
    assert token.encode() not in kept.secret_sha256


def test_a_token_everywhere_and_without_end_is_asked_for_in_so_many_words(town, session):
    assert TOKEN.search(new_token(town, hospital=None, everywhere="1", expires="never").text)
    with session() as opened:
        (kept,) = opened.scalars(select(AccessToken).where(AccessToken.name == "Portal"))
    assert (kept.everywhere, kept.expires_at) == (True, None)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Say what the token is for"),
        ({"name": "x" * 201}, "Say what the token is for"),
        ({"name": "a\tb"}, "Say what the token is for"),
        ({"scope": None}, "Choose what the token may do"),
        ({"scope": ["schedule:read", "everything"]}, "Choose what the token may do"),
        ({"hospital": None}, "Choose the hospitals, or every one"),
        ({"hospital": ["central", "nowhere"]}, "Choose the hospitals, or every one"),
        ({"everywhere": "1"}, "Choose the hospitals, or every one"),
        ({"expires": None}, "Choose when the token expires"),
        ({"expires": "36500"}, "Choose when the token expires"),
    ],
)
def test_nothing_is_taken_for_granted(town, session, fields, sentence):
    refused = new_token(town, **fields)
    assert refused.status_code == 422
    assert sentence in refused.text
    assert TOKEN.search(refused.text) is None
    with session() as opened:
        assert opened.scalars(select(AccessToken)).all() == []


def test_all_faults_are_told_at_once_and_what_was_filled_in_stays(town):
    refused = html.unescape(new_token(town, scope=None, expires=None, name='<b>"Portal"').text)
    assert "Choose what the token may do" in refused
    assert "Choose when the token expires" in refused
    assert 'value="<b>"Portal""' in refused
    assert re.search(r'value="central" checked', refused)


@pytest.mark.parametrize("headers", [{}, PART])
def test_a_revoked_token_lets_nobody_in(town, stranger, headers):
    (token,) = TOKEN.findall(new_token(town).text)
    assert call(town, stranger, token).status_code == 200
    (token_id,) = re.findall(r'id="revoke-([\w-]+)"', town.api.get("/app/access").text)
    assert "refused at once" in town.api.get(f"/app/access/tokens/{token_id}/revoke", headers=headers).text
    answer = send(town, f"/tokens/{token_id}/revoke", headers)
    assert answer.status_code == (204 if headers else 303)
    assert call(town, stranger, token).status_code == 401
    assert send(town, f"/tokens/{token_id}/revoke", headers).status_code == answer.status_code
    assert "No system has a token" in town.api.get("/app/access").text
    assert send(town, f"/tokens/{uuid.uuid4()}/revoke").status_code == 404


@pytest.mark.parametrize("role", [Role.STAFF, Role.DOCTOR, None])
def test_only_admins_come_here(town, session, stranger, role):
    person = stranger()
    if role:
        hire(session, "rui", role=role)
        person.sign_in("rui")
        person.get("/app/account")
    with session() as opened:
        admin = opened.scalars(select(User.id).where(User.role == Role.ADMIN)).one()
    refused = 403 if role else 401
    assert person.get("/app/access").status_code == (403 if role else 303)
    assert person.post(f"/app/access/users/{admin}/code").status_code == refused
    assert person.post(f"/app/access/users/{admin}/sign-out").status_code == refused
    assert person.post("/app/access/tokens", name="x", scope="access:write", everywhere="1").status_code == refused
    assert '"/app/access"' not in person.get("/app/schedule").text
    with session() as opened:
        assert opened.scalars(select(OneTimeCode)).all() == []
        assert opened.scalars(select(AccessToken)).all() == []
        assert opened.scalars(select(SignIn.ended_at).where(SignIn.user_id == admin)).all() == [None]


def test_no_token_comes_here_whatever_it_may_do(town, stranger):
    every = re.findall(r'name="scope" value="([\w:]+)"', town.api.get("/app/access/tokens/new").text)
    (token,) = TOKEN.findall(new_token(town, scope=every, hospital=None, everywhere="1").text)
    anew = stranger().api.post(
        "/app/access/tokens",
        data={"name": "Another", "scope": "access:write", "everywhere": "1", "expires": "never"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert anew.status_code == 403
    assert TOKEN.search(anew.text) is None


def test_a_form_of_another_page_changes_nothing(town, ana):
    forged = town.api.post(f"/app/access/users/{ana}/code", headers={"X-Form-Secret": "guessed"})
    assert forged.status_code == 403
    assert CODE.search(forged.text) is None
