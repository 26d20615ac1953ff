"""Commands as a user runs them: the installed program, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(sys.executable).with_name("slotwise")


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Slotwise = Callable[..., Ended]


@pytest.fixture
def slotwise(tmp_path: Path) -> Slotwise:
    """Runs `slotwise` in an empty folder, with no services of its own in the environment unless `env` has them."""

    def run(*args: object, stdin: str = "", env: dict[str, str] | None = None) -> Ended:
        bare = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        done = subprocess.run(
            [PROGRAM, *map(str, args)],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=bare | (env or {}),
            timeout=120,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run
