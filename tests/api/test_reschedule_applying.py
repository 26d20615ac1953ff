"""Applying and undoing over HTTP: whole or not at all, and whoever is refused is told every reason and the way on."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.reschedules import DAY, appointments, ask, closed, ill, plan, proposed
from tests.api.town import MONDAY, Town, at, refused

TUESDAY = MONDAY + DAY


@pytest.fixture
def sick_day(town: Town) -> Any:
    """The proposal for two patients of d1's Monday: one hour is left on Tuesday, so that one is left over."""
    town.available("d1", "09:00", "10:00", TUESDAY)
    for patient, start in (("p1", "10:00"), ("p2", "11:00")):
        town.book(patient, "d1", start)
    return proposed(town, ill())


def post(town: Town, job: Any, deed: str, version: int | None = None):
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return town.api.post(f"/reschedules/{job['id']}/{deed}", headers=headers)


def schedule(town: Town) -> list[tuple[str, str, str]]:
    return [
        (each["patient"]["external_id"], each["status"], each["start"]) for each in town.get("/appointments")["items"]
    ]


def test_applied_it_is_done_whole(town: Town, sick_day):
    response = post(town, sick_day, "apply", sick_day["version"])
    assert response.status_code == 200
    job = response.json()
    assert (job["status"], job["counts"]["left"], job["history"][-1]["status"]) == ("applied", 1, "applied")
    assert response.headers["etag"] == f'"{job["version"]}"' != f'"{sick_day["version"]}"'
    fates = {each["fate"]: each for each in appointments(town, job["id"])}
    assert fates.keys() == {"moved", "left"}
    moved, left = (town.get(f"/appointments/{fates[fate]['appointment']}") for fate in ("moved", "left"))
    assert (moved["start"], moved["status"]) == (at("09:00", TUESDAY), "booked")
    assert (left["start"], left["status"]) == (fates["left"]["before"]["start"], "booked")
    table = town.api.get(f"/reschedules/{job['id']}/proposal.csv").text.splitlines()
    assert sorted(line.rpartition(",")[2] for line in table) == ["fate", "left", "moved"]
    (former,) = town.get(f"/appointments/{moved['id']}/history")["items"]
    assert (former["start"], former["reschedule"]) == (fates["moved"]["before"]["start"], job["id"])
    monday = [
        each for each in town.get("/availabilities", doctor="d1")["items"] if each["start"] < at("00:00", TUESDAY)
    ]
    assert [(each["start"], each["end"]) for each in monday] == [(left["start"], left["end"])]


def test_one_that_was_left_is_a_worklist_until_somebody_sees_to_it(town: Town, sick_day):
    post(town, sick_day, "apply")
    (left,) = (each for each in appointments(town, sick_day["id"]) if each["fate"] == "left")
    assert (left["seen_to"], left["status"]) == (False, "booked")
    town.post(f"/appointments/{left['appointment']}/cancel")
    (left,) = (each for each in appointments(town, sick_day["id"]) if each["fate"] == "left")
    assert (left["seen_to"], left["status"]) == (True, "cancelled")
    assert town.get(f"/reschedules/{sick_day['id']}")["counts"]["left"] == 0


def test_where_the_policy_says_so_those_left_over_are_cancelled(town: Town):
    town.book("p1", "d1", "10:00")
    job = proposed(town, ill(policy={"cancel_unplaced": True}))
    assert post(town, job, "apply").json()["counts"]["left"] == 0
    assert schedule(town) == [("p1", "cancelled", at("10:00"))]


def test_a_closed_hospital_has_no_openings_then(town: Town):
    town.book("p1", "d1", "10:00")
    town.available("d1", "09:00", "10:00", TUESDAY)
    post(town, proposed(town, closed()), "apply")
    day = town.get("/schedule", hospital="central", date=MONDAY.isoformat())["days"][0]
    assert (day["openings"], day["exception"]) == ([], True)
    assert schedule(town) == [("p1", "booked", at("09:00", TUESDAY))]


def test_undone_everything_is_as_before(town: Town, sick_day):
    before, hours = schedule(town), _hours(town)
    applied = post(town, sick_day, "apply").json()
    assert schedule(town) != before
    refused(post(town, sick_day, "undo", sick_day["version"]), 412, "changed_since")
    undone = post(town, sick_day, "undo", applied["version"]).json()
    assert (undone["status"], undone["counts"]["left"]) == ("undone", 0)
    assert (schedule(town), _hours(town)) == (before, hours)
    refused(post(town, sick_day, "undo"), 409, "reschedule_not_applied")


def _hours(town: Town) -> list[tuple[str, str]]:
    return [(each["start"], each["end"]) for each in town.get("/availabilities", doctor="d1")["items"]]


def test_a_change_between_proposal_and_apply_is_named_with_the_way_on(town: Town, sick_day):
    """One is cancelled, and the hour that the other was to get is taken."""
    before = [each["appointment"] for each in appointments(town, sick_day["id"])]
    town.put("/patients/p3", name="Rui Pinto")
    town.book("p3", "d1", "09:00", TUESDAY)
    town.post(f"/appointments/{before[0]}/cancel")
    refusal = post(town, sick_day, "apply")
    problem = refused(refusal, 409, "schedule_changed")
    assert problem["remedy"] == f"/reschedules/{sick_day['id']}/plan-again"
    summary = "The schedule has changed in 2 ways since this was proposed; plan again. The first: "
    assert problem["detail"] == summary + problem["errors"][0]["message"]
    changes = {error["facts"]["appointment"]: error["code"] for error in problem["errors"]}
    assert changes == dict(zip(before, ["appointment_ended", "hour_taken_since"], strict=True))
    assert not any(name in refusal.text for name in ("Maria", "Reis", "Pinto", "p1", "p2"))
    job = town.get(f"/reschedules/{sick_day['id']}")
    assert (job["status"], job["version"]) == ("proposed", sick_day["version"])
    again = town.post(problem["remedy"])
    plan()
    assert again["counts"]["displaced"] == 1
    assert town.post(f"/reschedules/{again['id']}/apply")["status"] == "applied"


def test_only_the_version_that_was_seen_is_applied(town: Town, sick_day):
    before = schedule(town)
    refused(post(town, sick_day, "apply", 1), 412, "changed_since")
    assert schedule(town) == before


def test_what_was_applied_and_changed_since_is_not_undone(town: Town, sick_day):
    post(town, sick_day, "apply")
    (moved,) = (each["appointment"] for each in appointments(town, sick_day["id"]) if each["fate"] == "moved")
    town.post(f"/appointments/{moved}/cancel")
    problem = refused(post(town, sick_day, "undo"), 409, "schedule_changed")
    assert "remedy" not in problem
    (error,) = problem["errors"]
    assert error["code"] == "appointment_ended"
    assert problem["detail"].startswith("The schedule has changed in one way since this was applied; it cannot")
    assert problem["detail"].endswith(error["message"])
    assert town.get(f"/reschedules/{sick_day['id']}")["status"] == "applied"


def test_what_is_no_proposal_is_not_applied(town: Town):
    job = {"id": ask(town, ill())}
    problem = refused(post(town, job, "apply"), 409, "reschedule_not_proposed")
    assert "is queued" in problem["detail"]
    post(town, job, "discard")
    assert "is discarded" in refused(post(town, job, "apply"), 409, "reschedule_not_proposed")["detail"]
    refused(post(town, job, "undo"), 409, "reschedule_not_applied")


def test_a_question_is_never_applied(town: Town):
    refused(post(town, proposed(town, ill(what_if=True)), "apply"), 409, "reschedule_only_asks")


def test_applied_twice_under_one_key_it_is_done_once(town: Town, sick_day):
    address, headers = f"/reschedules/{sick_day['id']}/apply", {"Idempotency-Key": "k"}
    first, again = (town.api.post(address, headers=headers) for _ in range(2))
    assert again.content == first.content
    assert (first.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    refused(town.api.post(address), 409, "reschedule_not_proposed")


def test_of_many_who_apply_at_once_one_does(town: Town, sick_day):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(town, sick_day, "apply"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    for answer in answers:
        if answer.status_code == 409:
            refused(answer, 409, "reschedule_not_proposed")
    topics = [each["topic"] for each in town.get("/events")["items"]]
    assert (topics.count("appointment.moved"), topics.count("reschedule.applied")) == (1, 1)


@pytest.mark.parametrize("deed", ["apply", "undo"])
def test_what_does_not_exist_is_neither_applied_nor_undone(town: Town, deed: str):
    job = {"id": "0198c5a0-7d3e-7c1a-9f1e-2b6a54d0e111"}
    refused(post(town, job, deed), 404, "unknown_reschedule")


def test_without_dry_run_it_is_applied_as_soon_as_it_is_planned(town: Town):
    town.available("d1", "09:00", "10:00", TUESDAY)
    town.book("p1", "d1", "10:00")
    job = proposed(town, ill(dry_run=False))
    assert job["status"] == "applied"
    assert schedule(town) == [("p1", "booked", at("09:00", TUESDAY))]
