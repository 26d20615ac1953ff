"""Real workers that are told to end: they finish what they can in time and hand back the rest."""

import signal
import time
from functools import partial

import psutil
import pytest

from models.booking import BookingRequest, PlanningRun
from tests.concurrency.test_workers import statuses
from tests.workers.waiting import until as until_soon

until = partial(until_soon, seconds=90)
"""Processes take their time to start where many tests run at once."""

FOR_EVER = "600"
LONG = {"LEASE": "300"}
"""No lease runs out in a test."""


@pytest.fixture
def slow_worker(network, crew, queue):
    """Starts a worker that is at a run of all requests, which takes so many seconds."""

    def start(seconds: str, **environment: str):
        queue(doctors=1)
        crew.ring()
        worker = crew.worker("tests.concurrency.slow", PLAN_SLOWLY=seconds, **LONG, **environment)
        until(lambda: statuses(network) == {"planning": 10}, what="the run to begin")
        return worker

    return start


def ended(worker) -> float:
    """How long a worker takes to end from now on. It leaves no process behind."""
    began = time.monotonic()
    children = psutil.Process(worker.pid).children()
    assert worker.wait(timeout=20) == 0
    assert psutil.wait_procs(children, timeout=5)[1] == []
    return time.monotonic() - began


def attempts(network) -> set[int]:
    return {request.attempts for request in network.all(BookingRequest)}


def test_a_worker_that_is_told_to_end_finishes_its_run(network, crew, slow_worker):
    worker = slow_worker("2")
    worker.send_signal(signal.SIGTERM)
    assert ended(worker) < 10
    assert statuses(network) == {"booked": 8, "conflict": 2}
    assert attempts(network) == {0}


def test_what_is_not_finished_in_time_is_handed_back_and_planned_by_another(network, crew, slow_worker):
    worker = slow_worker(FOR_EVER, DRAIN_SECONDS="1")
    other = crew.worker()
    until(lambda: "Connected to" in crew.log(other), what="the other worker to listen")
    worker.send_signal(signal.SIGTERM)
    assert ended(worker) < 1 + 10
    crew.decide(seconds=10)
    assert statuses(network) == {"booked": 8, "conflict": 2}
    assert attempts(network) == {0}
    handed_back = min(network.all(PlanningRun), key=lambda run: run.fencing_token)
    assert (handed_back.booked, handed_back.requeued) == (0, 10)
    assert "handed back" in crew.log(worker)
    assert "Traceback" not in crew.log(worker)


@pytest.mark.parametrize("signals", [["SIGTERM", "SIGTERM"], ["SIGQUIT"]])
def test_a_worker_in_a_hurry_hands_back_at_once(network, crew, slow_worker, signals):
    worker = slow_worker(FOR_EVER)
    for name in signals:
        worker.send_signal(signal.Signals[name])
        until(lambda: "ending" in crew.log(worker), what="the worker to heed it")
    assert ended(worker) < 10
    assert statuses(network) == {"queued": 10}
    assert attempts(network) == {0}
