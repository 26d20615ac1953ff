"""`slotwise validate`: what it shows is what was found, and its exit code says how bad that is."""

import datetime as dt
import os
import pty
import signal
import subprocess
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from models.validation.codes import Code
from models.validation.tables import Fragility, HourValue, ReportStatus, ValidationReport
from planner.problem import Priority
from tests.api.town import MONDAY, TODAY, Town, at, hospital
from tests.api.validations import doctor_id, found, hospital_id, reported
from tests.workers.waiting import at_work
from workers.validation.run import validate_next

DAY = dt.timedelta(days=1)


@pytest.fixture
def worker(api) -> Iterator[None]:
    """A worker that makes whatever reports are queued in the test's database."""
    with at_work(validate_next):
        yield


@pytest.fixture
def validate(slotwise, served, with_token):
    """Runs `slotwise validate` against the test's API."""

    def run(*args: object):
        return slotwise("validate", *args, "--api", served.address, env=with_token)

    return run


def the_ids(town: Town) -> dict[str, str]:
    """The ids of the findings that stand, by their codes."""
    return {each["code"]: each["id"] for each in town.get("/findings")["items"]}


@pytest.mark.usefixtures("worker")
def test_a_schedule_that_keeps_all_rules_is_told_so(validate, town: Town) -> None:
    town.book("p1", "d1", "10:00")
    done = validate()
    assert (done.code, done.err) == (0, "")
    headline, counts, changes, *_ = done.out.splitlines()
    assert headline.startswith("Validation of everything, ")
    assert counts.startswith("Nothing wrong, in ")
    assert changes == "0 new, 0 standing, 0 gone since the last time."
    assert "\x1b" not in done.out, "no control codes where it is no terminal"


@pytest.mark.usefixtures("worker")
def test_a_hospital_is_validated_by_the_policy_that_was_asked_for(validate, town: Town) -> None:
    told = validate("--hospital", "central", "--notice", 48, "--any-hospital", "--json")
    assert told.code == 0
    report = told.json["report"]
    assert (report["hospital"]["external_id"], report["status"]) == ("central", "finished")
    policy = report["policy"]
    assert (policy["notice_hours"], policy["same_hospital"], policy["same_doctor"]) == (48, False, False)
    assert validate("--same-doctor", "--json").json["report"]["policy"]["same_doctor"] is True


def test_who_does_not_wait_is_told_where_to_look(validate, town: Town) -> None:
    queued = validate("--no-wait")
    (report,) = town.get("/validation-reports")["items"]
    assert (queued.code, queued.out) == (0, f"Queued. What it finds: slotwise validate show {report['id']}\n")
    shown = validate("show", report["id"])
    assert (shown.code, shown.err) == (4, "The validation is not finished yet; what is wrong is not known.\n")
    assert "It is queued." in shown.out
    assert validate("--no-wait", "--json").json["id"] == report["id"]


@pytest.mark.parametrize(
    ("codes", "exit_code", "told"),
    [
        ([], 0, ""),
        ([Code.CONFLICT_BOOKABLE], 0, ""),
        ([Code.CONFLICT_BOOKABLE, Code.DOCTOR_DEPARTED], 1, "1 warning, 1 notice.\n"),
        ([Code.DOCTOR_DEPARTED, Code.OFF_THE_HOUR, Code.HOUR_SHIFTED], 2, "2 errors, 1 warning.\n"),
    ],
)
def test_the_exit_code_says_how_bad_it_is(validate, session, codes, exit_code, told) -> None:
    report = reported(session, *(found(code, f"{code}") for code in codes))
    for ended in (validate("show", report), validate("show")):
        assert (ended.code, ended.err) == (exit_code, told)


def test_what_is_acknowledged_does_not_count_and_is_shown(validate, town: Town, session) -> None:
    report = reported(session, found(Code.OFF_THE_HOUR, "known"), found(Code.DOCTOR_DEPARTED, "other"))
    id_ = the_ids(town)["off_the_hour"]
    done = validate("acknowledge", id_, "--because", "The locum starts", "--until", MONDAY)
    assert (done.code, done.out) == (0, f"Acknowledged until the end of {MONDAY}: known is wrong.\n")
    for shown in (validate("show"), validate("show", report)):
        assert (shown.code, shown.err) == (1, "1 error, 1 warning, 1 of them acknowledged.\n")
        known = shown.out.partition("Acknowledged (1)")[2]
        assert "known is wrong." in known
        assert "“The locum starts”" in known
        assert f"{MONDAY:%a %d %b}" in known
        assert id_ in known
    assert validate("unacknowledge", id_).out == "It counts again: known is wrong.\n"
    assert validate("show", report).code == 2


def test_findings_are_told_worst_first_with_since_when_and_what_mends_them(validate, town: Town, session) -> None:
    central, doctor = hospital_id(session), doctor_id(session)
    move = {
        "kind": "move_appointment",
        "appointment": str(uuid.uuid4()),
        "doctor": str(doctor),
        "hospital": str(central),
        "start": at("10:00"),
    }
    statement = {"kind": "statement", "sql": "ALTER TABLE appointment\nVALIDATE CONSTRAINT x;"}
    reported(session, found(Code.DOCTOR_DEPARTED, "stays", central), found(Code.OFF_THE_HOUR, "goes"))
    report = reported(
        session,
        found(Code.DOCTOR_DEPARTED, "stays", central),
        found(Code.HOUR_SHIFTED, "comes", central, remedy=move),
        found(Code.RULE_NOT_ENFORCED, "rule", remedy=statement),
    )
    done = validate("show", report)
    assert "2 errors, 1 warning, in 0 rows and 0." in done.out
    assert "2 new, 1 standing, 1 gone since the last time." in done.out
    errors, warnings, gone = (done.out.partition(title)[2] for title in ("Errors (2)", "Warnings (1)", "Gone since"))
    assert errors.index("comes is wrong.") < errors.index("rule is wrong.") < errors.index("stays is wrong.")
    assert f"Remedy: Move the appointment to {MONDAY:%a %d %b} 10:00 with Dr Ana Sousa, Central" in errors
    assert "Remedy: Have an operator run it" in errors
    assert "VALIDATE CONSTRAINT x;" in errors
    assert the_ids(town)["hour_shifted"] in errors
    assert "  new  " in errors
    assert f"  {TODAY:%a %d %b}  " in warnings
    assert "goes is wrong." in gone


def test_thousands_of_findings_are_told_in_short_unless_all_are_asked_for(validate, session) -> None:
    reported(session, *(found(Code.OFF_THE_HOUR, f"number {number}") for number in range(1200)))
    done = validate("show")
    assert (done.code, done.err) == (2, "1,200 errors.\n")
    assert "Errors (1,200)" in done.out
    assert done.out.count(" is wrong.") == 20
    assert "1,180 more: --all shows all of them." in done.out
    assert validate("show", "--all").out.count(" is wrong.") == 1200
    assert len(validate("show", "--json").json["findings"]) == 1200


def test_programs_get_all_of_it(validate, town: Town, session) -> None:
    report = reported(session, found(Code.OFF_THE_HOUR, "x"))
    told = validate("show", report, "--json")
    assert (told.code, told.err) == (2, "1 error.\n")
    assert told.json["report"] == town.get(f"/validation-reports/{report}")
    assert told.json["findings"] == town.get(f"/validation-reports/{report}/findings")["items"]
    assert (told.json["fragility"], told.json["hour_values"]) == ([], [])


def test_the_days_ahead_are_told_in_short(validate, town: Town, session) -> None:
    report = uuid.UUID(reported(session))
    central, doctor = hospital_id(session), doctor_id(session)
    with session() as open_session:
        for day in range(7):
            open_session.add(
                Fragility(
                    report_id=report,
                    hospital_id=central,
                    doctor_id=doctor if day else None,
                    date=MONDAY + day * DAY,
                    appointments=9,
                    replaceable=9 - (7 - day) % 7,
                    stranded=[uuid.uuid4() for _ in range((7 - day) % 7)],
                    proved=True,
                )
            )
        open_session.add(
            HourValue(
                report_id=report,
                hospital_id=central,
                specialty="cardiology",
                date=MONDAY,
                waiting=4,
                books=1,
                priority=Priority.URGENT,
                doctor_id=doctor,
                start=dt.datetime.fromisoformat(at("14:00")),
                proved=True,
            )
        )
    done = validate("show", report)
    assert done.code == 0
    lost, worth = done.out.partition("What would break it (6 of 7 days)")[2].split("Where one more hour would help (1)")
    assert "1 more: --all shows all of them." in lost
    assert f"{MONDAY + DAY:%a %d %b}  Dr Ana Sousa  Central             9                     6" in lost
    assert f"{MONDAY:%a %d %b} 14:00  Dr Ana Sousa  Central  cardiology        4      1  urgent" in worth
    assert "1 more" not in validate("show", report, "--all").out


def test_days_that_all_could_be_lost_are_told_in_a_sentence(validate, town: Town, session) -> None:
    report = uuid.UUID(reported(session))
    with session() as open_session:
        fine = {"appointments": 2, "replaceable": 2, "stranded": [], "proved": True}
        open_session.add(Fragility(report_id=report, hospital_id=hospital_id(session), date=MONDAY, **fine))
    assert "1 day that may be lost: everybody would get another hour." in validate("show").out


def test_what_stands_is_told_of_one_hospital(validate, town: Town, session) -> None:
    town.post("/hospitals", **hospital("north"))
    north = hospital_id(session, "north")
    assert (validate("show").code, validate("show").err) == (4, "Nothing was validated as yet: slotwise validate\n")
    reported(session, found(Code.OFF_THE_HOUR, "there", north), hospital=north)
    here = validate("show", "--hospital", "central")
    assert (here.code, here.out, here.err) == (4, "", "Nothing was validated as yet: slotwise validate\n")
    reported(session, found(Code.OFF_THE_HOUR, "there", north))
    here = validate("show", "--hospital", "central")
    assert (here.code, here.out.splitlines()[0]) == (0, "Standing: nothing wrong.")
    assert "Last: validation of everything, " in here.out
    assert validate("show", "--hospital", "north").code == 2


def test_a_failed_validation_is_no_clean_one(validate, session) -> None:
    report = reported(session)
    with session() as open_session:
        open_session.execute(
            update(ValidationReport).values(status=ReportStatus.FAILED, failure="It was begun 5 times in vain.")
        )
    done = validate("show", report)
    assert (done.code, done.err) == (4, "The validation failed; what is wrong is not known.\n")
    assert "It failed: It was begun 5 times in vain." in done.out


def test_validations_are_listed(validate, town: Town, session) -> None:
    assert validate("list").out == "Nothing was validated as yet.\n"
    first = reported(session, found(Code.OFF_THE_HOUR, "x"))
    night = reported(session, hospital=hospital_id(session), night=TODAY)
    header, *lines = validate("list").out.splitlines()
    assert header.split() == ["id", "status", "of", "when", "errors", "warnings", "notices", "new", "gone"]
    assert [line.split()[0] for line in lines] == [night, first]
    assert "everything (asked for)" in lines[1]
    assert lines[1].split()[-5:] == ["1", "0", "0", "1", "0"]
    assert [each["id"] for each in validate("list", "--json").json] == [night, first]


def test_a_remedy_is_applied_or_refused_with_the_reasons(validate, town: Town, session) -> None:
    first, second = town.book("p1", "d1", "10:00"), town.book("p2", "d2", "10:00")
    departed = [
        found(Code.PATIENT_DEPARTED, each["id"], remedy={"kind": "cancel_appointment", "appointment": each["id"]})
        for each in (first, second)
    ]
    reported(session, *departed)
    ids = [each["id"] for each in town.get("/findings")["items"]]
    done = validate("apply", ids[0])
    assert (done.code, done.err) == (0, "")
    assert done.out == "Done: Cancel the appointment.\nThe next validation shows whether that mended it.\n"
    assert "; validate again to see." in validate("show").out.partition("Applied ")[2]
    reported(session, *departed)
    assert "; it stands all the same." in validate("show").out.partition("Applied ")[2]
    assert validate("apply", ids[0]).code == 1, "it is cancelled already"
    town.post(f"/appointments/{second['id']}/cancel")
    refused = validate("apply", ids[1])
    assert refused.code == 1
    assert "To find what would mend it now: slotwise validate\n" in refused.err
    assert "The remedy does not fit any more" in refused.err
    faults = validate("apply", ids[1], "--json").json["faults"]
    assert [fault["code"] for fault in faults] == ["appointment_not_booked"]


def test_a_reschedule_that_a_remedy_asks_for_is_named(validate, town: Town, session) -> None:
    town.book("p1", "d1", "10:00")
    scope = {"doctors": ["d1"], "start": at("00:00"), "end": at("00:00", MONDAY + DAY)}
    remedy = {"kind": "reschedule", "cause": "doctor_unavailable", "scope": scope}
    reported(session, found(Code.DOCTOR_DEPARTED, "x", remedy=remedy))
    done = validate("apply", the_ids(town)["doctor_departed"])
    (job,) = town.get("/reschedules")["items"]
    assert done.out.endswith(f"slotwise reschedule show {job['id']}\n")


def test_a_person_sees_how_far_it_is_and_need_not_wait(program, served, with_token, town: Town, session) -> None:
    person, terminal = pty.openpty()
    written = b""

    def read_until(*wanted: str) -> str:
        nonlocal written
        while not all(each in written.decode() for each in wanted):
            written += os.read(person, 4096)
        return written.decode()

    command = [program, "validate", "--api", served.address]
    environment = os.environ | with_token | {"COLUMNS": "120", "TERM": "xterm"}
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment) as process:
        os.close(terminal)
        read_until("Waiting for a worker")
        (report,) = town.get("/validation-reports")["items"]
        with session() as open_session:
            later = dt.datetime.now(dt.UTC) + DAY
            running = {"status": ReportStatus.RUNNING, "lease_expires_at": later, "done": 3, "total": 10}
            open_session.execute(update(ValidationReport).values(**running, step="What the clock shows"))
        read_until("What the clock shows", "3/10")
        process.send_signal(signal.SIGINT)
        read_until(f"It goes on all the same: slotwise validate show {report['id']}")
    os.close(person)
    assert process.returncode == 130


def test_wrong_usage_looks_like_no_finding(validate, town: Town, session) -> None:
    reported(session, found(Code.OFF_THE_HOUR, "x"))
    id_ = the_ids(town)["off_the_hour"]
    for args in (
        ("--hopsital", "central"),
        ("--hospital", "nowhere"),
        ("--notice", "soon"),
        ("--notice", -1),
        ("shwo",),
        ("show", "--bogus"),
        ("show", "--hospital", "nowhere"),
        ("show", str(uuid.uuid4()), "--hospital", "central"),
        ("--hospital", "central", "show"),
        ("apply",),
        ("acknowledge", id_, "--because", "x", "--until", "soon"),
        ("acknowledge", id_, "--because", "x", "--until", TODAY - 2 * DAY),
        ("acknowledge", id_, "--because", "x"),
    ):
        assert validate(*args).code == 64, args
    assert "--until" in validate("acknowledge", id_, "--because", "x", "--until", "soon").err
    assert "--hospital" in validate("--hospital", "nowhere").err
    assert validate("--hospital", "nowhere", "--json").json["faults"][0]["where"] == "--hospital"
    assert validate("show", uuid.uuid4()).code == 4
    assert validate("apply", uuid.uuid4()).code == 1
    assert len(town.get("/validation-reports")["items"]) == 1


def test_without_an_api_nothing_is_known(slotwise) -> None:
    assert slotwise("validate", "--api", "http://127.0.0.1:9").code == 3


def test_status_tells_the_last_validation_and_how_bad_what_stands_is(
    slotwise, town: Town, session, database_url: str
) -> None:
    env = {"DATABASE_URL": database_url}
    reported(session, found(Code.OFF_THE_HOUR, "x"), found(Code.DOCTOR_DEPARTED, "y"))
    told = slotwise("status", env=env).out
    assert "; 1 error, 1 warning\n" in told.partition("Validation  last ")[2]
    town.post(f"/findings/{the_ids(town)['off_the_hour']}/acknowledge", because="We know", until=str(MONDAY))
    figures = slotwise("status", "--json", env=env).json["figures"]["validated"]
    assert figures["severities"] == {"error": 1, "warning": 1, "notice": 0}
    assert (figures["acknowledged"], figures["worst"]) == (1, "warning")
