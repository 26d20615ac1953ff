"""Searching the audit over HTTP: by whom it concerns, who acted, what was done, and a page at a time."""

import pytest

from models.access.scopes import Scope
from models.access.tokens import make_token
from tests.api.town import refused
from tests.signed_in import NAME


@pytest.fixture
def appointment(town):
    return town.book("p1", "d1", "10:00")


def audit(api, **asked):
    answer = api.get("/audit", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_what_was_done_to_an_appointment_is_told_newest_first_with_who_did_it(api, appointment):
    api.post(f"/appointments/{appointment['id']}/cancel", json={})
    cancelled, booked = [
        each for each in audit(api, appointment=appointment["id"]) if each["action"] in ("insert", "update")
    ]
    assert (booked["action"], booked["after"]["status"]) == ("insert", "booked")
    assert (cancelled["before"]["status"], cancelled["after"]["status"]) == ("booked", "cancelled")
    assert (cancelled["actor"]["kind"], cancelled["actor"]["name"]) == ("user", NAME)
    assert cancelled["address"] == "127.0.0.1"
    assert cancelled["request_id"]
    assert cancelled["database_role"] == "slotwise_app"


@pytest.mark.parametrize(("asked", "kinds"), [({"patient": "p1"}, {"patient"}), ({"doctor": "d2"}, {"availability"})])
def test_what_concerns_a_patient_or_a_doctor_is_found(api, appointment, asked, kinds):
    found = audit(api, **asked)
    [id_] = (
        {api.get("/patients/p1").json()["id"]}
        if "patient" in asked
        else {each["id"] for each in api.get("/doctors").json()["items"] if each["external_id"] == "d2"}
    )
    assert all(id_ in each["subjects"] for each in found)
    assert kinds <= {each["kind"] for each in found}


def test_what_a_patient_is_called_is_told_beside_the_entry(api, appointment):
    [added] = [each for each in audit(api, patient="p1", action="insert") if each["kind"] == "patient"]
    assert added["words"] == {"before": None, "after": {"name": "Maria Silva", "external_id": "p1", "email": None}}
    assert "name" not in added["after"]


@pytest.mark.parametrize("actor", ["tests-admin", NAME])
def test_an_actor_is_found_by_reference_and_by_name(api, appointment, actor):
    assert {each["actor"]["name"] for each in audit(api, actor=actor)} == {NAME}


def test_nothing_was_done_on_other_days(api, appointment):
    assert audit(api, to="2020-01-01") == audit(api, **{"from": "2190-01-01"}) == []


def test_searching_for_a_patient_is_a_reading(api, appointment):
    audit(api, patient="p2")
    [read, *_] = audit(api, action="read", patient="p2")
    assert read["after"] == {"by": "GET /audit"}


def test_pages_follow_one_another_without_gaps(api, appointment):
    every = [each["id"] for each in audit(api, limit=1000)]
    found, cursor = [], None
    while cursor or not found:
        page = api.get("/audit", params={"limit": 7} | ({"cursor": cursor} if cursor else {})).json()
        found += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert [id_ for id_ in found if id_ <= every[0]] == every


def test_nobody_who_never_was_is_searched_for(api, town):
    told = refused(api.get("/audit", params={"patient": "nobody", "from": "2026-01-01"}), 422)
    assert told["errors"][0]["code"] == "unknown_patient"


@pytest.mark.parametrize(
    ("scopes", "everywhere", "status"),
    [([Scope.AUDIT_READ], True, 200), ([Scope.AUDIT_READ], False, 403), ([Scope.OPERATIONS_READ], True, 403)],
)
def test_only_who_may_search_the_whole_networks_audit(api, session, scopes, everywhere, status):
    with session() as making:
        _, secret = make_token(making, "a token", scopes, hospitals=None if everywhere else [])
    assert api.get("/audit", headers={"Authorization": f"Bearer {secret}"}).status_code == status
