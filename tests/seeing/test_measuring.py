"""Counting is never a reason not to work, and what is counted is true."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import DataError

from models.booking import RunStatus
from planner.plan import Objective
from planner.problem import Priority
from workers import measures

COUNTING = """
import os, sys
from prometheus_client import CollectorRegistry, generate_latest
from models.seeing.measuring import Counted, Counter
counter = Counter("slotwise_tried_total", "Tried")
counter.inc()
if os.fork() == 0:
    counter.inc()
    os._exit(0)
os.wait()
registry = CollectorRegistry()
registry.register(Counted())
sys.stdout.write(generate_latest(registry).decode())
"""

BEST = Objective({Priority.URGENT: 4, Priority.SOON: 10, Priority.ROUTINE: 0}, 2, 50)


def counted(folder: Path | str) -> str:
    """What a process and its child count together."""
    done = subprocess.run(
        [sys.executable, "-c", COUNTING],
        env=os.environ | {"METRICS_FOLDER": str(folder)},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


def test_a_process_and_its_child_count_together_and_those_after_them_go_on(tmp_path):
    folder = tmp_path / "metrics"
    assert "slotwise_tried_total 2.0" in counted(folder)
    files = sorted(folder.iterdir())
    assert "slotwise_tried_total 4.0" in counted(folder)
    assert sorted(folder.iterdir()) == files
    # All of it is on the disk already: writing to a page that a full disk has no room for would kill whoever does.
    assert all(file.stat().st_blocks * 512 >= file.stat().st_size for file in files)


def test_where_the_folder_cannot_be_written_to_it_says_so_and_counts_elsewhere(tmp_path):
    (tmp_path / "file").touch()
    told = counted(tmp_path / "file" / "metrics")
    assert "metrics not kept" in told
    assert "slotwise_tried_total 2.0" in told


def test_without_a_folder_each_process_counts_for_itself():
    assert "slotwise_tried_total 1.0" in counted("")


@pytest.mark.parametrize(
    ("plan", "gap"),
    [
        (BEST, 0.0),
        (replace(BEST, booked={**BEST.booked, Priority.SOON: 9}, inconvenience=10), 0.1),
        (replace(BEST, moved=4, inconvenience=60), 0.5),
        (replace(BEST, inconvenience=100), 0.5),
    ],
)
def test_the_gap_is_that_of_the_first_goal_that_is_not_reached(plan, gap):
    assert measures.gap(plan, BEST) == pytest.approx(gap)


def test_what_is_rolled_back_is_not_counted(owner):
    def lost() -> float:
        return REGISTRY.get_sample_value("slotwise_runs_lost_total", {"how": "expired"}) or 0.0

    def lose(statement: str) -> None:
        with owner() as session:
            measures.lost(session, RunStatus.EXPIRED, 3, 0)
            session.execute(text(statement))

    before = lost()
    with pytest.raises(DataError):
        lose("SELECT 1 / 0")
    assert lost() == before
    lose("SELECT 1")
    assert lost() == before + 3
