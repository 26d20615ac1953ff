"""When doctors see patients: added, changed, withdrawn, and every reason why not."""

import datetime as dt

import pytest

from tests.api.town import MONDAY, Town, at, hospital, refused


def body(**changes):
    return {"doctor": "d1", "hospital": "central", "start": at("14:00"), "end": at("17:00"), **changes}


def test_an_availability_is_added_with_names_and_local_times(town: Town):
    response = town.api.post("/availabilities", json=body())
    assert response.status_code == 201
    shown = response.json()
    assert response.headers["location"] == f"/availabilities/{shown['id']}"
    assert response.headers["etag"] == '"1"'
    assert shown["doctor"]["name"] == "Dr Ana Sousa"
    assert shown["hospital"] == {
        "id": shown["hospital"]["id"],
        "external_id": "central",
        "name": "Central",
        "timezone": "Europe/Lisbon",
    }
    assert (shown["start"], shown["end"]) == (at("14:00"), at("17:00"))
    assert town.get(f"/availabilities/{shown['id']}") == shown


def test_instants_may_have_any_offset_and_come_back_in_the_hospitals(town: Town):
    start = dt.datetime.fromisoformat(at("14:00")).astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30)))
    shown = town.post("/availabilities", **body(start=start.isoformat()))
    assert shown["start"] == at("14:00")


@pytest.mark.parametrize(
    ("changes", "status", "code", "says"),
    [
        ({"end": at("19:00")}, 409, "outside_openings", "it is open"),
        ({"start": at("12:00")}, 409, "doctor_elsewhere", "a doctor is in one place at a time"),
        ({"end": at("14:00")}, 422, "period_runs_backward", "choose a later end"),
        ({"doctor": "d9"}, 422, "unknown_doctor", "There is no doctor 'd9'"),
        ({"hospital": "h9"}, 422, "unknown_hospital", "There is no hospital 'h9'"),
        ({"start": at("14:00")[:19]}, 422, "no_offset", "write it like 2026-12-01T10:00:00+00:00"),
        ({"start": "14:00"}, 422, "not_an_instant", "write it like 2026-12-01T10:00:00+00:00"),
        ({"start": 1_800_000_000}, 422, "instant_not_text", "write it like 2026-12-01T10:00:00+00:00"),
        ({"start": "9999-12-31T23:00:00+00:00"}, 422, "instant_out_of_reach", "1970 to 2199"),
    ],
)
def test_what_will_not_do_is_refused_with_what_would(town: Town, changes, status, code, says):
    problem = refused(town.api.post("/availabilities", json=body(**changes)), status, code)
    (error,) = problem["errors"]
    assert error["code"] == code
    assert says in error["message"] == problem["detail"]
    assert error["pointer"] in {f"#/{field}" for field in ("start", "end", *changes)}


def test_a_doctor_is_in_one_place_at_a_time_wherever_that_is(town: Town):
    town.post("/hospitals", **hospital("west"))
    problem = refused(
        town.api.post("/availabilities", json=body(hospital="west", start=at("10:00"))), 409, "doctor_elsewhere"
    )
    assert "The doctor is at Central then" in problem["detail"]
    assert "availability" in problem["errors"][0]["facts"]


def test_an_inactive_doctor_is_refused(town: Town):
    town.put("/users/d1", name="Dr Ana Sousa", role="doctor", active=False)
    refused(town.api.post("/availabilities", json=body()), 422, "inactive_doctor")


def test_an_availability_is_changed_by_who_has_seen_it(town: Town):
    shown = town.post("/availabilities", **body())
    url = f"/availabilities/{shown['id']}"
    changed = town.api.patch(url, json={"end": at("16:00")}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    assert changed.headers["etag"] == '"2"'
    assert (changed.json()["start"], changed.json()["end"]) == (at("14:00"), at("16:00"))
    refused(town.api.patch(url, json={"end": at("17:00")}, headers={"If-Match": '"1"'}), 412, "changed_since")
    refused(town.api.delete(url, headers={"If-Match": '"1"'}), 412, "changed_since")
    assert town.get(url) == changed.json()
    assert town.api.delete(url, headers={"If-Match": '"2"'}).status_code == 204
    refused(town.api.get(url), 404, "unknown_availability")


def test_a_change_that_changes_nothing_is_refused(town: Town):
    shown = town.post("/availabilities", **body())
    problem = refused(town.api.patch(f"/availabilities/{shown['id']}", json={}), 422, "nothing_to_change")
    assert problem["detail"] == "The body changes nothing; send start, end or both."


def test_an_availability_with_appointments_is_neither_cut_nor_withdrawn(town: Town):
    shown = town.post("/availabilities", **body())
    url = f"/availabilities/{shown['id']}"
    appointment = town.book("p1", "d1", "16:00")
    for response in (town.api.patch(url, json={"end": at("16:30")}), town.api.delete(url)):
        problem = refused(response, 409, "appointment_stands")
        assert problem["errors"][0]["facts"] == {"appointment": appointment["id"]}
        assert "move or cancel it first" in problem["detail"]
    assert town.api.patch(url, json={"start": at("15:00")}).status_code == 200


def test_availabilities_are_filtered_by_hospital_doctors_and_local_dates(town: Town):
    tuesday = MONDAY + dt.timedelta(days=1)
    town.available("d1", "09:00", "10:00", tuesday)

    def listed(**params):
        items = town.get("/availabilities", **params)["items"]
        return [(each["doctor"]["external_id"], each["start"]) for each in items]

    first, second, third = ("d1", at("09:00")), ("d2", at("09:00")), ("d1", at("09:00", tuesday))
    assert listed() == [first, second, third]
    assert listed(hospital="central", doctor=["d1"]) == [first, third]
    assert listed(doctor=["d1", "d2"], to=str(MONDAY)) == [first, second]
    assert listed(**{"from": str(tuesday)}) == [third]
    problem = refused(town.api.get("/availabilities", params={"doctor": ["d1", "d8", "d9"]}), 422, "unknown_doctor")
    assert [(error["parameter"], error["value"]) for error in problem["errors"]] == [("doctor", "d8"), ("doctor", "d9")]
    refused(
        town.api.get("/availabilities", params={"from": "2027-02-02", "to": "2027-02-01"}), 422, "dates_run_backward"
    )
