"""What the pages look like with the demo's data, as docs/pictures/*.png."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.visitors import admin_of, sign_in
from tests.browser.chromium import executable

HOSPITAL, ZONE = "mount-gambier", "Australia/Adelaide"
COLOURS = 128
"""How many a picture keeps: enough for a page, in a third of the bytes that all would take."""

Json = dict[str, Any]
"""An answer of the API."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: what is done until the page shows it, in a window of `size` CSS pixels."""

    name: str
    go: Callable[[Page], None]
    size: tuple[int, int] = (1440, 900)
    dark: bool = False


def draw(data: Path, folder: Path) -> None:
    """Take all pictures from an instance that works with the demo's data."""
    folder.mkdir(exist_ok=True)
    with running(data) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable())
        secret = admin_of(data)
        for shot in SHOTS:
            save(taken(browser, address, secret, shot), folder / f"{shot.name}.png")
        browser.close()


@contextmanager
def running(data: Path, *options: str) -> Iterator[str]:
    """The address of an instance that works with the data of a folder; `options` are those of `slotwise up`."""
    command = [str(Path(sys.executable).with_name("slotwise")), "up", "--data", str(data), "--json", *options]
    as_much_as_it_can = os.environ | {"RATE_LIMIT_PER_MINUTE": "0"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=as_much_as_it_can) as process:
        assert process.stdout
        try:
            lines = iter(process.stdout.readline, "}\n")
            yield json.loads("".join(lines) + "}")["api"]
        finally:
            process.terminate()


def taken(browser: Browser, address: str, secret: str, shot: Shot) -> bytes:
    """The picture as PNG, in all its colours."""
    width, height = shot.size
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.dark else "light",
        timezone_id=ZONE,
        locale="en-GB",
        reduced_motion="reduce",
    )
    sign_in(context, address, secret)
    page = context.new_page()
    shot.go(page)
    page.mouse.move(0, 0)
    picture = page.screenshot()
    context.close()
    return picture


def save(picture: bytes, path: Path) -> None:
    """Write a picture with a palette of its own."""
    with Image.open(BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def read(page: Page, path: str, **params: str) -> Json:
    """Ask the API, as a page of ours that is open does."""
    answer: Json = page.evaluate(
        "address => fetch(address).then(answer => answer.json())", f"{path}?{urlencode(params)}"
    )
    return answer


def busy_day(page: Page) -> str:
    """The hospital's first day with hours."""
    page.goto(f"/app/schedule?hospital={HOSPITAL}")
    page.get_by_role("link", name="Next day with hours").click()
    return page.get_by_label("Date").input_value()


def schedule(page: Page, **state: str) -> None:
    """The schedule of the day, drawn."""
    state = {"hospital": HOSPITAL, "date": busy_day(page)} | state
    page.goto(f"/app/schedule?{urlencode(state)}")
    shown = page.locator(".ec-body .ec-event.appointment, .list li.booked")
    expect(shown.first).to_be_visible()


def refused(page: Page) -> None:
    """A booking that is refused, for the patient has another appointment at that time."""
    schedule(page)
    day = read(page, "/schedule", hospital=HOSPITAL, date=page.get_by_label("Date").input_value())
    free = {hour["start"]: column["id"] for column in day["doctors"] for hour in column["free_hours"]}
    start, patient = next(
        (each["start"], each["patient"]["name"])
        for column in day["doctors"]
        for each in column["appointments"]
        if each["start"] in free
    )
    asked = urlencode({"doctor": free[start], "hospital": HOSPITAL, "start": start})
    page.evaluate(f"htmx.ajax('GET', '/app/dialogs/book?{asked}', {{target: '#dialog'}})")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Patient").press_sequentially(patient)
    dialog.get_by_role("radio", name=patient).first.check()
    dialog.get_by_role("button", name="Book this hour").click()
    expect(dialog.get_by_role("alert")).to_be_visible()


def requests(page: Page) -> None:
    """The list of requests."""
    page.goto("/app/requests")
    expect(page.get_by_role("table")).to_be_visible()


def conflict(page: Page) -> None:
    """A request in conflict for which several other hours could be had."""
    page.goto("/app/requests?status=conflict&kind=hours_taken")
    page.get_by_role("row").filter(has_text="3 alternatives").first.get_by_role("link").click()
    expect(page.get_by_role("img", name="The hours that were asked for")).to_be_visible()


def overview(page: Page) -> None:
    """How full two weeks are."""
    page.goto(f"/app/overview?{urlencode({'hospital': HOSPITAL, 'from': busy_day(page), 'weeks': 2})}")
    expect(page.get_by_role("table").first).to_be_visible()


def reschedule(page: Page) -> None:
    """What is proposed for the busiest doctor's day, which is lost."""
    date = busy_day(page)
    day = read(page, "/schedule", hospital=HOSPITAL, date=date)
    busiest = max(day["doctors"], key=lambda column: len(column["appointments"]))
    lost = urlencode({"doctor": busiest["id"], "hospital": HOSPITAL, "date": date})
    page.goto(f"/app/reschedules/new?{lost}")
    page.get_by_text("What may be done").click()
    page.get_by_role("checkbox", name="Another doctor").check()
    page.get_by_role("button", name="Plan it").click()
    expect(page.get_by_role("button", name="Apply…")).to_be_visible(timeout=60_000)


def ahead(page: Page, what: str) -> None:
    """What the demo's validation found out about the days ahead."""
    page.goto(f"/app/validation/{what}?hospital={HOSPITAL}")
    expect(page.get_by_role("table").first).to_be_visible()


SHOTS = (
    Shot("schedule", schedule),
    Shot("week", lambda page: schedule(page, view="week", specialty="cardiology")),
    Shot("refused", refused),
    Shot("requests", requests),
    Shot("conflict", conflict),
    Shot("overview", overview),
    Shot("phone", lambda page: schedule(page, **{"as": "list"}), (390, 800)),
    Shot("dark", schedule, dark=True),
    Shot("reschedule", reschedule),
    Shot("fragility", lambda page: ahead(page, "fragility")),
    Shot("hour-values", lambda page: ahead(page, "hours")),
)
