"""Where the focus is once a dialog has done its work: never lost, though what opened it is drawn anew."""

from playwright.sync_api import Locator, Page, expect

from tests.api.town import MONDAY, Town
from tests.browser.grid import open_grid, span

ANA = "Dr Ana Sousa"
LIST = f"/app/schedule?hospital=central&date={MONDAY}&as=list"


def book_maria(dialog: Locator) -> None:
    dialog.get_by_label("Patient").press_sequentially("maria")
    dialog.get_by_role("radio", name="Maria Silva").check()
    dialog.get_by_role("button", name="Book this hour").press("Enter")


def cancel(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Cancel…").press("Enter")
    dialog.get_by_role("button", name="Cancel the appointment").press("Enter")


def test_it_is_on_the_hour_that_was_booked_and_then_cancelled_in_the_list(town: Town, page: Page):
    page.goto(LIST)
    free = page.get_by_role("button", name=f"Book {span('10:00', '11:00')} with {ANA}")
    taken = page.get_by_role("button", name="Maria Silva")
    free.press("Enter")
    book_maria(page.get_by_role("dialog"))
    expect(taken).to_be_focused()
    taken.press("Enter")
    cancel(page.get_by_role("dialog"))
    expect(free).to_be_focused()


def test_it_goes_on_from_the_grid_where_its_own_button_is_gone(town: Town, page: Page):
    for patient, hour in (("p1", "10:00"), ("p2", "11:00")):
        town.book(patient, "d1", hour)
    grid = open_grid(page)
    grid.appointment("Maria Silva").press("Enter")
    cancel(page.get_by_role("dialog"))
    expect(grid.appointment("Maria Silva")).to_have_count(0)
    expect(page.locator("main:focus, #calendar [data-opens]:focus")).to_have_count(1)


def test_it_goes_back_to_a_button_that_others_have_drawn_anew_behind_the_dialog(town: Town, page: Page):
    town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    grid.appointment("Maria Silva").press("Enter")
    expect(page.get_by_role("dialog", name="Maria Silva")).to_be_visible()
    town.book("p2", "d2", "09:00")
    expect(page.locator("#calendar [data-opens]", has_text="João Reis")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(grid.appointment("Maria Silva")).to_be_focused()


def test_it_is_on_the_page_where_the_button_is_gone_for_good(town: Town, page: Page):
    booked = town.book("p1", "d1", "10:00")
    page.goto(LIST)
    page.get_by_role("button", name=f"Book {span('11:00', '12:00')} with {ANA}").press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    town.post(f"/appointments/{booked['id']}/cancel")
    (availability,) = town.get("/availabilities", doctor="d1")["items"]
    town.api.delete(f"/availabilities/{availability['id']}").raise_for_status()
    expect(page.locator("section", has_text=ANA).get_by_text("free")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("main")).to_be_focused()
