"""What is proposed, over HTTP: the numbers, who gets which hour, why others get none, and the files of it."""

import csv
import datetime as dt
import io
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from models.rescheduling.problem import read_problem
from models.rescheduling.tables import Reschedule
from planner.wording import spoken
from tests.api.reschedules import DAY, appointments, ask, ill, plan, proposed
from tests.api.town import MONDAY, Town, at, hospital, refused
from workers.reschedule_claims import READING
from workers.rescheduling import solve

TUESDAY = MONDAY + DAY


def test_a_proposal_tells_who_gets_which_hour(town: Town):
    town.available("d1", "09:00", "11:00", TUESDAY)
    ids = [town.book(patient, "d1", start)["id"] for patient, start in (("p1", "10:00"), ("p2", "11:00"))]
    job = proposed(town, ill())
    assert (job["status"], job["stage"], job["progress"], job["failure"]) == ("proposed", None, 1, None)
    assert job["counts"] == {"displaced": 2, "placed": 2, "unplaced": 0, "others": 0, "left": 0}
    assert job["proof"] == {"best": True, "goal": None, "reached": 0, "bound": 0, "gap": 0.0}
    assert job["plan"]["objective"] == job["plan"]["bound"]
    shifts = [each["shift_hours"] for each in appointments(town, job["id"])]
    assert job["summary"]["shift_hours"] == {"total": sum(shifts), "median": 23.0, "longest": max(shifts)}
    assert sum(shifts) == 46
    assert job["summary"]["days"] == [
        {"date": MONDAY.isoformat(), "before": 2, "after": 0},
        {"date": TUESDAY.isoformat(), "before": 0, "after": 2},
    ]
    assert [(each["first"], each["last"], each["count"]) for each in job["summary"]["shifts"] if each["count"]] == [
        (5, 24, 2)
    ]
    assert [each["status"] for each in job["history"]] == ["queued", "planning", "proposed"]
    assert job["extra_hours"] is None
    items = appointments(town, job["id"])
    assert [each["appointment"] for each in items] == ids
    assert {each["after"]["start"] for each in items} == {at("09:00", TUESDAY), at("10:00", TUESDAY)}
    assert {each["after"]["doctor"]["external_id"] for each in items} == {"d1"}
    assert [town.get(f"/appointments/{id_}")["start"] for id_ in ids] == [at("10:00"), at("11:00")]  # as yet


def test_whom_no_hour_is_found_for_is_told_why_with_alternatives(town: Town):
    town.put("/users/d3", name="Dr Eva Lima", role="doctor", specialties=["cardiology"])
    town.available("d3", "09:00", "13:00")
    town.book("p1", "d1", "10:00")
    job = proposed(town, ill())
    assert job["counts"]["unplaced"] == 1
    (item,) = appointments(town, job["id"], kind="unplaced")
    conflict = item["conflict"]
    assert (item["after"], item["fate"], conflict["kind"]) == (None, None, "no_availability")
    assert "Dr Ana Sousa" in conflict["message"]
    assert "Dr Ana Sousa" in conflict["names"].values()
    assert conflict["facts"]["doctors"] == [item["before"]["doctor"]["id"]]
    assert [each["doctor"]["name"] for each in conflict["alternatives"]] == ["Dr Eva Lima"] * 3
    assert appointments(town, job["id"], kind="placed") == []


def test_each_kind_of_appointment_can_be_asked_for(town: Town):
    """p2's hour at 09:00 is the only one p1 may have; it can be had, since p2 may move to make room."""
    town.available("d1", "09:00", "11:00", TUESDAY)
    town.available("d2", "10:00", "11:00", TUESDAY)
    town.book("p2", "d1", "09:00", TUESDAY)
    town.book("p1", "d2", "10:00", TUESDAY)
    town.book("p1", "d1", "10:00")
    job = proposed(town, ill(policy={"others_move": True, "latest": at("11:00", TUESDAY)}))
    assert job["counts"] == {"displaced": 1, "placed": 1, "unplaced": 0, "others": 1, "left": 0}
    found = {kind: appointments(town, job["id"], kind=kind) for kind in ("displaced", "placed", "unplaced", "others")}
    assert [len(each) for each in found.values()] == [1, 1, 0, 1]
    (other,) = found["others"]
    assert (other["displaced"], other["patient"]["external_id"], other["priority"]) == (False, "p2", "routine")
    assert (other["before"]["start"], other["after"]["start"]) == (at("09:00", TUESDAY), at("10:00", TUESDAY))
    assert other["shift_hours"] == 1
    assert found["placed"][0]["after"]["start"] == at("09:00", TUESDAY)
    assert [(line["kind"], line["patient"]) for line in read_csv(town, job["id"])] == [
        ("placed", "p1"),
        ("others", "p2"),
    ]


def test_a_poll_is_held_open_until_there_is_a_proposal(town: Town):
    town.book("p1", "d1", "10:00")
    job = ask(town, ill())
    assert "retry-after" in town.api.get(f"/reschedules/{job}").headers
    planner = threading.Timer(0.5, plan)
    planner.start()
    response = town.api.get(f"/reschedules/{job}", headers={"Prefer": "wait=30"})
    planner.join()
    assert (response.json()["status"], response.headers["preference-applied"]) == ("proposed", "wait=30")
    assert "retry-after" not in response.headers


def test_while_it_is_planned_its_stage_and_progress_are_told(town: Town, session):
    """As a worker writes them down, whose own words are tried as well."""
    town.book("p1", "d1", "10:00")
    job = ask(town, ill())
    assert town.get(f"/reschedules/{job}")["progress"] == 0
    stages = [READING]
    with session() as reading:
        read = read_problem(reading, UUID(job), dt.datetime.now(dt.UTC))
    solve(read, time_limit=5, progress=stages.append)
    seen = []
    for stage in stages:
        with session() as writing:
            planning = {"status": "planning", "stage": stage, "lease_expires_at": dt.datetime.now(dt.UTC)}
            writing.execute(update(Reschedule).where(Reschedule.id == job).values(planning))
        told = town.get(f"/reschedules/{job}")
        assert (told["status"], told["stage"]) == ("planning", stage)
        seen.append(told["progress"])
    assert seen[0] == 0
    assert all(0 < progress < 1 for progress in seen[1:])
    assert seen == sorted(seen)
    assert seen[-1] == 0.5  # looking for extra hours


def test_a_question_holds_nothing_and_its_answer_can_be_planned_in_earnest(town: Town):
    town.available("d1", "09:00", "10:00", TUESDAY)
    town.book("p1", "d1", "10:00")
    asked = proposed(town, ill(what_if=True))
    assert (asked["status"], asked["what_if"], asked["counts"]["placed"]) == ("proposed", True, 1)
    meant = town.post(f"/reschedules/{asked['id']}/plan-again", what_if=False)
    assert (meant["what_if"], meant["replaces"]) == (False, asked["id"])
    refused(town.api.post("/reschedules", json=ill()), 409, "appointment_held")


def read_csv(town: Town, job: str) -> list[dict[str, str]]:
    response = town.api.get(f"/reschedules/{job}/proposal.csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == f'attachment; filename="reschedule-{job}.csv"'
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def test_the_proposal_is_a_table_with_one_line_per_appointment(town: Town):
    town.put("/patients/p1", name="=1+1")
    town.available("d1", "09:00", "10:00", TUESDAY)
    placed = town.book("p1", "d1", "10:00")["id"]
    job = proposed(town, ill(policy={"latest": at("10:00", TUESDAY)}))
    (line,) = read_csv(town, job["id"])
    assert (line["appointment"], line["kind"], line["patient"], line["patient_name"]) == (
        placed,
        "placed",
        "p1",
        "'=1+1",
    )
    assert (line["doctor"], line["hospital_name"], line["start"]) == ("d1", "Central", at("10:00"))
    assert (line["new_doctor_name"], line["new_start"]) == ("Dr Ana Sousa", at("09:00", TUESDAY))
    assert (line["shift_hours"], line["conflict"], line["reason"], line["fate"]) == ("23", "", "", "")


def test_a_line_of_whom_no_hour_is_found_for_has_the_reason(town: Town):
    town.book("p1", "d1", "10:00")
    (line,) = read_csv(town, proposed(town, ill())["id"])
    assert (line["kind"], line["new_start"], line["shift_hours"]) == ("unplaced", "", "")
    assert line["conflict"] == "no_availability"
    assert line["reason"].endswith(".")


def test_no_other_table_is_given_than_csv(town: Town):
    job = proposed(town, ill())["id"]
    address = f"/reschedules/{job}/proposal.csv"
    refused(town.api.get(address, headers={"Accept": "application/json"}), 406, "not_acceptable")
    refused(town.api.get(f"/reschedules/{job}/plan.json", headers={"Accept": "text/csv"}), 406, "not_acceptable")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_anyone_can_verify_what_is_proposed(town: Town, tmp_path, encoding):
    town.available("d1", "09:00", "10:00", TUESDAY)
    for patient, start in (("p1", "10:00"), ("p2", "11:00")):
        town.book(patient, "d1", start)
    job = proposed(town, ill())["id"]
    for name in ("problem", "plan"):
        response = town.api.get(f"/reschedules/{job}/{name}.json", headers={"Accept-Encoding": encoding})
        assert response.headers["content-type"] == "application/json"
        assert response.headers["content-disposition"] == f'attachment; filename="{name}.json"'
        assert response.headers.get("content-encoding", "identity") == encoding
        assert not any(patient in response.text for patient in ("Maria", "Silva", "Reis"))
        (tmp_path / f"{name}.json").write_bytes(response.content)
    assert "Sousa" not in (tmp_path / "problem.json").read_text()
    command = [Path(sys.executable).with_name("slotwise"), "verify", "problem.json", "plan.json"]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "Proved optimal by its prices" in outcome.stdout + outcome.stderr


def with_extra_hours(session, job: str, *hours: tuple[str, str, str], placed: int = 1) -> None:
    """Let a proposal name extra hours: of a doctor, at a hospital, from a start on."""
    proposal = {
        "hours": [
            {"doctor": who, "hospital": where, "start": start, "appointment": job} for who, where, start in hours
        ],
        "placed": placed,
        "left": [],
        "proved": True,
    }
    with session() as writing:
        writing.execute(update(Reschedule).where(Reschedule.id == job).values(extra_hours=proposal))


@pytest.fixture
def short(town: Town, session) -> Any:
    """A reschedule that leaves one over; two extra hours are proposed for Tuesday, 09:00 and 10:00."""
    appointment = town.book("p1", "d1", "10:00")
    job = proposed(town, ill())
    who, where = appointment["doctor"]["id"], appointment["hospital"]["id"]
    with_extra_hours(session, job["id"], (who, where, at("09:00", TUESDAY)), (who, where, at("10:00", TUESDAY)))
    return job


def test_the_extra_hours_that_would_help_are_told_by_name(town: Town, short):
    extra = town.get(f"/reschedules/{short['id']}")["extra_hours"]
    assert (extra["placed"], extra["left"], extra["proved"]) == (1, [], True)
    first, _ = extra["hours"]
    assert (first["doctor"]["name"], first["hospital"]["name"]) == ("Dr Ana Sousa", "Central")
    assert (first["start"], first["end"]) == (at("09:00", TUESDAY), at("10:00", TUESDAY))


def test_the_first_of_them_are_added_and_planning_again_uses_them(town: Town, short):
    address = f"/reschedules/{short['id']}/extra-hours/add"
    (added,) = town.post(address, count=1)["availabilities"]
    assert (added["doctor"]["external_id"], added["start"]) == ("d1", at("09:00", TUESDAY))
    assert town.get(f"/reschedules/{short['id']}")["history"][-1]["detail"] == "1 extra hour was added."
    again = town.post(f"/reschedules/{short['id']}/plan-again")["id"]
    plan()
    (item,) = appointments(town, again)
    assert item["after"]["start"] == at("09:00", TUESDAY)


def test_those_left_over_are_placed_once_the_hours_are_added_that_the_planner_proposed(town: Town):
    for patient, start in (("p1", "10:00"), ("p2", "11:00")):
        town.book(patient, "d1", start)
    job = proposed(town, ill())
    extra = job["extra_hours"]
    assert (job["counts"]["unplaced"], extra["placed"], extra["left"], extra["proved"]) == (2, 2, [], True)
    assert {each["appointment"] for each in extra["hours"]} == {
        each["appointment"] for each in appointments(town, job["id"])
    }
    for count in (1, 2):
        assert len(town.post(f"/reschedules/{job['id']}/extra-hours/add", count=count)["availabilities"]) == 1
        again = town.post(f"/reschedules/{job['id']}/plan-again", what_if=True)["id"]
        plan()
        assert town.get(f"/reschedules/{again}")["counts"]["placed"] == count


def test_what_is_there_already_is_not_added_twice(town: Town, short):
    address = f"/reschedules/{short['id']}/extra-hours/add"
    town.post(address, count=1)
    assert [each["start"] for each in town.post(address, count=2)["availabilities"]] == [at("10:00", TUESDAY)]
    assert town.post(address, count=2)["availabilities"] == []


def test_extra_hours_are_added_all_or_none_and_the_one_in_the_way_is_named(town: Town, short):
    town.post("/hospitals", **hospital("west"))
    town.post("/availabilities", doctor="d1", hospital="west", start=at("10:00", TUESDAY), end=at("11:00", TUESDAY))
    address = f"/reschedules/{short['id']}/extra-hours/add"
    problem = refused(town.api.post(address, json={"count": 2}), 409, "doctor_elsewhere")
    (error,) = problem["errors"]
    assert error["facts"]["start"] == at("10:00", TUESDAY)
    assert f"The extra hour on {spoken(dt.datetime.fromisoformat(at('10:00', TUESDAY)))}: " in error["message"]
    assert len(town.get("/availabilities", hospital="central", doctor="d1")["items"]) == 1


def test_no_more_extra_hours_are_added_than_are_proposed(town: Town, short):
    address = f"/reschedules/{short['id']}/extra-hours/add"
    problem = refused(town.api.post(address, json={"count": 3}), 422, "out_of_range")
    assert problem["errors"][0]["pointer"] == "#/count"
    refused(town.api.post(address, json={"count": 0}), 422, "out_of_range")
    refused(town.api.post(address, json={}), 422, "missing")


def test_an_extra_hour_that_has_begun_is_not_added(town: Town, session, short):
    long_ago = at("09:00", dt.date(2020, 1, 6))
    who, where = short["scope"]["doctors"][0]["id"], town.get("/hospitals/central")["id"]
    with_extra_hours(session, short["id"], (who, where, at("09:00", TUESDAY)), (who, where, long_ago))
    problem = refused(
        town.api.post(f"/reschedules/{short['id']}/extra-hours/add", json={"count": 2}), 409, "hour_begun"
    )
    assert problem["errors"][0]["facts"]["start"] == long_ago
    assert len(town.get("/availabilities", doctor="d1")["items"]) == 1
