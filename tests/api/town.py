"""A small town to test with. Its days lie ahead of today, since openings are projected from today on."""

import datetime as dt
import time
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from models.booking import BookingRequest, Conflict, PlanningRun, RequestStatus

LISBON = ZoneInfo("Europe/Lisbon")
TODAY = dt.datetime.now(LISBON).date()
MONDAY = TODAY + dt.timedelta(days=14 - TODAY.weekday())
"""A Monday one to two weeks ahead."""

EVERY_DAY = {
    day: [{"opens": "09:00", "closes": "18:00"}]
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}


def hospital(external_id: str, timezone: str = "Europe/Lisbon", hours: Any = None) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "name": external_id.capitalize(),
        "timezone": timezone,
        "operating_hours": EVERY_DAY if hours is None else hours,
    }


def at(time: str, day: dt.date = MONDAY, zone: ZoneInfo = LISBON) -> str:
    """A time of a local day, as RFC 3339."""
    return dt.datetime.combine(day, dt.time.fromisoformat(time), zone).isoformat()


def next_change(*, forward: bool) -> dt.date:
    """The next date on which Lisbon's clocks are put forward, or back."""
    day = TODAY + dt.timedelta(days=8)
    while True:
        midnight, next_midnight = (
            dt.datetime.combine(day + dt.timedelta(days=each), dt.time(), LISBON).astimezone(dt.UTC) for each in (0, 1)
        )
        if next_midnight - midnight == dt.timedelta(hours=23 if forward else 25):
            return day
        day += dt.timedelta(days=1)


class Town:
    """Callers' shorthand; every call here is expected to succeed."""

    def __init__(self, api: httpx.Client) -> None:
        self.api = api

    def put(self, path: str, **body: Any) -> Any:
        response = self.api.put(path, json=body)
        assert response.is_success, response.text
        return response.json()

    def post(self, path: str, **body: Any) -> Any:
        response = self.api.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    def get(self, path: str, **params: Any) -> Any:
        response = self.api.get(path, params=params)
        assert response.is_success, response.text
        return response.json()

    def available(self, doctor: str, start: str, end: str, day: dt.date = MONDAY) -> Any:
        return self.post("/availabilities", doctor=doctor, hospital="central", start=at(start, day), end=at(end, day))

    def book(self, patient: str, doctor: str, start: str, day: dt.date = MONDAY) -> Any:
        return self.post("/appointments", patient=patient, doctor=doctor, hospital="central", start=at(start, day))

    def wish(self, patient: str = "p1", **more: Any) -> dict[str, Any]:
        return {"patient": patient, "earliest": at("09:00"), "latest": at("18:00"), **more}


def refused(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem of a refusal, checked for what every problem has."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["type"].startswith("/problems/")
    assert problem["title"]
    assert problem["detail"].endswith((".", ";"))
    path = response.request.url.path
    assert problem["instance"] == path or len(path) > 100 or "%" in str(response.request.url)
    assert problem["request_id"] == response.headers["x-request-id"]
    if code:
        assert problem["type"] == f"/problems/{code}"
    return problem


def wait_for_lines(lines: list[Any], count: int) -> None:
    """Wait until so many requests are logged: a request is logged once it is wholly done, after its answer."""
    deadline = time.monotonic() + 5
    while sum(line["event"] == "request" for line in lines) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def decide(session: Session, request: str, status: RequestStatus, conflict: dict[str, Any] | None = None) -> None:
    """Decide a request as a planner would."""
    now = dt.datetime.now(dt.UTC)
    run = session.execute(
        insert(PlanningRun)
        .values(worker="test", lease_expires_at=now, requests=1, status="committed", finished_at=now)
        .returning(PlanningRun.id)
    ).scalar_one()
    id_ = uuid.UUID(request)
    failure = "It could not be planned." if status is RequestStatus.FAILED else None
    session.execute(
        update(BookingRequest)
        .where(BookingRequest.id == id_)
        .values(status=status, decided_at=now, planning_run_id=run, failure=failure)
    )
    if conflict:
        session.execute(insert(Conflict).values(booking_request_id=id_, planning_run_id=run, **conflict))
