"""Whether the services answer."""

import os
import ssl
from dataclasses import dataclass

import httpx
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from api.broker import find_trouble
from models.seeing.broker import Trouble

_PATIENCE = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Service:
    """Something that should answer, whether it does, and where it is. `trouble`: why the queue takes no messages."""

    name: str
    answers: bool
    where: str
    trouble: Trouble | None = None


def services(api: str | None) -> list[Service]:
    """The services besides the database, as the environment names them; `api` None: it is not known where one runs."""
    found = []
    if queue := os.environ.get("REDIS_URL"):
        trouble = find_trouble(queue, patience=_PATIENCE)
        found.append(Service("queue", trouble is None, queue.rpartition("@")[2], trouble))
        found.append(Service("workers", found[0].answers and workers_answer(_PATIENCE), "through the queue"))
    if api:
        found.append(Service("API", ready(api), api))
    return found


def ready(api: str, trust: ssl.SSLContext | bool = True) -> bool:
    """Whether the API answers and has all it needs. `trust`: whose certificates are taken, as httpx takes it."""
    try:
        return httpx.get(f"{api}/readyz", timeout=_PATIENCE, trust_env=False, verify=trust).is_success
    except httpx.TransportError:
        return False


def workers_answer(seconds: float) -> bool:
    """Whether a worker answers within some seconds; returns with the first answer."""
    from workers.app import app  # noqa: PLC0415  # reads its settings from the environment when it is imported

    try:
        return bool(app.control.ping(timeout=seconds, limit=1))
    except (OperationalError, RedisError):
        return False
