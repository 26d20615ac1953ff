"""Every form carries what no other site's page knows; a change without it is refused."""

import re

import httpx
import pytest
from sqlalchemy import func, select

from api.access.gate import FORM_HEADER
from api.web.rendering import FOLDER
from models.calendar_feeds import CalendarFeed
from models.people import Role
from tests.web.people import hire

TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))

_FORM = re.compile(r'<form ((?:[^<>"{]|"[^"]*"|\{\{.*?\}\}|\{%.*?%\})*)>(.*?)</form>', re.DOTALL)
_CARRIES = '<input type="hidden" name="form_secret" value="{{ form_secret }}">'
_ENTRANCE = 'action="/app/sign-in"'  # nobody has a secret before they have signed in


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: str(file.relative_to(FOLDER / "templates")))
def test_every_form_that_changes_something_carries_the_secret(template):
    text = template.read_text(encoding="utf-8")
    found = _FORM.findall(text)
    assert len(found) == text.count("<form "), "a form that this test cannot read"
    for attributes, inside in found:
        if 'method="dialog"' in attributes or _ENTRANCE in attributes or not _changes(attributes):
            continue
        assert _CARRIES in inside, attributes


def _changes(attributes: str) -> bool:
    return 'method="post"' in attributes or "hx-post" in attributes or "into_dialog(" in attributes


@pytest.fixture
def ana(town, session, stranger):
    """The browser of an admin who is signed in."""
    hire(session, "ana", Role.ADMIN)
    browser = stranger()
    browser.sign_in("ana")
    browser.get("/app/account")
    return browser


@pytest.fixture
def feed(town):
    """What is sent to make the address of a calendar."""
    return {"doctor": town.api.get("/doctors").json()["items"][0]["id"], "label": "Phone"}


def feeds(session) -> int:
    with session() as opened:
        return opened.scalar(select(func.count()).select_from(CalendarFeed))


def test_a_form_without_the_secret_changes_nothing(ana, feed, session):
    answer = ana.post("/app/calendars", form_secret="", **feed)
    assert answer.status_code == 403
    assert "not of your present sign-in" in answer.text
    assert feeds(session) == 0


def test_a_form_of_another_sign_in_changes_nothing(ana, feed, session, stranger):
    hire(session, "rui", Role.ADMIN)
    rui = stranger()
    rui.sign_in("rui")
    rui.get("/app/account")
    assert ana.post("/app/calendars", form_secret=rui.form_secret, **feed).status_code == 403
    assert feeds(session) == 0


def test_a_form_of_ones_own_former_sign_in_changes_nothing(ana, feed, session):
    former = ana.form_secret
    ana.sign_in("ana")
    assert ana.post("/app/calendars", form_secret=former, **feed).status_code == 403
    assert feeds(session) == 0


def test_a_form_with_the_secret_is_taken(ana, feed, session):
    assert ana.post("/app/calendars", **feed).status_code == 200
    assert feeds(session) == 1


def test_scripts_may_send_it_as_a_header_and_a_file_beside_it(ana):
    ana.get("/app/requests/upload")
    cookie = {"Cookie": f"__Host-slotwise={ana.cookie}"}
    part = {"file": ("wishes.csv", b"patient\n", "text/csv")}
    with httpx.Client(base_url=ana.api.base_url, timeout=30) as client:
        without = client.post("/app/requests/upload", files=part, headers=cookie)
        beside = client.post("/app/requests/upload", files=part, data={"form_secret": ana.form_secret}, headers=cookie)
        header = client.post("/app/requests/upload", files=part, headers=cookie | {FORM_HEADER: ana.form_secret})
    assert without.status_code == 403
    assert (beside.status_code, header.status_code) == (422, 422)  # read, and found wanting


@pytest.mark.parametrize("body", [b'{"doctor": 1}', b""])
def test_a_change_by_cookie_needs_the_secret_whatever_the_body_is(ana, body, session):
    """A page of another site can send a body that is no form, too, and JSON as plain text."""
    headers = {"Cookie": f"__Host-slotwise={ana.cookie}", "Content-Type": "text/plain"}
    for path in ("/app/calendars", "/booking-requests", "/hospitals"):
        answer = ana.api.post(path, content=body, headers=headers)
        assert answer.status_code == 403, path


def test_another_sites_page_is_refused_even_with_the_secret(ana, feed, session):
    headers = {"Cookie": f"__Host-slotwise={ana.cookie}"}
    for told in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = ana.api.post("/app/calendars", data=feed | {"form_secret": ana.form_secret}, headers=headers | told)
        assert answer.status_code == 403, told
    answer = ana.api.post("/app/sign-in", data={"name": "ana"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert feeds(session) == 0
