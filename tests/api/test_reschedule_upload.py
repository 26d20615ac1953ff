"""A reschedule for a CSV file of appointments: every fault with its line and column, and nothing begun."""

import uuid

import pytest

from api.appointment_files import csv_template
from api.catalogue import CATALOGUE
from tests.api.reschedules import appointments
from tests.api.town import Town, at, refused

STRANGE = str(uuid.UUID(int=7))


def send(town: Town, body: str | bytes, **params: str | int):
    data = body.encode() if isinstance(body, str) else body
    return town.api.post("/reschedules", content=data, params=params, headers={"Content-Type": "text/csv"})


def lines(*ids: str) -> str:
    return "".join(f"{line}\n" for line in ("appointment", *ids))


def faults(town: Town, body: str) -> list[tuple[str, str]]:
    """Where each fault is, and which it is; nothing has been begun."""
    problem = refused(send(town, body), 422)
    assert town.get("/reschedules")["items"] == []
    assert all(error["code"] in CATALOGUE and error["message"].endswith(".") for error in problem["errors"])
    assert not any("pointer" in error for error in problem["errors"])
    places = (error.get("facts", {}) for error in problem["errors"])
    return [
        (" ".join(str(place[key]) for key in ("line", "column") if key in place), error["code"])
        for place, error in zip(places, problem["errors"], strict=True)
    ]


def test_a_file_of_appointments_is_one_reschedule(town: Town):
    first, second, third = (town.book("p1", "d1", start)["id"] for start in ("09:00", "10:00", "11:00"))
    response = send(town, "\ufeff" + lines(first, "", third))
    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/reschedules/{job['id']}"
    assert (job["cause"], job["scope"]["appointments"], job["counts"]["displaced"]) == ("appointments", 2, 2)
    assert [each["appointment"] for each in appointments(town, job["id"])] == [first, third]
    assert second not in str(appointments(town, job["id"]))


def test_policy_and_label_are_parameters_of_the_address(town: Town):
    file = lines(town.book("p1", "d1", "10:00")["id"])
    asked = {"label": "Week 49", "what_if": "true", "notice_hours": 48, "same_doctor": "false", "latest": at("18:00")}
    job = send(town, file, **asked).json()
    assert (job["label"], job["what_if"], job["dry_run"]) == ("Week 49", True, True)
    assert (job["policy"]["notice_hours"], job["policy"]["same_doctor"]) == (48, False)
    assert job["policy"]["latest"] == at("18:00").replace("+00:00", "Z")
    assert job["policy"]["same_hospital"]
    assert send(town, file, dry_run="false").json()["dry_run"] is False


@pytest.mark.parametrize(
    ("params", "parameter", "code"),
    [
        ({"notice_hours": "soon"}, "notice_hours", "wrong_type"),
        ({"latest": "2030-01-01T09:00:00"}, "latest", "no_offset"),
        ({"colour": "red"}, "colour", "unknown_field"),
        ({"label": ""}, "label", "too_short"),
    ],
)
def test_parameters_that_will_not_do_are_named(town: Town, params, parameter, code):
    problem = refused(send(town, lines(town.book("p1", "d1", "10:00")["id"]), **params), 422, code)
    assert [error["parameter"] for error in problem["errors"]] == [parameter]


def test_a_question_that_is_to_be_applied_is_refused(town: Town):
    file = lines(town.book("p1", "d1", "10:00")["id"])
    refused(send(town, file, what_if="true", dry_run="false"), 422, "what_if_applied")


def test_every_fault_is_told_with_its_line_and_column(town: Town):
    good = town.book("p1", "d1", "10:00")["id"]
    assert faults(town, lines("a1", good, "", good, f"{good},more")) == [
        ("2 appointment", "not_an_id"),
        ("5 appointment", "appointment_twice"),
        ("6", "too_many_cells"),
    ]


def test_what_only_the_database_knows_has_its_line_too(town: Town):
    good, gone = (town.book("p1", "d1", start)["id"] for start in ("10:00", "11:00"))
    town.post(f"/appointments/{gone}/cancel")
    assert faults(town, lines(good, STRANGE, "", gone)) == [
        ("3 appointment", "unknown_appointment"),
        ("5 appointment", "appointment_not_booked"),
    ]
    problem = refused(send(town, lines(STRANGE)), 422, "unknown_appointment")
    assert problem["detail"] == f"Line 2: There is no appointment {STRANGE}; leave it out."


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        ("", "empty_file", "the first line names the columns: appointment"),
        ("appointment\n", "too_short", "The file names no appointments"),
        (f"id\n{STRANGE}\n", "unknown_column", "Line 1: 'id' is no column here; there are: appointment"),
        (f"appointment,appointment\n{STRANGE},{STRANGE}\n", "column_twice", "is there twice; keep one"),
        (b"appointment\n\xe9\n", "not_utf8", "Line 2: "),
        (lines(*(str(uuid.UUID(int=each)) for each in range(10_001))), "too_many", "names 10,001 appointments"),
    ],
    ids=["empty", "no lines", "wrong header", "column twice", "not UTF-8", "10,001"],
)
def test_a_file_that_names_no_appointments_is_told_so(town: Town, body, code, sentence):
    problem = refused(send(town, body), 422)
    assert code in [error["code"] for error in problem["errors"]]
    assert sentence in problem["errors"][0]["message"]
    assert town.get("/reschedules")["items"] == []


def test_appointments_that_another_reschedule_holds_are_refused(town: Town):
    file = lines(town.book("p1", "d1", "10:00")["id"])
    other = send(town, file).json()["id"]
    problem = refused(send(town, file), 409, "appointment_held")
    assert problem["errors"][0]["facts"]["reschedule"] == other
    assert "pointer" not in problem["errors"][0]


def test_a_key_stands_for_the_file_and_its_parameters(town: Town):
    file, headers = lines(town.book("p1", "d1", "10:00")["id"]).encode(), {"Idempotency-Key": "k"}
    headers |= {"Content-Type": "text/csv"}
    first, again = (town.api.post("/reschedules", content=file, headers=headers) for _ in range(2))
    assert again.content == first.content
    other = town.api.post("/reschedules?what_if=true", content=file, headers=headers)
    refused(other, 422, "key_reused")


def test_the_reference_says_that_csv_is_taken(town: Town):
    operation = town.get("/openapi.json")["paths"]["/reschedules"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/RescheduleIn")
    assert operation["requestBody"]["content"]["text/csv"]["example"] == csv_template()
    assert {"label", "what_if", "notice_hours"} <= {parameter["name"] for parameter in operation["parameters"]}
    assert faults(town, csv_template()) == [("2 appointment", "unknown_appointment")]
