"""The tests' own means: windows that tell of every fault, and axe that finds what it should."""

import pytest
from playwright.sync_api import Page

from tests.browser.accessibility import assert_accessible
from tests.browser.windows import Windows
from tests.workers.waiting import until


@pytest.mark.parametrize(
    ("mischief", "told"),
    [
        ("setTimeout(() => { throw new Error('nobody catches this') })", "an uncaught error: nobody catches this"),
        ("console.error('this is wrong')", "error in the console: this is wrong"),
        ("document.body.insertAdjacentHTML('beforeend', '<img src=\"/nowhere\">')", "/nowhere was answered with 404"),
        ("document.body.setAttribute('onclick', 'inline()'); document.body.click()", "Content Security Policy"),
        ("location.assign('http://example.org/')", "example.org was asked"),
    ],
)
def test_whatever_goes_wrong_on_a_page_fails_the_test(windows: Windows, page: Page, mischief: str, told: str):
    page.goto("/docs")
    page.evaluate(mischief)
    with pytest.raises(AssertionError, match=told):
        until(windows.judge, what="a fault")
    windows.faults.clear()


def test_a_page_that_not_everybody_can_use_fails_the_test(page: Page):
    page.goto("/docs")
    page.evaluate("document.body.innerHTML = '<input>'")
    with pytest.raises(AssertionError, match="label: Form elements must have labels"):
        assert_accessible(page)
