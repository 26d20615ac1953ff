"""Whether everybody can use a page: axe-core's rules for WCAG 2.2 AA, run in the browser itself."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_axe = Axe()


def assert_accessible(page: Page, within: str | None = None) -> None:
    """Fail with every violation on the page, or in the part that a selector names, and the elements at fault."""
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = _axe.run(page, context=within, options=options).response["violations"]
    told = [line for violation in found for line in _told(violation)]
    assert not told, "\n".join([f"{page.url} is not accessible:", *told])


def _told(violation: dict[str, Any]) -> list[str]:
    elements = [f"    {node['target']}: {node['html'][:200]} {_reasons(node)}" for node in violation["nodes"]]
    return [f"  {violation['id']}: {violation['help']} ({violation['helpUrl'].split('?')[0]})", *elements]


def _reasons(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for kind in ("any", "all", "none") for check in node[kind])


def assert_fits(page: Page) -> None:
    """Fail where a page is wider than its window, so that one would have to scroll sideways to read it."""
    wide, window = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= window, f"{page.url} is {wide} pixels wide in a window of {window}; too wide: {_too_wide(page)}"


def _too_wide(page: Page) -> list[str]:
    """The innermost elements that stand out to the right, as their opening tags."""
    return page.evaluate("""() => {
        const out = (element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
        return [...document.body.querySelectorAll("*")]
            .filter((element) => out(element) && ![...element.children].some(out))
            .slice(0, 5).map((element) => element.cloneNode().outerHTML.slice(0, 150));
    }""")
