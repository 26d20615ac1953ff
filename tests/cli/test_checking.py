"""The demo's check of its own words finds every kind of untruth."""

import copy
from typing import Any

import pytest

from cli.checking import contradictions
from cli.outcomes import Outcome


def appointment(id_: str, start: str, request: str | None, doctor: str = "d1", patient: str = "p1") -> dict[str, Any]:
    return {
        "id": id_,
        "start": start,
        "doctor": {"id": doctor},
        "patient": {"id": patient},
        "hospital": {"id": "h1"},
        "booking_request": request,
    }


def request(id_: str, status: str, patient: str = "p1") -> dict[str, Any]:
    return {
        "id": id_,
        "status": status,
        "priority": "soon",
        "patient": {"id": patient},
        "doctors": [{"id": "d1"}],
        "hospitals": None,
        "earliest": "2026-12-01T09:00:00+10:30",
        "latest": "2026-12-01T12:00:00+10:30",
        "conflict": {"kind": "hours_taken", "alternatives": []} if status == "conflict" else None,
    }


class FakeApi:
    """Answers what the test wants."""

    def __init__(self) -> None:
        self.requests = [request("r1", "booked"), request("r2", "conflict", "p2")]
        self.counts = {"booked": 1, "conflict": 1, "queued": 0}
        self.appointments = [
            appointment("a1", "2026-12-01T09:00:00+10:30", "r1"),
            appointment("a2", "2026-12-01T10:00:00+10:30", None, patient="p3"),
        ]

    def get(self, path: str) -> Any:
        assert path == "/booking-batches/b1"
        return {"counts": self.counts}

    def items(self, path: str, params: Any) -> Any:
        assert (path, params) == ("/appointments", {"status": "booked"})
        return iter(self.appointments)

    def contradictions(self) -> str:
        return "; ".join(contradictions(self, "b1", 2, Outcome(copy.deepcopy(self.requests))))  # type: ignore[arg-type]


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


def test_what_is_true_passes(api: FakeApi) -> None:
    assert api.contradictions() == ""


def test_a_booked_request_without_an_appointment_is_found(api: FakeApi) -> None:
    api.appointments[0]["booking_request"] = None
    assert "r1 is booked and has no appointment" in api.contradictions()


def test_a_conflict_with_an_appointment_is_found(api: FakeApi) -> None:
    api.appointments[1]["booking_request"] = "r2"
    assert "r2 is conflict and has the appointment a2" in api.contradictions()


@pytest.mark.parametrize(
    "change", [{"start": "2026-12-01T12:00:00+10:30"}, {"doctor": {"id": "d2"}}, {"patient": {"id": "p7"}}]
)
def test_an_appointment_that_nobody_asked_for_is_found(api: FakeApi, change: dict[str, Any]) -> None:
    api.appointments[0] |= change
    assert "a1 is not what request r1 asked for" in api.contradictions()


def test_overlaps_are_found_also_by_half_an_hour_across_time_zones(api: FakeApi) -> None:
    api.appointments[1]["start"] = "2026-12-01T10:00:00+11:00"  # 09:30 by the other clock
    assert "two appointments of doctor d1 overlap" in api.contradictions()
    api.appointments[1] |= {"doctor": {"id": "d2"}, "patient": {"id": "p1"}}
    assert "two appointments of patient p1 overlap" in api.contradictions()


def test_miscounts_and_undecided_requests_are_found(api: FakeApi) -> None:
    api.counts["booked"] = 2
    assert "the batch counts" in api.contradictions()
    api.requests[1]["status"] = "queued"
    assert "1 requests are undecided" in api.contradictions()
    del api.requests[1]
    assert "2 requests were queued, and 1 are listed" in api.contradictions()
