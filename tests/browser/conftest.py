"""The pages as people meet them: a real Chromium, the real server, a real database of the test's own."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from models.session import make_engine
from tests.browser.chromium import executable
from tests.browser.windows import SIZES, Windows
from tests.concurrency.conftest import Crew
from tests.serving import Served

# When to give up, not how fast a page is: with ten times as much to do as it has cores, a machine booked in 11 s.
expect.set_options(timeout=30_000)

_SILENT = (
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of the process; it reaches nothing but this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=[*_SILENT])
        yield browser
        browser.close()


@pytest.fixture
def windows(browser: Browser, served: Served, api: Any, tmp_path: Path) -> Iterator[Windows]:
    """Opens windows; whatever goes wrong in one fails the test."""
    windows = Windows(browser, served.address, tmp_path)
    yield windows
    windows.close()


@pytest.fixture
def page(windows: Windows) -> Page:
    """A window on a desk."""
    return windows.open()


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    """Each of the three widths."""
    return request.param


@pytest.fixture
def crew(service_environment: dict[str, str], database_url: str, tmp_path: Path) -> Iterator[Crew]:
    """Starts real workers on the test's database and queue."""
    engine = make_engine(database_url)
    crew = Crew(service_environment, engine, tmp_path)
    yield crew
    crew.end()
    engine.dispose()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Judge the windows while they are open, as a part of the test."""
    windows = pyfuncitem.funcargs.get("windows")
    if windows is None:
        return (yield)
    with windows.watched():
        return (yield)
