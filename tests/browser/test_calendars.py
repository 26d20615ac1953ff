"""Calendars for phones: an address is made, copied, read by a phone and revoked."""

import re

from playwright.sync_api import Page, expect

from tests.api.town import Town

ANA = "Dr Ana Sousa"


def test_an_address_is_made_for_a_device_shown_once_and_revoked(town: Town, page: Page):
    page.goto("/app/calendars")
    page.get_by_role("searchbox", name="Doctor").press_sequentially("sou")
    expect(page.get_by_role("heading", name="Dr Rui Costa")).to_be_hidden()
    page.get_by_role("link", name=f"Make an address for {ANA}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is it for?").fill("Phone")
    dialog.get_by_role("button", name="Make an address").click()
    address = dialog.get_by_label("Address").input_value()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/calendars/[\w-]{40,}\.ics", address)
    expect(dialog.get_by_role("link", name="Subscribe on this device")).to_have_attribute(
        "href", address.replace("http:", "webcal:")
    )
    read = town.api.get(address)
    assert read.headers["content-type"] == "text/calendar; charset=utf-8"
    assert read.text.startswith("BEGIN:VCALENDAR\r\n")
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_hidden()

    page.get_by_role("link", name=f"Revoke Phone of {ANA}").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text(f"Phone of {ANA} is revoked.")).to_be_visible()
    expect(page.get_by_role("link", name=f"Revoke Phone of {ANA}")).to_be_hidden()
    assert town.api.get(address).status_code == 404


def test_the_address_is_copied_by_a_button(town: Town, page: Page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/app/calendars")
    page.get_by_role("link", name=f"Make an address for {ANA}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is it for?").fill("Phone")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Copy")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == dialog.get_by_label("Address").input_value()
