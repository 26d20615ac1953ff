"""Beat, which says in a file that it goes on (`HEARTBEAT_FILE`): it answers to nobody, so whoever wants to know whether
it lives looks when the file was touched.
"""

from typing import Any

from celery.beat import Scheduler

from models.settings import settings


class Beating(Scheduler):  # type: ignore[misc]  # Celery ships no types
    """Everything on the schedule may be done twice, so it remembers nothing on disk."""

    def tick(self, *arguments: Any, **named: Any) -> Any:  # Any: as Celery calls it
        """Send what is due, and say so. Returns for how many seconds nothing more is."""
        seconds = super().tick(*arguments, **named)
        if file := settings().heartbeat_file:
            file.touch()
        return seconds
