"""Whatever is sent, the answer is one the API means to give: never a fault of ours."""

import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.rescheduling.inputs import Policy
from models.rescheduling.tables import Cause
from tests.api.town import Town, at, refused

FUZZ = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

WORDS = st.sampled_from(
    [
        *(
            "d1",
            "p1",
            "central",
            "doctor",
            "monday",
            "09:00",
            "24:00",
            "Europe/Lisbon",
            "urgent",
            at("10:00"),
            at("18:00"),
        ),
        *("\x00", "\ud800", "a\u202eb", "💥", "", " ", "x" * 300),
        *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    WORDS,
    st.text(max_size=20),
    st.sampled_from([2**63, -(2**64)]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(WORDS, st.text(max_size=8)), inner, max_size=4)
    ),
    max_leaves=10,
)

FIELDS = {
    ("POST", "/hospitals"): ("external_id", "name", "timezone", "operating_hours", "exceptions"),
    ("PUT", "/hospitals/central/operating-hours"): ("monday", "sunday"),
    ("PUT", "/hospitals/central/exceptions/2027-01-01"): ("hours", "reason"),
    ("PUT", "/users/u1"): ("name", "role", "specialties", "active", "email"),
    ("PUT", "/patients/p3"): ("name", "active"),
    ("POST", "/availabilities"): ("doctor", "hospital", "start", "end"),
    ("POST", "/appointments"): ("patient", "doctor", "hospital", "start"),
    ("POST", "/booking-requests"): (
        "patient",
        "priority",
        "doctors",
        "hospitals",
        "specialty",
        "earliest",
        "latest",
        "moves",
    ),
    ("POST", "/booking-batches"): ("label", "requests"),
    ("POST", "/reschedules"): ("cause", "label", "scope", "policy", "dry_run", "what_if"),
    ("POST", "/patients/search"): ("text", "limit"),
    ("POST", "/validation-reports"): ("hospital", "policy"),
}


def meant(response: httpx.Response) -> None:
    """The answer is a success, or a whole problem of the caller's."""
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        refused(response, response.status_code)


@pytest.mark.parametrize(("method", "path"), FIELDS)
@FUZZ
@given(data=st.data())
def test_no_body_is_a_fault_of_ours(town: Town, method, path, data):
    fields = st.sampled_from([*FIELDS[method, path], "other"])
    body = data.draw(st.one_of(VALUES, st.dictionaries(fields, VALUES, max_size=6)))
    content = json.dumps(body).encode()
    meant(town.api.request(method, path, content=content, headers={"Content-Type": "application/json"}))


SCOPES = st.dictionaries(
    st.sampled_from(["doctors", "hospital", "start", "end", "operating_hours", "appointments"]),
    st.one_of(VALUES, st.just(["d1"]), st.just("central"), st.sampled_from([at("09:00"), at("18:00")])),
    max_size=6,
)


@FUZZ
@given(
    cause=st.sampled_from(Cause),
    scope=SCOPES,
    policy=st.dictionaries(st.sampled_from(sorted(Policy.model_fields)), VALUES),
)
def test_no_scope_is_a_fault_of_ours(town: Town, cause, scope, policy):
    body = {"cause": cause, "scope": scope, "policy": policy, "what_if": True}
    meant(
        town.api.post("/reschedules", content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    )


GETS = (
    "/hospitals", "/users", "/doctors", "/patients", "/availabilities", "/appointments", "/booking-requests",
    "/booking-batches", "/reschedules", "/schedule", "/planning-runs", "/events", "/hospitals/central/openings",
    "/overview/utilisation", "/overview/utilisation.csv", "/overview/waiting", "/overview/time-to-appointment",
    "/overview/conflicts.csv", "/planning-runs.csv", "/validation-reports", "/findings",
)  # fmt: skip
PARAMETERS = (
    "limit",
    "cursor",
    "hospital",
    "doctor",
    "patient",
    "status",
    "date",
    "days",
    "weeks",
    "from",
    "to",
    "batch",
    "role",
    "active",
    "night",
    "nightly",
    "severity",
    "code",
    "acknowledged",
)
QUERY_VALUES = st.one_of(
    WORDS.filter(lambda word: word != "\ud800"),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.integers().map(str),
    st.sampled_from(["1969-12-31", "1970-01-01", "1970-01-02", "2199-12-30", "2200-01-01", "9999-12-31", "0001-01-01"]),
)


@pytest.mark.parametrize("path", GETS)
@FUZZ
@given(params=st.lists(st.tuples(st.sampled_from(PARAMETERS), QUERY_VALUES), max_size=4))
def test_no_query_is_a_fault_of_ours(town: Town, path, params):
    meant(town.api.get(path, params=[("wait", "0"), *params]))


SEGMENTS = st.one_of(
    st.sampled_from(
        ["%00", "%ff", "%ud800", "central", "d1", "..", "%2e%2e", "%2F", "0" * 36, "9" * 4000, "2027-01-01"]
    ),
    st.text(max_size=12).map(lambda text: "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))),
)


@FUZZ
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE"]),
    resource=st.sampled_from(
        [
            "hospitals",
            "users",
            "patients",
            "availabilities",
            "appointments",
            "booking-requests",
            "booking-batches",
            "validation-reports",
            "findings",
            "problems",
        ]
    ),
    segments=st.lists(SEGMENTS, min_size=1, max_size=3),
)
def test_no_address_is_a_fault_of_ours(town: Town, method, resource, segments):
    meant(town.api.request(method, f"/{resource}/{'/'.join(segments)}", headers={"Accept": "application/json"}))


@FUZZ
@given(
    name=st.sampled_from(["If-Match", "Idempotency-Key", "Prefer", "Accept", "Content-Type", "X-Request-ID", "Origin"]),
    value=st.binary(max_size=40).map(lambda raw: bytes(byte for byte in raw if byte >= 32 and byte != 127).strip()),
)
def test_no_header_is_a_fault_of_ours(town: Town, name, value):
    headers = {"Content-Type": "application/json", name: value}
    meant(town.api.put("/hospitals/central/exceptions/2027-01-01", content=b"{}", headers=headers))
    meant(town.api.post("/booking-requests", content=b"{}", headers=headers))


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"name": "N", "active": ' + b"9" * 4_000 + b"}",
        b'{"name": "N", "active": 1e999}',
        b'{"name": "N", "active": NaN}',
        b'{"name": "\\u0000"}',
        b'{"name": "\\ud800"}',
        b'{"name": "N", "\\ud800": 1}',
        b'{"name": "N", "\\u0000": "\\u0000"}',
        b"{" + b",".join(b'"f%d":1' % each for each in range(20_000)) + b"}",
        json.dumps({"name": "N" * 7_000_000}).encode(),
    ],
    ids=["deep", "long", "infinite", "not a number", "nul", "surrogate", "surrogate key", "nul key", "wide", "large"],
)
def test_monstrous_bodies_are_refused_readably(town: Town, body):
    response = town.api.put("/patients/p1", content=body, headers={"Content-Type": "application/json"})
    meant(response)
    assert response.status_code in (400, 422)
    assert len(response.content) < 5_000_000
    json.loads(response.content)


def test_a_batch_of_nothing_but_faults_names_ten_thousand_and_counts_the_rest(town: Town):
    problem = refused(town.api.post("/booking-batches", json={"requests": [{"x": 1, "y": 2}] * 9_000}), 422, "invalid")
    assert len(problem["errors"]) == 10_000
    assert problem["omitted"] == 9_000 * 5 - 10_000
