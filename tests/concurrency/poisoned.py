"""The workers' application with a planner that dies of one request, as a fault in native code would end it."""

import os
import signal

from workers import planning, rescheduling
from workers.app import app

__all__ = ["app"]

make_plan = planning.make_plan


def deadly(problem, *arguments, **options):
    if os.environ["POISON"] in {each.id for each in problem.requests}:
        os.kill(os.getpid(), signal.SIGKILL)
    return make_plan(problem, *arguments, **options)


planning.make_plan = rescheduling.make_plan = deadly
