"""Booking requests: queued, polled, waited for, cancelled, and shown with what became of them."""

import datetime as dt
import threading
import time
import uuid

import httpx
import pytest
import structlog
from sqlalchemy import text

from api import conflict_view
from api.named import PersonName
from api.settings import ApiSettings
from models import withholding
from models.booking import RequestStatus
from tests.api.town import MONDAY, Town, at, decide, hospital, refused, wait_for_lines


def test_a_request_is_accepted_and_polled(town: Town):
    response = town.api.post("/booking-requests", json=town.wish(doctors=["d2", "d1"], hospitals=["central"]))
    assert response.status_code == 202
    assert response.headers["retry-after"] == "1"
    shown = response.json()
    assert response.headers["location"] == f"/booking-requests/{shown['id']}"
    assert shown["status"] == "queued"
    assert [each["external_id"] for each in shown["doctors"]] == ["d2", "d1"]
    assert [each["external_id"] for each in shown["hospitals"]] == ["central"]
    assert (shown["timezone"], shown["earliest"]) == ("Europe/Lisbon", at("09:00"))
    polled = town.api.get(response.headers["location"])
    assert polled.json() == shown
    assert polled.headers["retry-after"] == "1"


def test_a_request_for_any_hospital_is_told_in_utc(town: Town):
    shown = town.post("/booking-requests", **town.wish())
    assert (shown["timezone"], shown["doctors"], shown["hospitals"]) == ("UTC", None, None)
    assert shown["earliest"] == dt.datetime.fromisoformat(at("09:00")).astimezone(dt.UTC).isoformat()


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"patient": "p9"}, "unknown_patient", "#/patient"),
        ({"doctors": ["d1", "d9"]}, "unknown_doctor", "#/doctors/1"),
        ({"doctors": ["d1", "d1"]}, "named_twice", "#/doctors/1"),
        ({"hospitals": ["h9"]}, "unknown_hospital", "#/hospitals/0"),
        ({"specialty": "astrology"}, "unknown_specialty", "#/specialty"),
        ({"latest": at("08:00")}, "window_runs_backward", "#/latest"),
        ({"earliest": at("09:00")[:19]}, "no_offset", "#/earliest"),
        ({"moves": str(uuid.uuid4())}, "unknown_appointment", "#/moves"),
        ({"priority": "asap"}, "not_a_choice", "#/priority"),
        ({"doctors": []}, "too_short", "#/doctors"),
        ({"doctor": "d1"}, "unknown_field", "#/doctor"),
    ],
)
def test_what_will_not_do_is_refused(town: Town, changes, code, pointer):
    problem = refused(town.api.post("/booking-requests", json=town.wish(**changes)), 422, code)
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [(code, pointer)]
    assert town.get("/booking-requests")["items"] == []


def test_a_request_is_cancelled_once(town: Town):
    shown = town.post("/booking-requests", **town.wish())
    url = f"/booking-requests/{shown['id']}"
    cancelled = town.api.delete(url)
    assert cancelled.status_code == 200
    assert cancelled.json()["status"] == "cancelled"
    assert cancelled.json()["decided_at"]
    problem = refused(town.api.delete(url), 409, "request_decided")
    assert problem["detail"] == "The request is cancelled already."
    refused(town.api.delete(f"/booking-requests/{uuid.uuid4()}"), 404, "unknown_booking_request")


def test_a_booked_request_carries_its_appointment(town: Town, session):
    wanted = town.post("/booking-requests", **town.wish())
    appointment = town.book("p1", "d1", "10:00")
    with session() as open_session:
        decide(open_session, wanted["id"], RequestStatus.BOOKED)
        open_session.execute(
            text("UPDATE appointment SET booking_request_id = :request WHERE id = :id"),
            {"request": wanted["id"], "id": appointment["id"]},
        )
    response = town.api.get(f"/booking-requests/{wanted['id']}")
    assert "retry-after" not in response.headers
    shown = response.json()
    assert shown["status"] == "booked"
    assert shown["appointment"]["id"] == appointment["id"]
    assert shown["appointment"]["start"] == at("10:00")
    problem = refused(town.api.delete(f"/booking-requests/{wanted['id']}"), 409, "request_decided")
    assert problem["detail"] == "The request is booked already. Cancel its appointment instead."


def test_a_request_that_moved_an_appointment_carries_it(town: Town, session):
    appointment = town.book("p1", "d1", "10:00")
    wanted = town.post("/booking-requests", **town.wish(moves=appointment["id"]))
    refused(town.api.post("/booking-requests", json=town.wish(moves=appointment["id"])), 422, "already_being_moved")
    with session() as open_session:
        decide(open_session, wanted["id"], RequestStatus.BOOKED)
    assert town.get(f"/booking-requests/{wanted['id']}")["appointment"]["id"] == appointment["id"]


def test_a_conflict_is_told_with_names_and_local_times(town: Town, session):
    west = town.post("/hospitals", **hospital("delhi", "Asia/Kolkata"))
    doctor = town.get("/users/d2")
    wanted = town.post("/booking-requests", **town.wish())
    start = dt.datetime.combine(MONDAY, dt.time(4, 30), dt.UTC)
    conflict = {
        "kind": "no_availability",
        "message": "Nobody is available.",
        "facts": {"doctors": [doctor["id"]], "hospitals": [west["id"]]},
        "certificate": {},
        "alternatives": [
            {"doctor": doctor["id"], "hospital": west["id"], "start": start.isoformat(), "gives_up": ["far away"]}
        ],
    }
    with session() as open_session:
        decide(open_session, wanted["id"], RequestStatus.CONFLICT, conflict)
    shown = town.get(f"/booking-requests/{wanted['id']}")
    assert shown["appointment"] is None
    assert shown["conflict"]["facts"] == conflict["facts"]
    assert shown["conflict"]["names"] == {doctor["id"]: "Dr Rui Costa", west["id"]: "Delhi"}
    (alternative,) = shown["conflict"]["alternatives"]
    assert alternative["doctor"]["name"] == "Dr Rui Costa"
    assert alternative["hospital"]["name"] == "Delhi"
    assert alternative["start"] == f"{MONDAY}T10:00:00+05:30"
    assert alternative["end"] == f"{MONDAY}T11:00:00+05:30"
    assert alternative["gives_up"] == ["far away"]
    assert town.get("/booking-requests", status="conflict")["items"] == [shown]


def test_each_id_is_read_once_however_many_facts_name_it(monkeypatch):
    doctor, read = uuid.uuid4(), []

    def counted(id_: str) -> uuid.UUID:
        read.append(id_)
        return doctor

    monkeypatch.setattr(withholding, "UUID", counted)
    names = conflict_view.Names({doctor: PersonName(id=doctor, external_id="d", name="Dr D")}, {})
    assert names.named_in({"appointments": [{"doctor": str(doctor)}] * 1000}) == {str(doctor): "Dr D"}
    assert read == [str(doctor)]


NOBODY_THERE = {
    "kind": "no_availability",
    "message": "Nobody is available.",
    "facts": {},
    "certificate": {},
    "alternatives": [],
}


def test_an_hour_is_accepted_for_a_request_in_conflict(town: Town, session):
    wanted = town.post("/booking-requests", **town.wish(earliest=at("14:00")))
    with session() as open_session:
        decide(open_session, wanted["id"], RequestStatus.CONFLICT, NOBODY_THERE)
    url = f"/booking-requests/{wanted['id']}/accept"
    hour = {"doctor": "d1", "hospital": "central", "start": at("12:00")}
    town.book("p2", "d1", "12:00")
    problem = refused(town.api.post(url, json=hour), 409, "hours_taken")
    assert problem["errors"][0]["facts"]["alternatives"][0]["doctor"]["name"] == "Dr Ana Sousa"
    assert town.get(f"/booking-requests/{wanted['id']}")["status"] == "conflict"
    accepted = town.post(url, **(hour | {"start": at("11:00")}))
    assert (accepted["status"], accepted["appointment"]["start"]) == ("booked", at("11:00"))
    assert accepted["appointment"]["booking_request"] == wanted["id"]
    assert accepted["conflict"] is None
    refused(town.api.post(url, json=hour), 409, "request_not_in_conflict")
    refused(town.api.post(f"/booking-requests/{uuid.uuid4()}/accept", json=hour), 404, "unknown_booking_request")


def test_a_request_is_widened_and_queued_again(town: Town):
    narrow = town.post("/booking-requests", **town.wish(doctors=["d1"], hospitals=["central"], priority="soon"))
    response = town.api.post(f"/booking-requests/{narrow['id']}/replace", json={"doctors": None, "latest": at("20:00")})
    assert response.status_code == 202
    wide = response.json()
    assert response.headers["location"] == f"/booking-requests/{wide['id']}"
    assert (wide["status"], wide["doctors"], wide["latest"]) == ("queued", None, at("20:00"))
    assert (wide["priority"], wide["patient"], wide["earliest"]) == ("soon", narrow["patient"], narrow["earliest"])
    assert town.get(f"/booking-requests/{narrow['id']}")["status"] == "cancelled"
    refused(town.api.post(f"/booking-requests/{narrow['id']}/replace", json={}), 409, "request_decided")
    refused(town.api.post(f"/booking-requests/{uuid.uuid4()}/replace", json={}), 404, "unknown_booking_request")


def test_what_will_not_do_replaces_nothing(town: Town):
    narrow = town.post("/booking-requests", **town.wish())
    url = f"/booking-requests/{narrow['id']}/replace"
    refused(town.api.post(url, json={"latest": at("08:00")}), 422, "window_runs_backward")
    refused(town.api.post(url, json={"patient": "p2"}), 422, "unknown_field")
    assert [each["status"] for each in town.get("/booking-requests")["items"]] == ["queued"]


def test_a_failed_request_says_why(town: Town, session):
    wanted = town.post("/booking-requests", **town.wish())
    with session() as open_session:
        decide(open_session, wanted["id"], RequestStatus.FAILED)
    assert town.get(f"/booking-requests/{wanted['id']}")["failure"] == "It could not be planned."


def test_requests_are_filtered(town: Town):
    first = town.post("/booking-requests", **town.wish())["id"]
    second = town.post("/booking-requests", **town.wish("p2"))["id"]
    town.api.delete(f"/booking-requests/{second}")

    def listed(**params):
        return [each["id"] for each in town.get("/booking-requests", **params)["items"]]

    assert listed() == [first, second]
    assert listed(status="queued") == listed(patient="p1") == [first]
    assert listed(status=["queued", "cancelled"]) == [first, second]
    refused(town.api.get("/booking-requests", params={"status": "open"}), 422, "not_a_choice")
    refused(town.api.get("/booking-requests", params={"batch": "x"}), 422, "not_an_id")
    refused(town.api.get("/booking-requests", params={"patient": "p9"}), 422, "unknown_patient")


def test_requests_are_filtered_by_what_they_ask_for_and_by_why_not(town: Town, session):
    urgent = town.post("/booking-requests", **town.wish(priority="urgent", doctors=["d1"]))["id"]
    refused_one = town.post("/booking-requests", **town.wish(hospitals=["central"], doctors=["d2"]))["id"]
    agreed = town.post("/booking-requests", **town.wish())["id"]
    why = {"kind": "hours_taken", "message": "-", "facts": {}, "certificate": {}, "alternatives": []}
    with session() as deciding:
        decide(deciding, refused_one, RequestStatus.CONFLICT, why)
        decide(deciding, agreed, RequestStatus.BOOKED, why)  # to another hour: it is in conflict no more
    for filters, expected in (
        ({"priority": "urgent"}, [urgent]),
        ({"doctor": "d1"}, [urgent]),
        ({"doctor": ["d1", "d2"]}, [urgent, refused_one]),
        ({"hospital": "central"}, [refused_one]),
        ({"kind": "hours_taken"}, [refused_one]),
        ({"kind": "hospital_closed"}, []),
        ({}, [urgent, refused_one, agreed]),
    ):
        assert [each["id"] for each in town.get("/booking-requests", **filters)["items"]] == expected
    refused(town.api.get("/booking-requests", params={"hospital": "nowhere"}), 422, "unknown_hospital")


def test_a_poll_is_held_open_until_the_request_is_decided(town: Town):
    wanted = town.post("/booking-requests", **town.wish())["id"]
    answers = []

    def poll():
        answers.append(town.api.get(f"/booking-requests/{wanted}", headers={"Prefer": "wait=20"}))

    poller = threading.Thread(target=poll)
    poller.start()
    poller.join(timeout=0.3)
    assert poller.is_alive()
    town.api.delete(f"/booking-requests/{wanted}")
    poller.join(timeout=5)
    (answer,) = answers
    assert answer.json()["status"] == "cancelled"
    assert answer.headers["preference-applied"] == "wait=20"


def test_a_wait_ends_when_it_was_to_end(town: Town):
    wanted = town.post("/booking-requests", **town.wish())["id"]
    began = time.monotonic()
    answer = town.api.get(f"/booking-requests/{wanted}", headers={"Prefer": "respond-async, wait=1"})
    assert 0.9 < time.monotonic() - began < 5
    assert answer.json()["status"] == "queued"
    assert answer.headers["retry-after"] == "1"


def test_what_does_not_exist_is_not_waited_for(api):
    response = api.get(f"/booking-requests/{uuid.uuid4()}", headers={"Prefer": "wait=30"})
    refused(response, 404, "unknown_booking_request")


def test_only_so_many_polls_are_held_open(town: Town, monkeypatch):
    monkeypatch.setattr("api.waiting.api_settings", lambda: ApiSettings(max_waiters=0))
    wanted = town.post("/booking-requests", **town.wish())["id"]
    answer = town.api.get(f"/booking-requests/{wanted}", headers={"Prefer": "wait=30"})
    assert answer.json()["status"] == "queued"
    assert "preference-applied" not in answer.headers


def test_waiting_polls_hold_neither_connections_nor_threads(town: Town, served):
    """Sixty polls wait; forty threads and forty connections are all there are, and others are answered meanwhile."""
    wanted = town.post("/booking-requests", **town.wish())["id"]
    pollers = [
        threading.Thread(
            target=town.api.get, args=(f"/booking-requests/{wanted}",), kwargs={"headers": {"Prefer": "wait=25"}}
        )
        for _ in range(60)
    ]
    for waiting in (20, 40, 60):  # fewer at a time than one process answers at once
        for poller in pollers[waiting - 20 : waiting]:
            poller.start()
        deadline = time.monotonic() + 25
        while served.app.state.waiters.count < waiting:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert town.get("/hospitals/central")
    assert served.app.state.waiters.count == 60
    town.api.delete(f"/booking-requests/{wanted}")
    for poller in pollers:
        poller.join(timeout=30)
        assert not poller.is_alive()
    assert served.app.state.waiters.count == 0


def test_a_caller_who_hangs_up_is_waited_for_no_more(town: Town, served):
    wanted = town.post("/booking-requests", **town.wish())["id"]
    with structlog.testing.capture_logs() as lines:
        with pytest.raises(httpx.ReadTimeout):
            town.api.get(f"/booking-requests/{wanted}", headers={"Prefer": "wait=30"}, timeout=0.5)
        wait_for_lines(lines, 1)
    assert served.app.state.waiters.count == 0
