"""An exact hour at once, or the reason why not; and what becomes of an appointment."""

import datetime as dt

import pytest

from tests.api.town import MONDAY, Town, at, hospital, refused


def body(**changes):
    return {"patient": "p1", "doctor": "d1", "hospital": "central", "start": at("10:00"), **changes}


def test_an_hour_is_booked_at_once(town: Town):
    response = town.api.post("/appointments", json=body())
    assert response.status_code == 201
    shown = response.json()
    assert response.headers["location"] == f"/appointments/{shown['id']}"
    assert (shown["start"], shown["end"], shown["status"]) == (at("10:00"), at("11:00"), "booked")
    assert (shown["patient"]["name"], shown["doctor"]["name"]) == ("Maria Silva", "Dr Ana Sousa")
    assert town.get(f"/appointments/{shown['id']}") == shown


@pytest.mark.parametrize(
    ("changes", "status", "code", "says"),
    [
        ({"start": at("10:30")}, 422, "off_the_hour", "on the hour by the hospital's clock"),
        ({"start": at("20:00")}, 409, "hospital_closed", "Central"),
        ({"start": at("15:00")}, 409, "no_availability", "Dr Ana Sousa"),
        ({"start": at("12:00")}, 409, "hours_taken", "Dr Ana Sousa"),
        ({"doctor": "d2", "start": at("11:00")}, 409, "patient_busy", "the patient"),
        ({"patient": "p9"}, 422, "unknown_patient", "There is no patient 'p9'"),
        ({"start": at("10:00")[:19]}, 422, "no_offset", "has no UTC offset"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason(town: Town, changes, status, code, says):
    town.book("p2", "d1", "12:00")
    town.book("p1", "d1", "11:00")
    before = town.get("/appointments")
    problem = refused(town.api.post("/appointments", json=body(**changes)), status, code)
    assert says in problem["detail"]
    assert "Maria" not in problem["detail"]
    assert problem["errors"][0]["code"] == code
    assert town.get("/appointments") == before


def test_a_taken_hour_comes_with_what_could_be_had_instead(town: Town):
    standing = town.book("p2", "d1", "10:00")
    problem = refused(town.api.post("/appointments", json=body()), 409, "hours_taken")
    facts = problem["errors"][0]["facts"]
    assert standing["id"] in str(facts["appointments"])
    assert 1 <= len(facts["alternatives"]) <= 3
    for alternative in facts["alternatives"]:
        assert alternative["doctor"]["name"] in {"Dr Ana Sousa", "Dr Rui Costa"}
        assert alternative["hospital"]["name"] == "Central"
        assert alternative["gives_up"]
    best = facts["alternatives"][0]
    booked = town.post("/appointments", **body(doctor=best["doctor"]["id"], start=best["start"]))
    assert booked["start"] == best["start"]


def test_on_the_hour_is_by_the_hospitals_clock(town: Town):
    town.post("/hospitals", **hospital("delhi", "Asia/Kolkata"))
    start = dt.datetime.fromisoformat(at("04:30", MONDAY).replace(at("04:30", MONDAY)[19:], "+00:00"))
    day = start + dt.timedelta(days=1)
    town.post(
        "/availabilities",
        doctor="d1",
        hospital="delhi",
        start=day.isoformat(),
        end=(day + dt.timedelta(hours=2)).isoformat(),
    )
    shown = town.post("/appointments", **body(hospital="delhi", start=day.isoformat()))
    assert shown["start"].endswith("T10:00:00+05:30")


def test_every_name_that_nobody_has_is_told_at_once(town: Town):
    problem = refused(
        town.api.post("/appointments", json=body(patient="p9", doctor="d9", hospital="h9")), 422, "invalid"
    )
    assert [error["pointer"] for error in problem["errors"]] == ["#/patient", "#/doctor", "#/hospital"]
    assert problem["detail"].startswith("There are 3 faults, and errors names each. The first: ")


@pytest.mark.parametrize(
    ("action", "status"), [("cancel", "cancelled"), ("complete", "completed"), ("no-show", "no_show")]
)
def test_an_appointment_ends_once(town: Town, action, status):
    appointment = town.book("p1", "d1", "10:00")
    url = f"/appointments/{appointment['id']}"
    refused(town.api.post(f"{url}/{action}", headers={"If-Match": '"7"'}), 412, "changed_since")
    ended = town.api.post(f"{url}/{action}", headers={"If-Match": '"1"'})
    assert ended.status_code == 200
    assert ended.headers["etag"] == '"2"'
    assert ended.json()["status"] == status
    assert town.get(url) == ended.json()
    refused(town.api.post(f"{url}/{action}"), 409, "appointment_not_booked")


def test_a_cancelled_hour_is_free(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    town.post(f"/appointments/{appointment['id']}/cancel")
    assert town.book("p2", "d1", "10:00")["status"] == "booked"


def test_an_appointment_is_moved_once_for_its_version(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    url = f"/appointments/{appointment['id']}/move"
    moved = town.api.post(url, json={"doctor": "d2", "start": at("11:00")}, headers={"If-Match": '"1"'})
    assert moved.status_code == 200
    assert moved.headers["etag"] == '"2"'
    shown = moved.json()
    assert (shown["id"], shown["start"], shown["doctor"]["external_id"]) == (appointment["id"], at("11:00"), "d2")
    assert town.get(f"/appointments/{appointment['id']}") == shown
    refused(town.api.post(url, json={"start": at("12:00")}, headers={"If-Match": '"1"'}), 412, "changed_since")
    assert town.book("p2", "d1", "10:00")["status"] == "booked"


def test_a_move_that_cannot_be_is_refused_as_a_booking_is(town: Town):
    appointment, _ = town.book("p1", "d1", "10:00"), town.book("p2", "d1", "11:00")
    problem = refused(
        town.api.post(f"/appointments/{appointment['id']}/move", json={"start": at("11:00")}), 409, "hours_taken"
    )
    assert "João" not in problem["detail"]
    starts = [each["start"] for each in problem["errors"][0]["facts"]["alternatives"]]
    assert starts == [at("12:00"), at("09:00")]
    assert town.get(f"/appointments/{appointment['id']}") == appointment


def test_one_that_a_request_is_about_to_move_is_not_moved_by_hand(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    town.post("/booking-requests", **town.wish(moves=appointment["id"]))
    url = f"/appointments/{appointment['id']}/move"
    refused(town.api.post(url, json={"start": at("11:00")}), 409, "already_being_moved")


def test_appointments_are_filtered(town: Town):
    first, second = town.book("p1", "d1", "10:00"), town.book("p2", "d2", "09:00")
    town.post(f"/appointments/{first['id']}/complete")

    def listed(**params):
        return [each["id"] for each in town.get("/appointments", **params)["items"]]

    assert listed() == [second["id"], first["id"]]
    assert listed(patient="p1") == listed(doctor="d1") == listed(status="completed") == [first["id"]]
    assert listed(status=["booked", "completed"], hospital="central") == [second["id"], first["id"]]
    assert listed(**{"from": str(MONDAY), "to": str(MONDAY)}) == [second["id"], first["id"]]
    assert listed(**{"from": str(MONDAY + dt.timedelta(days=1))}) == []


@pytest.mark.parametrize("path", ["", "/cancel", "/complete", "/no-show", "/move"])
def test_an_appointment_that_does_not_exist_is_not_found(api, path):
    method = "POST" if path else "GET"
    url = f"/appointments/0198c5a0-7d3e-7c1a-9f1e-2b6a54d0e111{path}"
    body = {"start": at("10:00")} if path == "/move" else None
    refused(api.request(method, url, json=body), 404, "unknown_appointment")
    refused(api.request(method, f"/appointments/nonsense{path}", json=body), 404, "nothing_here")
