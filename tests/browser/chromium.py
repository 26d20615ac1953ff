"""The browser of the tests and of the pictures: a Chromium that is there, or one that `make` installs.

`python -m tests.browser.chromium` sees to it that there is one; where there is, it changes nothing.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PACKAGES = ("chromium", "fonts-liberation")  # with fonts that have the widths of Arial and Helvetica

_ADVICE = """\
The browser tests need Chromium, and it could not be installed. Install it yourself and run this again:
  Debian:         sudo apt-get install chromium fonts-liberation
  other systems:  sudo .venv/bin/playwright install-deps chromium, then .venv/bin/playwright install chromium
Google Chrome does as well."""


def main() -> None:
    """Install a browser where there is none. Ends with exit status 1 and a sentence where none can be had."""
    if _on_path() or _of_playwright():
        return
    sys.stdout.write("Installing Chromium for the browser tests ...\n")
    sys.stdout.flush()
    if not (_install_by_apt() or _install_by_playwright()):
        sys.exit(_ADVICE)


@cache
def executable() -> str:
    """The path of the browser. Raises FileNotFoundError where there is none."""
    found = _on_path() or _of_playwright()
    if not found:
        raise FileNotFoundError(_ADVICE)
    return found


def _on_path() -> str | None:
    found = (shutil.which(name) for name in _NAMES)
    return next((path for path in found if path and _runs(path)), None)


def _of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # slow to load, and most machines need it not

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if _runs(path) else None


def _runs(path: str) -> bool:
    """Whether it is a browser that finds its libraries, not a note saying where to get one (as Ubuntu's package is)."""
    return Path(path).exists() and _succeeds(path, "--version")


def _install_by_apt() -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    install = ("apt-get", "install", "--yes", "--no-install-recommends", *_PACKAGES)
    return _succeeds("apt-get", "update") and _succeeds(*install) and bool(_on_path())


def _install_by_playwright() -> bool:
    libraries = ("--with-deps",) if os.geteuid() == 0 else ()
    install = (sys.executable, "-m", "playwright", "install", *libraries, "chromium")
    return _succeeds(*install) and bool(_of_playwright())


def _succeeds(*command: str) -> bool:
    """Whether a command succeeds. What it writes names hosts and helps nobody."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return not subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    ).returncode


if __name__ == "__main__":
    main()
