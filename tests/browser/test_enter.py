"""Enter means what the field it is pressed in is for."""

from playwright.sync_api import Page, expect

from tests.api.town import Town, at


def test_enter_queues_a_request_and_in_the_search_it_searches(town: Town, page: Page):
    page.goto("/app/requests/new")
    search = page.get_by_label("Search for a patient")
    search.fill("silva")
    search.press("Enter")
    page.get_by_role("radio", name="Maria Silva").check()
    page.get_by_label("Begins at the earliest").fill(at("09:00")[:16])
    page.get_by_label("Ends at the latest").fill(at("12:00")[:16])
    page.get_by_label("Ends at the latest").press("Enter")
    expect(page.get_by_role("heading", name="Maria Silva")).to_be_visible()
    assert len(town.get("/booking-requests")["items"]) == 1


def test_a_search_that_is_asked_for_twice_at_once_lets_the_patient_be_chosen(town: Town, page: Page):
    page.goto("/app/requests/new")
    page.get_by_label("Search for a patient").evaluate("""field => {
        field.value = "silva";
        field.dispatchEvent(new Event("input", { bubbles: true }));
        setTimeout(() => field.nextElementSibling.click(), 250);  // just when the search begins by itself
    }""")
    page.get_by_role("radio", name="Maria Silva").check()
    expect(page.get_by_role("radio", name="Maria Silva")).to_be_checked()
