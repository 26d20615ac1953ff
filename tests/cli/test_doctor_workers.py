"""What `slotwise doctor` hears from real workers and beat, and what it says where they are not there."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis

from cli.doctor.checked import State
from cli.doctor.workers import Worker, ask_workers, check_beat, check_workers
from cli.health import workers_answer
from cli.instances import CHECKOUT
from models.migrate import newest
from models.settings import settings
from tests.workers.waiting import until

EVERY = 0.5  # seconds between two sweeps

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(service_environment, monkeypatch) -> Iterator[Start]:
    """Starts Celery processes on the test's own services, which this process works with too."""
    for name, value in (service_environment | {"SWEEP_EVERY": str(EVERY)}).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> "subprocess.Popen[bytes]":
        argv = [sys.executable, "-m", "celery", "-A", "workers.app", *command, "--loglevel", "ERROR"]
        started.append(subprocess.Popen(argv, cwd=CHECKOUT, env=os.environ))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
    settings.cache_clear()


def states(found: list[Worker], *, tells: bool = False) -> dict[str, State]:
    return {each.name: each.state for each in check_workers(found, newest(), tells=tells)}


def test_a_redis_that_is_full_lets_nobody_be_asked_and_that_is_all(start: Start, redis_url: str):
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", 1)
        try:
            assert (ask_workers(), workers_answer(0.5)) == ([], False)
        finally:
            client.config_set("maxmemory", 0)


def test_workers_tell_of_themselves_and_beat_is_heard(start: Start):
    assert states(ask_workers()) == {"workers": State.FAIL}
    start("worker", "--hostname", "planner@here", "--queues", "celery", "--pool", "solo")
    until(ask_workers, seconds=90, what="the worker to answer")
    [worker] = ask_workers()
    assert (worker.name, worker.queues, worker.schema) == ("planner@here", ("celery",), newest())
    assert worker.skew == 0, "its clock is ours"
    assert states([worker]) == {"workers": State.OK, "queues": State.WARN, "worker versions": State.OK}
    assert states([worker], tells=True)["queues"] is State.FAIL
    waited = worker.silent
    assert waited > 0, "nobody has rung as yet"
    start("beat", "--pidfile", "")
    until(lambda: ask_workers()[0].silent < waited, seconds=90, what="beat to be heard")


WORKER = Worker("w@here", None, None, 0.0, (), 0, None)


@pytest.mark.parametrize(("silent", "state"), [(None, State.UNKNOWN), (59, State.OK), (61, State.FAIL)])
def test_a_beat_that_is_silent_fails(silent, state):
    teller = replace(WORKER, queues=("deliveries",))
    assert check_beat([teller, replace(WORKER, silent=silent)], EVERY).state is state


def test_workers_of_another_version_are_named():
    known = replace(WORKER, version="0.0.1", schema="0009", queues=("celery", "deliveries"))
    found = {each.name: each for each in check_workers([WORKER, known], newest(), tells=True)}
    assert found["worker versions"].state is State.WARN
    assert found["worker versions"].says.endswith("w@here, w@here")


def test_a_worker_whose_clock_is_wrong_is_named():
    wrong = replace(WORKER, version="0.0.1", queues=("celery", "deliveries"), skew=-40.0)
    [found] = [each for each in check_workers([wrong], newest(), tells=False) if each.name == "worker clocks"]
    assert (found.state, "the clock of w@here is 40.0 s behind" in found.says) == (State.FAIL, True)
