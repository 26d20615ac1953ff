"""The workers' application with a planner that takes as long as it is told to, as a hard problem would."""

import os
import time

from workers import solving
from workers.app import app

__all__ = ["app"]

make_plan = solving.make_plan


def slow(*arguments, **options):
    time.sleep(float(os.environ["PLAN_SLOWLY"]))
    return make_plan(*arguments, **options)


solving.make_plan = slow
