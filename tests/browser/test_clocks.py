"""Days on which the clocks are changed, and clocks that are half an hour off: every hour is what it says it is."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.api.town import EVERY_DAY, MONDAY, Town, at, hospital, next_change
from tests.browser.grid import open_grid, span
from tests.browser.windows import ELSEWHERE, Windows

ANA = "Dr Ana Sousa"
SMALL_HOURS = {day: [{"opens": "00:00", "closes": "05:00"}] for day in EVERY_DAY}

# The browser's own clock may skip or repeat hours on the same day; that must change nothing.
CLOCKS = pytest.mark.parametrize("zone", [ELSEWHERE, "Europe/Lisbon"])


@pytest.fixture
def night(town: Town) -> Town:
    """A hospital in Lisbon that is open in the small hours."""
    town.post("/hospitals", **hospital("night", hours=SMALL_HOURS))
    return town


def all_night(town: Town, day: dt.date) -> None:
    town.post("/availabilities", doctor="d1", hospital="night", start=at("00:00", day), end=at("05:00", day))


@CLOCKS
def test_a_day_of_25_hours_has_one_hour_twice_and_each_can_be_booked(night: Town, windows: Windows, zone: str):
    day = next_change(forward=False)
    all_night(night, day)
    page = windows.open(zone=zone)
    grid = open_grid(page, hospital="night", date=str(day))
    expect(page.get_by_text("the clocks in Lisbon are changed, so the day has 25 hours")).to_be_visible()
    assert grid.rows == ["00:00", "01:00 UTC+1", "01:00 UTC+0", "02:00", "03:00", "04:00"]
    for row, typed, patient in (("01:00 UTC+0", "maria", "Maria Silva"), ("01:00 UTC+1", "reis", "João Reis")):
        grid.click(ANA, row)
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"Lisbon time, {row[-5:]}")
        dialog.get_by_label("Patient").press_sequentially(typed)
        dialog.get_by_role("radio", name=patient).check()
        dialog.get_by_role("button", name="Book this hour").click()
        expect(grid.appointment(patient)).to_be_visible()
    starts = {each["start"] for each in night.get("/appointments", hospital="night")["items"]}
    assert starts == {f"{day}T01:00:00+00:00", f"{day}T01:00:00+01:00"}


@CLOCKS
def test_a_day_of_23_hours_lacks_one_and_the_hours_after_it_are_right(night: Town, windows: Windows, zone: str):
    day = next_change(forward=True)
    page = windows.open(zone=zone)
    grid = open_grid(page, hospital="night", date=str(day), also="d1")
    expect(page.get_by_text("the day has 23 hours")).to_be_visible()
    assert grid.rows == ["00:00", "02:00", "03:00", "04:00"]
    grid.drag(ANA, "00:00", "03:00")
    dialog = page.get_by_role("dialog", name="Add an availability")
    expect(dialog.get_by_label("From")).to_have_value(f"{day}T00:00")
    expect(dialog.get_by_label("To")).to_have_value(f"{day}T04:00")
    dialog.get_by_role("button", name="Add").click()
    expect(grid.availability(ANA)).to_have_text(f"Available {span('00:00', '04:00')}")
    (added,) = night.get("/availabilities", hospital="night")["items"]
    assert (added["start"], added["end"]) == (f"{day}T00:00:00+00:00", f"{day}T04:00:00+01:00")


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Los_Angeles"])
def test_a_hospital_half_an_hour_off_is_shown_by_its_own_clock(town: Town, windows: Windows, zone: str):
    town.post("/hospitals", **hospital("east", timezone="Asia/Kolkata"))
    page = windows.open(zone=zone)
    grid = open_grid(page, hospital="east", also="d2")
    expect(page.get_by_text("Times in Kolkata, UTC+5:30")).to_be_visible()
    assert grid.rows[0] == "09:00"
    grid.click("Dr Rui Costa", "10:00")
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    expect(grid.availability("Dr Rui Costa")).to_have_text(f"Available {span('10:00', '11:00')}")
    (added,) = town.get("/availabilities", hospital="east")["items"]
    assert added["start"] == at("10:00", MONDAY, ZoneInfo("Asia/Kolkata"))


def test_an_hour_that_the_clocks_skip_is_refused_at_its_field(night: Town, windows: Windows):
    windows.expect_refusals(409, 422)
    day = next_change(forward=True)
    page = windows.open()
    open_grid(page, hospital="night", date=str(day), also="d1").click(ANA, "00:00")
    dialog = page.get_by_role("dialog", name="Add an availability")
    dialog.get_by_label("To").fill(f"{day}T01:30")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog).to_contain_text("In Lisbon the clocks skip 01:30 that day")
    assert night.get("/availabilities", hospital="night")["items"] == []
