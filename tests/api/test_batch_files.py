"""A batch as a CSV file: queued whole, or every fault with its line and column and nothing queued."""

import time

import pytest

from api.batch_files import csv_template
from api.catalogue import CATALOGUE
from api.file_faults import FAULTS
from tests.api.town import Town, at, refused

HEADER = "patient,priority,doctors,hospitals,earliest,latest"
WINDOW = f"{at('09:00')},{at('18:00')}"
LINE = f"p1,soon,d1|d2,central,{WINDOW}"


def send(town: Town, body: str | bytes, content_type: str = "text/csv", **params: str):
    data = body.encode() if isinstance(body, str) else body
    return town.api.post("/booking-batches", content=data, params=params, headers={"Content-Type": content_type})


def faults(town: Town, body: str | bytes) -> list[tuple[str, str]]:
    """Where each fault is, and which it is; nothing has been queued."""
    problem = refused(send(town, body), 422)
    assert town.get("/booking-requests")["items"] == []
    assert town.get("/booking-batches")["items"] == []
    for error in problem["errors"]:
        assert error["code"] in CATALOGUE
        assert error["message"].endswith(".")
        assert "pointer" not in error
    return [(_place(error.get("facts", {})), error["code"]) for error in problem["errors"]]


def _place(facts) -> str:
    return " ".join(str(facts[key]) for key in ("line", "column") if key in facts)


def test_a_file_is_queued_as_one_batch(town: Town):
    response = send(town, f"{HEADER}\n{LINE}\n\np2,,,,{WINDOW}\n", label="Week 49")
    assert response.status_code == 202
    batch = response.json()
    assert response.headers["location"] == f"/booking-batches/{batch['id']}"
    assert (batch["label"], batch["size"]) == ("Week 49", 2)
    first, second = town.get("/booking-requests", batch=batch["id"])["items"]
    assert [doctor["external_id"] for doctor in first["doctors"]] == ["d1", "d2"]
    assert (first["priority"], second["priority"], second["doctors"]) == ("soon", "routine", None)
    assert [first["batch_line"], second["batch_line"]] == [1, 2]


@pytest.mark.parametrize(
    "body",
    [
        f"\ufeff{HEADER}\n{LINE}\n",
        f"{HEADER}\r\n{LINE}\r\n",
        f"{HEADER}\n{LINE}\n".replace(",", ";"),
        f"\ufeff{HEADER}\r\n{LINE}".replace(",", ";"),
        f"{HEADER.upper()}\n{LINE}\n",
        f'{HEADER}\n"p1",soon,"d1|d2",central,{WINDOW}\n',
    ],
    ids=["byte order mark", "CRLF", "semicolons", "all at once", "capitals", "quotes"],
)
def test_what_spreadsheets_write_is_read(town: Town, body: str):
    assert send(town, body, "text/csv; charset=utf-8").json()["size"] == 1


def test_every_fault_is_told_with_its_line_and_column(town: Town):
    body = f'{HEADER}\n{LINE}\np1,now,,,{at("09:00")[:-6]},\n\n"p\n1",,d1|,,{WINDOW}\np1,,,,{WINDOW},more,\n'
    assert faults(town, body) == [
        ("3 priority", "not_a_choice"),
        ("3 earliest", "no_offset"),
        ("3 latest", "missing"),
        ("5 patient", "control_character"),
        ("5 doctors", "too_short"),
        ("7", "too_many_cells"),
    ]


def test_what_only_the_database_knows_has_its_line_too(town: Town):
    body = f"{HEADER}\n{LINE}\np9,,d1|d9,,{WINDOW}\n\np1,,,,{at('18:00')},{at('09:00')}\n"
    assert faults(town, body) == [
        ("3 patient", "unknown_patient"),
        ("3 doctors", "unknown_doctor"),
        ("5 latest", "window_runs_backward"),
    ]


def test_the_sentence_of_one_fault_names_its_line(town: Town):
    problem = refused(send(town, f"{HEADER}\n{LINE}\np9,,,,{WINDOW}\n"), 422, "unknown_patient")
    assert problem["detail"] == "Line 3: There is no patient 'p9'; add it to the directory first."
    problem = refused(send(town, f"{HEADER}\np1,now,,,{WINDOW}\n"), 422, "not_a_choice")
    assert problem["detail"] == "Line 2: priority is none of 'urgent', 'soon' or 'routine'."
    assert problem["errors"][0]["value"] == "now"


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        (b"", "empty_file", "the first line names the columns: patient, "),
        (b"\n\n", "empty_file", "Line 1: the file is empty"),
        (HEADER.encode(), "too_short", "The file holds no requests"),
        (f"{HEADER}\nJos\u00e9,,,,".encode("cp1252"), "not_utf8", "Line 2: 'Jos\\xe9' is not UTF-8; save the file"),
        (f"{HEADER}\n{LINE}".encode("utf-16"), "not_utf8", "Line 1: "),
        (f'{HEADER}\n"p1,,,,{WINDOW}\n'.encode(), "not_csv", "Line 2: the file is no CSV"),
        (
            f"{HEADER},colour\n{LINE},red\n".encode(),
            "unknown_column",
            "Line 1: 'colour' is no column here; there are: ",
        ),
        (b"patient,earliest\np1,\n", "missing_column", "Line 1: 'latest' is missing; add the column (an instant"),
        (f"{HEADER},patient\n{LINE},p1\n".encode(), "column_twice", "Line 1: 'patient' is there twice; keep one."),
        (f"{HEADER}\n{LINE},x\n".encode(), "too_many_cells", "Line 2: 'x' is a cell too many: there are 7 cells for 6"),
    ],
)
def test_a_file_that_is_no_table_of_requests_is_told_so(town: Town, body: bytes, code: str, sentence: str):
    problem = refused(send(town, body), 422, code)
    assert sentence in problem["detail"]


def test_every_fault_of_a_file_has_a_page():
    assert set(FAULTS) <= CATALOGUE.keys()


def test_ten_thousand_lines_are_queued_at_once_and_one_more_is_not(town: Town):
    body = f"{HEADER}\n" + f"{LINE}\n" * 10_000
    batch = send(town, body).json()
    assert batch["counts"]["queued"] == 10_000
    problem = refused(send(town, body + f"{LINE}\n"), 422, "too_many")
    assert problem["detail"].startswith("The file holds 10,001 requests, and a batch at most 10,000")


def test_ten_thousand_faults_are_told_at_once(town: Town):
    problem = refused(send(town, f"{HEADER}\n" + f"p1,now,,,,{at('18:00')}\n" * 6_000), 422, "invalid")
    assert len(problem["errors"]) == 10_000
    assert problem["omitted"] == 2_000
    assert problem["errors"][-1]["facts"] == {"line": 5001, "column": "earliest"}


def test_a_file_sent_twice_under_one_key_is_queued_once(town: Town):
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "week-49"}
    body = f"{HEADER}\n{LINE}\n".encode()
    first, second = (town.api.post("/booking-batches", content=body, headers=headers) for _ in range(2))
    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert len(town.get("/booking-batches")["items"]) == 1


def test_other_routes_take_no_csv(town: Town):
    headers = {"Content-Type": "text/csv"}
    for path in ("/booking-requests", "/hospitals"):
        refused(town.api.post(path, content=b"a,b", headers=headers), 415, "unsupported_media_type")
    refused(town.api.post("/booking-batches", content=b"a", headers={"Content-Type": "text/plain"}), 415)
    refused(send(town, f"{HEADER}\n{LINE}\n", label=""), 422, "too_short")


def test_the_template_names_every_column_and_its_example_needs_only_the_directory(town: Town):
    assert {code for _, code in faults(town, csv_template())} == {
        "unknown_patient",
        "unknown_doctor",
        "unknown_hospital",
    }


def test_the_reference_says_that_csv_is_taken(town: Town):
    operation = town.get("/openapi.json")["paths"]["/booking-batches"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/BatchIn")
    assert "`patient` (required)" in operation["requestBody"]["content"]["text/csv"]["schema"]["description"]
    assert "label" in {parameter["name"] for parameter in operation["parameters"]}


def test_a_file_without_end_is_not_read_to_its_end(town: Town):
    began = time.monotonic()
    problem = refused(send(town, f"{HEADER}\n" + "x\n" * 4_000_000), 422, "too_many")
    assert "more than 20,000 lines" in problem["detail"]
    assert time.monotonic() - began < 10, "every line of it took a minute"


def test_a_header_of_very_many_columns_is_refused_at_once(town: Town):
    began = time.monotonic()
    problem = refused(send(town, ",".join(["a"] * 200_000)), 422)
    assert time.monotonic() - began < 20  # comparing each with all others took many minutes
    assert problem["errors"]
