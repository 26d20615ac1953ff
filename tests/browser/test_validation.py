"""Validation as people meet it: followed while it runs, findings mended and let be, maps read, all by keyboard too."""

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from models.validation.codes import Code
from models.validation.found import Kind
from tests.api.town import MONDAY, TODAY, Town
from tests.api.validations import found, reported, validate
from tests.browser.test_every_page import everybody_can_use
from tests.browser.windows import Windows
from tests.concurrency.conftest import Crew
from tests.web.validation_pages import (
    DAY,
    TOMORROW,
    a_finding,
    about,
    change,
    failed,
    lossy,
    off_the_hour,
    running,
    undelivered,
    worth,
)

PAGE, FRAGILITY, HOURS = "/app/validation", "/app/validation/fragility", "/app/validation/hours"


@pytest.fixture
def wrong(town: Town, session) -> str:
    """The town with findings of every severity, days that would strand somebody, and hours that are worth something;
    the id of its report.
    """
    stranded = [town.book(patient, "d1", hour)["id"] for patient, hour in (("p2", "09:00"), ("p1", "11:00"))]
    request = town.post("/booking-requests", **town.wish())["id"]
    remedy = {"kind": "cancel_request", "booking_request": request}
    rule = about(Kind.RULE, "appointment.lasts_one_hour")
    report = reported(
        session,
        off_the_hour(town, session),
        undelivered(),
        a_finding(Code.RULE_MISSING, rule, remedy={"kind": "statement", "sql": "ALTER TABLE appointment ADD …"}),
        a_finding(Code.CONFLICT_BOOKABLE, about(Kind.BOOKING_REQUEST, request), remedy=remedy),
    )
    for day in range(10):
        lossy(session, 8, stranded[: day % 3], report=report, date=TOMORROW + day * DAY, proved=day != 2)
        lossy(session, 2 + day % 2, stranded, report=report, doctor="d2", date=TOMORROW + day * DAY)
    lossy(session, 16, stranded, report=report, doctor=None)
    for day, specialty in enumerate(("cardiology", "dermatology", "cardiology", "neurology")):
        worth(session, report, specialty, date=TOMORROW + day * DAY, waiting=3 * day + 1, proved=day != 1)
    return report


@pytest.mark.parametrize("path", [PAGE, FRAGILITY, HOURS, f"{PAGE}/reports"])
def test_each_page_can_be_used_by_everybody_at_every_width(wrong: str, page: Page, path: str):
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    everybody_can_use(page)


def test_a_report_can_be_read_by_everybody(wrong: str, session, page: Page):
    steps = {"what the database holds": {"rows": 1234567, "seconds": 2.5}}
    change(session, wrong, steps=steps, unchecked=["rule_missing"])
    page.goto(f"{PAGE}/reports/{wrong}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    everybody_can_use(page)


@pytest.mark.parametrize("state", ["empty", "clean", "running", "failed"])
def test_every_state_can_be_read_by_everybody(town: Town, session, page: Page, state: str):
    if state == "clean":
        reported(session)
    elif state == "running":
        running(session)
    elif state == "failed":
        failed(session, "It was begun 5 times in vain.")
    says = {
        "empty": "Nothing has been validated yet",
        "clean": "Nothing has been wrong since",
        "running": "250 of about 1,000 rows",
        "failed": "It was begun 5 times in vain.",
    }
    page.goto(PAGE)
    expect(page.get_by_text(says[state])).to_be_visible()
    everybody_can_use(page)


@pytest.mark.parametrize("button", ["Move it…", "Acknowledge…", "Show the statement…"])
def test_each_dialog_can_be_used_by_everybody(wrong: str, page: Page, button: str):
    page.goto(PAGE)
    page.get_by_role("button", name=button).first.click()
    expect(page.get_by_role("dialog").get_by_role("heading").first).to_be_visible()
    everybody_can_use(page)


def test_validating_now_is_followed_to_its_end_without_reading_the_page_again(
    town: Town, crew: Crew, windows: Windows, size: str
):
    page = windows.open(PAGE, size=size)
    page.evaluate("window.same = true")
    page.get_by_role("button", name="Validate now").click()
    expect(page.get_by_text("The validation is queued; it begins within seconds.")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    crew.worker()
    expect(page.get_by_role("heading", name="Nothing has been wrong since")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    assert page.evaluate("window.same")


def test_the_bar_grows_with_what_is_done(town: Town, session, page: Page):
    report = running(session)
    page.goto(PAGE)
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("value", "0.2500")
    change(session, report, done=750, step="people")
    expect(bar).to_have_attribute("value", "0.7500")
    expect(page.get_by_text("people: 750 of about 1,000 rows")).to_be_visible()


def test_what_others_validate_is_shown_by_itself(town: Town, session, page: Page):
    reported(session)
    page.goto(PAGE)
    expect(page.get_by_role("heading", name="Nothing has been wrong since")).to_be_visible()
    finding = off_the_hour(town, session)
    town.post("/validation-reports")
    expect(page.get_by_text("waits for a worker")).to_be_visible()
    validate()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    reported(session, finding)
    (one,) = town.get("/findings")["items"]
    until = str(TODAY + 7 * DAY)
    town.post(f"/findings/{one['id']}/acknowledge", because="Known", until=until)
    expect(page.get_by_text("One acknowledged finding does not count.")).to_be_visible()


def test_a_finding_is_mended_with_two_clicks(wrong: str, town: Town, page: Page):
    page.goto(PAGE)
    page.get_by_role("button", name="Move it…").click()
    dialog = page.get_by_role("dialog", name="Appointment off the hour")
    expect(dialog).to_contain_text("moves from")
    dialog.get_by_role("button", name="Move it", exact=True).click()
    expect(page.get_by_text("Done. The next validation shows whether that mended it.")).to_be_visible()
    expect(page.get_by_text(re.compile("^Remedy applied"))).to_be_visible()
    expect(page.get_by_role("button", name="Move it…")).to_have_count(0)
    starts = [each["start"][11:16] for each in town.get("/appointments", hospital="central")["items"]]
    assert "12:00" in starts


def test_a_remedy_that_came_too_late_says_why(wrong: str, town: Town, page: Page, windows: Windows):
    windows.expect_refusals(409)
    town.book("p1", "d1", "12:00")
    page.goto(PAGE)
    page.get_by_role("button", name="Move it…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Move it", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Nothing was changed.")
    dialog.get_by_role("button", name="Close").last.click()
    expect(dialog).to_be_hidden()


def test_a_finding_is_let_be_and_taken_back_by_keyboard_alone(wrong: str, page: Page):
    page.goto(f"{PAGE}?code=off_the_hour")
    page.get_by_role("button", name="Acknowledge…").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Why may it be?")).to_be_focused()
    page.keyboard.type("The locum starts on Monday")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Acknowledged: it does not count until then.")).to_be_visible()
    expect(page.get_by_text("One acknowledged finding does not count.")).to_be_visible()
    page.get_by_role("link", name="Acknowledged 1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The locum starts on Monday")).to_be_visible()
    page.get_by_role("button", name="Let it count again").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("It counts again.")).to_be_visible()


def test_the_filters_are_in_the_address(wrong: str, page: Page):
    page.goto(PAGE)
    page.get_by_role("link", name=re.compile("^Warnings")).click()
    expect(page).to_have_url(re.compile("severity=warning"))
    expect(page.get_by_role("heading", level=3)).to_have_text(["Warning: Messages not delivered"])
    page.get_by_role("link", name=re.compile("^All")).click()
    page.locator("#code").select_option("rule_missing")
    expect(page).to_have_url(re.compile("code=rule_missing"))
    expect(page.get_by_role("heading", level=3)).to_have_text(["Error: Database rule missing"])


def test_a_finding_leads_to_its_appointment_on_the_schedule(wrong: str, page: Page):
    page.goto(PAGE)
    page.get_by_role("link", name=re.compile("^Maria Silva, .*10:00")).click()
    expect(page).to_have_url(re.compile(rf"/app/schedule\?hospital=central&date={MONDAY}&doctor=d1"))


def test_a_day_of_the_map_leads_to_what_if(wrong: str, page: Page, size: str, windows: Windows):
    page = windows.open(FRAGILITY, size=size)
    row = page.get_by_role("row", name="Dr Rui Costa")
    row.get_by_role("link", name="2 of 2 could not be placed again").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_contain_text("If Dr Rui Costa were away on")
    expect(dialog.get_by_role("link", name=re.compile("Maria Silva"))).to_be_visible()
    dialog.get_by_role("link", name="What if?").click()
    expect(page.get_by_role("radio", name=re.compile("doctor is away"))).to_be_checked()
    expect(page.get_by_role("button", name="Ask what would happen")).to_be_visible()


def test_the_best_hour_is_added_from_the_table(wrong: str, town: Town, page: Page):
    before = len(town.get("/availabilities", hospital="central")["items"])
    page.goto(HOURS)
    page.get_by_role("button", name=re.compile("^Add .*15:00")).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("From")).to_have_value(re.compile("T15:00"))
    dialog.get_by_role("button", name=re.compile("^Add")).click()
    expect(dialog).to_be_hidden()
    assert len(town.get("/availabilities", hospital="central")["items"]) == before + 1


def test_thousands_of_findings_are_a_page_that_answers(town: Town, session, page: Page):
    many = [found(Code.ROW_BREAKS_RULE, str(uuid.UUID(int=number))) for number in range(3000)]
    reported(session, *many)
    page.goto(PAGE)
    expect(page.get_by_role("heading", name="3,000 errors")).to_be_visible()
    expect(page.get_by_role("heading", level=3)).to_have_count(50)
    page.get_by_role("link", name="Next findings").click()
    expect(page.get_by_role("heading", level=3)).to_have_count(50)


def test_findings_can_be_read_and_mended_without_scripts(wrong: str, windows: Windows):
    page = windows.open(PAGE, scripts=False)
    expect(page.get_by_role("heading", name="Appointment off the hour")).to_be_visible()
    page.goto(FRAGILITY)
    page.get_by_role("link", name="2 of 2 could not be placed again").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("If Dr Rui Costa were away on")
