"""Redis or Valkey: what it is, whether it forgets, and who may get at it."""

import ipaddress
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import redis

from api.broker import find_trouble
from cli.doctor.checked import Checked, clock, fail, ok, unknown, warn
from models.redis_urls import for_redis_py

_PATIENCE = 2.0  # seconds
_OLDEST = 7
Info = dict[str, Any]  # Any: Redis tells of many types


def check_redis(url: str) -> Iterator[Checked]:
    """Everything about the Redis at an address."""
    where = url.rpartition("@")[2]
    try:
        with _client(url) as client:
            info: Info = client.info()
            yield ok("Redis", f"answers at {where}")
            yield check_version(info)
            yield check_role(info)
            yield check_messages(url)
            yield check_persistence(info)
            yield check_eviction(info)
            yield check_memory(info)
            before = time.time()
            seconds, micros = client.time()
            yield clock("Redis's clock", "Redis's clock", seconds + micros / 1e6 - (before + time.time()) / 2)
    except redis.RedisError as error:
        remedy = "Start it, or mend REDIS_URL or the way to it. Until then nobody is told to plan; nothing is lost."
        yield fail("Redis", f"no answer from {where}: {' '.join(str(error).split())}", remedy)
        return
    yield check_way(url)


def check_version(info: Info) -> Checked:
    """Whether it is new enough."""
    name, found = ("Valkey", info["valkey_version"]) if "valkey_version" in info else ("Redis", info["redis_version"])
    if int(str(found).partition(".")[0]) < _OLDEST:
        return fail("Redis version", f"{name} {found}", f"Upgrade to Redis {_OLDEST} or Valkey {_OLDEST}, or newer.")
    return ok("Redis version", f"{name} {found}")


def check_role(info: Info) -> Checked:
    """Whether it takes writes."""
    if info.get("role") != "master":
        return fail("Redis role", "it is a replica, which takes no messages", "Let REDIS_URL name the primary.")
    return ok("Redis role", "primary")


def check_messages(url: str) -> Checked:
    """Whether it takes messages at this moment."""
    trouble = find_trouble(url, patience=_PATIENCE)
    if trouble:
        remedy = f"{trouble.remedy} Until then nobody is told to plan; nothing is lost."
        return fail("Redis messages", trouble.says, remedy)
    return ok("Redis messages", "it takes them")


def check_persistence(info: Info) -> Checked:
    """Whether messages outlive a restart."""
    if not info["aof_enabled"]:
        remedy = "CONFIG SET appendonly yes, and set it in its file: a restart then costs not even seconds."
        return warn("Redis persistence", "appendonly is off: a restart loses the messages, until beat rings", remedy)
    bad = [name for name in ("aof_last_write_status", "aof_last_bgrewrite_status") if info.get(name, "ok") != "ok"]
    if bad:
        remedy = "Look for room on its disk and at its log: it refuses writes until it can write its file."
        return fail("Redis persistence", f"{', '.join(bad)} is not ok", remedy)
    return ok("Redis persistence", "every message is appended to its file")


def check_eviction(info: Info) -> Checked:
    """Whether it may throw messages away."""
    policy = info["maxmemory_policy"]
    if policy != "noeviction":
        remedy = "CONFIG SET maxmemory-policy noeviction, and set it in its file: a queue may refuse, but not forget."
        return fail("Redis eviction", f"maxmemory-policy is {policy}", remedy)
    return ok("Redis eviction", "noeviction")


def check_memory(info: Info) -> Checked:
    """Whether it is about to be full."""
    used, most = int(info["used_memory"]), int(info["maxmemory"])
    if not most:
        return ok("Redis memory", f"{used / 1e6:.1f} MB, with no bound of its own")
    says = f"{used / 1e6:.1f} of {most / 1e6:.1f} MB"
    remedy = "Raise maxmemory, or find out what else is kept there (MEMORY DOCTOR); full, it refuses messages."
    if used > 0.95 * most:
        return fail("Redis memory", says, remedy)
    return warn("Redis memory", says, remedy) if used > 0.8 * most else ok("Redis memory", says)


def check_way(url: str) -> Checked:
    """Whether others can get at it, or listen."""
    if for_redis_py(url).startswith("unix://"):
        return ok("way to Redis", "a Unix socket of this machine")
    parts = urlsplit(url)
    if _lets_anyone_in(url):
        remedy = "Set requirepass (or ACLs) there and the password in REDIS_URL."
        return (warn if _is_here(parts.hostname) else fail)("way to Redis", "it lets in whoever reaches it", remedy)
    if parts.scheme != "rediss" and not _is_here(parts.hostname):
        remedy = "Unless the network between is yours alone, encrypt it: rediss:// in REDIS_URL."
        return unknown("way to Redis", "a password, but no encryption", remedy)
    return ok("way to Redis", "a password" + (" and encryption" if parts.scheme == "rediss" else ", on this machine"))


def _lets_anyone_in(url: str) -> bool:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    bare = parts._replace(netloc=f"{host}:{parts.port or 6379}").geturl()
    try:
        with _client(bare) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _is_here(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _client(url: str) -> "redis.Redis":
    patience = {"socket_timeout": _PATIENCE, "socket_connect_timeout": _PATIENCE}
    return redis.Redis.from_url(for_redis_py(url), retry=None, **patience)
