"""A worker that does not hear the bell any more ends, so that whatever keeps it running starts it anew.

When its connections are cut at an unlucky moment (Redis restarted, its password changed), kombu may forget to listen on
the new ones: the worker lives, answers nobody and takes nothing, for good. It is known by idling while messages wait.
"""

import logging
import os
import threading
from typing import Any

import redis
import structlog
from celery.signals import worker_ready
from celery.worker import state

from models.redis_urls import for_redis_py
from models.settings import settings

DEAF_AFTER = 30.0
"""Seconds for which a worker idles while messages wait, until it is taken for deaf."""

DEAF = 75
"""The exit code of one that is: "try again later", as sysexits.h has it."""

_LOOKS = 3
"""How often it is looked at in that time."""

_PATIENCE = 2.0
"""Seconds for Redis to answer."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@worker_ready.connect  # type: ignore[untyped-decorator]  # Celery ships no types
def watch_hearing(sender: Any, **_: Any) -> None:  # Any: Celery's consumer
    """Watch this worker from a thread of its own for as long as it lives."""
    queues = tuple(sender.app.amqp.queues.consume_from)
    threading.Thread(target=_watch, args=(queues,), name="hearing", daemon=True).start()


def _watch(queues: tuple[str, ...]) -> None:
    idled, heard = 0, -1
    while idled < _LOOKS:
        threading.Event().wait(DEAF_AFTER / _LOOKS)
        before, heard = heard, sum(state.total_count.values())
        idle = heard == before and not state.active_requests
        idled = idled + 1 if idle and _anything_waits(queues) else 0
    log.error("the worker does not hear the bell any more; it ends, to be started anew", idle_seconds=DEAF_AFTER)
    logging.shutdown()
    os._exit(DEAF)  # it holds nothing, and to end in order would be to say so to the broker


def _anything_waits(queues: tuple[str, ...]) -> bool:
    """Whether messages wait. Where Redis does not say so, nobody could hear."""
    try:
        with redis.Redis.from_url(
            for_redis_py(settings().redis_url),
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=None,
        ) as client:
            return any(client.llen(queue) for queue in queues)
    except redis.RedisError:
        return False
