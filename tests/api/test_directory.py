"""Users, doctors and patients: written again and again by the system that keeps them."""

import httpx
import pytest

from models.access.scopes import Scope
from models.access.tokens import make_token
from tests.api.town import Town, refused


def test_a_user_is_added_once_and_then_kept_current(api):
    first = api.put("/users/d1", json={"name": "Dr Ana", "role": "doctor", "specialties": ["Cardiology"]})
    assert first.status_code == 201
    assert first.headers["location"] == f"/users/{first.json()['id']}"
    assert first.json()["specialties"] == ["cardiology"]
    second = api.put("/users/d1", json={"name": "Dr Ana Sousa", "role": "doctor", "active": False})
    assert second.status_code == 200
    assert second.json()["id"] == first.json()["id"]
    assert (second.json()["name"], second.json()["active"], second.json()["specialties"]) == ("Dr Ana Sousa", False, [])
    assert api.get("/users/d1").json() == api.get(f"/users/{first.json()['id']}").json() == second.json()


def test_an_external_id_may_hold_what_other_systems_put_in_it(api):
    for external_id in ("a/b", "ana@hospital.pt", "ção", "x" * 200):
        assert api.put(f"/patients/{external_id}", json={"name": "N"}).status_code == 201
        assert api.get(f"/patients/{external_id}").json()["external_id"] == external_id


def test_doctors_are_filtered_by_specialty(town: Town):
    assert [each["external_id"] for each in town.get("/doctors")["items"]] == ["d1", "d2"]
    assert [each["external_id"] for each in town.get("/doctors", specialty="Dermatology")["items"]] == ["d2"]
    town.put("/users/s1", name="Eva", role="staff")
    assert [each["external_id"] for each in town.get("/users", role="staff")["items"]] == ["s1"]
    assert len(town.get("/users")["items"]) == 4  # an admin of the tests among them


def test_only_doctors_have_specialties(api):
    body = {"name": "Eva", "role": "staff", "specialties": ["cardiology"]}
    problem = refused(api.put("/users/s1", json=body), 422, "specialties_without_doctor")
    assert problem["detail"] == "The body has specialties but is not a doctor."


def test_staff_act_at_hospitals_and_nobody_else_is_put_anywhere(town: Town):
    written = town.put("/users/s1", name="Eva", role="staff", hospitals=["central"])
    assert [each["external_id"] for each in written["hospitals"]] == ["central"]
    assert town.get("/users/s1") == written
    refused(town.api.put("/users/s1", json={"name": "Eva", "role": "doctor", "hospitals": ["central"]}), 422)
    body = {"name": "Eva", "role": "admin", "hospitals": ["central"]}
    problem = refused(town.api.put("/users/s1", json=body), 422, "hospitals_without_staff")
    assert "an admin acts everywhere" in problem["detail"]
    body = {"name": "Eva", "role": "staff", "hospitals": ["central", "nowhere"]}
    problem = refused(town.api.put("/users/s1", json=body), 422, "unknown_hospital")
    assert problem["errors"][0]["pointer"] == "#/hospitals/1"
    assert town.put("/users/s1", name="Eva", role="staff")["hospitals"] == []


@pytest.mark.parametrize(
    ("scopes", "status"),
    [({Scope.DIRECTORY_WRITE}, 403), ({Scope.DIRECTORY_WRITE, Scope.ACCESS_WRITE}, 201)],
)
def test_a_system_makes_admins_only_where_it_may(api, session, scopes, status):
    with session() as open_session:
        _, secret = make_token(open_session, "upstream", scopes)
    with httpx.Client(base_url=api.base_url, headers={"Authorization": f"Bearer {secret}"}) as upstream:
        assert upstream.put("/users/s1", json={"name": "Eva", "role": "staff"}).status_code == 201
        answer = upstream.put("/users/a1", json={"name": "Rui", "role": "admin"})
    assert answer.status_code == status
    if status == 403:
        problem = refused(answer, 403, "may_not_make_admins")
        assert "access:write" in problem["detail"]
        assert problem["errors"][0]["pointer"] == "#/role"
        assert api.get("/users/a1").status_code == 404


def test_an_admin_makes_an_admin(api):
    assert api.put("/users/a1", json={"name": "Rui", "role": "admin"}).status_code == 201


def test_a_doctor_with_availabilities_stays_a_doctor(town: Town):
    problem = refused(
        town.api.put("/users/d1", json={"name": "Ana", "role": "staff"}), 409, "doctor_has_availabilities"
    )
    assert "set active to false" in problem["detail"]
    assert problem["errors"][0]["pointer"] == "#/role"


def test_patients_are_listed(town: Town):
    assert [each["external_id"] for each in town.get("/patients")["items"]] == ["p1", "p2"]
    town.put("/patients/p1", name="Maria Silva", active=False)
    assert [each["external_id"] for each in town.get("/patients", active=True)["items"]] == ["p2"]


@pytest.mark.parametrize(("path", "code"), [("/users/nobody", "unknown_user"), ("/patients/nobody", "unknown_patient")])
def test_who_does_not_exist_is_not_found(api, path, code):
    assert "'nobody'" in refused(api.get(path), 404, code)["detail"]


def test_no_refusal_repeats_a_name(api):
    name = "Maria da Silva " * 20
    for body in ({"name": name}, {"name": ["Maria"]}, {"name": name, "active": "Maria", "nombre": 1}):
        response = api.put("/patients/p1", json=body)
        refused(response, 422)
        for error in response.json()["errors"]:
            if error["pointer"].startswith("#/name"):
                assert "value" not in error
                assert "Maria" not in error["message"]


def test_a_patients_address_is_kept_as_it_was_written_last(town: Town):
    assert town.get("/patients/p1")["email"] is None
    assert town.put("/patients/p1", name="Maria Silva", email="Maria@Example.ORG")["email"] == "Maria@example.org"
    assert town.get("/patients/p1")["email"] == "Maria@example.org"
    assert town.put("/patients/p1", name="Maria Silva")["email"] is None


@pytest.mark.parametrize(
    "email", ["ana", "ana@", "Ana <ana@example.org>", "m@example.org, n@example.org", "m@localhost", ""]
)
def test_what_is_no_address_is_refused_without_repeating_it(api, email):
    problem = refused(api.put("/patients/p1", json={"name": "Maria", "email": email}), 422)
    (error,) = problem["errors"]
    assert error["code"] == ("not_an_email_address" if email else "too_short")
    assert (error["pointer"], "value" in error) == ("#/email", False)
    assert not email or email not in problem["detail"]


def test_patients_are_found_by_what_somebody_remembers(town: Town):
    town.put("/patients/p3", name="Joana Reis", active=False)
    found = town.post("/patients/search", text="JOA reis")["items"]
    assert [(each["external_id"], each["active"]) for each in found] == [("p2", True), ("p3", False)]
    assert found[0] == town.get("/patients/p2")
    assert len(town.post("/patients/search", text="joa", limit=1)["items"]) == 1
    assert town.post("/patients/search", text="p1")["items"][0]["name"] == "Maria Silva"


def test_a_search_for_nothing_is_refused(api):
    refused(api.post("/patients/search", json={"text": " "}), 422, "too_short")
    refused(api.post("/patients/search", json={}), 422, "missing")
    refused(api.post("/patients/search", json={"text": "a", "limit": 101}), 422, "out_of_range")
