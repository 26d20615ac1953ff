"""Reschedules to read about: a doctor's lost day with too few hours left for everybody."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.rescheduling.jobs import end
from models.rescheduling.tables import Reschedule, RescheduleStatus
from models.settings import settings
from planner.problem import HOUR
from tests.api.town import MONDAY, Town, at
from workers.rescheduling import plan_next_reschedule

TUESDAY = MONDAY + dt.timedelta(days=1)
NAMES = ("Maria Silva", "João Reis", "Rita Faria")


def full_day(town: Town, *, left: int = 2) -> list[str]:
    """Three appointments of Dr Sousa's Monday, and so many hours on Tuesday; returns the appointments' ids."""
    town.put("/patients/p3", name=NAMES[2])
    if left:
        town.available("d1", "09:00", f"{9 + left:02}:00", TUESDAY)
    return [town.book(f"p{each}", "d1", f"{8 + each:02}:00")["id"] for each in (1, 2, 3)]


def lost_day(town: Town, *, doctor: str = "d1", **more: Any) -> str:
    """Ask for a reschedule of a doctor's Monday; returns its id."""
    scope = {"doctors": [doctor], "start": at("00:00"), "end": at("00:00", TUESDAY)}
    return town.post("/reschedules", cause="doctor_unavailable", scope=scope, **more)["id"]


def planned(town: Town, **more: Any) -> str:
    """A reschedule of Dr Sousa's Monday that a worker has planned."""
    job = lost_day(town, **more)
    plan_reschedules()
    assert town.get(f"/reschedules/{job}")["status"] == "proposed"
    return job


def plan_reschedules() -> None:
    """Do a worker's round on the test's database until no job is queued."""
    while plan_next_reschedule(settings(), worker="here", clock=lambda: dt.datetime.now(dt.UTC)):
        pass


def change(session: Callable[[], Any], job: str, **values: Any) -> None:
    """Write into a job what only a worker can, or what takes it too long."""
    with session() as opened:
        opened.execute(update(Reschedule).where(Reschedule.id == uuid.UUID(job)).values(values))


def at_work(session: Callable[[], Any], job: str, stage: str) -> None:
    """Let a worker be planning a job."""
    lease = dt.datetime.now(dt.UTC) + HOUR
    change(session, job, status=RescheduleStatus.PLANNING, stage=stage, lease_expires_at=lease)


def failed(session: Callable[[], Any], job: str, reason: str) -> None:
    """Let planning fail, as a worker does that has tried often enough."""
    with session() as opened:
        assert isinstance(opened, Session)
        row = opened.get_one(Reschedule, uuid.UUID(job))
        row.failure = reason
        end(opened, row, RescheduleStatus.FAILED, reason, row.created_at)
