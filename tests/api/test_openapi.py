"""The OpenAPI document is whole: every route, every answer, every problem; and the reference needs no network."""

import json
import re

import pytest

from api.app import create_app
from api.catalogue import CATALOGUE
from api.examples import APPOINTMENT_MOVE

DOCUMENT = create_app().openapi()
OPERATIONS = [
    pytest.param(method, path, operation, id=f"{method} {path}")
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


def test_there_is_every_route_of_the_design():
    paths = set(DOCUMENT["paths"])
    assert {
        "/hospitals",
        "/hospitals/{hospital}",
        "/hospitals/{hospital}/operating-hours",
        "/hospitals/{hospital}/exceptions",
        "/hospitals/{hospital}/exceptions/{date}",
        "/hospitals/{hospital}/openings",
        "/users",
        "/users/{external_id}",
        "/doctors",
        "/patients",
        "/patients/{external_id}",
        "/patients/search",
        "/audit",
        "/availabilities",
        "/availabilities/{availability_id}",
        "/appointments",
        "/appointments/{appointment_id}",
        "/appointments/{appointment_id}/history",
        "/appointments/{appointment_id}/cancel",
        "/appointments/{appointment_id}/complete",
        "/appointments/{appointment_id}/no-show",
        "/appointments/{appointment_id}/move",
        "/booking-requests",
        "/booking-requests/{request_id}",
        "/booking-requests/{request_id}/accept",
        "/booking-requests/{request_id}/replace",
        "/booking-batches",
        "/booking-batches/{batch_id}",
        "/reschedules",
        "/reschedules/{reschedule_id}",
        "/reschedules/{reschedule_id}/appointments",
        "/reschedules/{reschedule_id}/apply",
        "/reschedules/{reschedule_id}/undo",
        "/reschedules/{reschedule_id}/discard",
        "/reschedules/{reschedule_id}/plan-again",
        "/reschedules/{reschedule_id}/extra-hours/add",
        "/reschedules/{reschedule_id}/proposal.csv",
        "/reschedules/{reschedule_id}/problem.json",
        "/reschedules/{reschedule_id}/plan.json",
        "/validation-reports",
        "/validation-reports/{report_id}",
        "/validation-reports/{report_id}/findings",
        "/validation-reports/{report_id}/fragility",
        "/validation-reports/{report_id}/fragility.csv",
        "/validation-reports/{report_id}/hour-values",
        "/validation-reports/{report_id}/hour-values.csv",
        "/findings",
        "/findings/{finding_id}",
        "/findings/{finding_id}/acknowledge",
        "/findings/{finding_id}/unacknowledge",
        "/findings/{finding_id}/apply-remedy",
        "/schedule",
        "/planning-runs",
        "/planning-runs/{run_id}",
        "/planning-runs.csv",
        "/overview/utilisation",
        "/overview/utilisation.csv",
        "/overview/waiting",
        "/overview/waiting.csv",
        "/overview/time-to-appointment",
        "/overview/time-to-appointment.csv",
        "/overview/conflicts",
        "/overview/conflicts.csv",
        "/doctors/{doctor}/calendar-feeds",
        "/calendar-feeds/{feed_id}",
        "/calendars/{token}.ics",
        "/events",
        "/deliveries",
        "/deliveries/{delivery_id}",
        "/deliveries/{delivery_id}/retry",
        "/healthz",
        "/readyz",
        "/metrics",
    } == paths


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_operation_is_described(method, path, operation):
    assert operation["summary"]
    assert operation["description"].endswith((".", "`"))
    assert len(operation["tags"]) == 1
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description") or parameter["in"] == "path", parameter["name"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_operation_documents_its_problems(method, path, operation):
    responses = operation["responses"]
    wanted = {"406", "421", "500", "503"}
    if "requestBody" in operation:
        wanted |= {"400", "413", "415", "422"}
    if method == "post":
        wanted |= {"409", "422"}
    if method != "get":
        wanted |= {"403"}
    if "{" in path and method != "put":
        wanted |= {"404"}
    assert wanted <= responses.keys()
    for status, response in responses.items():
        if status >= "400":
            content = response["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content["examples"]
            for code, example in content["examples"].items():
                assert code in CATALOGUE
                assert example["value"]["status"] == int(status)
            assert list(response["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_post_takes_an_idempotency_key_and_every_list_a_cursor(method, path, operation):
    names = {parameter["name"].lower() for parameter in operation.get("parameters", ())}
    assert ("idempotency-key" in names) == (method == "post")
    success = min(status for status in operation["responses"] if status < "300")
    schema = operation["responses"][success].get("content", {}).get("application/json", {}).get("schema", {})
    if schema.get("$ref", "").rpartition("/")[2].startswith(("Page_", "EventsOut")):
        assert {"cursor", "limit"} <= names


def test_every_reference_leads_somewhere():
    schemas = DOCUMENT["components"]["schemas"]
    text = json.dumps(DOCUMENT)
    for part in text.split('"$ref": "')[1:]:
        assert part.partition('"')[0].removeprefix("#/components/schemas/") in schemas
    assert "HTTPValidationError" not in text


def test_the_document_is_served(api):
    assert api.get("/openapi.json").json() == DOCUMENT


def test_the_reference_lists_every_route_and_loads_nothing_from_elsewhere(api):
    page = api.get("/docs").text
    for path, operations in DOCUMENT["paths"].items():
        for method in operations:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert all(address.startswith("/app/static/") for address in re.findall(r'src="([^"]*)"', page))
    assert "http://" not in page.replace("http://localhost", "")
    assert "https://" not in page


def test_every_body_has_an_example():
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            if "requestBody" in operation:
                assert operation["requestBody"]["content"]["application/json"]["example"], f"{method} {path}"


def test_the_examples_do_what_they_say(api):
    def send(method, path, template=None, *, refused=False):
        example = DOCUMENT["paths"][template or path][method]["requestBody"]["content"]["application/json"]["example"]
        response = api.request(method, path, json=example)
        assert response.is_success is not refused, response.text
        return response.json()

    send("post", "/hospitals")
    send("put", "/hospitals/central/operating-hours", "/hospitals/{hospital}/operating-hours")
    send("put", "/hospitals/central/exceptions/2030-12-25", "/hospitals/{hospital}/exceptions/{date}")
    send("put", "/users/d-17", "/users/{external_id}")
    send("put", "/patients/p-4711", "/patients/{external_id}")
    assert [each["name"] for each in send("post", "/patients/search")["items"]] == ["Maria Silva"]
    availability = send("post", "/availabilities")
    send("patch", f"/availabilities/{availability['id']}", "/availabilities/{availability_id}")
    appointment = send("post", "/appointments")
    assert appointment["status"] == "booked"
    moved = send("post", f"/appointments/{appointment['id']}/move", "/appointments/{appointment_id}/move")
    assert moved["start"] == APPOINTMENT_MOVE["start"]
    queued = send("post", "/booking-requests")
    assert queued["status"] == "queued"
    again = send("post", f"/booking-requests/{queued['id']}/replace", "/booking-requests/{request_id}/replace")
    assert again["specialty"] == "cardiology"
    accepted = f"/booking-requests/{again['id']}/accept", "/booking-requests/{request_id}/accept"
    assert "the request is queued" in send("post", *accepted, refused=True)["detail"].lower()
    assert send("post", "/booking-batches")["size"] == 1
    job = send("post", "/reschedules")
    assert job["counts"]["displaced"] == 1
    again = f"/reschedules/{job['id']}/plan-again", "/reschedules/{reschedule_id}/plan-again"
    asked = send("post", *again)
    assert asked["what_if"]
    hours = f"/reschedules/{asked['id']}/extra-hours/add", "/reschedules/{reschedule_id}/extra-hours/add"
    assert send("post", "/validation-reports")["hospital"]["external_id"] == "central"
    acknowledged = f"/findings/{job['id']}/acknowledge", "/findings/{finding_id}/acknowledge"
    assert "There is no finding" in send("post", *acknowledged, refused=True)["detail"]
    assert "proposes 0 extra hours" in send("post", *hours, refused=True)["detail"]
