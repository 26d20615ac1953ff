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

from models.access.scopes import Scope
from models.access.tokens import make_token

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
        ours = {"DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "SLOTWISE_TOKEN"}
        bare = {name: value for name, value in os.environ.items() if name not in ours}
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


@pytest.fixture
def token(api, session) -> str:
    """An access token for everything, of the test's API."""
    with session() as open_session:
        return make_token(open_session, "tests", set(Scope))[1]


@pytest.fixture
def with_token(token: str) -> dict[str, str]:
    """What hands the token to a command."""
    return {"SLOTWISE_TOKEN": token}


HOURS = "".join(f"north,{day},08:00,18:00\n" for day in ("monday", "tuesday", "wednesday", "thursday", "friday"))
NETWORK = {
    "hospitals.csv": "external_id,name,timezone\nnorth,Hospital North,Europe/Lisbon\n",
    "hours.csv": f"hospital,weekday,opens,closes\n{HOURS}",
    "users.csv": "external_id,name,role,specialties\nD-1,Dr Ana Silva,doctor,cardiology\nS-1,Rui Costa,staff,\n",
    "patients.csv": "external_id,name\nP-1,João Santos\nP-2,Marta Reis\n",
    "availabilities.csv": "doctor,hospital,start,end\nD-1,north,2027-01-11T09:00:00Z,2027-01-11T12:00:00Z\n",
    "appointments.csv": "patient,doctor,hospital,start\nP-1,D-1,north,2027-01-11T10:00:00Z\n",
    "requests.csv": "patient,doctors,earliest,latest\nP-2,D-1,2027-01-11T09:00:00Z,2027-01-11T12:00:00Z\n",
}


@pytest.fixture
def network() -> dict[str, str]:
    """A small network as files of an import: their contents by name."""
    return NETWORK


@pytest.fixture
def folder(tmp_path: Path, network: dict[str, str]) -> Path:
    """The folder that commands run in, with the small network's files in it."""
    for name, content in network.items():
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.fixture(scope="session")
def program() -> Path:
    """The installed program, for tests that do not wait for its end."""
    return PROGRAM
