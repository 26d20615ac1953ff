"""A disaster, rehearsed: what `slotwise up` keeps is restored to the moment before, and work goes on from there."""

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from cli.embedded import EmbeddedServices
from cli.embedded.folder import temporary_data_folder
from models import outbox
from models.audit.sealing import seal
from models.audit.verifying import verify
from models.booking import BookingRequest, RequestStatus
from models.migrate import upgrade
from models.outbox import RESTORED
from models.session import make_engine
from tests.workers.checker import faults, undecided
from tests.workers.network import Network
from tests.workers.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("slotwise")


def slotwise(*args: object) -> tuple[int, str]:
    """How a command ends, and what it says."""
    theirs = {"DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL"}
    done = subprocess.run(
        [PROGRAM, *map(str, args)],
        env={name: value for name, value in os.environ.items() if name not in theirs},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout


@pytest.fixture
def place() -> Iterator[Path]:
    with temporary_data_folder() as folder:
        yield folder


@contextmanager
def at_work(data: Path) -> Iterator[tuple[Engine, Network]]:
    """An instance on a data folder, and who looks into its database as its owner."""
    with EmbeddedServices(data, environ={}, durable=False) as services:
        upgrade(services.database_url)
        engine = make_engine(services.database_url)
        midnight = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
        yield engine, Network(engine, midnight)
        engine.dispose()


def decide(data: Path, engine: Engine) -> None:
    """Let a worker of its own plan what is queued, on what an instance announces."""
    from cli.embedded import find_running  # noqa: PLC0415

    running = find_running(data)
    environment = os.environ | {"DATABASE_URL": running.database_url, "REDIS_URL": running.broker_url}
    plan = "from workers.tasks import plan_queued; plan_queued()"
    subprocess.run([sys.executable, "-c", plan], cwd=ROOT, env=environment, check=True, capture_output=True)
    until(lambda: undecided(engine) == 0, what="all to be decided")


def read(engine: Engine, position: outbox.Position) -> list[outbox.OutboxMessage]:
    with Session(engine, expire_on_commit=False) as session:
        return list(outbox.read(session, outbox.resumed(session, position), 1000))


def test_a_lost_database_is_restored_to_the_moment_before(place: Path):
    data, store = place / "data", place / "backups"
    with at_work(data):
        pass
    assert slotwise("backup", "setup", store, "--data", data)[0] == 0

    with at_work(data) as (engine, network):
        doctor = network.doctor()
        network.availability(doctor, network.hospital(), 9, 17)
        early = network.request([doctor])
        assert slotwise("backup", "take", "--data", data)[0] == 0
        decide(data, engine)
        late = network.request([doctor])
        with Session(engine) as session, session.begin():
            seal(session)
        [moment] = _ask(engine, "SELECT clock_timestamp()")
        undone = [network.request([doctor]) for _ in range(3)]
        decide(data, engine)
        reader = outbox.place(read(engine, outbox.START)[-1])
        [last_token] = _ask(engine, "SELECT max(fencing_token) FROM planning_run")
        network.write(text("TRUNCATE booking_request, appointment, outbox_message CASCADE"))

    # The disk is lost, too: what the archive has must do.
    shutil.rmtree(data)
    code, said = slotwise("backup", "restore", store, "--to", moment.isoformat(), "--data", data)
    assert code == 0, said
    assert slotwise("backup", "setup", store, "--data", data)[0] == 0
    with at_work(data) as (engine, network):
        told = {row.id: row.status for row in network.all(BookingRequest)}
        assert told == {early: RequestStatus.BOOKED, late: RequestStatus.QUEUED}
        assert not set(undone) & told.keys()
        with Session(engine) as session:
            assert verify(session, None, lambda _: None).faults == []
        decide(data, engine)
        assert network.get(BookingRequest, late).status is RequestStatus.BOOKED
        assert faults(engine) == set()
        assert _ask(engine, "SELECT max(fencing_token) FROM planning_run")[0] > last_token
        topics = [each.topic for each in read(engine, reader)]
        assert (topics[0], topics.count("booking_request.decided")) == (RESTORED, 1)

    # It is lost again before another backup was taken: the first one leads to what came after it was restored.
    shutil.rmtree(data)
    code, said = slotwise("backup", "restore", store, "--data", data)
    assert code == 0, said
    with at_work(data) as (engine, network):
        told = {row.id: row.status for row in network.all(BookingRequest)}
        assert told == dict.fromkeys((early, late), RequestStatus.BOOKED)


def _ask(engine: Engine, query: str):
    with engine.connect() as connection:
        return connection.execute(text(query)).one()
