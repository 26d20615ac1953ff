"""The queue, emptied, muddled, refused and replaced. A message says "look again" and carries nothing."""

import json
import shutil
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random

import psutil
import redis
from celery import Celery

from tests.chaos.faults.fault import fault
from tests.chaos.stage import Stage

_RUNG_AGAIN = "beat rings for what waits, whatever became of the messages"
_NO_STATE = "a message carries nothing: whoever hears it looks what there is to do now"

QUEUES = ("celery", "deliveries")
_COPIES = 20
_THIEVES = 24
"""Valkey gives a message to who has waited the longest: against three consumers, these get nearly all of them."""


@fault(_RUNG_AGAIN, "sweep", lasts=(2, 5))
def flush_valkey(stage: Stage, random: Random, over: threading.Event) -> str:
    """Valkey's memory is flushed, again and again, and whoever listens is cut off."""
    times = 0
    while not over.wait(0.005):
        with suppress(redis.RedisError), stage.valkey() as client:
            if times % 40 == 0:  # or who listens would have each message before it is gone
                client.client_kill_filter(_type="normal", skipme=True)
            client.flushall()
            times += 1
    return f"{times} times"


@fault(_RUNG_AGAIN, "sweep", lasts=(0, 5))
def replace_valkey(stage: Stage, random: Random, over: threading.Event) -> str:
    """Valkey is killed and its data deleted: an empty one takes its place, and again."""
    replaced = 0
    while not (replaced and over.wait(0.1)):
        process = stage.process("valkey")
        with suppress(psutil.Error):
            process.suspend()  # it writes nothing more
            data = stage.folder / "valkey"
            for each in data.iterdir():
                shutil.rmtree(each, ignore_errors=True) if each.is_dir() else each.unlink(missing_ok=True)
            process.send_signal(signal.SIGKILL)
        replaced += 1
    return f"{replaced} times"


@fault(_RUNG_AGAIN, "sweep", lasts=(2, 6))
def fill_valkey(stage: Stage, random: Random, over: threading.Event) -> None:
    """Valkey has no memory left and refuses every write."""
    while not over.wait(0.1):
        _set(stage, "1")
    deadline = time.monotonic() + 30
    while not _set(stage, "0") and time.monotonic() < deadline:
        time.sleep(0.1)


@fault(_RUNG_AGAIN, "sweep", lasts=(2, 6))
def drop_messages(stage: Stage, random: Random, over: threading.Event) -> str:
    """Nearly all messages are lost."""
    with _thieves(stage, _THIEVES, _keep) as stolen:
        over.wait()
    return f"{len(stolen)} messages"


@fault(_NO_STATE, "messages", lasts=(2, 6))
def delay_messages(stage: Stage, random: Random, over: threading.Event) -> str:
    """Nearly all messages come seconds later, the last ones first."""
    with _thieves(stage, _THIEVES, _keep) as stolen:
        over.wait()
    with stage.valkey() as client:
        while stolen:
            with suppress(redis.RedisError):
                client.rpush(*stolen[-1])
                stolen.pop()
    return "all given back"


@fault(_NO_STATE, "messages", lasts=(2, 4))
def duplicate_messages(stage: Stage, random: Random, over: threading.Event) -> str:
    """Messages come twenty times each."""
    seen: set[str] = set()

    def copy(client: redis.Redis, queue: str, message: bytes) -> None:
        id_ = json.loads(message)["headers"]["id"]
        times = 1 if id_ in seen else _COPIES
        seen.add(id_)
        client.lpush(queue, *[message] * times)
        time.sleep(0.02)

    with _thieves(stage, 4, copy) as stolen:
        over.wait()
    return f"{len(seen)} messages, {len(stolen)} times"


@fault("every task may be done at any time, and twice", "nights")
def begin_the_night(stage: Stage, random: Random, over: threading.Event) -> None:
    """What is done at night (validate, forget, project openings, seal) begins in the middle of the day."""
    with Celery(broker=stage.services.broker_url) as app, app.connection_for_write() as connection:
        for task in ("forget", "extend_openings", "seal_audit", "validate", "sweep", "deliver", "plan_reschedule"):
            with suppress(app.connection_for_write().connection_errors):
                app.send_task(f"slotwise.{task}", connection=connection)


def _keep(client: redis.Redis, queue: str, message: bytes) -> None:
    """Do nothing with a message."""


def _set(stage: Stage, maxmemory: str) -> bool:
    with suppress(redis.RedisError), stage.valkey() as client:
        return bool(client.config_set("maxmemory", maxmemory))
    return False


@contextmanager
def _thieves(
    stage: Stage, number: int, then: Callable[[redis.Redis, str, bytes], None]
) -> Iterator[deque[tuple[str, bytes]]]:
    """Take messages away from the workers, for as long as the block lasts, and do something with each."""
    stolen: deque[tuple[str, bytes]] = deque()
    enough = threading.Event()

    def steal() -> None:
        with stage.valkey() as client:
            while not enough.is_set():
                try:
                    taken = client.brpop(list(QUEUES), timeout=1)
                    if taken:
                        queue, message = taken[0].decode(), taken[1]
                        stolen.append((queue, message))
                        then(client, queue, message)
                except redis.RedisError:
                    enough.wait(0.1)

    threads = [threading.Thread(target=steal, daemon=True) for _ in range(number)]
    for each in threads:
        each.start()
    try:
        yield stolen
    finally:
        enough.set()
        for each in threads:
            each.join()
