"""Whether Redis takes messages."""

import redis

from models.redis_urls import for_redis_py
from models.seeing.broker import Trouble

_KEY = "slotwise:probe"
_KEPT_FOR = 10
"""Seconds."""

_KINDS: tuple[tuple[type[Exception], Trouble], ...] = (
    (redis.AuthenticationError, Trouble.LOCKED),
    (redis.exceptions.AuthenticationWrongNumberOfArgsError, Trouble.LOCKED),
    (redis.OutOfMemoryError, Trouble.FULL),
    (redis.ReadOnlyError, Trouble.READ_ONLY),
)


def find_trouble(url: str, *, patience: float) -> Trouble | None:
    """What keeps the Redis at an address from taking messages; None: nothing. It is asked to keep something for a
    moment, since what takes no messages any more still answers PING. `patience`: seconds to connect, and to answer.
    """
    client = redis.Redis.from_url(
        for_redis_py(url), socket_timeout=patience, socket_connect_timeout=patience, retry=None
    )
    try:
        with client:
            client.set(_KEY, "", ex=_KEPT_FOR)
    except redis.RedisError as error:
        return trouble_of(error)
    return None


def trouble_of(error: Exception) -> Trouble:
    """What an error of redis-py says about Redis."""
    for kind, trouble in _KINDS:
        if isinstance(error, kind):
            return trouble
    if not isinstance(error, redis.ResponseError):
        return Trouble.AWAY
    # It is told apart by its first word only.
    return Trouble.CANNOT_SAVE if str(error).startswith("MISCONF") else Trouble.REFUSING
