"""A file of requests: refused with every fault by its line, or queued and followed to the end."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.api.town import Town, at
from tests.browser.windows import Windows
from tests.concurrency.conftest import Crew


@pytest.fixture
def file(tmp_path: Path):
    """Writes a file of requests, one for each patient and the doctor given."""

    def write(*lines: tuple[str, str]) -> Path:
        path = tmp_path / "requests.csv"
        rows = [f"{patient},{doctor},{at('09:00')},{at('13:00')}" for patient, doctor in lines]
        path.write_text("\n".join(["patient,doctors,earliest,latest", *rows, ""]), encoding="utf-8")
        return path

    return write


def test_faults_of_a_file_are_told_by_line_and_nothing_is_queued(town: Town, windows: Windows, page: Page, file):
    windows.expect_refusals(422)
    page.goto("/app/requests/upload")
    page.get_by_label("File").set_input_files(file(("p1", "d1"), ("p9", "d1"), ("p2", "d7")))
    page.get_by_role("button", name="Queue").click()
    expect(page.get_by_role("alert")).to_be_visible()
    told = page.get_by_role("table", name="Faults by line").get_by_role("row")
    expect(told).to_have_count(3)
    for row, line, value in ((1, "3", "p9"), (2, "4", "d7")):
        expect(told.nth(row).get_by_role("cell").first).to_have_text(line)
        expect(told.nth(row)).to_contain_text(value)
    assert town.get("/booking-requests")["items"] == []


def test_a_batch_is_followed_to_its_end(town: Town, crew: Crew, page: Page, file):
    for number in range(10):
        town.put(f"/patients/b{number}", name=f"Patient {number}")
    page.goto("/app/requests/upload")
    page.get_by_label("File").set_input_files(file(*((f"b{number}", "d1") for number in range(10))))
    page.get_by_label("Name of the batch").fill("Monday's letters")
    page.get_by_role("button", name="Queue").click()
    expect(page.get_by_role("heading", name="Monday's letters")).to_be_visible()
    progress = page.get_by_role("progressbar", name="Progress")
    expect(progress).to_have_attribute("value", "0.0")
    crew.worker()
    expect(page.get_by_role("status").filter(has_text="4 booked, 6 in conflict")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("row", name="Hours went to others")).to_contain_text("6")
    page.get_by_role("link", name="conflict").click()
    expect(page.get_by_role("table").get_by_role("rowheader")).to_have_count(6)


def test_a_template_can_be_downloaded_and_sent_back(town: Town, windows: Windows, page: Page):
    page.goto("/app/requests/upload")
    with page.expect_download() as download:
        page.get_by_role("link", name="template").click()
    assert "patient" in Path(download.value.path()).read_text(encoding="utf-8-sig")
