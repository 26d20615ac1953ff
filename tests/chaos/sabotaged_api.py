"""The API with one guard switched off: SABOTAGE names it."""

import os

from tests.chaos.sabotage import SABOTAGES

SABOTAGES[os.environ["SABOTAGE"]].api()

from api.app import app  # noqa: E402  # what is switched off is so before it is put together

__all__ = ["app"]
