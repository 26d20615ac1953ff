"""Telling other processes (`slotwise status` in another terminal) where the running instance's services are."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cli.embedded.folder import is_locked

_FILE = "running.json"


@dataclass(frozen=True)
class Running:
    """A running instance: its process and the addresses of its services."""

    pid: int
    database_url: str
    redis_url: str
    broker_url: str


def find_running(folder: Path) -> Running | None:
    """The instance that runs on a data folder, or None. What a crashed one left behind counts as none.

    Raises
    ------
    PermissionError
        when the instance belongs to another account.
    """
    try:
        text = (folder / _FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return Running(**json.loads(text)) if is_locked(folder) else None


@contextmanager
def announced(folder: Path, running: Running) -> Iterator[None]:
    """Let `find_running` find this instance for as long as the block lasts."""
    write_private(folder / _FILE, json.dumps(asdict(running)))
    yield
    (folder / _FILE).unlink(missing_ok=True)


def write_private(file: Path, text: str) -> None:
    """Write a file that only we can read, so that a reader sees the old text or the new one and never half of it."""
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    partial.replace(file)
