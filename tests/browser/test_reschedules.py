"""A doctor falls ill: from the schedule to other hours for everybody, and what is done about those without one."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.town import MONDAY, Town, hospital
from tests.browser.test_every_page import everybody_can_use
from tests.browser.windows import Windows
from tests.concurrency.conftest import Crew
from tests.web.reschedule_pages import full_day, lost_day, plan_reschedules, planned

ANA = "Dr Ana Sousa"
DAY = f"hospital=central&date={MONDAY}"


@pytest.fixture
def ill(town: Town) -> Town:
    """Three appointments on Monday, and two hours on Tuesday."""
    full_day(town)
    return town


def show(page: Page, job: str) -> None:
    page.goto(f"/app/reschedules/{job}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def badge(page: Page) -> Locator:
    return page.locator("#reschedule .page-head .badge").last


def says(page: Page, words: str) -> None:
    """The sentence that tells what a proposal comes to (which is also announced, where it is news)."""
    expect(page.locator("#reschedule .says")).to_contain_text(words)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_sick_day_is_followed_from_the_schedule_to_the_applied_proposal(
    ill: Town, crew: Crew, windows: Windows, size: str
):
    page = windows.open(f"/app/schedule?{DAY}&as={'list' if size == 'phone' else 'grid'}", size=size)
    page.get_by_role("link", name=f"Away…: {ANA}").click()
    expect(page.get_by_role("group", name="Doctors")).to_contain_text(ANA)
    page.get_by_label("What it is called").fill("Dr Sousa ill")
    press(page, "Plan it")
    expect(badge(page)).to_have_text(re.compile("queued|planning"))
    expect(page.get_by_role("progressbar")).to_be_visible()
    crew.worker()
    expect(badge(page)).to_have_text("proposed", timeout=60_000)
    says(page, "2 of 3 appointments get other hours")
    expect(page.get_by_role("img", name="By day")).to_be_visible()
    press(page, "Apply…")
    dialog = page.get_by_role("dialog", name="Apply this proposal?")
    expect(dialog).to_contain_text("2 patients will be told.")
    press(page, "Apply it")
    expect(badge(page)).to_have_text("applied")
    expect(page.get_by_role("heading", name="Left over, to be seen to")).to_be_visible()
    (job,) = ill.get("/reschedules")["items"]
    assert (job["status"], job["label"]) == ("applied", "Dr Sousa ill")


def test_the_form_asks_only_for_what_the_cause_needs(town: Town, page: Page):
    town.post("/hospitals", **hospital("far", "Asia/Kolkata"))
    page.goto("/app/reschedules/new?hospital=central")
    needed = {
        "A doctor is away": {"Choose a doctor", "Away from", "From"},
        "A hospital closes": {"Hospital", "From"},
        "A room cannot be used": {"Choose a doctor", "Hospital", "From"},
        "A hospital changes its hours": {"Hospital", "Monday"},
        "A list of appointments": {"CSV file"},
    }
    for cause, labels in needed.items():
        page.get_by_role("radio", name=cause).check()
        for label in ("Choose a doctor", "Away from", "Hospital", "From", "Monday", "CSV file"):
            field = page.get_by_label(re.compile(f"^{label}( \\*)?$"))
            expect(field).to_be_visible(visible=label in labels)


def test_another_hospital_brings_its_clock_and_its_hours_and_what_is_typed_stays(town: Town, page: Page):
    monday = {"monday": [{"opens": "07:00", "closes": "11:00"}]}
    town.post("/hospitals", **hospital("far", "Asia/Kolkata", monday))
    page.goto("/app/reschedules/new?hospital=central&cause=hours_changed")
    page.get_by_label("What it is called").fill("Winter")
    expect(page.get_by_label("Monday")).to_have_value("09:00\u201318:00")
    page.get_by_label(re.compile("^Hospital")).select_option("far")
    expect(page.get_by_label("Monday")).to_have_value("07:00\u201311:00")
    expect(page.get_by_text("times in Kolkata")).to_be_visible()
    expect(page.get_by_label("What it is called")).to_have_value("Winter")


def test_faults_stand_at_their_fields_and_nothing_typed_is_lost(town: Town, windows: Windows, page: Page):
    windows.expect_refusals(422)
    page.goto("/app/reschedules/new?hospital=central")
    page.get_by_label("Until").fill("2020-01-01T10:00")
    page.get_by_text("What may be done").click()
    page.get_by_label("Hours of notice").fill("-3")
    press(page, "Plan it")
    expect(page.get_by_role("alert")).to_contain_text("fields below need a change")
    expect(page.get_by_role("group", name="Doctors")).to_contain_text("Choose the doctor.")
    expect(page.get_by_label("Hours of notice")).to_have_value("-3")
    expect(page.get_by_label("Hours of notice")).to_be_visible()
    expect(page.get_by_label("Until")).to_have_value("2020-01-01T10:00")


def test_what_has_changed_is_named_and_planning_again_is_one_click_away(ill: Town, windows: Windows, page: Page):
    windows.expect_refusals(409)
    show(page, planned(ill))
    press(page, "Apply…")
    taken = ill.get("/appointments", doctor="d1")["items"][0]
    ill.post(f"/appointments/{taken['id']}/cancel")
    press(page, "Apply it")
    dialog = page.get_by_role("dialog", name="Nothing was changed")
    expect(dialog.get_by_role("alert")).to_contain_text(
        f"The appointment of {taken['patient']['name']} has been cancelled"
    )
    dialog.get_by_role("button", name="Plan again").click()
    expect(badge(page)).to_have_text("queued")
    plan_reschedules()
    says(page, "All 2 appointments get other hours")


def test_a_question_is_answered_and_planned_for_real(ill: Town, page: Page):
    page.goto(f"/app/reschedules/new?{DAY}&doctor=d1")
    press(page, "Ask what would happen")
    expect(badge(page)).to_have_text("queued")
    plan_reschedules()
    says(page, "2 of 3 appointments would get other hours")
    expect(page.get_by_role("button", name="Apply…")).to_have_count(0)
    press(page, "Plan it for real")
    expect(badge(page)).to_have_text("queued")
    plan_reschedules()
    expect(page.get_by_role("button", name="Apply…")).to_be_visible()


def test_an_extra_hour_places_the_one_who_is_left_over(ill: Town, page: Page):
    show(page, planned(ill))
    expect(page.get_by_text("One more hour would place the one who is left over.")).to_be_visible()
    press(page, "Add these hours…")
    press(page, "Add and plan again")
    expect(badge(page)).to_have_text("queued")
    plan_reschedules()
    says(page, "All 3 appointments get other hours")


def test_whoever_is_left_standing_is_seen_to_from_the_list(ill: Town, page: Page):
    job = planned(ill)
    ill.post(f"/reschedules/{job}/apply")
    show(page, job)
    expect(page.get_by_text("One is still to be seen to.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Cancel the appointment of")).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Cancel")).click()
    expect(page.get_by_text("✓ cancelled")).to_be_visible()
    expect(page.get_by_text("One is still to be seen to.")).to_have_count(0)


def test_what_others_do_with_a_job_appears_by_itself(ill: Town, page: Page):
    job = planned(ill)
    show(page, job)
    ill.post(f"/reschedules/{job}/discard")
    expect(badge(page)).to_have_text("discarded")
    page.goto("/app/reschedules")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    lost_day(ill, doctor="d2")
    expect(page.get_by_role("rowheader")).to_have_count(2)


def test_a_proposal_is_applied_and_undone_by_keyboard(ill: Town, page: Page):
    show(page, planned(ill))
    button = page.get_by_role("button", name="Apply…")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Apply it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Apply it")).to_be_focused()
    page.keyboard.press("Enter")
    undo = page.get_by_role("button", name="Undo…")
    expect(undo).to_be_visible()
    undo.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(badge(page)).to_have_text("undone")


def the_list(ill: Town, page: Page) -> None:
    planned(ill)
    page.goto("/app/reschedules")


def the_form(_ill: Town, page: Page) -> None:
    page.goto(f"/app/reschedules/new?{DAY}&doctor=d1")
    page.get_by_text("What may be done").click()
    page.get_by_role("checkbox", name="Others may move").check()


def the_week(_ill: Town, page: Page) -> None:
    page.goto("/app/reschedules/new?hospital=central&cause=hours_changed")


def the_proposal(ill: Town, page: Page) -> None:
    show(page, planned(ill))
    for summary in ("The same as a table", "What may be done", "History"):
        page.get_by_text(summary, exact=True).click()


def the_question(ill: Town, page: Page) -> None:
    the_proposal(ill, page)
    press(page, "Apply…")
    expect(page.get_by_role("dialog")).to_be_visible()


def the_worklist(ill: Town, page: Page) -> None:
    job = planned(ill)
    ill.post(f"/reschedules/{job}/apply")
    show(page, job)


@pytest.mark.parametrize("there", [the_list, the_form, the_week, the_proposal, the_question, the_worklist])
def test_every_state_can_be_used_by_everybody(ill: Town, page: Page, there: Callable[[Town, Page], None]):
    there(ill, page)
    page.mouse.wheel(0, -9999)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    everybody_can_use(page)
