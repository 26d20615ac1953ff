"""An appointment on the grid: shown, cancelled, completed, and moved by hand or refused with the reason."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.town import Town, at
from tests.browser.grid import box, open_grid
from tests.browser.windows import Windows
from tests.workers.waiting import until

ANA, RUI = "Dr Ana Sousa", "Dr Rui Costa"


def hour_of(town: Town, appointment: str) -> tuple[str, str, str]:
    """Doctor, start and status."""
    now = town.get(f"/appointments/{appointment}")
    return now["doctor"]["name"], now["start"], now["status"]


def test_clicking_an_appointment_shows_it(town: Town, page: Page):
    town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    grid.appointment("Maria Silva").click()
    dialog = page.get_by_role("dialog", name="Maria Silva")
    for told in (ANA, "Central", "10:00", "Lisbon time", "booked"):
        expect(dialog).to_contain_text(told)
    dialog.get_by_role("button", name="Close").first.click()
    expect(dialog).to_be_hidden()
    expect(grid.appointment("Maria Silva")).to_be_focused()


def test_an_appointment_is_cancelled_after_a_question_and_its_hour_is_free_again(town: Town, page: Page):
    booked = town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    grid.appointment("Maria Silva").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel…").click()
    dialog.get_by_role("button", name="Keep it").click()
    dialog.get_by_role("button", name="Cancel…").click()
    dialog.get_by_role("button", name="Cancel the appointment").click()
    expect(grid.appointment("Maria Silva")).to_have_count(0)
    assert hour_of(town, booked["id"])[2] == "cancelled"
    grid.click(ANA, "10:00")
    expect(page.get_by_role("dialog", name="Book an appointment")).to_be_visible()


@pytest.mark.parametrize(
    ("button", "status", "shown"), [("Complete", "completed", "completed"), ("No-show", "no_show", "no-show")]
)
def test_what_became_of_an_appointment_is_noted(town: Town, page: Page, button: str, status: str, shown: str):
    booked = town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    grid.appointment("Maria Silva").click()
    page.get_by_role("dialog").get_by_role("button", name=button).click()
    expect(grid.appointment("Maria Silva")).to_have_accessible_name(f"10:00, Maria Silva, with {ANA}, {shown}")
    expect(grid.appointment("Maria Silva")).to_contain_text(shown)
    assert hour_of(town, booked["id"])[2] == status


def test_dragging_moves_an_appointment_to_another_hour_and_another_doctor(town: Town, page: Page):
    booked = town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    grid.move("Maria Silva", ANA, "12:00")
    expect(page.get_by_role("status").filter(has_text="Moved: Maria Silva")).to_be_visible()
    expect(grid.appointment("Maria Silva")).to_have_accessible_name(f"12:00, Maria Silva, with {ANA}, booked")
    assert hour_of(town, booked["id"]) == (ANA, at("12:00"), "booked")
    grid.move("Maria Silva", RUI, "09:00")
    expect(grid.appointment("Maria Silva")).to_have_accessible_name(f"09:00, Maria Silva, with {RUI}, booked")
    assert hour_of(town, booked["id"]) == (RUI, at("09:00"), "booked")


def test_a_move_to_a_taken_hour_is_refused_with_the_reason_and_goes_back(town: Town, windows: Windows, page: Page):
    windows.expect_refusals(409)
    booked, _ = town.book("p1", "d1", "10:00"), town.book("p2", "d2", "10:00")
    grid = open_grid(page)
    before = box(grid.appointment("Maria Silva"))
    grid.move("Maria Silva", RUI, "10:00")
    dialog = page.get_by_role("dialog", name="The appointment stays where it is")
    expect(dialog.get_by_role("alert")).to_contain_text(f"{RUI} has another appointment")
    expect(dialog.get_by_role("button", name="Take").first).to_be_visible()
    page.keyboard.press("Escape")
    until(lambda: box(grid.appointment("Maria Silva")) == before, what="the appointment to go back")
    assert hour_of(town, booked["id"]) == (ANA, at("10:00"), "booked")


def test_a_refused_move_offers_another_hour_that_one_click_takes(town: Town, windows: Windows, page: Page):
    windows.expect_refusals(409)
    booked = town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    grid.move("Maria Silva", ANA, "16:00")  # where she sees nobody
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text(f"{ANA} does not see patients at Central")
    dialog.get_by_role("button", name="Take").first.click()
    expect(dialog).to_be_hidden()
    doctor, start, status = hour_of(town, booked["id"])
    assert status == "booked"
    assert (doctor, start) != (ANA, at("10:00"))


def test_whoever_opened_an_appointment_before_another_moved_it_is_told_so(town: Town, windows: Windows, page: Page):
    windows.expect_refusals(409, 412)
    booked = town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    grid.appointment("Maria Silva").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel…").click()
    answer = town.api.post(
        f"/appointments/{booked['id']}/move", json={"doctor": "d1", "hospital": "central", "start": at("12:00")}
    )
    assert answer.is_success, answer.text
    dialog.get_by_role("button", name="Cancel the appointment").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody has changed it since you opened it")
    assert hour_of(town, booked["id"]) == (ANA, at("12:00"), "booked")
