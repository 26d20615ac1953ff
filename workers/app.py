"""The Celery application: `celery -A workers.app worker` plans what is queued, `celery -A workers.app beat` rings.

The database holds the work and the messages only ring, so the broker is asked for nothing but speed: messages are
acknowledged when a task begins (a lost one costs seconds, until beat rings again; one that is unacknowledged when the
broker goes down would end the worker), results are not kept, and waiting for the broker is bounded.
"""

from datetime import timedelta
from typing import Any

import structlog
from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, setup_logging
from kombu.entity import Queue
from kombu.exceptions import OperationalError

from models.logs import configure_logs
from models.redis_urls import for_celery
from models.settings import settings

QUEUES = ("celery", "deliveries")
"""What workers take tasks of: what others wait for is never held up by telling somebody whose server is slow."""

AT_START = ("slotwise.sweep", "slotwise.extend_openings", "slotwise.forget")
"""What beat has done as soon as it starts, since nobody remembers whether it was done today."""


def configuration() -> dict[str, Any]:  # Any: Celery's settings are of many types
    """What Celery is told, read from our settings when it first asks."""
    chosen = settings()
    return {
        "broker_url": for_celery(chosen.redis_url),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # a worker outlasts its broker
        "broker_transport_options": {
            # A message that was taken and not begun (its worker died) is given to another after this many seconds.
            # Until then beat has rung anyway; it only has to be longer than a task waits for a free process.
            "visibility_timeout": 20 * chosen.lease,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
            "socket_keepalive": True,
        },
        # Without a key of their own, both would get whatever is sent to either.
        "task_queues": [
            Queue(name, routing_key=name)  # type: ignore[no-untyped-call]  # kombu ships no types
            for name in QUEUES
        ],
        "task_routes": {"slotwise.deliver": {"queue": "deliveries"}},
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "task_acks_late": False,
        "task_publish_retry_policy": {
            "max_retries": 2,
            "interval_start": 0.1,
            "interval_step": 0.2,
            "interval_max": 0.5,
        },
        # The planner keeps its own limit; one that hangs is killed, and its lease runs out.
        "task_time_limit": 10 * chosen.lease,
        "task_annotations": {
            "slotwise.plan_reschedule": {"time_limit": 10 * (chosen.lease + chosen.reschedule_time_limit)},
            # The first night after an upgrade may find years of it.
            "slotwise.forget": {"time_limit": 4 * 3600},
            # A report is made for as long as it takes; who is killed has its work gone on with.
            "slotwise.validate": {"time_limit": 4 * 3600},
        },
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "enable_utc": True,
        "timezone": "UTC",
        "beat_scheduler": "workers.beating:Beating",
        "beat_schedule": {
            "sweep": _entry("slotwise.sweep", timedelta(seconds=chosen.sweep_every), expires=chosen.sweep_every),
            "deliver": _entry("slotwise.deliver", timedelta(seconds=chosen.sweep_every), expires=chosen.sweep_every),
            "seal_audit": _entry(
                "slotwise.seal_audit", timedelta(seconds=chosen.sweep_every), expires=chosen.sweep_every
            ),
            "extend_openings": _entry("slotwise.extend_openings", crontab(hour="2", minute="10"), expires=3600),
            "forget": _entry("slotwise.forget", crontab(hour="2", minute="40"), expires=3600),
        },
    }


def _entry(task: str, schedule: timedelta | crontab, *, expires: float) -> dict[str, Any]:  # Any: as above
    """One line of the schedule. What no worker took within `expires` seconds is not worth doing any more."""
    return {"task": task, "schedule": schedule, "options": {"expires": expires}}


log: structlog.stdlib.BoundLogger = structlog.get_logger()

app = Celery(
    "slotwise",
    include=["workers.tasks", "workers.about", "workers.hearing"],
    task_cls="workers.draining:DrainedTask",
)
app.add_defaults(configuration)


@setup_logging.connect  # type: ignore[untyped-decorator]  # Celery ships no types
def _configure_logs(loglevel: int, **_: Any) -> None:  # Any: Celery's signals pass what they like
    configure_logs(as_json=settings().log_json, level=loglevel)


@beat_init.connect  # type: ignore[untyped-decorator]
def _catch_up(sender: Any, **_: Any) -> None:  # Any: Celery's beat service
    for name in AT_START:
        try:
            sender.app.send_task(name)
        except OperationalError as error:
            log.warning("could not be sent at the start; it will be when it is due", task=name, error=str(error))
