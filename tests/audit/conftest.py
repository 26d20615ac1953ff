"""The server of these tests is their own process, and so is what it remembers of whom it has shown whom."""

import pytest

from models.audit import readings


@pytest.fixture(autouse=True)
def nobody_remembers() -> None:
    """Nobody was shown anybody before: other tests' patients and this admin's are forgotten."""
    readings._shown.clear()
