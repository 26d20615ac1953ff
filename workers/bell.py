"""The bell: a message that says "look again" and carries nothing, so that it may be lost, doubled or late."""

import structlog
from kombu.exceptions import OperationalError

from models.seeing.counts import BELLS_NOT_RUNG
from workers.app import app

PLAN_QUEUED = "slotwise.plan_queued"
"""The task that looks at all that is queued. `api.bell` says the same name, and `workers.tasks` has it done."""

PLAN_RESCHEDULE = "slotwise.plan_reschedule"
"""The task that looks at the reschedules alone; only workers ring for it."""

DELIVER = "slotwise.deliver"
"""The task that tells what happened to whom it concerns."""

VALIDATE = "slotwise.validate"
"""The task that makes the next validation report. `api.bell` says the same name."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def ring(task: str = PLAN_QUEUED) -> None:
    """Tell some worker to look again. Call it after the commit.

    Where the broker cannot be reached this only says so: beat rings again for whatever is left queued.
    """
    try:
        app.send_task(task)
    except OperationalError as error:
        BELLS_NOT_RUNG.inc()
        log.warning("the bell did not ring; beat will ring it again", task=task, error=str(error))
