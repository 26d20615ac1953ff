"""A hospital's day and week: what is shown of it, and the address that says which."""

import datetime as dt
import re

from playwright.sync_api import Page, expect

from tests.api.town import MONDAY, Town, at, hospital
from tests.browser.grid import Grid, open_grid, span
from tests.browser.windows import Windows

TUESDAY = MONDAY + dt.timedelta(days=1)
ANA, RUI = "Dr Ana Sousa", "Dr Rui Costa"


def shown(page: Page, **state: str) -> None:
    """Expect these parameters in the address."""
    for name, value in state.items():
        expect(page).to_have_url(re.compile(rf"[?&]{name}={re.escape(value)}(&|$)"))


def test_doctors_are_columns_and_only_open_hours_are_rows(town: Town, page: Page):
    town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    assert grid.doctors == [ANA, RUI]
    assert grid.rows == [f"{hour:02}:00" for hour in range(9, 18)]
    expect(grid.appointment("Maria Silva")).to_have_accessible_name(f"10:00, Maria Silva, with {ANA}, booked")
    expect(grid.availability(ANA)).to_have_text(f"Available {span('09:00', '13:00')}")


def test_the_hospitals_time_is_named_whatever_the_browsers_is(town: Town, windows: Windows):
    for zone in ("America/Los_Angeles", "Asia/Tokyo"):
        page = windows.open(zone=zone)
        grid = open_grid(page)
        expect(page.get_by_text("Times in Lisbon, UTC+")).to_be_visible()
        assert grid.rows[0] == "09:00"


def test_a_lunch_break_is_one_row_that_says_so(town: Town, page: Page):
    halves = [{"opens": "08:00", "closes": "12:00"}, {"opens": "14:00", "closes": "17:00"}]
    town.post("/hospitals", **hospital("split", hours={"monday": halves}))
    town.post("/availabilities", doctor="d2", hospital="split", start=at("15:00"), end=at("17:00"))
    rows = open_grid(page, hospital="split").rows
    assert rows == ["08:00", "09:00", "10:00", "11:00", f"Closed {span('12:00', '14:00')}", "14:00", "15:00", "16:00"]


def test_a_closed_day_says_why_and_leads_to_the_next_open_one(town: Town, page: Page):
    town.put(f"/hospitals/central/exceptions/{TUESDAY}", hours=[], reason="Works")
    page.goto(f"/app/schedule?hospital=central&date={TUESDAY}")
    expect(page.get_by_text("Central is closed: Works")).to_be_visible()
    page.get_by_role("link", name="Next open day").click()
    shown(page, date=str(TUESDAY + dt.timedelta(days=1)))


def test_the_address_holds_the_state_through_links_reload_and_back(town: Town, page: Page):
    grid = open_grid(page)
    page.get_by_role("link", name="Next day").click()
    shown(page, date=str(TUESDAY))
    page.get_by_role("link", name="Previous day").click()
    page.get_by_role("link", name="Week", exact=True).click()
    shown(page, view="week", date=str(MONDAY), hospital="central")
    page.get_by_label("Specialty").select_option("cardiology")
    shown(page, specialty="cardiology", view="week")
    page.reload()
    expect(grid.availability(ANA)).to_be_visible()
    expect(grid.availability(RUI)).to_have_count(0)
    expect(page.get_by_label("Specialty")).to_have_value("cardiology")
    page.go_back()
    shown(page, view="week")
    expect(grid.availability(RUI)).to_be_visible()
    page.go_back()
    shown(page, view="day", date=str(MONDAY))
    assert grid.doctors == [ANA, RUI]


def test_doctors_are_chosen_by_ticking_them(town: Town, page: Page):
    grid = open_grid(page)
    page.get_by_text("All doctors").click()
    page.get_by_placeholder("Find a doctor").first.fill("cósta")
    expect(page.get_by_role("checkbox", name=ANA)).to_be_hidden()
    page.get_by_role("checkbox", name=RUI).check()
    page.get_by_role("button", name="Show these").click()
    shown(page, doctor="d2")
    assert grid.doctors == [RUI]
    page.get_by_text("One doctor").click()
    page.get_by_role("link", name="Show everyone").click()
    expect(page.get_by_text("All doctors")).to_be_visible()
    assert grid.doctors == [ANA, RUI]


def test_a_date_is_typed_or_picked_and_today_is_one_click_away(town: Town, page: Page):
    open_grid(page)
    page.get_by_label("Date").fill(str(TUESDAY))
    shown(page, date=str(TUESDAY))
    page.get_by_role("link", name="Today").click()
    today = dt.datetime.fromisoformat(at("00:00")).tzinfo
    shown(page, date=str(dt.datetime.now(today).date()))


def test_a_doctor_without_hours_gets_an_empty_column(town: Town, page: Page):
    town.put("/users/d3", name="Dr Eva Lima", role="doctor", specialties=["surgery"])
    grid = open_grid(page)
    page.get_by_text("Add a doctor").click()
    page.get_by_role("link", name="Dr Eva Lima").click()
    shown(page, also="d3")
    assert grid.doctors == ["Dr Eva Lima", ANA, RUI]


def test_a_day_without_anybody_says_what_to_do(town: Town, page: Page):
    page.goto(f"/app/schedule?hospital=central&date={TUESDAY}&specialty=surgery")
    expect(page.get_by_text("No doctor of this choice")).to_be_visible()
    page.get_by_role("link", name="Show everyone").click()
    expect(page.get_by_text("Nobody is available on this day")).to_be_visible()
    page.get_by_role("link", name=ANA).click()
    assert Grid(page).doctors == [ANA]


def test_before_there_is_a_hospital_the_page_says_how_to_get_one(api, page: Page):
    page.goto("/")
    expect(page.get_by_text("There is no hospital yet")).to_be_visible()


def test_without_scripts_the_list_is_one_link_away(town: Town, windows: Windows):
    page = windows.open(f"/app/schedule?hospital=central&date={MONDAY}&as=grid", scripts=False)
    page.locator("noscript").get_by_role("link", name="List").click()
    expect(page.get_by_role("button", name=f"Book {span('09:00', '10:00')} with {ANA}")).to_be_visible()
