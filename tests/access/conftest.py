"""The network that tests of access speak of."""

from collections.abc import Iterator

import httpx
import pytest

from tests.access.network import Network


@pytest.fixture
def network(api: httpx.Client) -> Iterator[Network]:
    """Hospitals alba and beira, those who work there, and callers of every kind."""
    built = Network(api)
    yield built
    built.close()
