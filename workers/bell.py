"""The bell: a message that says "look again" and carries nothing, so that it may be lost, doubled or late."""

import structlog
from kombu.exceptions import OperationalError

from workers.app import app

PLAN_QUEUED = "slotwise.plan_queued"
"""The task that a ring asks for. `api.bell` says the same name, and `workers.tasks` has it done."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def ring() -> None:
    """Tell some worker to look at the queue. Call it after the commit.

    Where the broker cannot be reached this only says so: beat rings again for whatever is left queued.
    """
    try:
        app.send_task(PLAN_QUEUED)
    except OperationalError as error:
        log.warning("the bell did not ring; beat will ring it again", error=str(error))
