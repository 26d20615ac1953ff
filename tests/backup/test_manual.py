"""docs/operations.md, *Backup and restore*: a PostgreSQL of one's own, by its commands, word for word."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from cli.embedded.account import service_account
from cli.embedded.binaries import POSTGRESQL, find_program
from cli.embedded.folder import temporary_data_folder
from models.booking import BookingRequest, RequestStatus
from models.operations import OutboxMessage
from models.outbox import RESTORED
from models.session import make_engine
from tests.workers.network import Network

ROOT = Path(__file__).resolve().parents[2]
MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SECTION = re.search(r"^## Backup and restore\n(.*?)^## ", MANUAL, re.MULTILINE | re.DOTALL)[1]
PARTS = dict(re.findall(r"^### (.*?)\n(.*?)(?=^### |\Z)", SECTION, re.MULTILINE | re.DOTALL))


def commands(part: str) -> list[str]:
    """The blocks of shell commands of a part, as they stand there."""
    found = re.findall(r"^( *)```sh\n(.*?)^ *```$", PARTS[part], re.MULTILINE | re.DOTALL)
    return ["\n".join(line.removeprefix(indent) for line in block.splitlines()) for indent, block in found]


class Server:
    """A PostgreSQL that nobody but the manual's reader looks after."""

    def __init__(self, folder: Path) -> None:
        self.account = service_account()
        self._programs = find_program(POSTGRESQL, self.account, folder / "programs").parent
        self.files, self.backups = folder / "server" / "data", folder / "backups"
        for each in (self.files.parent, self.backups):
            each.mkdir(mode=0o700)
            self.account.own(each)
        self.environment = {
            "PATH": f"{self._programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "PGDATA": str(self.files),
            "BACKUPS": str(self.backups),
            "PGHOST": str(self.files.parent),
            "PGUSER": "postgres",
            "PGDATABASE": "postgres",
            "OWNER_DATABASE_URL": f"postgresql+psycopg://postgres@/slotwise?host={self.files.parent}",
            "DATABASE_URL": f"postgresql+psycopg://slotwise_app:theirs@/slotwise?host={self.files.parent}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.run("initdb --auth trust --username postgres --locale-provider=builtin --locale=C.UTF-8 --encoding=UTF8")
        with (self.files / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{self.files.parent}'\nfsync = off\n")
        self.run('pg_ctl start --wait --log "$BACKUPS/server.log"; createdb slotwise')
        self.run("slotwise migrate")

    def run(self, script: str, **environment: str) -> str:
        """Run shell commands to their good end: `slotwise` as ourselves, all others as the account of the server."""
        who = {} if script.startswith("slotwise") else self.account.popen
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env=self.environment | environment,
            cwd=self.backups,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **who,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        return done.stdout

    def stop(self) -> None:
        self.run("pg_ctl stop --mode immediate || true")


@pytest.fixture
def server() -> Iterator[Server]:
    with temporary_data_folder() as folder:
        server = Server(folder)
        yield server
        server.stop()


def test_the_manual_restores_a_server_to_a_time(server: Server):
    for block in commands("A PostgreSQL of your own, once") + commands("Every day"):
        server.run(block)
    [base] = (server.backups / "base").iterdir()

    engine = make_engine(server.environment["OWNER_DATABASE_URL"])
    network = Network(engine, datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1))
    doctor = network.doctor()
    kept = network.request([doctor])
    while f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}" <= base.name:  # the manual tells backups apart by the second
        time.sleep(0.05)
    moment = datetime.now(UTC).isoformat()
    undone = network.request([doctor])
    network.write(OutboxMessage.__table__.delete())  # the accident
    last = network.request([doctor])
    engine.dispose()

    for block in commands("Restoring to a time"):
        server.run(block, TIME=moment)
    assert str(undone) in (server.backups / "undone.json").read_text(encoding="utf-8")
    assert [row.id for row in network.all(BookingRequest)] == [kept]
    assert network.get(BookingRequest, kept).status is RequestStatus.QUEUED
    assert RESTORED in {row.topic for row in network.all(OutboxMessage)}
    assert last not in {row.id for row in network.all(BookingRequest)}
    engine.dispose()


def test_the_manual_touches_nothing_without_a_backup_from_before(server: Server):
    for block in commands("A PostgreSQL of your own, once") + commands("Every day"):
        server.run(block)
    before = datetime.now(UTC) - timedelta(days=1)
    _, stopped, files, *_ = commands("Restoring to a time")
    server.run(stopped)
    with pytest.raises(AssertionError, match=r"no base backup in .* is from before"):
        server.run(files, TIME=before.isoformat())
    server.run('pg_ctl start --wait --log "$BACKUPS/server.log"')
    assert server.run("psql -Atc 'SELECT 1'") == "1\n"


def test_docker_compose_archives_as_the_manual_says():
    [once] = commands("A PostgreSQL of your own, once")
    server = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["postgresql"]
    [command] = [each for each in server["command"] if each.startswith("-carchive_command=")]
    words = command.partition("if ")[2].replace("$$to", "$to")
    assert words in " ".join(once.split())
    assert "to=/backups/log/%f.gz;" in command
    assert server["environment"]["BACKUPS"] == "/backups"
