"""What changes while somebody is at work on the page: it is shown, and what they are doing is not lost over it."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.api.town import MONDAY, Town, at
from tests.browser.grid import open_grid, span

ANA, RUI = "Dr Ana Sousa", "Dr Rui Costa"
LIST = f"/app/schedule?hospital=central&date={MONDAY}&as=list"

COUNTS_NEWS = """
    let heard = 0;
    window.EventSource = class extends EventSource {
        constructor(address) {
            super(address);
            this.addEventListener("schedule", () => { document.documentElement.dataset.heard = ++heard; });
        }
    };
"""


@pytest.fixture
def page(page: Page) -> Page:
    """A window whose page counts what it hears of changes."""
    page.add_init_script(COUNTS_NEWS)
    return page


def hear(page: Page, count: int = 1) -> None:
    """Wait until the page has heard of so many changes."""
    expect(page.locator("html")).to_have_attribute("data-heard", str(count))


def test_a_change_that_comes_while_the_list_is_read_anew_is_shown_too(town: Town, page: Page):
    def change_meanwhile(route: Route) -> None:
        read = route.fetch()
        town.book("p2", "d1", "11:00")
        hear(page, 2)
        route.fulfill(response=read)

    page.goto(LIST)
    page.route(re.compile(r"/app/schedule\?"), change_meanwhile, times=1)
    town.book("p1", "d1", "10:00")
    expect(page.get_by_role("button", name="Maria Silva")).to_be_visible()
    expect(page.get_by_role("button", name="João Reis")).to_be_visible()


def test_what_is_drawn_anew_in_the_list_works_at_once(town: Town, page: Page):
    page.goto(LIST)
    page.get_by_role("button", name=f"Book {span('10:00', '11:00')} with {ANA}").focus()
    page.evaluate("addEventListener('htmx:afterSwap', () => setTimeout(() => document.activeElement.click()))")
    town.book("p2", "d2", "09:00")
    expect(page.get_by_role("dialog", name="Book an appointment")).to_be_visible()


def test_a_click_on_the_grid_is_not_lost_when_others_change_it_between_press_and_release(town: Town, page: Page):
    town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    grid.take("Maria Silva")
    town.book("p2", "d2", "09:00")
    hear(page)
    page.evaluate("fetch(calendar.dataset.again)")  # by now it could have been drawn anew
    page.mouse.up()
    expect(page.get_by_role("dialog", name="Maria Silva")).to_be_visible()
    expect(page.locator("#calendar [data-opens]", has_text="João Reis")).to_be_visible()


def test_a_change_that_comes_while_an_appointment_is_in_the_hand_is_shown_once_it_is_let_go(town: Town, page: Page):
    booked = town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    hand = grid.at(ANA, "10:00")
    elsewhere = grid.at(RUI, "12:00")
    page.mouse.move(*hand)
    page.mouse.down()
    page.mouse.move(*elsewhere, steps=8)
    town.book("p2", "d2", "09:00")
    hear(page)
    page.mouse.move(*hand, steps=8)
    page.mouse.up()
    expect(grid.appointment("João Reis")).to_be_visible()
    expect(grid.appointment("Maria Silva")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Moved")).to_have_count(0)  # it was put back where it was
    assert town.get(f"/appointments/{booked['id']}")["start"] == at("10:00")


def test_a_second_move_waits_for_the_first_whatever_is_clicked_meanwhile(town: Town, page: Page):
    first, second = town.book("p1", "d1", "09:00"), town.book("p2", "d1", "10:00")
    grid, dialog = open_grid(page), page.get_by_role("dialog", name="Add an availability")

    def slowly(route: Route) -> None:
        expect(dialog).to_be_visible()
        route.continue_()

    page.route("**/move", slowly, times=1)
    grid.move("Maria Silva", RUI, "09:00")
    grid.move("João Reis", RUI, "10:00")
    grid.click(ANA, "15:00")
    expect(dialog).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Moved: João Reis")).to_be_visible()
    assert [town.get(f"/appointments/{moved['id']}")["doctor"]["name"] for moved in (first, second)] == [RUI, RUI]
