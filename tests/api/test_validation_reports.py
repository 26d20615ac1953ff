"""Validation reports over HTTP: asked for, followed, listed, and what they found out about the days ahead."""

import csv
import datetime as dt
import io
import threading
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages import encode
from models.validation.codes import Code
from models.validation.jobs import POLICY
from models.validation.tables import Fragility, HourValue, ReportStatus, ValidationReport
from planner.problem import Priority
from tests.api.test_hostile import FUZZ, QUERY_VALUES, meant
from tests.api.town import MONDAY, TODAY, Town, at, hospital, refused
from tests.api.validations import doctor_id, found, hospital_id, names_of, reported, validate

DAY = dt.timedelta(days=1)


def test_a_validation_is_queued_followed_and_finished(town: Town):
    response = town.api.post("/validation-reports")
    assert response.status_code == 202
    report = response.json()
    assert response.headers["location"] == f"/validation-reports/{report['id']}"
    assert response.headers["retry-after"] == "1"
    assert (report["status"], report["hospital"], report["night"], report["step"]) == ("queued", None, None, None)
    assert report["progress"] == {"done": 0, "total": None, "share": 0.0}
    assert report["policy"]["same_doctor"] is False
    queued = town.api.get(response.headers["location"])
    assert (queued.json(), queued.headers["retry-after"]) == (report, "1")
    validate()
    finished = town.api.get(response.headers["location"])
    assert "retry-after" not in finished.headers
    told = finished.json()
    assert (told["status"], told["progress"]["share"], told["failure"]) == ("finished", 1.0, None)
    assert told["started_at"] <= told["finished_at"]


def test_a_poll_is_held_open_until_it_is_finished(town: Town):
    report = town.post("/validation-reports")["id"]
    worker = threading.Thread(target=validate)
    worker.start()
    response = town.api.get(f"/validation-reports/{report}", headers={"Prefer": "wait=20"})
    worker.join()
    assert response.headers["preference-applied"] == "wait=20"
    assert response.json()["status"] == "finished"


def test_a_hospital_is_validated_by_its_name_and_by_a_policy(town: Town):
    report = town.post("/validation-reports", hospital="central", policy={"notice_hours": 48})
    assert (report["hospital"]["external_id"], report["policy"]["notice_hours"]) == ("central", 48)
    assert report["created_at"].endswith(at("12:00", TODAY)[-6:]), "by the hospital's clock"


def test_who_asks_for_what_is_under_way_is_given_that(town: Town):
    first = town.post("/validation-reports", hospital="central")["id"]
    assert town.post("/validation-reports", hospital="central")["id"] == first
    assert town.post("/validation-reports")["id"] != first
    validate()
    assert town.post("/validation-reports", hospital="central")["id"] != first


def test_the_same_key_asks_once(town: Town):
    headers = {"Idempotency-Key": "k"}
    first = town.api.post("/validation-reports", json={}, headers=headers)
    validate()
    again = town.api.post("/validation-reports", json={}, headers=headers)
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")


def test_asking_wrongly_is_told_and_nothing_is_queued(town: Town):
    problem = refused(town.api.post("/validation-reports", json={"hospital": "nowhere"}), 422, "unknown_hospital")
    assert problem["errors"][0]["pointer"] == "#/hospital"
    asked = {"hospital": 1, "policy": {"notice_hours": -1}, "now": True}
    problem = refused(town.api.post("/validation-reports", json=asked), 422)
    assert {each["pointer"] for each in problem["errors"]} == {"#/hospital", "#/policy/notice_hours", "#/now"}
    assert town.get("/validation-reports")["items"] == []


def test_what_is_not_there_is_not_found(town: Town):
    for path in ("", "/findings", "/fragility", "/hour-values", "/fragility.csv", "/hour-values.csv"):
        refused(town.api.get(f"/validation-reports/{uuid.uuid4()}{path}"), 404, "unknown_validation_report")


@pytest.mark.parametrize("path", ["findings", "fragility", "hour-values"])
@FUZZ
@given(asked=st.dictionaries(st.sampled_from(["limit", "cursor", "hospital", "severity", "change"]), QUERY_VALUES))
def test_no_query_is_a_fault_of_ours(town: Town, session, path, asked):
    report = reported(session)
    meant(town.api.get(f"/validation-reports/{report}/{path}", params=asked))


def test_a_cursor_beyond_the_end_leads_nowhere(town: Town, session):
    report = reported(session, found())
    for path, cursor in (
        ("findings", encode(9, uuid.uuid4())),
        ("fragility", encode(10**17)),
        ("hour-values", encode(7)),
    ):
        assert town.get(f"/validation-reports/{report}/{path}", cursor=cursor) == {"items": [], "next_cursor": None}


def test_reports_are_listed_newest_first_and_narrowed(town: Town, session):
    central = hospital_id(session)
    whole = reported(session)
    tonight = reported(session, hospital=central, night=TODAY)
    asked = town.post("/validation-reports", hospital="central")["id"]

    def ids(**narrowed: object) -> list[str]:
        return [each["id"] for each in town.get("/validation-reports", **narrowed)["items"]]

    assert ids() == [asked, tonight, whole]
    assert ids(hospital="central") == [asked, tonight]
    assert ids(status=["queued", "running"]) == [asked]
    assert ids(nightly=True) == ids(night=str(TODAY)) == [tonight]
    assert ids(nightly=False) == [asked, whole]
    assert ids(night=str(TODAY - DAY)) == []
    first = town.get("/validation-reports", limit=2)
    second = town.get("/validation-reports", limit=2, cursor=first["next_cursor"])
    assert [each["id"] for each in first["items"] + second["items"]] == [asked, tonight, whole]
    refused(town.api.get("/validation-reports", params={"hospital": "nowhere"}), 422, "unknown_hospital")
    refused(town.api.get("/validation-reports", params={"status": "done"}), 422, "not_a_choice")
    refused(town.api.get("/validation-reports", params={"night": "tonight"}), 422, "not_a_date")


def test_a_report_says_what_it_came_to(town: Town, session):
    reported(session, found(Code.OFF_THE_HOUR, "stays"), found(Code.OFF_THE_HOUR, "goes"))
    report = reported(session, found(Code.OFF_THE_HOUR, "stays"), found(Code.DOCTOR_DEPARTED, "comes"))
    told = town.get(f"/validation-reports/{report}")
    assert told["counts"] == {"off_the_hour": 1, "doctor_departed": 1}
    assert told["severities"] == {"error": 1, "warning": 1, "notice": 0}
    assert told["changes"] == {"new": 1, "standing": 1, "gone": 1}
    assert (told["severity"], told["acknowledged"]) == ("error", 0)
    (listed, _) = town.get("/validation-reports")["items"]
    assert listed == {name: value for name, value in told.items() if name not in ("steps", "unchecked")}


def test_what_somebody_knows_of_does_not_make_a_report_worse(town: Town, session):
    report = reported(session, found(Code.OFF_THE_HOUR, "known"), found(Code.DOCTOR_DEPARTED, "warning"))
    known, _ = town.get(f"/validation-reports/{report}/findings")["items"]
    town.post(f"/findings/{known['id']}/acknowledge", because="We know", until=str(TODAY))
    told = town.get(f"/validation-reports/{report}")
    assert (told["severity"], told["acknowledged"], told["severities"]["error"]) == ("warning", 1, 1)


def test_the_findings_of_a_report_are_paged_and_narrowed(town: Town, session):
    reported(session, found(Code.DOCTOR_DEPARTED, "goes"))
    report = reported(
        session,
        found(Code.CONFLICT_BOOKABLE, "notice"),
        found(Code.DOCTOR_DEPARTED, "warning"),
        found(Code.OFF_THE_HOUR, "error"),
        found(Code.HOUR_SHIFTED, "shifted"),
    )

    def names(**narrowed: object) -> list[str]:
        return names_of(town, f"/validation-reports/{report}/findings", **narrowed)

    for limit in (1, 2, 4, 5):
        assert names(limit=limit) == ["shifted", "error", "goes", "warning", "notice"]
    assert names(severity="warning") == ["goes", "warning"]
    assert names(code=["off_the_hour", "conflict_bookable"]) == ["error", "notice"]
    assert names(change="gone") == ["goes"]
    assert names(acknowledged=True) == []
    refused(town.api.get(f"/validation-reports/{report}/findings?cursor=x"), 422, "unreadable_cursor")
    refused(town.api.get(f"/validation-reports/{report}/findings?severity=bad"), 422, "not_a_choice")


def test_a_failed_report_says_why(town: Town, session):
    with session() as open_session:
        report = ValidationReport(
            policy=POLICY.model_dump(mode="json"),
            status=ReportStatus.FAILED,
            failure="It was begun 5 times in vain.",
            finished_at=dt.datetime.now(dt.UTC),
            done=7,
            total=10,
            step="Clocks",
            steps={"Rules": {"rows": 5, "seconds": 0.5}, "Clocks": {"rows": 2, "seconds": 0.25}},
            unchecked=["hour_shifted"],
        )
        open_session.add(report)
        open_session.flush()
        id_ = report.id
    told = town.get(f"/validation-reports/{id_}")
    assert (told["status"], told["failure"]) == ("failed", "It was begun 5 times in vain.")
    assert told["progress"] == {"done": 7, "total": 10, "share": 0.7}
    assert told["steps"] == [
        {"name": "Clocks", "rows": 2, "seconds": 0.25},
        {"name": "Rules", "rows": 5, "seconds": 0.5},
    ]
    assert (told["step"], told["unchecked"]) == ("Clocks", ["hour_shifted"])


@pytest.fixture
def foreseen(town: Town, session) -> str:
    """A report on two hospitals, with days that may be lost and hours that could be added."""
    town.post("/hospitals", **hospital("north", "Asia/Kolkata") | {"name": "=North"})
    report = reported(session)
    central, north, doctor = hospital_id(session), hospital_id(session, "north"), doctor_id(session)
    lost = (central, doctor, 3, 2), (central, None, 5, 1), (north, None, 2, 2)
    worth = (central, "cardiology", 1, Priority.URGENT, doctor), (north, "dermatology", 0, None, None)
    with session() as open_session:
        for where, who, appointments, replaceable in lost:
            stranded = [uuid.uuid4() for _ in range(appointments - replaceable)]
            open_session.add(
                Fragility(
                    report_id=uuid.UUID(report),
                    hospital_id=where,
                    doctor_id=who,
                    date=MONDAY,
                    appointments=appointments,
                    replaceable=replaceable,
                    stranded=stranded,
                    proved=True,
                )
            )
        for where, specialty, books, priority, who in worth:
            open_session.add(
                HourValue(
                    report_id=uuid.UUID(report),
                    hospital_id=where,
                    specialty=specialty,
                    date=MONDAY,
                    waiting=4,
                    books=books,
                    priority=priority,
                    doctor_id=who,
                    start=dt.datetime.fromisoformat(at("14:00")) if who else None,
                    proved=bool(who),
                )
            )
    return report


def test_the_days_that_may_not_be_lost_are_told_worst_first(town: Town, foreseen):
    first, second, third = town.get(f"/validation-reports/{foreseen}/fragility")["items"]
    assert (first["doctor"], first["appointments"], first["replaceable"], len(first["stranded"])) == (None, 5, 1, 4)
    assert (second["doctor"]["name"], second["hospital"]["external_id"]) == ("Dr Ana Sousa", "central")
    assert (third["hospital"]["external_id"], third["stranded"], third["proved"]) == ("north", [], True)
    assert first["date"] == str(MONDAY)
    (only,) = town.get(f"/validation-reports/{foreseen}/fragility", hospital="north")["items"]
    assert only == third
    pages = town.get(f"/validation-reports/{foreseen}/fragility", limit=2)
    rest = town.get(f"/validation-reports/{foreseen}/fragility", limit=2, cursor=pages["next_cursor"])
    assert pages["items"] + rest["items"] == [first, second, third]
    assert rest["next_cursor"] is None
    address = f"/validation-reports/{foreseen}/fragility"
    refused(town.api.get(address, params={"hospital": "nowhere"}), 422, "unknown_hospital")


def test_what_an_hour_would_be_worth_is_told_best_first(town: Town, foreseen):
    best, other = town.get(f"/validation-reports/{foreseen}/hour-values")["items"]
    assert (best["specialty"], best["waiting"], best["books"], best["priority"]) == ("cardiology", 4, 1, "urgent")
    assert (best["doctor"]["name"], best["start"], best["end"]) == ("Dr Ana Sousa", at("14:00"), at("15:00"))
    assert (other["books"], other["priority"], other["doctor"], other["start"], other["proved"]) == (
        *(0, None, None, None),
        False,
    )
    pages = town.get(f"/validation-reports/{foreseen}/hour-values", limit=1)
    rest = town.get(f"/validation-reports/{foreseen}/hour-values", limit=1, cursor=pages["next_cursor"])
    assert pages["items"] + rest["items"] == [best, other]
    assert town.get(f"/validation-reports/{foreseen}/hour-values", hospital="north")["items"] == [other]


def lines(town: Town, path: str) -> list[dict[str, str]]:
    response = town.api.get(path)
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].endswith('.csv"')
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_both_are_files_that_no_spreadsheet_runs(town: Town, foreseen):
    whole, doctors, north = lines(town, f"/validation-reports/{foreseen}/fragility.csv")
    assert (whole["doctor"], whole["appointments"], whole["replaceable"], whole["stranded"]) == ("", "5", "1", "4")
    assert len(whole["stranded_appointments"].split(" ")) == 4
    assert (doctors["doctor"], doctors["doctor_name"], doctors["date"]) == ("d1", "Dr Ana Sousa", str(MONDAY))
    assert (north["hospital_name"], north["stranded_appointments"], north["proved"]) == ("'=North", "", "yes")
    assert len(lines(town, f"/validation-reports/{foreseen}/fragility.csv?hospital=central")) == 2
    best, other = lines(town, f"/validation-reports/{foreseen}/hour-values.csv")
    assert (best["specialty"], best["books"], best["priority"], best["start"]) == (
        *("cardiology", "1", "urgent"),
        at("14:00"),
    )
    assert (other["hospital"], other["start"], other["proved"]) == ("north", "", "no")
    refused(
        town.api.get(f"/validation-reports/{foreseen}/fragility.csv", headers={"Accept": "application/json"}),
        406,
        "not_acceptable",
    )
