"""Reschedules over HTTP: asked for, listed, read, discarded; and every way of asking wrongly."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.reschedules import DAY, appointments, ask, closed, ill
from tests.api.town import MONDAY, TODAY, Town, at, refused


def test_a_reschedule_is_queued_with_what_its_scope_displaces(town: Town):
    inside, outside = town.book("p1", "d1", "10:00"), town.book("p2", "d2", "10:00")
    response = town.api.post("/reschedules", json=ill(label="Dr Sousa ill"))
    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/reschedules/{job['id']}"
    assert response.headers["retry-after"] == "1"
    assert response.headers["etag"] == f'"{job["version"]}"'
    assert (job["status"], job["label"], job["what_if"], job["dry_run"]) == ("queued", "Dr Sousa ill", False, True)
    assert job["counts"] == {"displaced": 1, "placed": None, "unplaced": None, "others": None, "left": 0}
    assert job["summary"] is job["plan"] is job["proof"] is job["planned_at"] is job["extra_hours"] is None
    assert [(each["status"], each["detail"]) for each in job["history"]] == [("queued", None)]
    (item,) = appointments(town, job["id"])
    assert item["appointment"] == inside["id"] != outside["id"]
    assert (item["before"]["start"], item["before"]["end"]) == (at("10:00"), at("11:00"))
    assert item["before"]["doctor"] == inside["doctor"]
    assert item["before"]["hospital"] == inside["hospital"]
    assert (item["patient"], item["displaced"], item["priority"]) == (inside["patient"], True, "routine")
    assert item["after"] is item["conflict"] is item["shift_hours"] is item["fate"] is None
    assert not item["seen_to"]


def test_what_was_asked_is_told_by_name_and_by_the_hospitals_clock(town: Town):
    job = town.post("/reschedules", **closed(policy={"others_move": True, "notice_hours": 0}))
    scope = job["scope"]
    assert (scope["hospital"]["external_id"], scope["doctors"], scope["appointments"]) == ("central", None, None)
    assert (scope["start"], scope["end"]) == (at("00:00"), at("00:00", MONDAY + DAY))
    assert (job["policy"]["others_move"], job["policy"]["notice_hours"], job["policy"]["same_doctor"]) == (
        True,
        0,
        True,
    )
    away = town.post("/reschedules", **ill("d2"))
    assert [each["name"] for each in away["scope"]["doctors"]] == ["Dr Rui Costa"]
    assert away["scope"]["hospital"] is None


def test_nothing_displaced_is_an_answer_too(town: Town):
    assert town.post("/reschedules", **ill())["counts"]["displaced"] == 0


def test_appointments_are_named_by_their_ids(town: Town):
    first, second = (town.book("p1", "d1", start)["id"] for start in ("10:00", "12:00"))
    asked = {"cause": "appointments", "scope": {"appointments": [first]}}
    job = town.post("/reschedules", **asked)
    assert job["scope"]["appointments"] == 1
    assert [each["appointment"] for each in appointments(town, job["id"])] == [first] != [second]


def test_new_weekly_hours_displace_what_lies_outside_them(town: Town):
    early, late = (town.book("p1", "d1", start)["id"] for start in ("09:00", "12:00"))
    week = {day: [{"opens": "11:00", "closes": "18:00"}] for day in ("monday", "tuesday")}
    asked = {"cause": "hours_changed", "scope": {"hospital": "central", "operating_hours": week}}
    job = town.post("/reschedules", **asked)
    assert job["scope"]["operating_hours"] == week
    assert [each["appointment"] for each in appointments(town, job["id"])] == [early] != [late]


def test_a_room_is_of_a_doctor_at_a_hospital(town: Town):
    town.book("p1", "d1", "10:00")
    asked = ill() | {"cause": "room"}
    asked["scope"]["hospital"] = "central"
    assert town.post("/reschedules", **asked)["counts"]["displaced"] == 1


def test_two_at_once_over_one_doctor_are_refused_and_the_other_is_named(town: Town):
    town.book("p1", "d1", "10:00")
    job = ask(town, ill())
    problem = refused(town.api.post("/reschedules", json=closed()), 409, "appointment_held")
    assert problem["errors"][0]["facts"] == {"reschedule": job, "appointments": 1}
    assert f"The reschedule {job} holds 1 of these appointments" in problem["detail"]
    assert len(town.get("/reschedules")["items"]) == 1
    assert town.post("/reschedules", **closed(what_if=True))["status"] == "queued"  # a question holds nothing
    town.post(f"/reschedules/{job}/discard")
    assert town.post("/reschedules", **closed())["status"] == "queued"


def test_of_many_who_ask_for_one_doctor_at_once_one_has_her_appointments(town: Town):
    """Half of them for all her day, half for a part of it, so that they begin at different appointments."""
    for start in ("09:00", "10:00", "11:00"):
        town.book("p1", "d1", start)
    part = ill()
    part["scope"]["start"] = at("10:00")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda asked: town.api.post("/reschedules", json=asked), [ill(), part] * 4))
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert len(accepted) == 1
    for answer in answers:
        if answer.status_code != 202:
            assert accepted[0] in refused(answer, 409, "appointment_held")["detail"]
    assert [each["id"] for each in town.get("/reschedules")["items"]] == accepted


def test_sent_twice_under_one_key_it_is_asked_once(town: Town):
    town.book("p1", "d1", "10:00")
    first, again = (town.api.post("/reschedules", json=ill(), headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert len(town.get("/reschedules")["items"]) == 1
    refused(town.api.post("/reschedules", json=ill("d2"), headers={"Idempotency-Key": "k"}), 422, "key_reused")


def test_they_are_listed_newest_first_page_by_page_and_by_status(town: Town):
    ids = [ask(town, ill(day=MONDAY + each * DAY)) for each in range(3)]
    town.post(f"/reschedules/{ids[1]}/discard")
    first = town.get("/reschedules", limit=2)
    rest = town.get("/reschedules", limit=2, cursor=first["next_cursor"])
    assert [each["id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    assert [each["id"] for each in town.get("/reschedules", status="discarded")["items"]] == [ids[1]]
    assert len(town.get("/reschedules", status=["discarded", "queued"])["items"]) == 3
    refused(town.api.get("/reschedules", params={"status": "lost"}), 422, "not_a_choice")
    refused(town.api.get("/reschedules", params={"cursor": "x"}), 422, "unreadable_cursor")


def test_its_appointments_come_page_by_page_in_the_order_of_their_hours(town: Town):
    ids = {start: town.book("p1", "d1", start)["id"] for start in ("11:00", "09:00", "10:00")}
    job = ask(town, ill())
    address = f"/reschedules/{job}/appointments"
    first = town.get(address, limit=2)
    rest = town.get(address, limit=2, cursor=first["next_cursor"])
    found = [each["appointment"] for each in first["items"] + rest["items"]]
    assert found == [ids[start] for start in sorted(ids)]
    assert rest["next_cursor"] is None
    refused(town.api.get(address, params={"kind": "lost"}), 422, "not_a_choice")


def test_a_reschedule_is_discarded_once_and_by_whoever_saw_it_as_it_is(town: Town):
    town.book("p1", "d1", "10:00")
    job = town.post("/reschedules", **ill())
    address = f"/reschedules/{job['id']}/discard"
    refused(town.api.post(address, headers={"If-Match": '"99"'}), 412, "changed_since")
    response = town.api.post(address, headers={"If-Match": f'"{job["version"]}"'})
    assert response.json()["status"] == "discarded"
    assert response.headers["etag"] == town.api.get(f"/reschedules/{job['id']}").headers["etag"] != '"1"'
    problem = refused(town.api.post(address), 409, "reschedule_decided")
    assert "is discarded already" in problem["detail"]
    assert town.get("/appointments")["items"][0]["start"] == at("10:00")


def test_planning_again_is_another_job_in_place_of_the_first(town: Town):
    town.book("p1", "d1", "10:00")
    old = town.post("/reschedules", **ill(label="Ill", policy={"same_doctor": False}, dry_run=False))
    response = town.api.post(f"/reschedules/{old['id']}/plan-again")
    assert response.status_code == 202
    new = response.json()
    assert response.headers["location"] == f"/reschedules/{new['id']}"
    assert new["id"] != old["id"] == new["replaces"]
    assert (new["label"], new["policy"], new["scope"]) == (old["label"], old["policy"], old["scope"])
    assert (new["dry_run"], new["status"], new["counts"]) == (True, "queued", old["counts"])
    assert town.get(f"/reschedules/{old['id']}")["status"] == "discarded"
    assert town.post(f"/reschedules/{new['id']}/plan-again", what_if=True)["what_if"]


@pytest.mark.parametrize("below", ["", "/appointments", "/proposal.csv", "/problem.json", "/plan.json"])
def test_what_does_not_exist_cannot_be_read(town: Town, below: str):
    refused(town.api.get(f"/reschedules/{uuid.uuid4()}{below}"), 404, "unknown_reschedule")


@pytest.mark.parametrize(("below", "body"), [("discard", {}), ("plan-again", {}), ("extra-hours/add", {"count": 1})])
def test_what_does_not_exist_cannot_be_changed(town: Town, below: str, body: dict[str, int]):
    refused(town.api.post(f"/reschedules/{uuid.uuid4()}/{below}", json=body or None), 404, "unknown_reschedule")


@pytest.mark.parametrize("name", ["proposal.csv", "problem.json", "plan.json"])
def test_before_it_is_planned_there_is_nothing_to_download(town: Town, name: str):
    job = ask(town, ill())
    problem = refused(town.api.get(f"/reschedules/{job}/{name}"), 404, "not_planned")
    assert problem["detail"] == f"The reschedule {job} has no proposal; it is queued."


def scope(**changes: object) -> dict[str, object]:
    """A scope with other values; None leaves one out."""
    both = ill()["scope"] | changes
    return {"cause": "doctor_unavailable", "scope": {key: value for key, value in both.items() if value is not None}}


YESTERDAY = at("09:00", TODAY - DAY)


@pytest.mark.parametrize(
    ("asked", "code", "place", "sentence"),
    [
        (scope(start="2030-01-01T09:00:00"), "no_offset", "#/scope/start", "scope.start has no UTC offset"),
        (scope(doctors=[]), "too_short", "#/scope/doctors", "scope.doctors has fewer than 1 item"),
        (scope(doctors=None), "scope_incomplete", "#", "has a scope without doctors"),
        (scope(end=at("00:00")), "scope_runs_backward", "#/scope", "ends at or before its start"),
        (scope(end="2199-12-31T00:00:00+00:00"), "scope_too_long", "#/scope", "is longer than 731 days"),
        (scope(start=YESTERDAY, end=at("10:00", TODAY - DAY)), "scope_passed", "#/scope/end", "choose a later end"),
        (scope(doctors=["d1", "d9"]), "unknown_doctor", "#/scope/doctors/1", "There is no doctor 'd9'"),
        (scope(hospital="west"), "unknown_hospital", "#/scope/hospital", "There is no hospital 'west'"),
        (scope(colour="red"), "unknown_field", "#/scope/colour", "scope.colour is not known here"),
        (scope(appointments=[str(uuid.UUID(int=1))]), "scope_surplus", "#", "a scope with appointments"),
        (ill(cause="fire"), "not_a_choice", "#/cause", "cause is none of"),
        (ill(policy={"notice_hours": -1}), "out_of_range", "#/policy/notice_hours", "must be at least 0"),
        (ill(policy={"latest": "soon"}), "not_an_instant", "#/policy/latest", "policy.latest is not an instant"),
        (ill(what_if=True, dry_run=False), "what_if_applied", "#", "is a question only"),
        (ill(label=""), "too_short", "#/label", "label is shorter than 1"),
    ],
)
def test_asked_wrongly_it_is_refused_with_the_place_and_the_remedy(town: Town, asked, code, place, sentence):
    problem = refused(town.api.post("/reschedules", json=asked), 422, code)
    assert [error.get("pointer", "#") for error in problem["errors"]] == [place]
    assert sentence in problem["detail"]
    assert town.get("/reschedules")["items"] == []


def test_every_fault_of_a_list_of_appointments_is_told_at_once(town: Town):
    gone = town.book("p1", "d1", "10:00")["id"]
    town.post(f"/appointments/{gone}/cancel")
    strange = str(uuid.uuid4())
    asked = {"cause": "appointments", "scope": {"appointments": [gone, strange, town.book("p1", "d1", "11:00")["id"]]}}
    problem = refused(town.api.post("/reschedules", json=asked), 422, "invalid")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("#/scope/appointments/0", "appointment_not_booked"),
        ("#/scope/appointments/1", "unknown_appointment"),
    ]
    assert town.get("/reschedules")["items"] == []


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([str(uuid.UUID(int=1))] * 2, "appointment_twice"),
        ([str(uuid.UUID(int=each)) for each in range(10_001)], "too_many"),
        (["a1"], "not_an_id"),
        ([], "too_short"),
    ],
    ids=["twice", "10,001", "no id", "none"],
)
def test_a_list_of_appointments_that_is_none_is_refused(town: Town, ids, code):
    asked = {"cause": "appointments", "scope": {"appointments": ids}}
    refused(town.api.post("/reschedules", json=asked), 422, code)
    assert town.get("/reschedules")["items"] == []
