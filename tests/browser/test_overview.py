"""The overview: each picture with its numbers as a table and as a file."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.api.town import MONDAY, Town

SECTIONS = (
    "How full the days are",
    "Waiting requests",
    "Time to appointment",
    "Conflicts",
    "Last planning runs",
)


def test_every_picture_has_its_sentence_its_table_and_its_file(town: Town, page: Page):
    town.book("p1", "d1", "10:00")
    town.post("/booking-requests", **town.wish("p2"))
    page.goto(f"/app/overview?hospital=central&from={MONDAY}&weeks=1")
    for name in SECTIONS:
        section = page.get_by_role("region", name=name, exact=True)
        expect(section.locator("p.says")).not_to_be_empty()
        with page.expect_download() as download:
            section.get_by_role("link", name=f"{name} as a CSV file").click()
        assert download.value.suggested_filename.endswith(".csv")
        assert len(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()) >= 1


def test_the_heat_map_says_in_figures_how_full_a_doctors_day_is_and_leads_to_the_day(town: Town, page: Page):
    town.book("p1", "d1", "10:00")
    page.goto(f"/app/overview?hospital=central&from={MONDAY}&weeks=1")
    table = page.get_by_role("region", name="How full the days are").get_by_role("table")
    expect(table.get_by_role("row", name="Dr Ana Sousa")).to_contain_text("25")
    table.get_by_role("columnheader").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(f"/app/schedule.*date={MONDAY}"))


def test_the_address_holds_the_hospital_and_the_days(town: Town, page: Page):
    page.goto(f"/app/overview?hospital=central&from={MONDAY}&weeks=1")
    page.get_by_label("Days shown").select_option("2")
    expect(page).to_have_url(re.compile("weeks=2"))
    page.get_by_role("link", name="Later days").click()
    page.reload()
    expect(page.get_by_label("Days shown")).to_have_value("2")
    page.go_back()
    expect(page).to_have_url(re.compile(f"from={MONDAY}"))


def test_requests_that_come_are_counted_without_a_reload(town: Town, page: Page):
    page.clock.install()
    page.goto("/app/overview?hospital=central")
    waiting = page.get_by_role("region", name="Waiting requests")
    expect(waiting).to_contain_text("No request waits")
    town.post("/booking-requests", **town.wish())
    page.clock.run_for(11_000)
    expect(waiting).to_contain_text("One request waits")
