"""What a worker says of itself when it is asked (`slotwise status`, `slotwise doctor`): its version, its clock, and for
how long beat has not rung.
"""

import time
from importlib.metadata import version
from typing import Any

from celery.signals import task_received
from celery.worker.control import inspect_command

from models.migrate import newest
from models.seeing.asking import ABOUT, compared
from models.settings import settings

_SWEEP = "slotwise.sweep"

_heard = {"last": time.monotonic()}
"""When beat was heard last, of this worker's own clock; at first, when the worker was started."""


@task_received.connect  # type: ignore[untyped-decorator]  # Celery ships no types
def _hear(request: Any, **_: Any) -> None:  # Any: Celery's request, and whatever else its signals pass
    if request.name == _SWEEP:
        _heard["last"] = time.monotonic()


@inspect_command(name=ABOUT)  # type: ignore[untyped-decorator]
def about(state: Any) -> dict[str, Any]:  # Any: Celery's own state; JSON
    """`now`: seconds since 1970 by its clock. `compared`: the settings that alarms compare with. `silent`: seconds
    since it was last rung for by beat, or started; None where it takes no sweeps.
    """
    queues = sorted(queue.name for queue in state.consumer.task_consumer.queues)
    return {
        "version": version("slotwise"),
        "schema": newest(),
        "now": time.time(),
        "queues": queues,
        "processes": state.consumer.pool.num_processes,
        "compared": compared(settings()),
        "silent": time.monotonic() - _heard["last"] if "celery" in queues else None,
    }
