"""Whether Redis and the workers answer."""

import redis
from kombu.exceptions import OperationalError

from api.bell import producer
from api.broker import find_trouble
from models.redis_urls import for_celery
from models.seeing.alarms import Away
from models.seeing.asking import ABOUT, silence
from models.seeing.broker import Trouble

_PATIENCE = 1.0  # seconds


def who_is_away(broker_url: str) -> Away:
    """Ask the workers by Redis, and wait a second for what they say."""
    app = producer(for_celery(broker_url))
    try:
        replies = app.control.broadcast(ABOUT, reply=True, timeout=_PATIENCE)
        return Away(broker=True, workers=bool(replies), silent=silence(replies))
    except (OperationalError, redis.RedisError, OSError):
        return Away(broker=False, trouble=find_trouble(broker_url, patience=_PATIENCE) or Trouble.AWAY)
    finally:
        app.close()
