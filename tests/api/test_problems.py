"""What is refused before its content matters, and the pages that every `type` leads to."""

import ast
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from api import problems, sentences
from api.catalogue import CATALOGUE
from models.rules import RULES
from tests.api.town import Town, refused

CHECKOUT = Path(__file__).resolve().parents[2]
JSON = {"Content-Type": "application/json"}


def test_a_body_that_is_not_json_is_told_so(api):
    for body in (
        *(b'{"name":', b"nonsense", b'{"a": 1,}', b'"\\ud8', b'{"name": "\xff\xfe"}'),
        *(b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000),
    ):
        refused(api.post("/hospitals", content=body, headers=JSON), 400, "malformed_json")


def test_the_place_of_the_fault_is_told(api):
    problem = refused(api.post("/hospitals", content=b'{"name": "x" "y"}', headers=JSON), 400, "malformed_json")
    assert problem["detail"] == "The body is not JSON that can be read at character 13: Expecting ',' delimiter."


def test_a_body_of_the_wrong_kind_is_told_so(api):
    for body in ([], "x", 1, None, True, [{}], 1.5):
        problem = refused(api.post("/hospitals", json=body), 422)
        assert problem["errors"][0]["code"] in {"wrong_type", "missing"}
    refused(api.post("/hospitals", content=b"", headers=JSON), 422, "missing")


def test_a_body_is_declared_as_json(api):
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "", "application/xml", "json"):
        headers = {"Content-Type": content_type}
        for method, path in (("POST", "/hospitals"), ("PUT", "/patients/p1"), ("PATCH", "/availabilities/x")):
            problem = refused(api.request(method, path, content=b"{}", headers=headers), 415, "unsupported_media_type")
            assert "Content-Type: application/json" in problem["detail"]
        assert api.get("/hospitals", headers=headers).status_code == 200


def test_json_has_several_names(api):
    for content_type in ("application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"):
        answer = api.put("/patients/p1", content=b'{"name": "N"}', headers={"Content-Type": content_type})
        assert answer.is_success


def test_a_caller_who_takes_no_json_is_told_so(api):
    for accept in ("text/xml", "text/html", "application/json;q=0", "image/*, text/*"):
        refused(api.get("/hospitals", headers={"Accept": accept}), 406, "not_acceptable")
    for accept in ("application/json", "*/*", "application/*", "text/html, application/json;q=0.1"):
        assert api.get("/hospitals", headers={"Accept": accept}).status_code == 200


def test_an_address_that_leads_nowhere_is_told_so(api):
    for path in (
        "/nowhere",
        "/hospitals/",
        "/hospital",
        "/../etc/passwd",
        "/hospitals/x/y/z",
        "/%00",
        "/problems/none",
    ):
        refused(api.get(path), 404)


def test_a_method_that_an_address_does_not_take_is_told_which_it_takes(api):
    response = api.delete("/hospitals")
    problem = refused(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, POST"
    assert problem["detail"] == "/hospitals does not take DELETE; it takes GET, POST."
    assert refused(api.post("/hospitals/x/exceptions/2026-01-01"), 405)
    assert api.patch("/patients/p1").headers["allow"] == "GET, PUT"


def test_a_body_that_is_too_long_is_refused_before_it_is_read(api):
    def endless():
        yield b'{"name": "'
        for _ in range(9 * 2**10):
            yield b"x" * 2**10

    problem = refused(api.put("/patients/p1", content=b"x" * (8 * 2**20 + 1), headers=JSON), 413, "body_too_large")
    assert "8388608" in problem["detail"]
    refused(api.put("/patients/p1", content=endless(), headers=JSON), 413, "body_too_large")
    assert api.get("/healthz").status_code == 200


def test_a_fault_of_ours_is_a_problem_too_and_repeats_nothing(town: Town, monkeypatch):
    def broken(*_):
        raise ValueError("Maria Silva is secret")

    monkeypatch.setattr("api.hospitals._weeks", broken)
    problem = refused(town.api.get("/hospitals"), 500, "internal")
    assert "Maria" not in str(problem)
    assert "logged" in problem["detail"]


def test_every_kind_of_problem_has_a_page(api):
    listed = api.get("/problems").json()["items"]
    assert [each["type"] for each in listed] == [f"/problems/{code}" for code in CATALOGUE]
    for kind in listed:
        assert api.get(kind["type"]).json() == kind
        page = api.get(kind["type"], headers={"Accept": "text/html"})
        assert page.headers["content-type"].startswith("text/html")
    assert "hours_taken" in api.get("/problems", headers={"Accept": "text/html"}).text


def codes_in(folder: str) -> set[str]:
    """Every code that the source gives to a fault or to a validator's error."""
    found = set()
    for file in (CHECKOUT / folder).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in {"Fault", "fault", "PydanticCustomError", "gone", "Halt", "protocol"} and node.args:
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    found.add(f"unknown_{code.value}" if name == "gone" else code.value)
    return found


def test_every_fault_there_can_be_is_in_the_catalogue():
    said = {code for code, _ in (*sentences._PREDICATES.values(), *sentences.CONSTRAINTS.values())}
    found = codes_in("models") | codes_in("models/rescheduling") | codes_in("api") | said
    assert {"hours_overlap", "doctor_elsewhere", "unknown_booking_batch", "key_reused"} <= found
    assert found <= CATALOGUE.keys()


def test_every_rule_of_the_database_has_a_sentence():
    assert {rule.name for rule in RULES} <= sentences.CONSTRAINTS.keys()
    for code, sentence in sentences.CONSTRAINTS.values():
        assert CATALOGUE[code].title
        assert sentence.endswith(".")


def test_every_status_is_chosen_once():
    assert set(problems.PROTOCOL_STATUS) <= CATALOGUE.keys()
    assert len(set(problems.STATUS.values())) == len(problems.STATUS)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("INSERT INTO appointment (patient_id, doctor_id, hospital_id, timezone, during) {again}", "hours_taken"),
        ("UPDATE appointment SET during = tstzrange(lower(during) + '9h', upper(during) + '9h')", "no_availability"),
        ("DELETE FROM availability", "no_availability"),
        (
            "UPDATE availability SET during = tstzrange(lower(during) - interval '9h', upper(during))",
            "outside_openings",
        ),
        ("DELETE FROM opening", "outside_openings"),
        ("UPDATE appointment SET during = tstzrange(lower(during) + '30min', upper(during) + '30min')", "off_the_hour"),
        (
            "INSERT INTO hospital SELECT uuidv7(), external_id, name, timezone, projected_until FROM hospital",
            "external_id_taken",
        ),
    ],
)
def test_a_race_that_ends_at_a_constraint_is_told_in_a_sentence(town: Town, session, statement, code):
    town.book("p1", "d1", "10:00")
    again = (
        "SELECT (SELECT id FROM patient WHERE external_id = 'p2'), doctor_id, hospital_id, timezone, during"
        " FROM appointment"
    )
    with pytest.raises(IntegrityError) as raised, session() as open_session:
        open_session.execute(text(statement.format(again=again)))
    told = problems.of_database(raised.value)
    assert (told.problem.status, told.problem.type) == (409, f"/problems/{code}")
    assert told.problem.detail.endswith(".")


@pytest.mark.parametrize(
    "cause",
    [
        psycopg.errors.LockNotAvailable,
        psycopg.errors.QueryCanceled,
        psycopg.errors.DeadlockDetected,
        psycopg.errors.AdminShutdown,
        psycopg.errors.TooManyConnections,
        psycopg.OperationalError,
    ],
)
def test_a_database_that_is_busy_or_away_is_a_503(cause):
    wrapped = DBAPIError.instance("SELECT 1", {}, cause(), psycopg.Error, dialect=PGDialect_psycopg())
    told = problems.of_database(wrapped)
    assert told.problem.status == 503
    assert told.headers["Retry-After"]


def test_a_wrong_statement_of_ours_is_not_the_callers_fault(session):
    with pytest.raises(ProgrammingError) as raised, session() as open_session:
        open_session.execute(text("SELECT nonsense"))
    assert problems.of_database(raised.value) is None
