"""Everything that waits or went wrong: asking for an hour, following it, and what can be done about a refusal."""

import re

from playwright.sync_api import Page, expect

from tests.api.town import MONDAY, Town, at
from tests.browser.planning import conflict, plan
from tests.browser.windows import Windows
from tests.concurrency.conftest import Crew

ANA, RUI = "Dr Ana Sousa", "Dr Rui Costa"


def typed(time: str) -> str:
    """A time of the town's Monday, as it is typed into a field."""
    return f"{MONDAY}T{time}"


def taken(town: Town, *hours: str) -> None:
    """Book hours of Dr Sousa for other patients."""
    for hour in hours:
        town.put(f"/patients/other-{hour}", name=f"Other {hour}")
        town.book(f"other-{hour}", "d1", hour)


def in_conflict(town: Town, page: Page) -> None:
    """Show a request whose only hour is taken, as a round of planning has decided it."""
    taken(town, "10:00")
    request = conflict(town)
    plan()
    page.goto(f"/app/requests/{request['id']}")
    expect(page.locator("#request .badge")).to_have_text("conflict")


def test_a_request_says_everything_that_the_api_knows_and_is_followed_until_it_is_booked(
    town: Town, crew: Crew, page: Page
):
    page.goto("/app/requests")
    page.get_by_role("link", name="New request").first.click()
    page.get_by_label("Search for a patient").press_sequentially("silv")
    page.get_by_role("radio", name="Maria Silva").check()
    for doctor, name in (("d1", ANA), ("d2", RUI)):
        page.get_by_label("Add a doctor").select_option(doctor)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    page.get_by_role("button", name=re.compile(f"Prefer {RUI}.* more")).click()
    expect(page.locator("#doctors ol li").first).to_contain_text(RUI)
    page.get_by_role("checkbox", name="Central").check()
    page.get_by_role("radio", name="urgent").check()
    page.get_by_label("Begins at the earliest").fill(typed("09:00"))
    page.get_by_label("Ends at the latest").fill(typed("13:00"))
    page.get_by_label("Best near").fill(typed("11:00"))
    page.get_by_role("button", name="Queue the request").click()

    expect(page.get_by_role("heading", name="Maria Silva")).to_be_visible()
    expect(page.locator("#request .badge")).to_have_text("queued")
    asked = town.get(f"/booking-requests/{page.url.rsplit('/', 1)[1]}")
    assert [each["name"] for each in asked["doctors"]] == [RUI, ANA]
    assert [each["external_id"] for each in asked["hospitals"]] == ["central"]
    assert (asked["priority"], asked["earliest"], asked["latest"]) == ("urgent", at("09:00"), at("13:00"))
    assert asked["preferred"] == at("11:00")

    crew.worker()
    expect(page.get_by_text("Booked: ")).to_contain_text("11:00")
    page.get_by_role("link", name="Show on the schedule").click()
    expect(page).to_have_url(re.compile(f"date={MONDAY}"))


def test_faults_of_a_request_stand_at_their_fields_and_nothing_typed_is_lost(town: Town, windows: Windows, page: Page):
    windows.expect_refusals(422)
    page.goto("/app/requests/new")
    page.get_by_label("Begins at the earliest").fill(typed("11:00"))
    page.get_by_label("Ends at the latest").fill(typed("09:00"))
    page.get_by_role("button", name="Queue the request").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Begins at the earliest")).to_have_value(typed("11:00"))
    expect(page.get_by_role("group", name="Patient")).to_contain_text("Search for the patient")
    assert town.get("/booking-requests")["items"] == []


def test_a_conflict_is_told_in_sentences_with_a_picture_and_an_alternative_is_one_click_away(town: Town, page: Page):
    in_conflict(town, page)
    told = page.get_by_role("region", name="Result")
    expect(told).to_contain_text(ANA)
    expect(page.get_by_role("img", name="The hours that were asked for")).to_be_visible()
    page.get_by_text("The same as a table").click()
    row = page.get_by_role("row").filter(has_text="taken")
    expect(row).to_contain_text("10:00")
    page.get_by_role("button", name=re.compile("^Book .*09:00")).first.click()
    expect(page.get_by_text("Booked: ")).to_contain_text("09:00")
    (booked,) = town.get("/appointments", patient="p1")["items"]
    assert booked["start"] == at("09:00")


def test_an_alternative_that_has_been_taken_meanwhile_is_refused_with_the_reason(
    town: Town, windows: Windows, page: Page
):
    windows.expect_refusals(409)
    in_conflict(town, page)
    button = page.get_by_role("button", name=re.compile("^Book .*09:00")).first
    expect(button).to_be_visible()
    taken(town, "09:00")
    button.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("This hour was not booked")
    expect(dialog.get_by_role("alert")).to_contain_text(ANA)
    assert town.get("/appointments", patient="p1")["items"] == []
    dialog.get_by_role("button", name=re.compile("^Book .*11:00")).first.click()
    expect(page.get_by_text("Booked: ")).to_contain_text("11:00")


def test_a_conflict_is_widened_and_tried_again(town: Town, page: Page):
    in_conflict(town, page)
    page.get_by_role("link", name="Widen and try again").click()
    expect(page.get_by_label("Ends at the latest")).to_have_value(typed("11:00"))
    page.get_by_label("Ends at the latest").fill(typed("13:00"))
    page.get_by_role("button", name="Queue it again").click()
    expect(page.locator("#request .badge")).to_have_text("queued")
    plan()
    expect(page.get_by_text("Booked: ")).to_contain_text("11:00")
    statuses = sorted(each["status"] for each in town.get("/booking-requests")["items"])
    assert statuses == ["booked", "cancelled"]


def test_a_request_is_cancelled_after_a_question(town: Town, page: Page):
    request = town.post("/booking-requests", **town.wish())
    page.goto(f"/app/requests/{request['id']}")
    page.get_by_role("button", name="Cancel the request").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Cancel the request").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the request").click()
    expect(page.locator("#request .badge")).to_have_text("cancelled")
    assert town.get(f"/booking-requests/{request['id']}")["status"] == "cancelled"


def test_requests_are_filtered_by_status_in_the_address(town: Town, page: Page):
    _, cancelled = (town.post("/booking-requests", **town.wish(patient)) for patient in ("p1", "p2"))
    assert town.api.delete(f"/booking-requests/{cancelled['id']}").is_success
    page.goto("/app/requests")
    names = page.get_by_role("table").get_by_role("rowheader")
    expect(names).to_have_count(2)
    page.get_by_role("link", name="cancelled 1").click()
    expect(page).to_have_url(re.compile("status=cancelled"))
    expect(names).to_have_count(1)
    expect(names).to_contain_text("João Reis")
    page.reload()
    expect(names).to_have_count(1)
    page.get_by_label("Priority").select_option("urgent")
    expect(page.get_by_text("No request is like that")).to_be_visible()
    page.get_by_role("link", name="Show all requests").first.click()
    expect(names).to_have_count(2)


def test_a_new_request_appears_in_the_list_by_itself(town: Town, page: Page):
    page.goto("/app/requests")
    expect(page.get_by_text("No booking request yet")).to_be_visible()
    town.post("/booking-requests", **town.wish())
    expect(page.get_by_role("rowheader", name="Maria Silva")).to_be_visible()
