"""What could not be told: seen at every width, and tried again by a button."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from models.deliveries.handing import hand_on, use_channels
from models.deliveries.tables import Channel, Delivery
from tests.api.town import Town
from tests.browser.accessibility import assert_accessible, assert_fits
from tests.browser.windows import SIZES, Windows


@pytest.fixture
def dead(town: Town, session) -> Town:
    """The town, and a mail that was given up."""
    town.put("/patients/p1", name="Maria Silva", email="maria@example.org")
    with session() as opened:
        use_channels(opened, [Channel.EMAIL])
    for hour in ("10:00", "11:00"):
        town.book("p1", "d1", hour)
    with session() as opened:
        hand_on(opened, Channel.EMAIL, 10)
    with session() as opened:
        first = opened.scalar(select(Delivery.id).order_by(Delivery.message_id).limit(1))
        reason = "The mail server refused the recipient (550 5.1.1)."
        opened.execute(
            update(Delivery).where(Delivery.id == first).values(status="dead", attempts=1, last_error=reason)
        )
    return town


def test_the_page_can_be_used_by_everybody_at_every_width(dead: Town, page: Page):
    page.goto("/app/messages")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width, height in SIZES.values() if scheme == "light" else [SIZES["desk"]]:
            page.set_viewport_size({"width": width, "height": height})
            expect(page.get_by_role("button", name="Retry")).to_be_in_viewport()
            assert_fits(page)
            assert_accessible(page)


def test_a_dead_message_is_tried_again_and_its_row_says_so_at_once(dead: Town, page: Page):
    page.goto("/app/messages?status=dead")
    row = page.get_by_role("row", name="Maria Silva")
    expect(row).to_contain_text("The mail server refused the recipient (550 5.1.1).")
    row.get_by_role("button", name="Retry: Appointment booked, Maria Silva").click()
    expect(page.get_by_text("It is tried again within seconds.")).to_be_visible()
    expect(page.get_by_text("No message is like that")).to_be_visible()
    page.get_by_role("link", name="pending 2").click()
    expect(page.get_by_role("row", name="Maria Silva")).to_have_count(2)


def test_one_that_somebody_else_has_taken_up_meanwhile_says_so(dead: Town, page: Page, windows: Windows, session):
    windows.expect_refusals(409)
    page.goto("/app/messages?status=dead")
    button = page.get_by_role("button", name="Retry: Appointment booked, Maria Silva")
    expect(button).to_be_visible()
    with session() as opened:
        opened.execute(update(Delivery).values(status="pending"))
    button.click()
    expect(page.get_by_role("dialog")).to_contain_text("only a dead one is tried again")
