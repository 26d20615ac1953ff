"""`slotwise reschedule`: what it shows is what is proposed, and nothing is changed before that is applied."""

import datetime as dt
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.api.town import MONDAY, Town, at
from tests.workers.waiting import at_work
from workers.rescheduling import plan_next_reschedule

TUESDAY = MONDAY + dt.timedelta(days=1)
AWAY = ("--doctor", "d1", "--from", MONDAY, "--until", MONDAY)


@pytest.fixture
def planner(api) -> Iterator[None]:
    """A worker that plans whatever is queued in the test's database."""
    with at_work(plan_next_reschedule):
        yield


@pytest.fixture
def reschedule(slotwise, served, planner, with_token):
    """Runs `slotwise reschedule` against the test's API."""

    def run(command: str, *args: object, **more: object):
        return slotwise("reschedule", command, *args, "--api", served.address, env=with_token, **more)

    return run


@pytest.fixture
def monday(town: Town) -> list[str]:
    """Two appointments of Dr Sousa on Monday, and her free Tuesday morning. Returns the ids of the appointments."""
    town.available("d1", "09:00", "13:00", TUESDAY)
    return [town.book("p1", "d1", "10:00")["id"], town.book("p2", "d1", "11:00")["id"]]


def planned(reschedule, *args: object) -> str:
    """The id of a reschedule that is proposed."""
    done = reschedule("plan", *args, "--json")
    assert done.code in (0, 1), done.err
    return done.json["reschedule"]["id"]


def starts(town: Town) -> list[str]:
    return [each["start"] for each in town.get("/appointments", status="booked")["items"]]


def test_a_plan_is_shown_whole_and_changes_nothing(reschedule, town: Town, monday) -> None:
    done = reschedule("plan", *AWAY, "--label", "Flu")
    assert (done.code, done.err) == (0, "")
    assert f"Flu: Dr Ana Sousa away from {MONDAY:%a %d %b %Y} 00:00 to {TUESDAY:%a %d %b %Y} 00:00" in done.out
    assert "2 of 2 appointments get another hour.\nNobody else has to move. Half move by at most" in done.out
    assert "Proved: no plan places more" in done.out
    shifts, days, moves = (part.splitlines() for part in done.out.split("\n\n")[1:4])
    assert shifts[0] == "How far they move"
    assert [line.split()[-1] for line in shifts[2:]] == ["0", "0", "2", "0", "0", "0"]
    assert days[2].startswith(f"{MONDAY:%a %d %b %Y}       2 ")
    assert moves[0] == "Moves (2)"
    assert any("Maria Silva" in line and f"{MONDAY:%a %d %b} 10:00" in line for line in moves)
    assert "slotwise reschedule apply " in done.out
    assert "\x1b" not in done.out, "no control codes where it is no terminal"
    assert starts(town) == [at("10:00"), at("11:00")]


def test_programs_get_all_of_it(reschedule, monday) -> None:
    told = reschedule("plan", *AWAY, "--json").json
    assert told["reschedule"]["counts"]["placed"] == 2
    assert {each["appointment"] for each in told["appointments"]} == set(monday)
    listed = reschedule("list", "--json").json
    assert [each["id"] for each in listed] == [told["reschedule"]["id"]]
    assert reschedule("show", told["reschedule"]["id"], "--json").json == told


def test_those_left_over_are_told_with_the_reason_and_what_would_help(reschedule, town: Town, monday) -> None:
    done = reschedule("plan", *AWAY, "--latest", f"{TUESDAY}T10:00")
    assert (done.code, done.err) == (1, "1 appointment left over.\n")
    assert "1 of 2 appointments get another hour." in done.out
    assert "Not allowed, and might help: --any-doctor, --any-hospital, --others-move." in done.out
    reasons = done.out.partition("Left over (1)")[2]
    assert "Every hour that was free went to requests of the same or a higher priority: that of" in reasons
    assert "Could be had: " in reasons
    job = reschedule("plan", *AWAY, "--what-if", "--within", 1, "--json").json["reschedule"]
    assert (job["policy"]["within_days"], job["counts"]["placed"]) == (1, 2)


def test_only_asking_holds_nothing_and_asks_for_nothing(reschedule, monday) -> None:
    for _ in range(2):
        done = reschedule("plan", *AWAY, "--what-if")
        assert (done.code, done.err) == (0, "")
        assert "It is a question only: nothing is held or changed." in done.out
        assert "slotwise reschedule apply" not in done.out


def test_nobody_displaced_is_told_so(reschedule, town: Town) -> None:
    done = reschedule("plan", *AWAY)
    assert done.code == 0
    assert "No booked appointment lies in the hours that are lost: nobody has to move." in done.out


def test_one_job_at_a_time_holds_an_appointment_and_the_other_is_named(reschedule, monday) -> None:
    first = planned(reschedule, *AWAY)
    refused = reschedule("plan", "--closed", "--hospital", "central", "--from", MONDAY, "--until", MONDAY)
    assert refused.code == 2
    assert f"The reschedule {first} holds 2 of these appointments" in refused.err
    assert reschedule("discard", first).code == 0
    assert planned(reschedule, "--closed", "--hospital", "central", "--from", MONDAY, "--until", MONDAY) != first
    assert "It is discarded." in reschedule("show", first).out


def test_faults_are_told_by_their_options_and_nothing_is_queued(reschedule, town: Town) -> None:
    refused = reschedule("plan", "--doctor", "d9", "--from", at("09:00"), "--until", at("08:00"), "--notice", "-1")
    assert refused.code == 2
    assert "--notice" in refused.err
    assert "ends at or before its start" in refused.err
    unknown = reschedule("plan", "--doctor", "d9", "--doctor", "d1", "--from", MONDAY, "--until", MONDAY, "--json")
    assert (unknown.code, [fault["where"] for fault in unknown.json["faults"]]) == (2, ["--doctor"])
    passed = reschedule("plan", "--doctor", "d1", "--from", "2020-01-01", "--until", "2020-01-01")
    assert (passed.code, "--until" in passed.err) == (2, True)
    assert reschedule("plan", *AWAY, "--what-if", "--apply").code == 2
    assert reschedule("plan").code == 2
    assert reschedule("list").out == "There are no reschedules.\n"


def test_a_file_of_appointments_is_planned_and_its_faults_have_lines(reschedule, monday, tmp_path) -> None:
    file = tmp_path / "ids.csv"
    file.write_text(f"appointment\n{monday[0]}\nnone\n{monday[0]}\n")
    refused = reschedule("plan", "--appointments", file)
    assert refused.code == 2
    assert "ids.csv, line 3, appointment" in refused.err
    assert "ids.csv, line 4, appointment" in refused.err
    assert "Line 3" not in refused.err
    file.write_text(f"appointment\n{monday[0]}\n")
    done = reschedule("plan", "--appointments", file, "--notice", 0, "--label", "Her wish", "--csv", tmp_path / "p.csv")
    assert done.code == 0, done.err
    assert "Her wish: 1 appointment to be moved" in done.out
    assert "1 of 1 appointment gets another hour." in done.out
    assert "It moves by 1 h" in done.out
    lines = (tmp_path / "p.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(monday[0])
    assert reschedule("plan", "--appointments", tmp_path / "none.csv").code == 2


def test_planning_again_replaces_a_proposal_and_makes_a_question_real(reschedule, monday) -> None:
    question = planned(reschedule, *AWAY, "--what-if")
    real = reschedule("again", question, "--real", "--json").json["reschedule"]
    assert (real["what_if"], real["replaces"]) == (False, question)
    again = reschedule("again", real["id"])
    assert again.code == 0
    statuses = {each["id"]: each["status"] for each in reschedule("list", "--json").json}
    assert (statuses[question], statuses[real["id"]]) == ("discarded", "discarded")
    assert sorted(statuses.values()) == ["discarded", "discarded", "proposed"]


def test_applying_moves_everybody_and_undoing_puts_them_back(reschedule, town: Town, monday) -> None:
    job = planned(reschedule, *AWAY)
    applied = reschedule("apply", job)
    assert (applied.code, applied.err) == (0, "")
    assert "It is applied." in applied.out
    assert {start[:10] for start in starts(town)} == {str(TUESDAY)}
    twice = reschedule("apply", job)
    assert (twice.code, twice.out) == (1, "")
    assert "reschedule again" not in twice.err, "there is nothing to plan anew"
    undone = reschedule("undo", job)
    assert (undone.code, "It is undone." in undone.out) == (0, True)
    assert starts(town) == [at("10:00"), at("11:00")]


def test_a_plan_can_be_applied_at_once_and_leaves_some_standing(reschedule, town: Town, monday) -> None:
    done = reschedule("plan", *AWAY, "--latest", f"{TUESDAY}T10:00", "--apply")
    assert (done.code, done.err) == (1, "1 appointment left over.\n")
    assert "It is applied; 1 left standing still to be seen to." in done.out
    assert ", left" in done.out.partition("Left over (1)")[2]
    assert "slotwise reschedule apply" not in done.out
    assert sorted(start[:10] for start in starts(town)) == [str(MONDAY), str(TUESDAY)]
    (left,) = [each for each in town.get("/appointments")["items"] if each["start"][:10] == str(MONDAY)]
    town.post(f"/appointments/{left['id']}/cancel")
    job = reschedule("list", "--status", "applied", "--json").json[0]
    seen_to = reschedule("show", job["id"]).out
    assert "It is applied.\n" in seen_to
    assert ", seen to" in seen_to


def test_a_schedule_that_has_changed_is_told_with_every_change_and_how_to_go_on(reschedule, town, monday) -> None:
    job = planned(reschedule, *AWAY)
    for appointment in monday:
        town.post(f"/appointments/{appointment}/cancel")
    refused = reschedule("apply", job)
    assert (refused.code, refused.out) == (1, "")
    told = refused.err.splitlines()
    assert len([line for line in told if line.startswith("- ")]) >= 2
    assert all(any(appointment in line for line in told) for appointment in monday)
    assert f"slotwise reschedule again {job}" in refused.err
    faults = reschedule("apply", job, "--json").json
    assert {fault["code"] for fault in faults["faults"]} >= {"appointment_ended"}
    again = reschedule("again", job)
    assert (again.code, "nobody has to move" in again.out) == (0, True)


def test_extra_hours_are_told_and_can_be_added_before_it_is_planned_again(reschedule, town: Town, monday) -> None:
    job = planned(reschedule, *AWAY, "--latest", f"{TUESDAY}T10:00")
    assert "1 extra hour would place 1 of those left over; no fewer do" in reschedule("show", job).out
    too_many = reschedule("again", job, "--extra-hours", 2)
    assert (too_many.code, "proposes 1 extra hour" in too_many.err) == (1, True)
    again = reschedule("again", job, "--extra-hours", 1)
    assert (again.code, again.err) == (0, "")
    assert "2 of 2 appointments get another hour." in again.out


def in_a_terminal(program: Path, *args: object, answer: str, env: dict[str, str]) -> str:
    """What a command writes where a person sits at it, who types an answer."""
    person, terminal = pty.openpty()
    command, where = [program, *map(str, args)], {"stdin": terminal, "stdout": terminal, "stderr": terminal}
    with subprocess.Popen(command, env=os.environ | env, **where) as process:
        os.close(terminal)
        os.write(person, answer.encode())
        written = b""
        with suppress(OSError):  # the terminal's end, as Linux tells it
            while read := os.read(person, 4096):
                written += read
        os.close(person)
    assert process.returncode == 0, written
    return written.decode()


@pytest.mark.parametrize(("answer", "day"), [("y\n", TUESDAY), ("n\n", MONDAY), ("\n", MONDAY)])
@pytest.mark.usefixtures("planner", "monday")
def test_a_person_is_asked_whether_to_apply(program, served, with_token, town: Town, answer, day) -> None:
    told = in_a_terminal(program, "reschedule", "plan", *AWAY, "--api", served.address, answer=answer, env=with_token)
    assert "Apply it now? [y/N]" in told
    assert ("It is applied." in told) == (day == TUESDAY)
    assert {start[:10] for start in starts(town)} == {str(day)}


def test_a_long_list_is_cut_unless_all_is_asked_for(reschedule, town: Town) -> None:
    for number in range(21):
        day, hour = MONDAY + dt.timedelta(days=7 + number // 4), f"{9 + number % 4:02}:00"
        if hour == "09:00":
            town.available("d2", "09:00", "13:00", day)
        town.put(f"/patients/q{number}", name=f"Patient {number}")
        town.book(f"q{number}", "d2", hour, day)
    away = ("--doctor", "d2", "--from", MONDAY, "--until", MONDAY + dt.timedelta(days=13))
    job = planned(reschedule, *away)
    short, long = reschedule("show", job).out, reschedule("show", job, "--all").out
    assert "0 of 21 appointments get another hour." in short
    assert "1 more: --all shows all of them, --csv writes them." in short
    assert ("Patient 19:" in short, "Patient 20:" in short, "Patient 20:" in long) == (True, False, True)
    assert "more: --all" not in long


def test_an_id_that_is_none_is_refused(reschedule, town: Town) -> None:
    unknown = reschedule("show", "01a2066e-fcb2-70e1-960b-e686b4730487")
    assert (unknown.code, "There is no reschedule" in unknown.err) == (1, True)
    assert reschedule("apply", "nonsense").code == 1


def test_an_api_that_is_away_has_its_own_exit_code(slotwise) -> None:
    assert slotwise("reschedule", "list", "--api", "http://127.0.0.1:1").code == 3


def test_status_counts_reschedules_but_no_questions(reschedule, slotwise, town: Town, monday, database_url) -> None:
    env = {"DATABASE_URL": database_url}
    assert "Reschedules" not in slotwise("status", env=env).out
    planned(reschedule, *AWAY, "--what-if")
    planned(reschedule, *AWAY)
    assert "Reschedules  1 proposed\n" in slotwise("status", env=env).out
    assert slotwise("status", "--json", env=env).json["figures"]["reschedules"] == {"proposed": 1}
