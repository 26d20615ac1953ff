"""Names as people have them, and as faulty systems send them: no page breaks, and none runs what they say."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.api.town import MONDAY, Town, at, hospital
from tests.browser.accessibility import assert_fits
from tests.browser.windows import SIZES

LONG = "Longname" * 25
NAMES = [LONG, "<script>document.title = 'run'</script>", "محمد بن عبد الله", "👩🏽‍⚕️ Emoji"]
DAY = f"hospital=odd&date={MONDAY}"

PAGES = {
    "grid": f"/app/schedule?{DAY}&as=grid",
    "list": f"/app/schedule?{DAY}&as=list",
    "nobody": "/app/schedule?hospital=odd&as=grid",
    "requests": "/app/requests",
    "new request": "/app/requests/new",
    "overview": f"/app/overview?hospital=odd&from={MONDAY}&weeks=2",
    "calendars": "/app/calendars",
    "day sheet": f"/app/day-sheet?{DAY}",
}


@pytest.fixture
def odd(town: Town) -> Town:
    """A hospital, doctors and patients of odd names, each of whom is seen at ten."""
    town.post("/hospitals", **hospital("odd") | {"name": LONG})
    for number, name in enumerate(NAMES):
        doctor, patient = f"odd-d{number}", f"odd-p{number}"
        town.put(f"/users/{doctor}", name=name, role="doctor", specialties=["a" * 60])
        town.put(f"/patients/{patient}", name=name)
        town.post("/availabilities", doctor=doctor, hospital="odd", start=at("09:00"), end=at("12:00"))
        town.post("/appointments", patient=patient, doctor=doctor, hospital="odd", start=at("10:00"))
        town.post("/booking-requests", **town.wish(patient, doctors=[doctor], hospitals=["odd"]))
    return town


@pytest.mark.parametrize("name", PAGES)
def test_a_page_holds_names_of_any_length_and_script(odd: Town, page: Page, name: str):
    page.goto(PAGES[name])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert_fits(page)
    assert page.title() != "run"


def test_a_dialog_holds_names_of_any_length(odd: Town, page: Page):
    page.goto(f"/app/schedule?{DAY}&as=list&doctor={quote('odd-d0')}")
    page.get_by_role("button", name=LONG, exact=True).press("Enter")
    dialog = page.get_by_role("dialog")
    for title, leads_on in ((LONG, "Move…"), (f"Move {LONG}", "Back"), (LONG, "Cancel…"), ("Cancel this", "Keep it")):
        expect(dialog.get_by_role("heading", name=title)).to_be_visible()
        expect(dialog.get_by_role("button", name=leads_on)).to_be_visible()
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            assert dialog.evaluate("element => element.scrollWidth <= element.clientWidth")
        dialog.get_by_role("button", name=leads_on).press("Enter")
