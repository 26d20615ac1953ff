"""`python -m bench.first_page`: how soon a day of 60 doctors can be worked with in a browser.

The grid against the list of the same day, which is plain HTML that needs no script: both by a new visitor whose browser
has kept nothing, from the address to an appointment that can be clicked.
"""

import datetime as dt
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import httpx
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

from bench.machine import machine
from bench.page_pictures import running
from bench.visitors import admin_of, sign_in
from cli.instances import own_token_of
from tests.browser.chromium import executable

DOCTORS = 60
REPEATS = 7
APPOINTMENT = ".ec-event .hour, .list .booked button"
ZONE = ZoneInfo("Europe/Lisbon")
DAY = dt.datetime.now(ZONE).date() + dt.timedelta(days=7)
HOURS = (*range(8, 12), *range(13, 17))
"""Whole hours of each doctor; the sixth and the last stay free."""


def main() -> None:
    """Fill a new database, load the page again and again, and print seconds and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # the services' account passes through
        with running(Path(folder)) as address, sync_playwright() as playwright:
            booked = _fill(address, own_token_of(Path(folder)) or "")
            browser = playwright.chromium.launch(executable_path=executable())
            secret = admin_of(Path(folder))
            times = {form: sorted(_loads(browser, f"{address}{_path(form)}", secret)) for form in ("list", "grid")}
            browser.close()
    _print(times, booked)


def _path(form: str) -> str:
    return f"/app/schedule?hospital=bench&date={DAY}&as={form}"


def _loads(browser: Browser, address: str, secret: str) -> Iterator[float]:
    """Seconds of each visit until an appointment can be clicked; a first, not counted, warms the server."""
    for visit in range(1 + REPEATS):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        sign_in(context, address, secret)
        page = context.new_page()
        began = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.locator(APPOINTMENT).first.click(trial=True)
        seconds = time.perf_counter() - began
        context.close()
        if visit:
            yield seconds


def _fill(address: str, token: str) -> int:
    """Sixty doctors who are all there on one day, most of their hours booked. Returns how many appointments."""
    week = {f"{DAY:%A}".lower(): [{"opens": "08:00", "closes": "12:00"}, {"opens": "13:00", "closes": "17:00"}]}
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as api, ThreadPoolExecutor(8) as threads:
        hospital = {"external_id": "bench", "name": "Bench", "timezone": ZONE.key, "operating_hours": week}
        api.post("/hospitals", json=hospital).raise_for_status()
        return sum(threads.map(lambda number: _fill_column(api, number), range(DOCTORS)))


def _fill_column(api: httpx.Client, number: int) -> int:
    doctor, booked = f"d{number}", [hour for place, hour in enumerate(HOURS) if place not in (5, 7)]
    user = {"name": f"Dr Number {number:02}", "role": "doctor", "specialties": ["cardiology"]}
    api.put(f"/users/{doctor}", json=user).raise_for_status()
    for first, last in ((8, 12), (13, 17)):
        period = {"doctor": doctor, "hospital": "bench", "start": _at(first), "end": _at(last)}
        api.post("/availabilities", json=period).raise_for_status()
    for hour in booked:
        patient = f"p{number}-{hour}"
        api.put(f"/patients/{patient}", json={"name": f"Patient {number} {hour}"}).raise_for_status()
        wanted = {"patient": patient, "doctor": doctor, "hospital": "bench", "start": _at(hour)}
        api.post("/appointments", json=wanted).raise_for_status()
    return len(booked)


def _at(hour: int) -> str:
    return dt.datetime.combine(DAY, dt.time(hour), ZONE).isoformat()


def _print(times: dict[str, list[float]], booked: int) -> None:
    table = Table(title=f"{DOCTORS} doctors, {booked} appointments on one day; seconds until one can be clicked")
    for heading in ("page", "least", "median", "most", "median / list"):
        table.add_column(heading, justify="left" if heading == "page" else "right")
    for form, seconds in times.items():
        ratio = median(seconds) / median(times["list"])
        table.add_row(form, *(f"{each:.2f}" for each in (seconds[0], median(seconds), seconds[-1], ratio)))
    console = Console()
    console.print(table)
    on = machine()
    console.print(f"{on.cores} cores, {on.processor}")


if __name__ == "__main__":
    main()
