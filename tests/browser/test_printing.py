"""The day on paper: without what only a screen needs, and each doctor on a page of their own."""

from playwright.sync_api import Page, expect

from tests.api.town import MONDAY, Town

SHEET = f"/app/day-sheet?hospital=central&date={MONDAY}"


def pages_of(page: Page) -> int:
    """How many sheets of paper a page takes."""
    return page.pdf(format="A4").count(b"/Type /Page\n")


def test_the_day_sheet_shows_hours_and_names_and_nothing_of_the_screen(town: Town, page: Page):
    town.book("p1", "d1", "10:00")
    page.goto(SHEET)
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_text("Maria Silva")).to_be_visible()
    expect(page.get_by_text("Times in Lisbon (UTC+0)").first).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")


def test_each_doctor_has_a_page_or_all_are_close_together(town: Town, page: Page):
    page.goto(SHEET)
    assert pages_of(page) == 2
    page.get_by_label("Layout").select_option("compact")
    expect(page.locator(".as-compact")).to_be_visible()
    assert pages_of(page) == 1


def test_paper_is_white_in_the_dark_too(town: Town, page: Page):
    page.goto(SHEET)
    page.emulate_media(media="print", color_scheme="dark")  # on the page itself: a blank one's may not outlive it
    expect(page.get_by_role("heading", name="Dr Ana Sousa")).to_have_css("color", "rgb(0, 0, 0)")


def test_a_button_prints(town: Town, page: Page):
    page.add_init_script("window.print = () => { document.title = 'printed' }")
    page.goto(SHEET)
    page.get_by_role("button", name="Print").click()
    expect(page).to_have_title("printed")
