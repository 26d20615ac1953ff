"""What a click and a drag on the grid are for: adding availabilities, booking, and being told why not."""

from playwright.sync_api import Locator, Page, expect

from tests.api.town import Town, at
from tests.browser.grid import open_grid, span
from tests.browser.windows import Windows
from tests.workers.waiting import until

ANA, RUI = "Dr Ana Sousa", "Dr Rui Costa"


def choose(dialog: Locator, typed: str, patient: str) -> None:
    """Find a patient by typing, and choose them."""
    dialog.get_by_label("Patient").press_sequentially(typed)
    dialog.get_by_role("radio", name=patient).check()


def starts(town: Town, **params: str) -> list[str]:
    return [each["start"] for each in town.get("/appointments", **params)["items"]]


def test_clicking_an_empty_hour_offers_an_availability_and_adds_it(town: Town, page: Page):
    grid = open_grid(page)
    grid.click(ANA, "15:00")
    dialog = page.get_by_role("dialog", name="Add an availability")
    expect(dialog).to_contain_text(f"{ANA} sees patients at Central")
    expect(dialog.get_by_label("From")).to_have_value(at("15:00")[:16])
    expect(dialog.get_by_label("To")).to_have_value(at("16:00")[:16])
    dialog.get_by_role("button", name="Add").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name=f"Available {span('15:00', '16:00')}, {ANA}")).to_be_visible()
    last = town.get("/availabilities", doctor="d1")["items"][-1]
    assert (last["start"], last["end"], last["hospital"]["external_id"]) == (at("15:00"), at("16:00"), "central")


def test_dragging_over_empty_hours_offers_a_longer_availability(town: Town, page: Page):
    grid = open_grid(page)
    grid.drag(RUI, "14:00", "16:00")
    dialog = page.get_by_role("dialog", name="Add an availability")
    expect(dialog.get_by_label("From")).to_have_value(at("14:00")[:16])
    expect(dialog.get_by_label("To")).to_have_value(at("17:00")[:16])
    dialog.get_by_label("To").fill(at("17:30")[:16])
    dialog.get_by_role("button", name="Add").click()
    expect(page.get_by_role("button", name=f"Available {span('14:00', '17:30')}, {RUI}")).to_be_visible()


def test_an_availability_that_cannot_be_is_refused_at_its_field(town: Town, windows: Windows, page: Page):
    windows.expect_refusals(409, 422)
    grid = open_grid(page)
    grid.click(ANA, "17:00")
    dialog = page.get_by_role("dialog", name="Add an availability")
    dialog.get_by_label("To").fill(at("20:00")[:16])
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog).to_contain_text("18:00")
    expect(dialog.get_by_label("To")).to_have_value(at("20:00")[:16])
    assert len(town.get("/availabilities", doctor="d1")["items"]) == 1


def test_an_availability_is_changed_and_withdrawn(town: Town, page: Page):
    grid = open_grid(page)
    grid.availability(RUI).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("To").fill(at("12:00")[:16])
    dialog.get_by_role("button", name="Change", exact=True).click()
    expect(grid.availability(RUI)).to_have_text(f"Available {span('09:00', '12:00')}")
    grid.availability(RUI).click()
    dialog.get_by_role("button", name="Withdraw…").click()
    dialog.get_by_role("button", name="Withdraw it").click()
    expect(grid.availability(RUI)).to_have_count(0)
    assert town.get("/availabilities", doctor="d2")["items"] == []


def test_an_availability_under_an_appointment_is_not_withdrawn_and_names_it(town: Town, page: Page):
    town.book("p1", "d1", "10:00")
    grid = open_grid(page)
    grid.availability(ANA).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Withdraw…").click()
    expect(dialog).to_contain_text("One appointment stands in it")
    expect(dialog.get_by_role("button", name="Maria Silva")).to_be_visible()


def test_clicking_a_free_hour_books_it_for_a_patient(town: Town, page: Page):
    grid = open_grid(page)
    grid.click(ANA, "11:00")
    dialog = page.get_by_role("dialog", name="Book an appointment")
    expect(dialog).to_contain_text(ANA)
    expect(dialog).to_contain_text("11:00")
    choose(dialog, "reis", "João Reis")
    dialog.get_by_role("button", name="Book this hour").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("status").filter(has_text="Booked: João Reis")).to_be_visible()
    expect(grid.appointment("João Reis")).to_be_visible()
    assert starts(town, patient="p2") == [at("11:00")]


def test_a_patient_who_is_not_in_the_directory_cannot_be_booked_and_the_dialog_says_so(town: Town, page: Page):
    grid = open_grid(page)
    grid.click(ANA, "11:00")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Patient").press_sequentially("nobody at all")
    expect(dialog).to_contain_text("Nobody is called that")
    page.keyboard.press("Escape")  # empties the field
    expect(dialog).not_to_contain_text("Nobody is called that")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_refusal_says_why_and_an_alternative_is_one_click_away(town: Town, windows: Windows, page: Page):
    windows.expect_refusals(409)
    town.book("p1", "d2", "10:00")
    grid = open_grid(page)
    grid.click(ANA, "10:00")
    dialog = page.get_by_role("dialog")
    choose(dialog, "maria", "Maria Silva")
    dialog.get_by_role("button", name="Book this hour").click()
    expect(dialog.get_by_role("heading", name="Nothing was booked")).to_be_visible()
    expect(dialog.get_by_role("alert")).to_contain_text("Maria Silva has another appointment")
    dialog.get_by_role("button", name="Take").first.click()
    expect(dialog).to_be_hidden()
    expect(grid.appointment("Maria Silva")).to_have_count(2)
    assert len(set(starts(town, patient="p1"))) == 2


def test_two_people_who_book_one_hour_get_one_booking_and_one_clear_sentence(town: Town, windows: Windows):
    windows.expect_refusals(409)
    chosen = []
    for typed, patient in (("maria", "Maria Silva"), ("reis", "João Reis")):
        page = windows.open()
        open_grid(page).click(ANA, "12:00")
        choose(page.get_by_role("dialog"), typed, patient)
        chosen.append(page.get_by_role("dialog").get_by_role("button", name="Book this hour"))
    for button in chosen:
        button.evaluate("button => setTimeout(() => button.click())")  # the second before the first is answered
    refusals = [button.page.get_by_role("dialog").get_by_role("alert") for button in chosen]
    until(lambda: any(refusal.is_visible() for refusal in refusals), what="one of them to be refused")
    (told,) = [refusal.inner_text() for refusal in refusals if refusal.is_visible()]
    assert told.startswith(f"{ANA} has another appointment on")
    assert len(starts(town)) == 1


def test_what_others_change_appears_without_a_reload(town: Town, windows: Windows):
    mine, theirs = (open_grid(windows.open()) for _ in range(2))
    expect(mine.availability(ANA)).to_be_visible()
    theirs.click(ANA, "11:00")
    dialog = theirs.page.get_by_role("dialog")
    choose(dialog, "reis", "João Reis")
    dialog.get_by_role("button", name="Book this hour").click()
    expect(dialog).to_be_hidden()  # it is booked
    expect(mine.appointment("João Reis")).to_be_visible()
    theirs.appointment("João Reis").click()
    dialog.get_by_role("button", name="Cancel…").click()
    dialog.get_by_role("button", name="Cancel the appointment").click()
    expect(dialog).to_be_hidden()
    expect(mine.appointment("João Reis")).to_have_count(0)
