"""Whoever acts at one hospital validates that one, and reads what was found there; of others there is nothing."""

import datetime as dt
import uuid
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.session import transaction
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.tables import Finding, Fragility, HourValue
from tests.access.network import ALBA, BEIRA, Network
from tests.access.test_reach_booking import says_nothing_of_beira
from tests.api.town import MONDAY, TODAY, at, refused
from tests.api.validations import found, reported, validate

STAFF = ("staff-alba", "token-alba")
OPENING = Code.OPENINGS_DIFFER


@pytest.fixture
def ids(network: Network) -> dict[str, uuid.UUID]:
    """The hospitals."""
    return {each: uuid.UUID(network.id_of(each)) for each in (ALBA, BEIRA)}


def finding(name: str) -> str:
    """The id of the finding of that name (`tests.api.validations.found`)."""
    with transaction() as session:
        return str(session.scalars(select(Finding.id).where(Finding.message == f"{name} is wrong.")).one())


@pytest.mark.parametrize("kind", STAFF)
def test_findings_elsewhere_do_not_exist(
    network: Network, session: Callable[[], Session], ids: dict[str, uuid.UUID], kind: str
):
    here, there = ids[ALBA], ids[BEIRA]
    project = {"kind": "project_openings", "hospital": str(there)}
    names = {"at alba": [here], "at beira": [there], "at both": [here, there], "everywhere": []}
    made = [found(OPENING, name, *where, remedy=project) for name, where in names.items() if name != "at alba"]
    report = reported(session, found(OPENING, "at alba", here), *made)
    client = network.client(kind)
    listed = client.get("/findings")
    assert [each["message"] for each in listed.json()["items"]] == ["at alba is wrong."]
    says_nothing_of_beira(network, listed)
    for name in ("at beira", "at both", "everywhere"):
        id_ = finding(name)
        refused(client.get(f"/findings/{id_}"), 404, "unknown_finding")
        because = {"because": "So be it", "until": str(MONDAY)}
        refused(client.post(f"/findings/{id_}/acknowledge", json=because), 404, "unknown_finding")
        refused(client.post(f"/findings/{id_}/unacknowledge"), 404, "unknown_finding")
        refused(client.post(f"/findings/{id_}/apply-remedy"), 404, "unknown_finding")
        if kind == "staff-alba":
            page = f"/app/validation/findings/{id_}"
            answers = [client.get(f"{page}/{what}") for what in ("acknowledge", "remedy")]
            answers += [client.post(f"{page}/{what}", data=because) for what in ("acknowledge", "remedy")]
            answers += [client.post(f"{page}/unacknowledge")]
            assert {each.status_code for each in answers} == {404}
    refused(client.get("/findings", params={"hospital": BEIRA}), 422)
    refused(client.get(f"/validation-reports/{report}"), 404, "unknown_validation_report")
    assert client.get("/validation-reports").json()["items"] == []
    if kind == "staff-alba":
        for path in (
            "/app/validation",
            "/app/validation/reports",
            "/app/validation/hours",
            "/app/validation/fragility",
        ):
            answer = client.get(path)
            assert answer.status_code == 200
            says_nothing_of_beira(network, answer, report)
        assert client.get(f"/app/validation/reports/{report}").status_code == 404
    acknowledged = client.post(
        f"/findings/{finding('at alba')}/acknowledge", json={"because": "So be it", "until": str(MONDAY)}
    )
    assert acknowledged.is_success


def test_counts_are_of_what_is_in_reach(network: Network, session: Callable[[], Session], ids: dict[str, uuid.UUID]):
    """The report of a hospital has seen what concerns all, too."""
    findings = [found(OPENING, "one", ids[ALBA]), found(OPENING, "two", ids[ALBA], ids[BEIRA]), found(OPENING, "three")]
    report = reported(session, *findings, hospital=ids[ALBA])
    told = network.client("staff-alba").get(f"/validation-reports/{report}").json()
    assert (told["counts"], told["severities"]["error"]) == ({"openings_differ": 1}, 1)
    listed = network.client("staff-alba").get(f"/validation-reports/{report}/findings").json()["items"]
    assert [each["message"] for each in listed] == ["one is wrong."]
    assert network.town.get(f"/validation-reports/{report}")["counts"] == {"openings_differ": 3}


def test_what_is_about_a_request_of_the_network_is_the_networks(
    network: Network, session: Callable[[], Session], ids: dict[str, uuid.UUID]
):
    requests = {
        name: network.town.post("/booking-requests", **network.wish("patient-alba", where, specialty="cardiology"))[
            "id"
        ]
        for name, where in (("here", [ALBA]), ("anywhere", None))
    }
    reported(
        session,
        *(
            Found(
                Code.CONFLICT_BOOKABLE,
                (Entity(Kind.BOOKING_REQUEST, id_),),
                f"{name} is wrong.",
                frozenset([ids[ALBA]]),
            )
            for name, id_ in requests.items()
        ),
    )
    listed = network.client("staff-alba").get("/findings")
    assert [each["message"] for each in listed.json()["items"]] == ["here is wrong."]
    assert requests["anywhere"] not in listed.text
    refused(network.client("staff-alba").get(f"/findings/{finding('anywhere')}"), 404, "unknown_finding")
    assert len(network.town.get("/findings")["items"]) == 2


@pytest.mark.parametrize("kind", STAFF)
def test_one_hospital_is_validated_for_who_acts_at_one(network: Network, kind: str):
    soon = TODAY + dt.timedelta(days=2)
    for patient, doctor, hospital in (("patient-shared", "doctor-beira", BEIRA), ("patient-alba", "doctor-alba", ALBA)):
        network.available(doctor, hospital, "09:00", "13:00", soon)
        network.booked(patient, doctor, hospital, "10:00", soon)
    client = network.client(kind)
    answer = client.post("/validation-reports")
    assert answer.status_code == 202, answer.text
    assert answer.json()["hospital"]["external_id"] == ALBA
    validate()
    path = answer.headers["Location"]
    report = client.get(path)
    assert report.json()["status"] == "finished"
    for what in ("", "/findings", "/fragility", "/hour-values", "/fragility.csv", "/hour-values.csv"):
        told = client.get(path + what)
        assert told.status_code == 200
        says_nothing_of_beira(network, told)
    fragility = client.get(f"{path}/fragility").json()["items"]
    assert {each["hospital"]["external_id"] for each in fragility} == {ALBA}
    refused(network.client("staff-beira").get(path), 404, "unknown_validation_report")


def test_who_acts_at_several_hospitals_says_which(network: Network):
    both = network.client("staff-both")
    (fault,) = refused(both.post("/validation-reports"), 422)["errors"]
    assert (fault["code"], fault["pointer"]) == ("missing", "#/hospital")
    assert both.post("/validation-reports", json={"hospital": BEIRA}).status_code == 202
    answer = network.client("staff-alba").post("/validation-reports", json={"hospital": BEIRA})
    assert refused(answer, 422)["errors"][0]["code"] == "unknown_hospital"
    assert refused(network.client("staff-nowhere").post("/validation-reports"), 422)["errors"][0]["code"] == "missing"


def test_on_the_page_all_hospitals_are_those_of_the_caller(network: Network):
    answer = network.client("staff-both").post("/app/validation")
    assert answer.status_code == 303
    queued = network.town.get("/validation-reports")["items"]
    assert {each["hospital"]["external_id"] for each in queued} == {ALBA, BEIRA}


def test_what_is_free_elsewhere_is_not_asked_by_way_of_a_policy(network: Network):
    anywhere = {"hospital": ALBA, "policy": {"same_hospital": False}}
    (fault,) = refused(network.client("staff-alba").post("/validation-reports", json=anywhere), 422)["errors"]
    assert fault["pointer"] == "#/policy/same_hospital"
    asked = network.town.api.post("/validation-reports", json=anywhere)
    assert asked.status_code == 202
    refused(network.client("staff-alba").get(asked.headers["Location"]), 404, "unknown_validation_report")


def test_the_figures_of_a_report_of_everything_are_the_networks(
    network: Network, session: Callable[[], Session], ids: dict[str, uuid.UUID]
):
    report = reported(session)
    with transaction() as writing:
        days = {"report_id": uuid.UUID(report), "date": MONDAY, "proved": True}
        loss = writing.scalars(
            insert(Fragility)
            .values(**days, hospital_id=ids[ALBA], appointments=1, replaceable=1, stranded=[])
            .returning(Fragility.id)
        ).one()
        value = {"specialty": "cardiology", "waiting": 1, "books": 0, "hospital_id": ids[ALBA]}
        writing.execute(insert(HourValue).values(**days, **value))
    assert network.town.api.get(f"/app/validation/fragility/{loss}").status_code == 200
    client: httpx.Client = network.client("staff-alba")
    assert client.get(f"/app/validation/fragility/{loss}").status_code == 404
    for what in ("fragility", "hour-values", "fragility.csv", "hour-values.csv"):
        refused(client.get(f"/validation-reports/{report}/{what}"), 404, "unknown_validation_report")


def test_a_remedy_that_a_patient_elsewhere_stands_against_says_no_more(
    network: Network, session: Callable[[], Session], ids: dict[str, uuid.UUID]
):
    here = network.booked("patient-shared", "doctor-alba", ALBA, "09:00")
    there = network.booked("patient-shared", "doctor-beira", BEIRA, "11:00")
    move = {
        "kind": "move_appointment",
        "appointment": here["id"],
        "doctor": network.id_of("doctor-alba"),
        "hospital": str(ids[ALBA]),
        "start": dt.datetime.fromisoformat(at("11:00")).isoformat(),
    }
    reported(session, found(Code.OFF_THE_HOUR, here["id"], ids[ALBA], remedy=move))
    answer = network.client("staff-alba").post(f"/findings/{finding(here['id'])}/apply-remedy")
    refused(answer, 409, "remedy_outdated")
    says_nothing_of_beira(network, answer, there["id"])
