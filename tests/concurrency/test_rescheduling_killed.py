"""Whoever applies or undoes a reschedule may be killed at every point: all of it is done or nothing."""

import multiprocessing
import signal

import pytest
from sqlalchemy import Engine, text

from models.base import Base
from models.rescheduling.tables import Cause
from tests.concurrency.dying import work_until
from tests.workers.checker import faults


def everything(engine: Engine) -> dict[str, list[str]]:
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            table.name: sorted(str(row) for row in connection.execute(table.select()))
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize("work", ["apply", "undo"])
def test_a_kill_at_every_point_leaves_all_or_nothing(engine, ward, database_url, work):
    closed = {"hospital": str(ward.hospital), "start": ward.network.at(0), "end": ward.network.at(12)}
    job = ward.proposed(cause=Cause.HOSPITAL_CLOSED, cancel=work == "undo", **closed)
    if work == "undo":
        assert ward.apply(job) == []
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.concurrency.dying"])
    before, statement, code = everything(engine), 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        statement += 1
        process = context.Process(target=work_until, args=(database_url, work, job, ward.now, statement))
        process.start()
        process.join()
        code = process.exitcode
        if code == -signal.SIGKILL:
            assert everything(engine) == before
    assert code == 0
    assert statement > 15
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT status FROM reschedule")) == {"apply": "applied", "undo": "undone"}[work]
    assert faults(engine) == set()
