"""Sign-in by a provider of OpenID Connect, as a browser does it: to another site and back."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert

from api.web.access import oidc
from models.people import Role, User
from models.settings import settings
from tests.browser.accessibility import assert_accessible, assert_fits
from tests.web.providers import CLIENT, SECRET, real_provider


@pytest.fixture(scope="module")
def issuer():
    ana = {"sub": "s-1", "email": "ana@hospital.example", "email_verified": True}
    rui = {"sub": "s-2", "email": "rui@hospital.example", "email_verified": True}
    with real_provider(ana, rui) as issuer:
        yield issuer


@pytest.fixture
def by_provider(town, session, issuer, monkeypatch):
    """A provider that knows Ana, who is one of us, and Rui, who is not."""
    with session() as opened:
        ana = {"external_id": "ana", "name": "Ana", "email": "ana@hospital.example", "role": Role.ADMIN}
        opened.execute(insert(User).values(ana))
    values = {"ISSUER": issuer, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "NAME": "Central Hospital"}
    for name, value in values.items():
        monkeypatch.setenv(f"OIDC_{name}", value)
    settings.cache_clear()
    oidc._known.cache_clear()


@pytest.fixture
def page(windows, size):
    """A page of ours that somebody has asked for who is not signed in."""
    return windows.open("/app/overview", size=size, signed_in=False)


def sign_in_as(windows, page, subject):
    """Go to the provider, say who comes, and be sent back."""
    page.get_by_role("link", name="Sign in with Central Hospital").click()
    page.wait_for_url(re.compile("^http://localhost"))
    page.get_by_role("button", name=subject).click()
    page.wait_for_url(re.compile("^http://127.0.0.1"))
    # The provider's own page has its styles from elsewhere, where no browser of the tests gets to.
    windows.faults[:] = [fault for fault in windows.faults if not re.search("jsdelivr|ERR_NAME_NOT_RESOLVED", fault)]


def test_somebody_signs_in_by_another_site_and_is_on_the_page_they_wanted(by_provider, windows, page):
    assert_accessible(page)
    assert_fits(page)
    sign_in_as(windows, page, "s-1")
    expect(page).to_have_url(re.compile("/app/overview$"))
    expect(page.get_by_role("banner")).to_contain_text("Ana")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert "__Host-slotwise" in cookies
    assert oidc.COOKIE not in cookies


def test_who_is_not_one_of_us_is_told_so_and_no_code_stays_in_the_address(by_provider, windows, page):
    sign_in_as(windows, page, "s-2")
    expect(page.get_by_role("alert")).to_contain_text("Nobody here can be told by what Central Hospital says of you")
    assert_accessible(page)
    assert_fits(page)
    assert "code=" not in page.url
    assert "state=" not in page.url
    assert "next=%2Fapp%2Foverview" in page.url
    sign_in_as(windows, page, "s-1")
    expect(page).to_have_url(re.compile("/app/overview$"))
