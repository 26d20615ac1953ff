"""The admins' page: what is shown once is seen, and the lists follow what was done."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import assert_accessible, assert_fits
from tests.web.people import hire


@pytest.fixture
def access(town, session, windows, size):
    hire(session, "rui")
    page = windows.open("/app/access", size=size)
    expect(page.get_by_role("heading", level=1, name="Access")).to_be_visible()
    return page


def everybody_can_use(page):
    assert_fits(page)
    assert_accessible(page)


def test_a_token_is_made_with_what_was_chosen_seen_once_and_revoked(access, windows):
    everybody_can_use(access)
    access.get_by_role("link", name="New token").click()
    access.get_by_label("What it is for").fill("Patient portal")
    windows.expect_refusals(422)
    access.get_by_role("button", name="Make the token").click()
    expect(access.get_by_role("dialog")).to_contain_text("Choose what the token may do")
    everybody_can_use(access)
    access.get_by_label("requests:write").check()
    access.get_by_label("Central", exact=True).check()
    access.get_by_role("button", name="Make the token").click()
    expect(access.get_by_label("Token", exact=True)).to_have_value(re.compile(r"slw_[\w-]{43}"))
    everybody_can_use(access)
    access.get_by_role("button", name="Done").click()
    row = access.get_by_role("row", name=re.compile("Patient portal"))
    expect(row).to_contain_text("Central")
    expect(row).to_contain_text("in 3 months")
    row.get_by_role("link", name="Revoke").click()
    everybody_can_use(access)
    access.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(access.get_by_role("status").filter(has_text="The token Patient portal is revoked.")).to_be_visible()
    expect(access.get_by_text("No system has a token")).to_be_visible()


def test_a_code_that_is_shown_once_signs_in_and_an_admin_ends_it(access, windows):
    access.get_by_role("link", name="A one-time code for Rui", exact=True).click()
    access.get_by_role("button", name="Make the code").click()
    code = access.get_by_label("Code", exact=True)
    expect(code).to_have_value(re.compile(r"(\w{4}-){2}\w{4}"))
    everybody_can_use(access)
    theirs = windows.open("/app/sign-in", signed_in=False)
    theirs.get_by_label("Name").fill("rui")
    theirs.get_by_label("Password or one-time code").fill(code.input_value())
    theirs.get_by_role("button", name="Sign in").click()
    expect(theirs).to_have_url(re.compile("/app/password"))
    access.get_by_role("button", name="Done").click()
    expect(access.get_by_role("dialog")).to_be_hidden()
    access.get_by_role("button", name="Sign Rui out everywhere").click()
    expect(access.get_by_role("status").filter(has_text="Rui is signed out.")).to_be_visible()
    expect(access.get_by_role("button", name="Sign Rui out everywhere")).to_be_hidden()
    theirs.goto("/app/schedule")
    expect(theirs).to_have_url(re.compile("/app/sign-in"))
