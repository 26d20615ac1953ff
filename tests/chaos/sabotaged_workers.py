"""The workers' application with one guard switched off: SABOTAGE names it."""

import os

from tests.chaos.sabotage import SABOTAGES
from workers.app import app

__all__ = ["app"]

SABOTAGES[os.environ["SABOTAGE"]].workers()
