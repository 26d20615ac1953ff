"""The workers' application with a planner that dies of one request, as a fault in native code would end it."""

import os
import signal

from workers import solving
from workers.app import app

__all__ = ["app"]

make_plan = solving.make_plan


def deadly(problem, *arguments, **options):
    if os.environ["POISON"] in {each.id for each in problem.requests}:
        os.kill(os.getpid(), signal.SIGKILL)
    return make_plan(problem, *arguments, **options)


solving.make_plan = deadly
