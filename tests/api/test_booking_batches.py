"""Batches: all or none, followed to the end."""

import threading
import uuid

from models.booking import RequestStatus
from tests.api.town import Town, at, decide, refused


def test_a_batch_is_queued_whole_and_followed(town: Town):
    body = {"label": "Waiting list", "requests": [town.wish("p1"), town.wish("p2"), town.wish("p1")]}
    response = town.api.post("/booking-batches", json=body)
    assert response.status_code == 202
    assert response.headers["retry-after"] == "1"
    batch = response.json()
    assert response.headers["location"] == f"/booking-batches/{batch['id']}"
    assert (batch["label"], batch["size"], batch["done"], batch["progress"]) == ("Waiting list", 3, False, 0.0)
    assert batch["counts"]["queued"] == 3
    items = town.get("/booking-requests", batch=batch["id"])["items"]
    assert [(each["batch_line"], each["patient"]["external_id"]) for each in items] == [(1, "p1"), (2, "p2"), (3, "p1")]
    assert town.get("/booking-batches")["items"] == [batch]


def test_a_batch_counts_what_is_decided(town: Town, session):
    batch = town.post("/booking-batches", requests=[town.wish()] * 4)
    ids = [each["id"] for each in town.get("/booking-requests", batch=batch["id"])["items"]]
    town.api.delete(f"/booking-requests/{ids[0]}")
    conflict = {"kind": "hours_taken", "message": "-", "facts": {}, "certificate": {}, "alternatives": []}
    with session() as open_session:
        decide(open_session, ids[1], RequestStatus.CONFLICT, conflict)
        decide(open_session, ids[2], RequestStatus.BOOKED)
    shown = town.get(f"/booking-batches/{batch['id']}")
    assert shown["counts"] == {"queued": 1, "planning": 0, "booked": 1, "conflict": 1, "cancelled": 1, "failed": 0}
    assert shown["conflicts"]["hours_taken"] == 1
    assert (shown["done"], shown["progress"]) == (False, 0.75)
    town.api.delete(f"/booking-requests/{ids[3]}")
    response = town.api.get(f"/booking-batches/{batch['id']}")
    assert (response.json()["done"], response.json()["progress"]) == (True, 1.0)
    assert "retry-after" not in response.headers


def test_one_faulty_request_refuses_the_batch_and_every_fault_has_its_place(town: Town):
    requests = [town.wish() for _ in range(6)]
    requests[1]["patient"] = "p9"
    requests[3]["doctors"] = ["d1", "d9"]
    requests[5]["latest"] = at("08:00")
    problem = refused(town.api.post("/booking-batches", json={"requests": requests}), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [
        "#/requests/1/patient",
        "#/requests/3/doctors/1",
        "#/requests/5/latest",
    ]
    assert town.get("/booking-requests")["items"] == []
    assert town.get("/booking-batches")["items"] == []


def test_shapes_are_checked_before_anything_is_looked_up(town: Town):
    requests = [town.wish(), town.wish(earliest="soon"), {"patient": "p1"}]
    problem = refused(town.api.post("/booking-batches", json={"requests": requests}), 422, "invalid")
    assert {(error["code"], error["pointer"]) for error in problem["errors"]} == {
        ("not_an_instant", "#/requests/1/earliest"),
        ("missing", "#/requests/2/earliest"),
        ("missing", "#/requests/2/latest"),
    }


def test_a_batch_has_one_to_ten_thousand_requests(town: Town):
    refused(town.api.post("/booking-batches", json={"requests": []}), 422, "too_short")
    problem = refused(town.api.post("/booking-batches", json={"requests": [town.wish()] * 10_001}), 422, "too_many")
    assert problem["detail"] == "requests has more than 10000 items; send fewer."


def test_ten_thousand_requests_are_queued(town: Town):
    batch = town.post("/booking-batches", requests=[town.wish(doctors=["d1", "d2"])] * 10_000)
    assert batch["counts"]["queued"] == 10_000
    assert town.get("/booking-requests", batch=batch["id"], limit=1000)["items"][-1]["batch_line"] == 1000


def test_a_poll_is_held_open_until_the_batch_is_done(town: Town):
    batch = town.post("/booking-batches", requests=[town.wish()])["id"]
    (request,) = town.get("/booking-requests", batch=batch)["items"]
    threading.Timer(0.3, town.api.delete, [f"/booking-requests/{request['id']}"]).start()
    answer = town.api.get(f"/booking-batches/{batch}", headers={"Prefer": "wait=20"})
    assert answer.json()["done"] is True
    assert answer.headers["preference-applied"] == "wait=20"


def test_a_batch_that_does_not_exist_is_not_found(api):
    refused(api.get(f"/booking-batches/{uuid.uuid4()}"), 404, "unknown_booking_batch")
    refused(api.get(f"/booking-batches/{uuid.uuid4()}", headers={"Prefer": "wait=9"}), 404, "unknown_booking_batch")
