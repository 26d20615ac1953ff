"""The grid's edges: what is let go of outside breaks nothing, and a long day begins where its first hours are."""

import datetime as dt

import pytest
from playwright.sync_api import Page, expect

from tests.api.town import EVERY_DAY, MONDAY, Town, at, hospital
from tests.browser.grid import open_grid
from tests.browser.windows import Windows

ANA = "Dr Ana Sousa"
WHOLE_DAY = {day: [{"opens": "00:00", "closes": "24:00"}] for day in EVERY_DAY}
OUTSIDE = {"over the grid": (700, 40), "below the page": (700, 880), "beside it": (5, 400)}


@pytest.mark.parametrize("place", OUTSIDE)
def test_an_availability_drawn_out_of_the_grid_breaks_nothing(town: Town, page: Page, place: str):
    grid = open_grid(page)
    page.mouse.move(*grid.at(ANA, "14:00"))
    page.mouse.down()
    page.mouse.move(*OUTSIDE[place], steps=8)
    page.mouse.up()
    if place == "below the page":  # as far as the day goes
        expect(page.get_by_role("dialog").get_by_label("To")).to_have_value(f"{MONDAY}T18:00")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
    grid.click(ANA, "15:00")
    expect(page.get_by_role("dialog", name="Add an availability")).to_be_visible()


@pytest.mark.parametrize("place", OUTSIDE)
def test_an_appointment_dropped_out_of_the_grid_stays_at_an_hour_of_the_day(
    town: Town, windows: Windows, page: Page, place: str
):
    windows.expect_refusals(409)  # the hour nearest to where it is dropped may be one that cannot be had
    town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    box = grid.appointment("Maria Silva").bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(*OUTSIDE[place], steps=8)
    page.mouse.up()
    page.keyboard.press("Escape")
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
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    shown, box = page.locator(".ec-main").bounding_box(), grid.appointment("Maria Silva").bounding_box()
    assert shown
    assert box
    assert shown["y"] + 40 <= box["y"] < shown["y"] + shown["height"] - 20
