"""Signing in and out as people do it: at every width, by keyboard, and without scripts."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from api.web import live
from models.access.codes import make_code
from models.access.tables import SignIn
from models.people import Role, User
from tests.browser.accessibility import assert_accessible, assert_fits
from tests.browser.windows import Windows
from tests.web.people import OTHER, PASSWORD, hire


@pytest.fixture
def ana(town, session):
    return hire(session, "ana", Role.ADMIN, email="ana@example.org")


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password or one-time code").fill(password)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_page_leads_to_the_entrance_and_back_and_out_again(windows: Windows, ana, scripts):
    windows.expect_refusals(422)
    page = windows.open("/app/requests?status=conflict", signed_in=False, scripts=scripts)
    expect(page).to_have_url(re.compile(r"/app/sign-in\?next="))
    sign_in(page, OTHER)
    expect(page.get_by_role("alert")).to_contain_text("is not right")
    sign_in(page)
    expect(page).to_have_url(re.compile(r"/app/requests\?status=conflict$"))
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.goto("/app/schedule")
    expect(page).to_have_url(re.compile(r"/app/sign-in\?next="))


def test_an_address_with_a_code_fills_the_form_and_keeps_it_to_itself(windows: Windows, ana, session):
    with session() as opened:
        code = make_code(opened, ana, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1), sets_password=True)
    page = windows.open(f"/app/sign-in#name=ana&code={code}", signed_in=False)
    expect(page.get_by_label("Name")).to_have_value("ana")
    assert "#" not in page.url
    page.get_by_role("button", name="Sign in").press("Enter")
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    page.get_by_label("New password", exact=True).fill(OTHER)
    page.get_by_label("New password once more").fill(OTHER)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/app/schedule$"))


def check(page: Page) -> None:
    assert_accessible(page)
    assert_fits(page)


@pytest.mark.parametrize("dark", [False, True])
def test_the_entrance_and_the_account_can_be_read_at_every_width(windows: Windows, ana, size, dark):
    windows.expect_refusals(422)
    page = windows.open("/app/sign-in", size=size, dark=dark, signed_in=False)
    check(page)
    sign_in(page, OTHER)
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    sign_in(page)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    for path in ("/app/account", "/app/password"):
        page.goto(path)
        check(page)


def test_an_open_page_notices_that_its_reader_is_signed_out(windows: Windows, ana, session, monkeypatch):
    windows.expect_refusals(401)
    monkeypatch.setattr(live, "_KNOW_EVERY", 0.1)
    page = windows.open("/app/schedule", signed_in=False)
    sign_in(page)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    with session() as opened:
        theirs = select(User.id).where(User.external_id == "ana").scalar_subquery()
        opened.execute(update(SignIn).where(SignIn.user_id == theirs).values(ended_at=dt.datetime.now(dt.UTC)))
    expect(page).to_have_url(re.compile(r"/app/sign-in\?next="))


def test_signing_out_everywhere_ends_the_other_window_too(windows: Windows, ana):
    windows.expect_refusals(401)
    desk, phone = (windows.open("/app/account", size=size, signed_in=False) for size in ("desk", "phone"))
    for page in (desk, phone):
        sign_in(page)
        expect(page.get_by_role("heading", name="Ana")).to_be_visible()
    desk.reload()
    expect(desk.get_by_role("row")).to_have_count(3)
    desk.get_by_role("button", name="Sign out everywhere").click()
    expect(desk.get_by_text("You are signed out.")).to_be_visible()
    phone.goto("/app/calendars")
    expect(phone).to_have_url(re.compile(r"/app/sign-in\?next="))
