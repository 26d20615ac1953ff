"""Real workers on one queue: whatever is killed, every request ends decided, once."""

import os
import signal
from functools import partial

import psutil
import pytest
import redis
from sqlalchemy import text

from models.booking import BookingRequest, PlanningRun, RequestStatus
from tests.workers.checker import undecided
from tests.workers.validation.corrupting import superuser_engine
from tests.workers.waiting import blocked
from tests.workers.waiting import until as until_soon

until = partial(until_soon, seconds=90)
"""Processes take their time to start where many tests run at once."""


def statuses(network):
    counts = {}
    for request in network.all(BookingRequest):
        counts[request.status.value] = counts.get(request.status.value, 0) + 1
    return counts


def test_two_workers_and_many_bells_decide_every_request_once(network, crew, queue):
    total = queue(doctors=6)
    crew.ring(50)
    crew.worker(concurrency=2)
    crew.worker()
    crew.decide()
    assert statuses(network) == {"booked": 48, "conflict": 12}
    runs = [run for run in network.all(PlanningRun) if run.booked or run.conflicts]
    assert sum(run.booked + run.conflicts for run in runs) == total
    assert {request.attempts for request in network.all(BookingRequest)} == {0}


def commit_blocked(engine, connection):
    """Let no commit through until `connection` lets go, and wait for one to try."""
    connection.execute(text("LOCK TABLE conflict, appointment IN SHARE MODE"))
    return lambda: until(lambda: blocked(engine), what="a commit to wait")


def test_a_worker_killed_between_claim_and_commit_loses_nothing(engine, network, crew, queue):
    queue(doctors=1)
    with engine.connect() as connection:
        wait = commit_blocked(engine, connection)
        crew.ring()
        killed = crew.worker()
        wait()
        crew.kill(killed)
    assert statuses(network) == {"planning": 10}
    crew.worker()
    crew.beat()
    crew.decide()
    assert statuses(network) == {"booked": 8, "conflict": 2}
    assert {request.attempts for request in network.all(BookingRequest)} == {1}


def test_a_killed_pool_process_is_replaced_and_loses_nothing(engine, network, crew, queue):
    queue(doctors=1)
    with engine.connect() as connection:
        wait = commit_blocked(engine, connection)
        crew.ring()
        worker = crew.worker()
        wait()
        for child in psutil.Process(worker.pid).children():
            child.kill()
    crew.beat()
    crew.decide()
    assert worker.poll() is None
    assert statuses(network) == {"booked": 8, "conflict": 2}


def test_connections_ended_in_the_commit_cost_nothing(services, database_url, engine, network, crew, queue):
    queue(doctors=1)
    with engine.connect() as connection:
        wait = commit_blocked(engine, connection)
        crew.ring()
        crew.worker()
        wait()
        with superuser_engine(services, database_url) as theirs, theirs.connect() as ending:
            for pid in blocked(engine):
                ending.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    crew.decide()
    assert {request.attempts for request in network.all(BookingRequest)} == {0}
    assert len(network.all(PlanningRun)) == 1


def test_a_flushed_broker_costs_seconds_and_no_request(network, crew, queue, redis_url):
    queue(doctors=2)
    crew.ring(5)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    crew.worker()
    crew.beat()
    crew.decide()


def test_a_broker_that_is_killed_while_a_worker_plans_is_waited_for(engine, network, crew, queue, services):
    queue(doctors=2)
    with engine.connect() as connection:
        wait = commit_blocked(engine, connection)
        crew.ring()
        worker = crew.worker()
        beat = crew.beat()
        wait()
        os.kill(services.pid("valkey"), signal.SIGKILL)
        until(lambda: answers(services), what="Valkey to be back")
    crew.decide()
    queue(doctors=1)
    crew.decide()
    assert (worker.poll(), beat.poll()) == (None, None)


def answers(services) -> bool:
    try:
        with redis.Redis.from_url(services.redis_url, retry=None) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def test_a_database_that_is_killed_while_workers_plan_loses_nothing(engine, network, crew, queue, services):
    queue(doctors=3)
    crew.ring(3)
    worker = crew.worker(concurrency=2)
    beat = crew.beat()
    until(lambda: network.all(PlanningRun), what="a run to begin")
    os.kill(services.pid("postgresql"), signal.SIGKILL)
    engine.dispose()
    until(lambda: is_back(engine), what="PostgreSQL to be back")
    crew.decide()
    assert (worker.poll(), beat.poll()) == (None, None)
    assert statuses(network) == {"booked": 24, "conflict": 6}


def is_back(engine) -> bool:
    try:
        return undecided(engine) >= 0
    except Exception:  # noqa: BLE001  # whatever a starting server says
        return False


def test_a_request_that_kills_its_worker_fails_alone(network, crew, queue):
    queue(doctors=2, each=3)
    poison = network.all(BookingRequest)[4].id
    crew.worker("tests.concurrency.poisoned", POISON=str(poison), MAX_ATTEMPTS="2", PLAN_BATCH_SIZE="9")
    crew.beat()
    crew.decide()
    assert statuses(network) == {"booked": 5, "failed": 1}
    failed = network.get(BookingRequest, poison)
    assert failed.status is RequestStatus.FAILED
    assert "lease ran out" in failed.failure


def test_everything_stops_when_it_is_asked_to(crew, tmp_path):
    heartbeat = tmp_path / "beat"
    worker, beat = crew.worker(), crew.beat(HEARTBEAT_FILE=str(heartbeat))
    until(lambda: "Connected to" in crew.log(worker), what="the worker to be connected")
    until(heartbeat.exists, what="beat to say that it goes on")
    heartbeat.unlink()
    until(heartbeat.exists, what="beat to say so again")
    for process in (worker, beat):
        process.send_signal(signal.SIGTERM)
    assert [process.wait(timeout=20) for process in (worker, beat)] == [0, 0]


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_the_commands_of_the_operations_manual_exist(crew, command):
    process = crew._start("workers.app", command, "--help")
    assert process.wait(timeout=30) == 0
