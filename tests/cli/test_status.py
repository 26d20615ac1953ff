"""`slotwise status`: what it says is what is in the database, and what wants attention comes first."""

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from sqlalchemy import create_engine, make_url, text

from cli.embedded.databases import create_database, drop_database
from cli.watching import sparkline
from tests.cli.conftest import PROGRAM

PATIENCE = 60.0


def test_is_told_to_people_and_to_programs(slotwise, database_url: str) -> None:
    env = {"DATABASE_URL": database_url}
    told = slotwise("status", env=env)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("Database of DATABASE_URL: no migration pending.")
    assert "Validation  nothing was validated as yet" in told.out
    assert "Lately  nothing in the last hour" in told.out
    assert "this terminal, since no worker says its own" in told.out
    assert "\x1b" not in told.out, "no control codes where it is no terminal"
    report = slotwise("status", "--json", env=env).json
    assert report["alarms"] == []
    assert report["figures"]["validated"]["last"] is None
    assert report["figures"]["waiting"]["urgent"] == {"queued": 0, "planning": 0, "oldest": None}
    assert report["figures"]["messages"]["email"] == {"pending": 0, "delivered": 0, "dead": 0, "oldest": None}
    assert report["pending_migrations"] == 0
    assert report["bounds"] == {"said_by": "environment", "max_queued": 100_000, "queue_age_alarm": 300.0}


def test_a_queue_that_does_not_answer_wants_attention(slotwise, database_url: str) -> None:
    env = {"DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1/0"}
    done = slotwise("status", "--json", env=env)
    assert done.code == 1
    assert {service["name"]: service["answers"] for service in done.json["services"]} == {
        "queue": False,
        "workers": False,
    }
    assert [(each["name"], each["severity"]) for each in done.json["alarms"]] == [("BrokerAway", "critical")]


def test_a_queue_that_is_full_is_told_as_that(slotwise, service_environment, redis_url) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", 1)
        try:
            done = slotwise("status", env=service_environment)
        finally:
            client.config_set("maxmemory", 0)
    assert done.code == 1
    alarm, remedy, *_ = done.out.splitlines()[1:]
    assert alarm.startswith("BrokerAway")
    assert "Redis is full and refuses messages" in alarm
    assert "Raise its maxmemory" in remedy


def test_what_wants_attention_is_told_first_with_what_to_do(slotwise, database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0009'"))
    engine.dispose()
    done = slotwise("status", env={"DATABASE_URL": database_url})
    assert done.code == 1
    alarm, remedy, *_ = done.out.splitlines()[1:]
    assert alarm.startswith("MigrationsPending")
    assert "Run `slotwise migrate`" in remedy


def test_a_database_of_a_later_version_is_told_and_read(slotwise, database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    done = slotwise("status", env={"DATABASE_URL": database_url})
    assert "The schema 9999 is of a later version and serves this one" in done.out
    assert "Queue" in done.out


def test_a_database_that_does_not_answer_is_an_alarm_with_an_exit_code_of_its_own(slotwise, tmp_path) -> None:
    env = {"DATABASE_URL": f"postgresql+psycopg://nobody@/nothing?host={tmp_path}"}
    done = slotwise("status", "--json", env=env)
    assert done.code == 3
    assert [each["name"] for each in done.json["alarms"]] == ["DatabaseAway"]
    assert (done.json["figures"], done.json["pending_migrations"]) == (None, None)


def test_nothing_that_runs_is_said_with_its_own_exit_code(slotwise, tmp_path) -> None:
    done = slotwise("status", "--data", tmp_path)
    assert done.code == 3
    assert "slotwise up" in done.err


def test_seconds_without_watch_are_a_slip(slotwise, database_url: str) -> None:
    done = slotwise("status", "5", env={"DATABASE_URL": database_url})
    assert done.code == 2
    assert "slotwise status --watch 5" in done.err


# Watching


@contextmanager
def watching(database_url: str, *arguments: str, **more: object) -> Iterator[subprocess.Popen[str]]:
    """`slotwise status --watch` until the end of the block, by Ctrl-C where it has not ended."""
    bare = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    argv = [str(PROGRAM), "status", "--watch", "0.2", *arguments]
    with subprocess.Popen(
        argv, env=bare | {"DATABASE_URL": database_url}, text=True, **({"stdout": subprocess.PIPE} | more)
    ) as watcher:
        try:
            yield watcher
        finally:
            watcher.send_signal(signal.SIGINT)
            assert watcher.wait(PATIENCE) == 0


def line_with(watcher: subprocess.Popen[str], words: str) -> str:
    """The next line that the watcher writes with some words."""
    return next(line for line in watcher.stdout if words in line)


@pytest.fixture
def later(services) -> Iterator[str]:
    """The address of a database that is not there yet."""
    name = "slotwise_later"
    yield make_url(services.database_url).set(database=name).render_as_string(hide_password=False)
    drop_database(services.database_url, name)


def test_watching_goes_on_while_the_database_is_away(services, database_template, later) -> None:
    with watching(later) as watcher:
        assert "alarms: DatabaseAway" in line_with(watcher, "alarms")
        create_database(services.database_url, "slotwise_later", database_template)
        assert line_with(watcher, "undecided").endswith(
            "0 undecided; 0 decided a second; 0 messages pending; alarms: none\n"
        )
        drop_database(services.database_url, "slotwise_later")
        assert "undecided" not in line_with(watcher, "DatabaseAway")


def test_programs_are_given_a_look_a_line(database_url: str) -> None:
    with watching(database_url, "--json") as watcher:
        looks = [json.loads(watcher.stdout.readline()) for _ in range(2)]
    assert [each["alarms"] for each in looks] == [[], []]
    assert looks[0]["at"] < looks[1]["at"]


def test_people_are_drawn_a_screen_that_is_taken_away_again(database_url: str) -> None:
    ours, theirs = pty.openpty()
    drawn, deadline = "", time.monotonic() + PATIENCE
    with watching(database_url, stdout=theirs):
        os.close(theirs)
        while "Nothing wants attention" not in drawn or "decided a minute" not in drawn:
            assert time.monotonic() < deadline, drawn
            drawn += os.read(ours, 65536).decode(errors="replace")
    rest = os.read(ours, 65536).decode(errors="replace")
    os.close(ours)
    assert "\x1b[?1049h" in drawn
    assert "\x1b[?1049l" in rest
    assert "Traceback" not in rest


def test_a_bar_is_as_high_as_its_number() -> None:
    assert sparkline([0, 1, 4, 8, 0]) == "▁▂▅█▁"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
