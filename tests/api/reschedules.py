"""Reschedules in the town: asked for in one line, and planned without waiting for a worker process."""

import datetime as dt
from typing import Any

from models.settings import settings
from tests.api.town import MONDAY, Town, at
from workers.rescheduling import plan_next_reschedule

DAY = dt.timedelta(days=1)


def ill(doctor: str = "d1", day: dt.date = MONDAY, **more: Any) -> dict[str, Any]:
    """What is asked for where a doctor is away all day."""
    scope = {"doctors": [doctor], "start": at("00:00", day), "end": at("00:00", day + DAY)}
    return {"cause": "doctor_unavailable", "scope": scope, **more}


def closed(day: dt.date = MONDAY, **more: Any) -> dict[str, Any]:
    """What is asked for where the hospital is closed all day."""
    scope = {"hospital": "central", "start": at("00:00", day), "end": at("00:00", day + DAY)}
    return {"cause": "hospital_closed", "scope": scope, **more}


def ask(town: Town, asked: dict[str, Any]) -> str:
    """Queue a reschedule; its id."""
    id_: str = town.post("/reschedules", **asked)["id"]
    return id_


def plan() -> None:
    """Do a worker's round on the test's database."""
    assert plan_next_reschedule(settings(), worker="here", clock=lambda: dt.datetime.now(dt.UTC))


def proposed(town: Town, asked: dict[str, Any]) -> Any:
    """A reschedule whose proposal is made."""
    id_ = ask(town, asked)
    plan()
    return town.get(f"/reschedules/{id_}")


def appointments(town: Town, id_: str, **which: Any) -> Any:
    """The appointments of a reschedule."""
    return town.get(f"/reschedules/{id_}/appointments", **which)["items"]
