"""Requests that are decided without waiting for a worker process."""

import datetime as dt
from typing import Any

from models.settings import settings
from tests.api.town import Town, at
from workers.planning import plan_next


def plan() -> None:
    """Do a worker's round on the test's database."""
    plan_next(settings(), worker="here", clock=lambda: dt.datetime.now(dt.UTC))


def conflict(town: Town, doctor: str = "d1") -> Any:
    """Queue a request for an hour of a doctor's that is taken by others."""
    return town.post(
        "/booking-requests", patient="p1", doctors=[doctor], earliest=at("10:00"), latest=at("11:00"), priority="soon"
    )
