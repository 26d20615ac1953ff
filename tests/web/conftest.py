"""Browsers of people who are not the admin of the tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.web.people import Person


@pytest.fixture
def stranger(api: httpx.Client) -> Iterator[Callable[..., Person]]:
    """Opens browsers in which nobody has signed in."""
    with ExitStack() as opened:
        yield lambda **headers: Person(
            opened.enter_context(httpx.Client(base_url=api.base_url, headers=headers, timeout=30))
        )
