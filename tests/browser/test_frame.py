"""What all pages share: the header, the way to the content, and what they say when they cannot do their work."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.town import Town
from tests.browser.accessibility import assert_accessible, assert_fits
from tests.browser.windows import Windows


def test_a_page_that_does_not_exist_says_so_at_every_width_and_leads_on(windows: Windows, size: str):
    windows.expect_refusals(404)
    page = windows.open("/app/nowhere", size=size)
    assert_accessible(page)
    assert_fits(page)
    expect(page.get_by_role("main").get_by_role("link").first).to_have_attribute("href", "/app/schedule")


def test_the_first_tab_leads_past_the_header(windows: Windows, page: Page):
    windows.expect_refusals(404)
    page.goto("/app/nowhere")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("name", ["schedule", "calendars"])
def test_the_bar_begins_where_its_reader_is(town: Town, windows: Windows, size: str, name: str):
    page = windows.open(f"/app/{name}", size=size)
    here = page.get_by_role("navigation").get_by_role("link").and_(page.locator("[aria-current=page]"))
    expect(here).to_be_in_viewport(ratio=1)
