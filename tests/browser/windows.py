"""Browser windows as people have them: on a phone, a tablet or a desk, and watched for whatever goes wrong in them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from api.access.gate import COOKIE
from tests.signed_in import SECRET

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desk": (1440, 900)}
"""Width and height in CSS pixels."""

ELSEWHERE = "America/Los_Angeles"
"""The clock of the browser: no hospital's, so that a time told by it is seen to be wrong."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_HARMLESS = re.compile(
    r"Failed to load resource: the server responded with a status of [45]\d\d"  # see _on_response
    r"|htmx:(afterRequest|sendAbort), "  # a search that the next letter has replaced; what fails has a name of its own
)


@dataclass
class Windows:
    """Opens windows on one server, each with cookies of its own, as if it were another person's."""

    browser: Browser
    address: str
    folder: Path
    faults: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(
        self,
        path: str = "",
        *,
        size: str = "desk",
        dark: bool = False,
        scripts: bool = True,
        zone: str = ELSEWHERE,
        signed_in: bool = True,
    ) -> Page:
        """A new window, on a path of the server where one is given; of the admin of the tests, or of nobody yet."""
        width, height = SIZES[size]
        context = self.browser.new_context(
            base_url=self.address,
            viewport={"width": width, "height": height},
            has_touch=size == "phone",
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",  # nothing to wait for
            locale="en-GB",
            timezone_id=zone,
        )
        if signed_in:
            context.add_cookies(
                [
                    {
                        "name": COOKIE,
                        "value": SECRET,
                        "url": self.address.replace("http:", "https:"),
                        "secure": True,
                        "httpOnly": True,
                    }
                ]
            )
        context.set_default_timeout(30_000)
        context.tracing.start(snapshots=True)
        self.contexts.append(context)
        self._watch(context)
        page = context.new_page()
        if path:
            page.goto(path)
        return page

    def expect_refusals(self, *statuses: int) -> None:
        """Let these answers pass: the test is about them. All others above 399 are faults."""
        self.expected.update(statuses)

    def close(self) -> None:
        """Close every window, which ends its connections to the server."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Fail where a window met a fault, and keep pictures and traces of any failure."""
        try:
            yield
            self.judge()
        except BaseException as error:
            self._keep(error)
            raise

    def judge(self) -> None:
        """Fail where a window has met a fault so far."""
        for context in self.contexts:
            for page in context.pages:
                page.locator(":root").wait_for(state="attached")  # what it told before, it has told by now
        assert not self.faults, "\n".join(["The browser met faults:", *self.faults])

    def _watch(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.faults.append(f"an uncaught error: {error.error}"))
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failed)
        context.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _HARMLESS.match(message.text):
            self.faults.append(f"{message.type} in the console: {message.text}")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https"} and address.hostname not in _LOOPBACK:
            self.faults.append(f"{address.hostname} was asked")

    def _on_failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # as by leaving the page
            self.faults.append(f"{request.method} {request.url} failed: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status > 399 and response.status not in self.expected:
            self.faults.append(f"{response.request.method} {response.url} was answered with {response.status}")

    def _keep(self, error: BaseException) -> None:
        for number, context in enumerate(self.contexts):
            for page in context.pages:
                page.screenshot(path=self.folder / f"window-{number}.png")
            context.tracing.stop(path=self.folder / f"trace-{number}.zip")
        error.add_note(f"Pictures and traces of the windows are in {self.folder}")
