"""`slotwise plan` and `slotwise verify` on files: right ones, broken ones, and what goes where."""

import json
from datetime import date
from pathlib import Path

import pytest

from cli.sample import Calendar, as_problem, wishes
from planner.schemas import problem_to_json

PROBLEM = {
    "hospitals": [
        {
            "id": "h1",
            "timezone": "Australia/Adelaide",
            "openings": [{"start": "2026-12-01T09:00:00+10:30", "end": "2026-12-01T12:00:00+10:30"}],
        }
    ],
    "doctors": [{"id": "d1", "specialties": ["cardiology"]}],
    "availabilities": [
        {"doctor": "d1", "hospital": "h1", "start": "2026-12-01T09:00:00+10:30", "end": "2026-12-01T11:00:00+10:30"}
    ],
    "appointments": [
        {"id": "a1", "doctor": "d1", "hospital": "h1", "patient": "p9", "start": "2026-12-01T09:00:00+10:30"}
    ],
    "requests": [
        {
            "id": id_,
            "patient": patient,
            "priority": priority,
            "earliest": "2026-12-01T09:00:00+10:30",
            "latest": "2026-12-01T12:00:00+10:30",
        }
        for id_, patient, priority in (("r1", "p1", "urgent"), ("r2", "p2", "routine"))
    ],
}


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    file = tmp_path / "problem.json"
    file.write_text(json.dumps(PROBLEM))
    return file


def test_a_plan_goes_to_standard_output_and_its_summary_to_standard_error(slotwise, problem: Path) -> None:
    done = slotwise("plan", "problem.json")
    assert done.code == 0
    assert done.json["status"] == "optimal"
    assert [booking["request"] for booking in done.json["bookings"]] == ["r1"]
    assert done.json["conflicts"][0]["kind"] == "outcompeted"
    assert "Optimal: 1 of 2 requests booked" in done.err
    assert "\x1b" not in done.err, "no control codes where it is no terminal"


def test_a_plan_can_go_to_a_file(slotwise, problem: Path) -> None:
    done = slotwise("plan", "problem.json", "--out", "plan.json")
    assert (done.code, done.out) == (0, "")
    assert json.loads((problem.parent / "plan.json").read_text())["status"] == "optimal"
    assert slotwise("plan", "problem.json", "--out", "no/such/folder.json").code == 2


def test_standard_input_is_read_where_the_file_is_a_dash(slotwise) -> None:
    done = slotwise("plan", "-", stdin=json.dumps(PROBLEM))
    assert done.code == 0
    assert len(done.json["bookings"]) == 1


def test_the_same_problem_and_seed_give_the_same_plan(slotwise, tmp_path: Path) -> None:
    calendar = Calendar(1, date(2026, 12, 7))
    (tmp_path / "problem.json").write_text(problem_to_json(as_problem(calendar, wishes(calendar))))
    first, second = (slotwise("plan", "problem.json", "--seed", 5).json for _ in range(2))
    for plan in (first, second):
        del plan["receipt"]["seconds"]
    assert first == second


def test_every_fault_is_told_with_its_path_value_and_remedy(slotwise, problem: Path) -> None:
    broken = json.loads(json.dumps(PROBLEM))
    broken["requests"][1]["earliest"] = "2026-12-01T09:00:00"
    broken["availabilities"][0]["doctor"] = "d7"
    broken["doctors"][0]["name"] = "Ana"
    problem.write_text(json.dumps(broken))
    told = slotwise("plan", "problem.json")
    assert (told.code, told.out) == (1, "")
    for path in ("requests[1].earliest", "availabilities[0].doctor", "doctors[0].name"):
        assert path in told.err
    assert "problem.json: 3 faults. Nothing was done." in told.err
    faults = slotwise("plan", "--json", "problem.json")
    assert faults.code == 1
    assert len(faults.json["faults"]) == 3
    assert all(fault["message"] for fault in faults.json["faults"])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"hospitals": 1}', "\x00"])
def test_what_is_no_problem_is_refused(slotwise, problem: Path, text: str) -> None:
    problem.write_text(text)
    done = slotwise("plan", "problem.json")
    assert (done.code, done.out) == (1, "")
    assert "Nothing was done." in done.err


def test_wrong_usage_has_its_own_exit_code(slotwise, problem: Path) -> None:
    assert slotwise("plan").code == 2
    assert slotwise("plan", "missing.json").code == 2
    assert slotwise("plan", "problem.json", "--time-limit", "never").code == 2
    assert slotwise("verify", "-", "-").code == 2


def test_a_plan_that_was_made_is_right(slotwise, problem: Path) -> None:
    slotwise("plan", "problem.json", "--out", "plan.json")
    done = slotwise("verify", "problem.json", "plan.json")
    assert (done.code, done.err) == (0, "")
    assert "Right: 1 of 2 requests booked" in done.out
    assert "Checked: 1 booking, 0 moves, 1 reason, 1 certificate, " in done.out
    assert "Proved optimal by its prices: they cover 2 candidates" in done.out
    told = slotwise("verify", "--json", "problem.json", "plan.json").json
    assert told == {"right": True, "proved": True, "violations": []}


def test_what_is_not_proved_is_said_so(slotwise, problem: Path) -> None:
    plan = slotwise("plan", "problem.json").json
    bare = slotwise("verify", "problem.json", "-", stdin=json.dumps({**plan, "prices": None}))
    assert (bare.code, bare.err) == (0, "")
    assert "Not proved: the plan carries no prices" in bare.out
    first = next(iter(plan["prices"]["requests"]))
    plan["prices"]["requests"][first] += 7 * plan["prices"]["unit"]
    altered = slotwise("verify", "problem.json", "-", stdin=json.dumps(plan))
    assert altered.code == 1
    assert "prices.total" in altered.err
    plan["prices"]["total"] += 7 * plan["prices"]["unit"]
    dearer = slotwise("verify", "--json", "problem.json", "-", stdin=json.dumps(plan))
    assert dearer.json == {"right": True, "proved": False, "violations": []}
    plan["prices"]["total"] -= plan["prices"]["requests"].pop(first)
    lost = slotwise("verify", "--json", "problem.json", "-", stdin=json.dumps(plan))
    assert lost.code == 1
    assert {violation["code"] for violation in lost.json["violations"]} == {"prices"}


def test_a_plan_that_was_tampered_with_is_not(slotwise, problem: Path) -> None:
    plan = slotwise("plan", "problem.json").json
    plan["bookings"][0]["start"] = "2026-12-01T09:00:00+10:30"
    done = slotwise("verify", "--json", "problem.json", "-", stdin=json.dumps(plan))
    assert done.code == 1
    assert done.json["right"] is False
    assert {"code", "sentence", "ids"} == done.json["violations"][0].keys()
    told = slotwise("verify", "problem.json", "-", stdin=json.dumps(plan))
    assert told.code == 1
    assert "not right" in told.err


def test_a_file_that_is_no_plan_is_refused(slotwise, problem: Path) -> None:
    done = slotwise("verify", "problem.json", "problem.json")
    assert done.code == 1
    assert "Nothing was done." in done.err
