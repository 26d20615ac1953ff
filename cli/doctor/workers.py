"""The workers and beat, asked by the queue (`workers.about`)."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from cli.doctor.checked import Checked, clock, fail, ok, unknown, warn
from models.seeing.alarms import SILENCE, lasting
from models.seeing.asking import ABOUT

_PATIENCE = 1.5
"""Seconds for workers to answer."""

_QUEUES = {"celery": "plans what is queued", "deliveries": "tells patients and other systems"}


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker has said of itself. `skew`: how many seconds its clock is ahead of ours; `silent`: for how many
    beat has not rung for it. None: it cannot say, or takes no sweeps.
    """

    name: str
    version: str | None
    schema: str | None
    skew: float
    queues: tuple[str, ...]
    processes: int
    silent: float | None


def ask(seconds: float) -> list[dict[str, Any]]:  # Any: JSON
    """What all workers say of themselves within some seconds, as Celery gives it."""
    from workers.app import app  # noqa: PLC0415  # reads its settings from the environment when it is imported

    try:
        replies: list[dict[str, Any]] = app.control.broadcast(ABOUT, reply=True, timeout=seconds)
    except (OperationalError, RedisError):
        return []  # Redis went away meanwhile, or takes no messages
    return replies


def ask_workers() -> list[Worker]:
    """Every worker that answers."""
    before = time.time()
    replies = ask(_PATIENCE)
    after = time.time()
    return sorted(
        (_worker(name, reply, before, after) for each in replies for name, reply in each.items()),
        key=lambda worker: worker.name,
    )


def _worker(name: str, reply: Mapping[str, Any], before: float, after: float) -> Worker:  # Any: JSON
    now = reply.get("now", before)
    # It was read some time between: no skew can be told from the time that answers are waited for.
    skew = now - after if now > after else min(now - before, 0.0)
    known = reply.get("version")
    queues = tuple(reply.get("queues", ()))
    return Worker(name, known, reply.get("schema"), skew, queues, reply.get("processes", 0), reply.get("silent"))


def check_workers(workers: list[Worker], schema: str | None, *, tells: bool) -> Iterator[Checked]:
    """Whether every queue has workers, of this version, with the right time. `tells`: messages are to be told."""
    if not workers:
        remedy = "Start some (`slotwise up`, or the containers `worker` and `teller`), or read in their logs why not."
        yield fail("workers", "none answers: nothing is planned and nobody is told", remedy)
        return
    total = sum(worker.processes for worker in workers)
    yield ok("workers", f"{len(workers)} with {total} processes: {', '.join(worker.name for worker in workers)}")
    able = [worker for worker in workers if worker.version]
    for queue, does in _QUEUES.items():
        if able and not any(queue in worker.queues for worker in able):
            needed = queue == "celery" or tells
            says = f"no worker takes from the queue `{queue}`, which {does}"
            yield (fail if needed else warn)("queues", says, f"Start one with --queues {queue} (or without --queues).")
    ours = version("slotwise")
    others = [worker.name for worker in workers if (worker.version, worker.schema) != (ours, schema)]
    if others:
        remedy = "While upgrading that is as it should be; afterwards, stop them and start them with this version."
        yield warn("worker versions", f"of another version than this: {', '.join(others)}", remedy)
    else:
        yield ok("worker versions", f"all {ours}, schema {schema}")
    for worker in able:
        if worker.skew:
            yield clock("worker clocks", f"the clock of {worker.name}", worker.skew)


def check_beat(workers: list[Worker], every: float) -> Checked:
    """Whether beat rings: for as long as a worker plans, it hears of no sweep."""
    silent = min((worker.silent for worker in workers if worker.silent is not None), default=None)
    if silent is None:
        return unknown("beat", "no worker can tell whether it rings", "Mend the workers, then look again.")
    if silent > max(SILENCE, 3 * every):
        return fail(
            "beat",
            f"it has not rung for {lasting(silent)}",
            "Start beat (`slotwise up`, or the container `beat`); without it lost messages and lost leases stay lost. "
            "Where it runs, all workers are busy for long: add some.",
        )
    return ok("beat", f"it rang {lasting(silent)} ago")
