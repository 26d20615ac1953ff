"""Everything by keyboard alone: in the list, and in the grid as far as it has buttons."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.town import MONDAY, Town, at
from tests.browser.grid import open_grid, span

ANA = "Dr Ana Sousa"
LIST = f"/app/schedule?hospital=central&date={MONDAY}&as=list"


def tab_to(wanted: Locator) -> None:
    """Press the tab key until the focus is on an element, as somebody without a mouse does."""
    expect(wanted).to_be_visible()
    for _ in range(100):
        wanted.page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"the tab key does not lead to {wanted}")


def enter(wanted: Locator) -> None:
    tab_to(wanted)
    wanted.page.keyboard.press("Enter")


def test_an_availability_is_added_from_the_list(town: Town, page: Page):
    page.goto(LIST)
    enter(page.get_by_role("button", name=f"Add an availability {span('13:00', '18:00')} for {ANA}"))
    dialog = page.get_by_role("dialog", name="Add an availability")
    expect(dialog.get_by_role("button", name="Add")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name=f"Book {span('13:00', '14:00')} with {ANA}")).to_be_visible()
    assert town.get("/availabilities", doctor="d1")["items"][-1]["end"] == at("18:00")


def test_an_hour_is_booked_shown_and_cancelled_from_the_list(town: Town, page: Page):
    page.goto(LIST)
    enter(page.get_by_role("button", name=f"Book {span('10:00', '11:00')} with {ANA}"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Patient")).to_be_focused()
    page.keyboard.type("r")
    expect(dialog.get_by_role("radio")).to_have_count(1)
    page.keyboard.press("Backspace")
    page.keyboard.type("maria")
    expect(dialog.get_by_role("radio", name="Maria Silva")).to_be_visible()
    tab_to(dialog.get_by_role("radio", name="Maria Silva"))
    page.keyboard.press("Space")
    enter(dialog.get_by_role("button", name="Book this hour"))
    expect(dialog).to_be_hidden()
    enter(page.get_by_role("button", name="Maria Silva"))
    enter(dialog.get_by_role("button", name="Cancel…"))
    enter(dialog.get_by_role("button", name="Cancel the appointment"))
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name=f"Book {span('10:00', '11:00')} with {ANA}")).to_be_visible()
    (cancelled,) = town.get("/appointments")["items"]
    assert cancelled["status"] == "cancelled"


def test_an_appointment_is_moved_from_the_list(town: Town, page: Page):
    booked = town.book("p1", "d1", "10:00")
    page.goto(LIST)
    enter(page.get_by_role("button", name="Maria Silva"))
    dialog = page.get_by_role("dialog")
    enter(dialog.get_by_role("button", name="Move…"))
    enter(dialog.get_by_role("button", name="12:00"))
    expect(dialog).to_be_hidden()
    assert town.get(f"/appointments/{booked['id']}")["start"] == at("12:00")


def test_escape_closes_a_dialog_and_the_focus_goes_back(town: Town, page: Page):
    page.goto(LIST)
    opener = page.get_by_role("button", name=f"Book {span('09:00', '10:00')} with {ANA}")
    enter(opener)
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_focus_stays_in_the_list_when_others_change_it(town: Town, page: Page):
    page.goto(LIST)
    opener = page.get_by_role("button", name=f"Book {span('12:00', '13:00')} with {ANA}")
    tab_to(opener)
    town.book("p2", "d1", "09:00")
    expect(page.get_by_role("button", name="João Reis")).to_be_visible()
    expect(opener).to_be_focused()


def test_the_buttons_of_the_grid_are_reached_too(town: Town, page: Page):
    town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    expect(grid.appointment("Maria Silva")).to_be_visible()
    enter(grid.appointment("Maria Silva"))
    expect(page.get_by_role("dialog", name="Maria Silva")).to_be_visible()
    page.keyboard.press("Escape")
    enter(grid.availability(ANA))
    expect(page.get_by_role("dialog", name=f"{ANA} sees patients")).to_be_visible()


def test_doctors_are_filtered_by_keyboard(town: Town, page: Page):
    page.goto(LIST)
    enter(page.locator("summary", has_text="All doctors"))
    page.keyboard.type("rui")
    tab_to(page.get_by_role("checkbox", name="Dr Rui Costa"))
    page.keyboard.press("Space")
    enter(page.get_by_role("button", name="Show these"))
    expect(page.get_by_role("heading", name=ANA)).to_have_count(0)
    expect(page.get_by_role("heading", name="Dr Rui Costa")).to_be_visible()
