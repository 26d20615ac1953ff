"""Letting go of the mouse where no hour is: nothing happens, and nothing breaks."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.town import Town, at
from tests.browser.grid import open_grid

ANA = "Dr Ana Sousa"
OUTSIDE = {"over the grid": (700, 40), "below the page": (700, 880), "beside it": (5, 400)}


@pytest.mark.parametrize("place", OUTSIDE)
def test_an_availability_drawn_out_of_the_grid_breaks_nothing(town: Town, page: Page, place: str):
    grid = open_grid(page)
    page.mouse.move(*grid.at(ANA, "14:00"))
    page.mouse.down()
    page.mouse.move(*OUTSIDE[place], steps=8)
    page.mouse.up()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    grid.click(ANA, "15:00")
    expect(page.get_by_role("dialog", name="Add an availability")).to_be_visible()


@pytest.mark.parametrize("place", OUTSIDE)
def test_an_appointment_dropped_out_of_the_grid_stays_at_an_hour_of_the_day(town: Town, page: Page, place: str):
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
