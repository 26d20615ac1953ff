"""Every page and every dialog: usable by everybody, at three widths, in the light and in the dark."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.town import MONDAY, Town, at
from tests.browser.accessibility import assert_accessible, assert_fits
from tests.browser.grid import open_grid, span
from tests.browser.planning import conflict, plan
from tests.browser.windows import SIZES, Windows

ANA = "Dr Ana Sousa"
DAY = f"hospital=central&date={MONDAY}"

PAGES = {
    "grid": f"/app/schedule?{DAY}&as=grid",
    "week": f"/app/schedule?{DAY}&as=grid&view=week",
    "list": f"/app/schedule?{DAY}&as=list",
    "nobody": "/app/schedule?hospital=central&as=grid",
    "requests": "/app/requests",
    "new request": "/app/requests/new",
    "upload": "/app/requests/upload",
    "batches": "/app/requests/batches",
    "overview": f"/app/overview?hospital=central&from={MONDAY}&weeks=2",
    "validation": "/app/validation",
    "fragility": "/app/validation/fragility",
    "worth": "/app/validation/hours",
    "reports": "/app/validation/reports",
    "messages": "/app/messages",
    "status": "/app/status",
    "calendars": "/app/calendars",
    "day sheet": f"/app/day-sheet?{DAY}",
}


@pytest.fixture
def busy(town: Town) -> Town:
    """The town with something on every page."""
    for patient, hour in (("p1", "10:00"), ("p2", "11:00")):
        town.book(patient, "d1", hour)
    done = town.book("p1", "d2", "09:00")
    town.post(f"/appointments/{done['id']}/complete")
    conflict(town)
    plan()
    town.post("/booking-requests", **town.wish("p2"))
    town.post("/booking-batches", label="Letters", requests=[town.wish("p1"), town.wish("p2")])
    return town


def everybody_can_use(page: Page) -> None:
    """Look at the page as it stands at every width, and in the dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width, height in SIZES.values() if scheme == "light" else [SIZES["desk"]]:
            page.set_viewport_size({"width": width, "height": height})
            assert_fits(page)
            assert_accessible(page)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_used_by_everybody_at_every_width(busy: Town, page: Page, name: str):
    page.goto(PAGES[name])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    everybody_can_use(page)


def test_the_reference_can_be_used_by_everybody(page: Page):
    page.goto("/docs")
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert_fits(page)
    assert_accessible(page)  # once: it is ten times as long as any other


def test_a_request_in_conflict_can_be_read_by_everybody(busy: Town, page: Page):
    page.goto("/app/requests?status=conflict")
    page.get_by_role("table").get_by_role("rowheader").get_by_role("link").click()
    expect(page.get_by_role("img", name="The hours that were asked for")).to_be_visible()
    page.get_by_text("The same as a table").click()
    everybody_can_use(page)


def add(page: Page) -> None:
    open_grid(page).click(ANA, "15:00")


def book(page: Page) -> None:
    open_grid(page).click(ANA, "12:00")
    page.get_by_role("dialog").get_by_label("Patient").press_sequentially("m")


def refuse(page: Page) -> None:
    open_grid(page).click("Dr Rui Costa", "10:00")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Patient").press_sequentially("maria")
    dialog.get_by_role("radio", name="Maria Silva").check()
    dialog.get_by_role("button", name="Book this hour").click()
    expect(dialog.get_by_role("alert")).to_be_visible()


def availability(page: Page) -> None:
    open_grid(page).availability(ANA).click()


def appointment(page: Page) -> None:
    open_grid(page).appointment("João Reis").click()


def move(page: Page) -> None:
    appointment(page)
    page.get_by_role("dialog").get_by_role("button", name="Move…").click()
    expect(page.get_by_role("dialog", name="Move João Reis")).to_be_visible()


def address(page: Page) -> None:
    page.goto("/app/calendars")
    page.get_by_role("link", name=f"Make an address for {ANA}").click()
    page.get_by_role("dialog").get_by_label("What is it for?").fill("Phone")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Copy")).to_be_visible()


@pytest.mark.parametrize("opened", [add, book, refuse, availability, appointment, move, address])
def test_a_dialog_can_be_used_by_everybody_at_every_width(
    busy: Town, windows: Windows, page: Page, opened: Callable[[Page], None]
):
    windows.expect_refusals(409)
    opened(page)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading").first).to_be_visible()
    everybody_can_use(page)
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        stays_within(dialog, width)


def stays_within(dialog: Locator, width: int) -> None:
    box = dialog.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert dialog.evaluate("element => element.scrollWidth <= element.clientWidth"), "one has to scroll sideways"


def test_on_a_phone_the_schedule_is_a_list_and_an_hour_is_booked_by_touch(town: Town, windows: Windows):
    page = windows.open(f"/app/schedule?{DAY}", size="phone")
    page.get_by_role("button", name=f"Book {span('10:00', '11:00')} with {ANA}").tap()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Patient").press_sequentially("reis")
    dialog.get_by_role("radio", name="João Reis").tap()
    dialog.get_by_role("button", name="Book this hour").tap()
    expect(page.get_by_role("button", name="João Reis")).to_be_visible()
    assert town.get("/appointments", patient="p2")["items"][0]["start"] == at("10:00")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_something_useful_without_scripts(busy: Town, windows: Windows, name: str):
    page = windows.open(PAGES[name], scripts=False)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert len(page.get_by_role("main").inner_text()) > 60
