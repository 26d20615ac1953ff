"""What the tests of privacy share."""

import datetime as dt

from tests.cli.conftest import slotwise

__all__ = ["slotwise"]

NOW = dt.datetime.now(dt.UTC)
