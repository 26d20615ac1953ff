"""What pages say while something does not answer, and that they go on by themselves when it is back."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from models.session import engine
from models.settings import settings
from tests.api.town import MONDAY, Town
from tests.browser.grid import open_grid, span
from tests.browser.windows import Windows
from tests.workers.waiting import until

ANA = "Dr Ana Sousa"


@contextmanager
def database_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the server ask for a database where there is none."""
    whole = engine()
    with monkeypatch.context() as away:
        away.setenv("DATABASE_URL", "postgresql+psycopg://nobody@/nothing?host=/nowhere")
        settings.cache_clear()
        engine.cache_clear()
        yield
    settings.cache_clear()
    engine.cache_clear()
    engine()  # one, before many ask at once: a second would be lost with its connections open
    until(lambda: not whole.pool.checkedout(), what="the last to use the old connections")
    whole.dispose()


def test_a_page_without_a_database_says_so_and_can_be_tried_again(
    town: Town, windows: Windows, page: Page, monkeypatch: pytest.MonkeyPatch
):
    windows.expect_refusals(503)
    with database_away(monkeypatch):
        page.goto(f"/app/schedule?hospital=central&date={MONDAY}&as=list")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Not available just now")
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", name=ANA)).to_be_visible()


def test_a_booking_without_a_database_is_refused_in_words_and_nothing_is_lost(
    town: Town, windows: Windows, page: Page, monkeypatch: pytest.MonkeyPatch
):
    windows.expect_refusals(503)
    grid = open_grid(page)
    grid.click(ANA, "10:00")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Patient").press_sequentially("maria")
    expect(dialog.get_by_role("radio", name="Maria Silva")).to_be_visible()
    with database_away(monkeypatch):
        dialog.get_by_role("button", name="Book this hour").click()
        expect(dialog.get_by_role("alert")).to_be_visible()
    assert town.get("/appointments")["items"] == []
    page.keyboard.press("Escape")
    expect(grid.availability(ANA)).to_have_text(f"Available {span('09:00', '13:00')}")


def test_a_page_that_has_lost_the_server_says_so_and_catches_up(town: Town, windows: Windows, page: Page):
    grid = open_grid(page)
    expect(grid.availability(ANA)).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name=ANA).first.click()
    expect(page.get_by_text("The server did not answer, so it may have done this or not.")).to_be_visible()
    town.book("p2", "d1", "11:00")
    page.context.set_offline(False)
    expect(grid.appointment("João Reis")).to_be_visible()
    windows.faults.clear()  # the requests that failed


def test_while_the_database_is_away_the_overview_says_that_its_numbers_are_old_and_goes_on_asking(
    town: Town, windows: Windows, page: Page, monkeypatch: pytest.MonkeyPatch
):
    windows.expect_refusals(503)
    page.clock.install()
    page.goto("/app/overview?hospital=central")
    old = page.get_by_text("These numbers are not current")
    expect(old).to_be_hidden()
    with database_away(monkeypatch):
        page.clock.fast_forward(11_000)
        expect(old).to_be_visible()
        expect(page.get_by_role("heading", name="Waiting")).to_be_visible()
    page.clock.fast_forward(11_000)
    expect(old).to_be_hidden()
