"""Who acts in a worker, as the audit tells of it: the task and its process, and what they are at."""

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import structlog
from celery.signals import task_prerun

from models.access import acting
from models.access.acting import EVERYTHING, Actor, ActorKind
from models.seeing import traces


def process_name() -> str:
    """What this process is called where it holds or does something."""
    return f"{socket.gethostname()}:{os.getpid()}"


@task_prerun.connect  # type: ignore[untyped-decorator]  # Celery ships no types
def _act(sender: Any, **_: Any) -> None:  # Any: Celery's task, and whatever else its signals pass
    name = sender.name.removeprefix("slotwise.")
    acting.act(Actor(ActorKind.WORKER, f"{name} at {process_name()}"), EVERYTHING)


@contextmanager
def at_work_on(**job: uuid.UUID) -> Iterator[None]:
    """Let log lines, the audit and a trace name the job that is worked on, in the block: `run=…`, `reschedule=…`,
    `report=…`.
    """
    [(kind, id_)] = job.items()
    who = acting.actor()
    with (
        structlog.contextvars.bound_contextvars(**{kind: str(id_)}),
        acting.acting(replace(who, request_id=str(id_)) if who else None, acting.reach()),
        traces.trace(kind, id_.hex, {f"slotwise.{kind}": str(id_)}),
    ):
        yield
