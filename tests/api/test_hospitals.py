"""Hospitals, their hours, their exceptions, and what is refused."""

import datetime as dt

from tests.api.town import EVERY_DAY, MONDAY, Town, at, hospital, next_change, refused


def test_a_hospital_is_added_and_found_by_either_id(api):
    added = api.post("/hospitals", json=hospital("central"))
    assert added.status_code == 201
    shown = added.json()
    assert added.headers["location"] == f"/hospitals/{shown['id']}"
    assert shown["operating_hours"] == EVERY_DAY
    for reference in ("central", shown["id"]):
        assert api.get(f"/hospitals/{reference}").json() == shown


def test_a_hospital_needs_no_external_id(api):
    body = hospital("x")
    del body["external_id"]
    shown = api.post("/hospitals", json=body).json()
    assert api.get(f"/hospitals/{shown['external_id']}").json()["id"] == shown["id"]


def test_an_external_id_is_taken_once(api):
    api.post("/hospitals", json=hospital("central"))
    problem = refused(api.post("/hospitals", json=hospital("central")), 409, "external_id_taken")
    assert problem["errors"][0]["pointer"] == "#/external_id"
    assert "choose another external_id" in problem["detail"]


def test_every_fault_of_a_hospital_is_named_at_once(api):
    body = {
        "name": "",
        "timezone": "Lisbon",
        "operating_hours": {
            "monday": [{"opens": "9", "closes": "17:00"}],
            "tuesday": [{"opens": "09:00", "closes": "13:00"}, {"opens": "12:00", "closes": "18:00"}],
            "mnday": [],
        },
        "colour": "white",
    }
    problem = refused(api.post("/hospitals", json=body), 422, "invalid")
    found = {(error["code"], error["pointer"]) for error in problem["errors"]}
    assert found == {
        ("too_short", "#/name"),
        ("unknown_timezone", "#/timezone"),
        ("not_a_time_of_day", "#/operating_hours/monday/0/opens"),
        ("hours_overlap", "#/operating_hours/tuesday"),
        ("not_a_choice", "#/operating_hours/mnday"),
        ("unknown_field", "#/colour"),
    }
    sentences = {error["pointer"]: error["message"] for error in problem["errors"]}
    assert sentences["#/timezone"] == "timezone is not an IANA time zone; write one such as Europe/Lisbon."
    assert sentences["#/operating_hours/monday/0/opens"] == (
        "operating_hours.monday[0].opens is not a time of day; write HH:MM, from 00:00 to 24:00."
    )


def test_hours_are_read_as_they_were_written(api):
    api.post("/hospitals", json=hospital("central"))
    week = {
        "monday": [{"opens": "00:00", "closes": "24:00"}],
        "friday": [{"opens": "08:30", "closes": "12:00"}, {"opens": "22:00", "closes": "06:00"}],
    }
    written = api.put("/hospitals/central/operating-hours", json=week)
    assert written.status_code == 200
    closed = {day: [] for day in EVERY_DAY}
    assert written.json() == api.get("/hospitals/central/operating-hours").json() == closed | week


def test_hours_cannot_strand_an_availability(town: Town):
    problem = refused(town.api.put("/hospitals/central/operating-hours", json={}), 409, "availability_outside_openings")
    assert len(problem["errors"]) == 2
    assert all(error["facts"]["availability"] in error["message"] for error in problem["errors"])
    assert town.get("/hospitals/central/operating-hours") == EVERY_DAY


def test_hours_are_changed_only_by_who_has_seen_them(town: Town):
    seen = town.api.get("/hospitals/central/operating-hours").headers["etag"]
    changed = town.api.put("/hospitals/central/operating-hours", json=EVERY_DAY, headers={"If-Match": seen})
    assert changed.status_code == 200
    assert changed.headers["etag"] != seen
    problem = refused(
        town.api.put("/hospitals/central/operating-hours", json=EVERY_DAY, headers={"If-Match": seen}),
        412,
        "changed_since",
    )
    assert "read them again" in problem["detail"]
    weak = f"W/{changed.headers['etag']}"
    for accepted in (changed.headers["etag"], "*"):
        answer = town.api.put("/hospitals/central/exceptions/2030-01-01", json={}, headers={"If-Match": accepted})
        assert answer.status_code == 200
    refused(town.api.delete("/hospitals/central/exceptions/2030-01-01", headers={"If-Match": weak}), 412)


def test_an_etag_that_is_none_is_explained(town: Town):
    problem = refused(
        town.api.put("/hospitals/central/operating-hours", json=EVERY_DAY, headers={"If-Match": "3"}),
        422,
        "unreadable_etag",
    )
    assert problem["errors"][0]["parameter"] == "If-Match"


def test_a_day_is_closed_by_an_exception_and_opened_again(town: Town):
    day = (MONDAY + dt.timedelta(days=1)).isoformat()
    url = f"/hospitals/central/exceptions/{day}"
    assert town.put(url, hours=[], reason="Works") == {"date": day, "hours": [], "reason": "Works"}
    assert town.get("/hospitals/central/exceptions") == [{"date": day, "hours": [], "reason": "Works"}]
    assert town.get("/hospitals/central/openings", **{"from": day, "to": day})["openings"] == []
    assert town.api.delete(url).status_code == 204
    assert town.get("/hospitals/central/openings", **{"from": day, "to": day})["openings"] == [
        {
            "start": at("09:00", MONDAY + dt.timedelta(days=1)),
            "end": at("18:00", MONDAY + dt.timedelta(days=1)),
        }
    ]
    problem = refused(town.api.delete(url), 404, "unknown_exception")
    assert "weekly hours" in problem["detail"]


def test_an_exception_cannot_strand_an_availability(town: Town):
    url = f"/hospitals/central/exceptions/{MONDAY}"
    refused(town.api.put(url, json={"hours": []}), 409, "availability_outside_openings")


def test_a_date_is_explained(town: Town):
    problem = refused(town.api.put("/hospitals/central/exceptions/tomorrow", json={}), 422, "not_a_date")
    assert problem["errors"] == [
        {
            "code": "not_a_date",
            "message": "date is not a date; write it like 2026-12-01.",
            "parameter": "date",
            "value": "tomorrow",
        }
    ]


def test_openings_have_the_hours_of_days_on_which_clocks_change(api):
    town = Town(api)
    town.post(
        "/hospitals", **hospital("round", hours={day: [{"opens": "00:00", "closes": "24:00"}] for day in EVERY_DAY})
    )
    for forward, hours in ((True, 23), (False, 25)):
        day = next_change(forward=forward).isoformat()
        (opening,) = town.get("/hospitals/round/openings", **{"from": day, "to": day})["openings"]
        start, end = (dt.datetime.fromisoformat(opening[key]) for key in ("start", "end"))
        assert end - start == dt.timedelta(hours=hours)
        assert start.utcoffset() != end.utcoffset()


def test_dates_of_openings_run_forward_and_are_not_too_many(town: Town):
    url = "/hospitals/central/openings"
    problem = refused(town.api.get(url, params={"from": "2027-02-02", "to": "2027-02-01"}), 422, "dates_run_backward")
    assert problem["errors"][0]["parameter"] == "to"
    refused(town.api.get(url, params={"from": "2027-01-01", "to": "2029-01-01"}), 422, "too_many_days")
    refused(town.api.get(url, params={"from": "9999-12-31"}), 422, "date_out_of_reach")


def test_an_unknown_hospital_is_not_found_wherever_it_is_named_in_a_path(api):
    for path in ("", "/operating-hours", "/exceptions", "/openings"):
        problem = refused(api.get(f"/hospitals/nowhere{path}"), 404, "unknown_hospital")
        assert problem["detail"] == "There is no hospital 'nowhere'."
