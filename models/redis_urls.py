"""One address of Redis in the two spellings that its users need.

redis-py writes a Unix socket as `unix:///path?db=1`, Celery as `redis+socket:///path?virtual_host=1`. TCP addresses
(`redis://`, `rediss://`) are the same for both.
"""


def for_redis_py(url: str) -> str:
    """The address as redis-py's `from_url` takes it."""
    return _respell(url, "redis+socket://", "unix://", "virtual_host=", "db=")


def for_celery(url: str) -> str:
    """The address as Celery takes it for its broker and its result backend."""
    return _respell(url, "unix://", "redis+socket://", "db=", "virtual_host=")


def _respell(url: str, old: str, new: str, old_database: str, new_database: str) -> str:
    if not url.startswith(old):
        return url
    path, mark, query = url.removeprefix(old).partition("?")
    options = [
        new_database + option.removeprefix(old_database) if option.startswith(old_database) else option
        for option in query.split("&")
    ]
    return new + path + mark + "&".join(options)
