"""Whether the services answer."""

import os
from dataclasses import dataclass

import httpx
import redis
from kombu.exceptions import OperationalError

from models.redis_urls import for_redis_py

_PATIENCE = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Service:
    """Something that should answer, whether it does, and where it is."""

    name: str
    answers: bool
    where: str


def services(api: str | None) -> list[Service]:
    """The services besides the database, as the environment names them; `api` None: it is not known where one runs."""
    found = []
    if queue := os.environ.get("REDIS_URL"):
        found.append(Service("queue", _queue_answers(queue), queue.rpartition("@")[2]))
        found.append(Service("workers", found[0].answers and workers_answer(_PATIENCE), "through the queue"))
    if api:
        found.append(Service("API", ready(api), api))
    return found


def ready(api: str) -> bool:
    """Whether the API answers and has all it needs."""
    try:
        return httpx.get(f"{api}/readyz", timeout=_PATIENCE, trust_env=False).is_success
    except httpx.TransportError:
        return False


def workers_answer(seconds: float) -> bool:
    """Whether a worker answers within some seconds; returns with the first answer."""
    from workers.app import app  # noqa: PLC0415  # reads its settings from the environment when it is imported

    try:
        return bool(app.control.ping(timeout=seconds, limit=1))
    except OperationalError:
        return False


def _queue_answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(for_redis_py(url), socket_timeout=_PATIENCE, retry=None) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
