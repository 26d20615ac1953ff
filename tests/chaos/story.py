"""A short run in which nothing goes wrong and everything happens once that rules look at: what the tests of the rules
break.
"""

import datetime as dt
import threading
from pathlib import Path
from random import Random
from typing import Any

import httpx

from tests.api.town import MONDAY, at
from tests.chaos.caller import Caller, Tally
from tests.chaos.history import History, Operation
from workers import tasks

_SATURDAY = MONDAY + dt.timedelta(days=5)
"""When no doctor is there."""


def tell(http: httpx.Client, path: Path) -> None:
    """Let it happen at a server with the town, and write it down at `path`."""
    with History(path) as history:
        story = _Story(Caller(1, http, history, Tally(), Random(0), threading.Event()))
        story.ask_for_hours()
        story.book_directly()
        story.edit_availabilities()
        tasks.seal_audit()
        tasks.plan_queued()
        story.follow()
        story.reschedule()
        tasks.seal_audit()
        story.read_events()


class _Story:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def ask_for_hours(self) -> None:
        self._queue = self._asked_for("solo", earliest=at("09:00"), latest=at("13:00"))
        self._caller.again(self._queue[0])
        other = {**self._queue[0].body, "priority": "urgent"}
        self._done("misuse", "POST", "/booking-requests", other, key=self._queue[0].key)
        self._hopeless = self._asked_for("late", earliest=at("09:00", _SATURDAY), latest=at("13:00", _SATURDAY))
        self._regretted = self._asked_for("sorry", earliest=at("09:00"), latest=at("18:00"))
        path = f"/booking-requests/{self._regretted[1]['id']}"
        self._done("cancel_request", "DELETE", path, request=self._regretted[1]["id"])
        wishes = [{"patient": each, "earliest": at("09:00"), "latest": at("18:00")} for each in ("p1", "p2", "p1")]
        self._batch = self._done("batch", "POST", "/booking-batches", {"label": "three", "requests": wishes})[1]

    def book_directly(self) -> None:
        hour = {"doctor": "d2", "hospital": "central", "start": at("10:00")}
        moved = self._booked("mover", hour)
        self._booked("loser", hour)  # refused: the hour is had
        elsewhere = {"start": at("11:00")}
        self._done("change", "POST", f"/appointments/{moved['id']}/move", elsewhere, appointment=moved["id"])
        gone = self._booked("goner", hour | {"start": at("12:00")})
        self._done("change", "POST", f"/appointments/{gone['id']}/cancel", appointment=gone["id"])

    def edit_availabilities(self) -> None:
        body = {"doctor": "d1", "hospital": "central", "start": at("14:00"), "end": at("17:00")}
        own = self._done("add_availability", "POST", "/availabilities", body)[1]
        path = f"/availabilities/{own['id']}"
        self._done("change_availability", "PATCH", path, {"end": at("16:00")}, availability=own["id"])
        tuesday = MONDAY + dt.timedelta(days=1)
        body = {**body, "start": at("09:00", tuesday), "end": at("12:00", tuesday)}
        spare = self._done("add_availability", "POST", "/availabilities", body)[1]["id"]
        self._done("withdraw_availability", "DELETE", f"/availabilities/{spare}", availability=spare)

    def follow(self) -> None:
        """Poll, and accept another hour for the request that cannot be had as it was asked for."""
        for _ in range(2):
            self._done("poll", "GET", f"/booking-requests/{self._queue[1]['id']}")
            self._done("poll", "GET", f"/booking-batches/{self._batch['id']}")
        path = f"/booking-requests/{self._hopeless[1]['id']}"
        self._done("poll", "GET", path)
        hour = {"doctor": "d1", "hospital": "central", "start": at("15:00")}
        self._done("accept", "POST", f"{path}/accept", hour, request=self._hopeless[1]["id"])

    def reschedule(self) -> None:
        """One that is applied, one that is discarded."""
        for label, doctor, step in (("ill", "d2", "apply"), ("well", "d1", "discard")):
            scope = {"doctors": [doctor], "start": at("09:00"), "end": at("12:00")}
            policy = {"same_doctor": False, "latest": at("18:00"), "cancel_unplaced": True}
            body = {"cause": "doctor_unavailable", "label": label, "scope": scope, "policy": policy}
            job = self._done("reschedule", "POST", "/reschedules", body)[1]["id"]
            tasks.plan_reschedule()
            self._done("decide_reschedule", "POST", f"/reschedules/{job}/{step}", reschedule=job)

    def read_events(self) -> None:
        self._done("events", "GET", "/events?limit=1000")

    def _asked_for(self, patient: str, **window: str) -> tuple[Operation, Any]:
        self._patient(patient)
        body = {"patient": patient, "priority": "soon", **window}
        return self._done("queue", "POST", "/booking-requests", body, patient=patient)

    def _booked(self, patient: str, hour: dict[str, str]) -> Any:
        self._patient(patient)
        return self._done("book", "POST", "/appointments", {"patient": patient, **hour}, patient=patient)[1]

    def _patient(self, patient: str) -> None:
        self._done("patient", "PUT", f"/patients/{patient}", {"name": patient.capitalize()}, patient=patient)

    def _done(
        self, kind: str, method: str, path: str, body: Any = None, key: str | None = None, **about: str
    ) -> tuple[Operation, Any]:
        return self._caller.ask(kind, method, path, body, about=about, key=key)
