"""The API against its own OpenAPI document, with generated requests of every kind of caller: no fault of ours, nothing
that is not documented, and to callers of alba nothing of beira.
"""

import json
import random
import uuid
from collections.abc import Collection, Mapping
from copy import deepcopy

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import any_, select

from models.booking import BookingRequest
from models.rescheduling.tables import Reschedule
from models.schedule import Appointment, Availability
from models.session import transaction
from models.validation.tables import ValidationReport
from tests.access.network import ALBA, BEIRA, Network
from tests.api.town import at
from tests.serving import Served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

CALLERS = (
    "nobody",
    "admin",
    "staff-alba",
    "doctor-alba",
    "token-alba",
    "token-everywhere",
    "token-alba requests:write",
)

TRIES = 4
"""How many requests of each operation every caller sends; `make explore` sends more, and others."""

EXPLORED = 60

REFERENCES = ("hospital", "doctor", "patient", "external_id")


@pytest.mark.parametrize("kind", CALLERS)
def test_whatever_is_sent_the_answer_is_documented_and_tells_nothing_of_another_hospital(
    network: Network, served: Served, kind: str
):
    things = both_hospitals_at_work(network)
    caller = network.client(kind)
    operations = [each.ok() for each in openapi.from_dict(deepcopy(served.app.openapi())).get_all_operations()]
    assert len(operations) > 80
    for operation in operations:

        @settings(
            max_examples=EXPLORED if settings().derandomize is False else TRIES,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), chance=st.randoms())
        def holds(case: Case, chance: random.Random) -> None:
            name_what_there_is(case, things, chance)
            answer = send(caller, case)
            case.validate_response(answer, checks=CHECKS)
            if kind not in ("admin", "token-everywhere"):
                assert not told_of_beira(answer, things)

        holds()


def test_a_leak_would_be_seen(network: Network):
    """The negative control: an admin is told of beira, and that is noticed."""
    things = both_hospitals_at_work(network)
    for path in ("/hospitals", "/appointments", "/booking-requests", "/reschedules", "/validation-reports"):
        assert told_of_beira(network.client("admin").get(path), things), path
        assert not told_of_beira(network.client("token-alba").get(path), things), path


def both_hospitals_at_work(network: Network) -> Mapping[str, list[str]]:
    """Let there be something of every kind at both hospitals. Returns ids by kind; `beira`: of what is its alone."""
    for patient, doctor, hospital, hour in (
        ("patient-alba", "doctor-alba", ALBA, "10:00"),
        ("patient-beira", "doctor-beira", BEIRA, "10:00"),
        ("patient-shared", "doctor-shared", BEIRA, "15:00"),
    ):
        network.booked(patient, doctor, hospital, hour)
    for hospital in (ALBA, BEIRA):
        network.town.post("/booking-requests", **network.wish("patient-shared", [hospital]))
        network.town.post("/booking-batches", requests=[network.wish(f"patient-{hospital}", [hospital])])
        network.town.post("/validation-reports", hospital=hospital)
        network.town.post(
            "/reschedules",
            cause="hospital_closed",
            scope={"hospital": hospital, "start": at("09:00"), "end": at("12:00")},
            what_if=True,
        )
    kinds = {
        "appointment_id": Appointment,
        "availability_id": Availability,
        "request_id": BookingRequest,
        "reschedule_id": Reschedule,
        "report_id": ValidationReport,
    }
    theirs = uuid.UUID(network.id_of(BEIRA))
    with transaction() as session:
        things = {kind: [str(each) for each in session.scalars(select(table.id))] for kind, table in kinds.items()}
        beira = [str(theirs)]
        for table in (Appointment, Availability, ValidationReport):
            beira += [str(each) for each in session.scalars(select(table.id).where(table.hospital_id == theirs))]
        beira += [
            str(each) for each in session.scalars(select(Reschedule.id).where(theirs == any_(Reschedule.hospitals)))
        ]
    for each in network.town.get("/booking-requests")["items"]:
        if [at_["external_id"] for at_ in each["hospitals"] or []] == [BEIRA]:
            beira.append(each["id"])
    return things | {
        "beira": beira,
        "hospital": [ALBA, BEIRA, network.id_of(ALBA), network.id_of(BEIRA)],
        "doctor": ["doctor-alba", "doctor-beira", "doctor-shared"],
        "patient": ["patient-alba", "patient-beira", "patient-shared"],
        "external_id": ["patient-alba", "staff-alba", "doctor-beira"],
    }


def name_what_there_is(case: Case, things: Mapping[str, list[str]], chance: random.Random) -> None:
    """Name something that there is, more often than not: of random ids nothing is ever told."""
    for part in (case.path_parameters, case.query):
        for name in part or {}:
            if name in things and chance.random() < 0.8:
                part[name] = chance.choice(things[name])
    if isinstance(case.body, dict):
        for name in REFERENCES:
            if name in case.body and chance.random() < 0.8:
                case.body[name] = chance.choice(things[name])
        if "hospitals" in case.body and chance.random() < 0.5:
            case.body["hospitals"] = [chance.choice(things["hospital"])]


def send(caller: httpx.Client, case: Case) -> httpx.Response:
    sent = case.as_transport_kwargs(base_url=str(caller.base_url).rstrip("/"))
    headers = {name: value for name, value in (sent.get("headers") or {}).items() if isinstance(value, str)}
    wanted = {"authorization", "cookie"}
    headers = {name: value for name, value in headers.items() if name.lower() not in wanted}
    body = {"json": sent["json"]} if "json" in sent else {"content": sent.get("data")}
    return caller.request(sent["method"], sent["url"], params=sent.get("params"), headers=headers, **body)


def told_of_beira(answer: httpx.Response, things: Mapping[str, Collection[str]]) -> list[str]:
    """What of beira's alone is in an answer, other than what was sent."""
    sent = str(answer.request.url) + answer.request.read().decode("utf-8", "replace")
    told = answer.text + json.dumps(dict(answer.headers))
    marks = [*things["beira"], '"Beira"', f'"{BEIRA}"']
    return [mark for mark in marks if mark in told and mark.strip('"').lower() not in sent.lower()]
