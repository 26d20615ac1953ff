"""The grid's edges: what is let go of outside breaks nothing, and a long day begins where its first hours are."""

import datetime as dt

import pytest
from playwright.sync_api import Page, expect

from tests.api.town import EVERY_DAY, MONDAY, Town, at, hospital
from tests.browser.grid import box, open_grid
from tests.browser.windows import Windows
from tests.workers.waiting import until

ANA = "Dr Ana Sousa"
WHOLE_DAY = {day: [{"opens": "00:00", "closes": "24:00"}] for day in EVERY_DAY}
OUTSIDE = {"over the grid": (700, 40), "below the page": (700, 880), "beside it": (5, 400)}
DRAWN_UNTIL = {"below the page": "18:00", "beside it": "15:00"}  # over the grid is no hour at all


@pytest.mark.parametrize("place", OUTSIDE)
def test_an_availability_drawn_out_of_the_grid_breaks_nothing(town: Town, page: Page, place: str):
    grid = open_grid(page)
    page.mouse.move(*grid.at(ANA, "14:00"))
    page.mouse.down()
    page.mouse.move(*OUTSIDE[place], steps=8)
    page.mouse.up()
    dialog = page.get_by_role("dialog", name="Add an availability")
    if place in DRAWN_UNTIL:
        expect(dialog.get_by_label("To")).to_have_value(f"{MONDAY}T{DRAWN_UNTIL[place]}")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    grid.click(ANA, "15:00")
    expect(dialog.get_by_label("From")).to_have_value(f"{MONDAY}T15:00")


@pytest.mark.parametrize("place", OUTSIDE)
def test_an_appointment_dropped_out_of_the_grid_stays_at_an_hour_of_the_day(
    town: Town, windows: Windows, page: Page, place: str
):
    windows.expect_refusals(409)  # the hour nearest to where it is dropped may be one that cannot be had
    town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    grid.take("Maria Silva")
    page.mouse.move(*OUTSIDE[place], steps=8)
    page.mouse.up()
    expect(page.locator("#calendar.htmx-request")).to_have_count(0)  # the move has been answered
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(grid.appointment("Maria Silva")).to_be_visible()
    (booked,) = town.get("/appointments")["items"]
    assert at("09:00") <= booked["start"] < at("13:00")


@pytest.mark.parametrize("hour", ["00:00", "15:00", "23:00"])
def test_a_long_day_begins_where_its_hours_are(town: Town, page: Page, hour: str):
    town.post("/hospitals", **hospital("always", hours=WHOLE_DAY))
    start, end = at(hour), (dt.datetime.fromisoformat(at(hour)) + dt.timedelta(hours=1)).isoformat()
    town.post("/availabilities", doctor="d1", hospital="always", start=start, end=end)
    town.post("/appointments", patient="p1", doctor="d1", hospital="always", start=start)
    grid = open_grid(page, hospital="always")
    expect(grid.appointment("Maria Silva")).to_be_visible()
    shown = box(page.locator(".ec-main"))
    first, last = shown["y"] + 40, shown["y"] + shown["height"] - 20
    until(lambda: first <= box(grid.appointment("Maria Silva"))["y"] < last, what="the day to begin at its hours")
