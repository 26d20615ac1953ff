"""Findings over HTTP: listed, read, acknowledged, and their remedies applied."""

import datetime as dt
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from models.validation.acknowledging import LONGEST
from models.validation.codes import Code
from models.validation.found import Entity, Kind
from tests.api.test_hostile import FUZZ, VALUES, meant
from tests.api.town import MONDAY, TODAY, Town, at, hospital, refused
from tests.api.validations import doctor_id, found, hospital_id, names_of, reported

DAY = dt.timedelta(days=1)


def the(town: Town, session, *findings) -> list[dict]:
    """The findings that stand once a validation has found them."""
    reported(session, *findings)
    return town.get("/findings")["items"]


def test_what_stands_is_told_with_names_and_by_the_hospitals_clock(town: Town, session):
    central, doctor = hospital_id(session), doctor_id(session)
    besides = [Entity(Kind.DOCTOR, str(doctor)), Entity(Kind.HOSPITAL, str(central)), Entity(Kind.RULE, "t.c")]
    appointment = str(uuid.uuid4())
    (told,) = the(town, session, found(Code.HOUR_SHIFTED, appointment, central, besides=besides))
    assert (told["code"], told["severity"], told["message"]) == (
        *("hour_shifted", "error"),
        f"{appointment} is wrong.",
    )
    assert [each["external_id"] for each in told["hospitals"]] == ["central"]
    assert told["entities"] == [
        {"kind": "appointment", "id": appointment, "name": None},
        {"kind": "doctor", "id": str(doctor), "name": "Dr Ana Sousa"},
        {"kind": "hospital", "id": str(central), "name": "Central"},
        {"kind": "rule", "id": "t.c", "name": None},
    ]
    assert told["first_seen_at"] == told["last_seen_at"]
    assert told["first_seen_at"].endswith(at("12:00", TODAY)[-6:])
    assert told["remedy"] is told["remedied_at"] is told["gone_at"] is told["acknowledgement"] is None
    assert town.get(f"/findings/{told['id']}") == told


def test_a_finding_about_what_is_no_longer_there_is_told_all_the_same(town: Town, session):
    nowhere, nobody = uuid.uuid4(), uuid.uuid4()
    entity = Entity(Kind.DOCTOR, str(nobody))
    remedy = {"kind": "project_openings", "hospital": str(nowhere)}
    (told,) = the(town, session, found(Code.OPENINGS_DIFFER, "x", nowhere, besides=[entity], remedy=remedy))
    assert [each["name"] for each in told["hospitals"]] == [str(nowhere)]
    assert told["entities"][1] == {"kind": "doctor", "id": str(nobody), "name": None}
    assert told["remedy"]["hospital"]["name"] == str(nowhere)


def test_a_remedy_is_told_by_names(town: Town, session):
    central, doctor = hospital_id(session), doctor_id(session)
    remedy = {
        "kind": "move_appointment",
        "appointment": str(uuid.uuid4()),
        "doctor": str(doctor),
        "hospital": str(central),
        "start": dt.datetime.fromisoformat(at("10:00")).astimezone(dt.UTC).isoformat(),
    }
    (told,) = the(town, session, found(Code.OFF_THE_HOUR, "x", central, remedy=remedy))
    shown = told["remedy"]
    assert (shown["kind"], shown["action"], shown["by_operator"]) == (
        *("move_appointment", "Move the appointment"),
        False,
    )
    assert (shown["doctor"]["name"], shown["hospital"]["name"], shown["start"]) == (
        *("Dr Ana Sousa", "Central"),
        at("10:00"),
    )
    assert shown["details"]["appointment"] == remedy["appointment"]


def test_sql_is_for_an_operator(town: Town, session):
    statement = {"kind": "statement", "sql": "ALTER TABLE appointment ENABLE TRIGGER ALL"}
    (told,) = the(town, session, found(Code.RULE_NOT_ENFORCED, "x", remedy=statement))
    assert told["remedy"]["by_operator"]
    assert told["remedy"]["details"] == statement
    refused(town.api.post(f"/findings/{told['id']}/apply-remedy"), 409, "remedy_not_ours")


def test_a_remedy_that_nobody_reads_any_more_is_none(town: Town, session):
    (told,) = the(town, session, found(remedy={"kind": "magic"}))
    assert told["remedy"] is None


def test_findings_are_narrowed_and_paged(town: Town, session):
    town.post("/hospitals", **hospital("north"))
    central, north = hospital_id(session), hospital_id(session, "north")
    the(
        town,
        session,
        found(Code.CONFLICT_BOOKABLE, "notice", central),
        found(Code.DOCTOR_DEPARTED, "warning", north),
        found(Code.OFF_THE_HOUR, "error", central, north),
        found(Code.RULE_MISSING, "rule"),
    )

    def names(**narrowed: object) -> list[str]:
        return names_of(town, "/findings", **narrowed)

    assert names() == names(limit=1) == names(limit=3) == ["error", "rule", "warning", "notice"]
    assert names(hospital="central") == ["error", "rule", "notice"]
    assert names(severity=["warning", "notice"]) == ["warning", "notice"]
    assert names(code="rule_missing") == ["rule"]
    refused(town.api.get("/findings", params={"hospital": "nowhere"}), 422, "unknown_hospital")
    refused(town.api.get("/findings", params={"code": "wrong"}), 422, "not_a_choice")
    refused(town.api.get("/findings", params={"cursor": "x"}), 422, "unreadable_cursor")
    refused(town.api.get(f"/findings/{uuid.uuid4()}"), 404, "unknown_finding")


def test_what_is_gone_stands_no_longer_and_can_be_read(town: Town, session):
    (told,) = the(town, session, found())
    assert the(town, session) == []
    gone = town.get(f"/findings/{told['id']}")
    assert gone["gone_at"] > gone["last_seen_at"]


def test_acknowledging_has_a_reason_and_lasts_to_the_end_of_a_day_by_the_hospitals_clock(town: Town, session):
    (told,) = the(town, session, found(Code.OFF_THE_HOUR, "x", hospital_id(session)))
    shown = town.post(f"/findings/{told['id']}/acknowledge", because="  The locum starts  ", until=str(MONDAY))
    assert shown["acknowledgement"] == {
        "because": "The locum starts",
        "until": str(MONDAY),
        "ends_at": at("00:00", MONDAY + DAY),
    }
    assert town.get("/findings", acknowledged=True)["items"] == [shown]
    assert town.get("/findings", acknowledged=False)["items"] == []
    again = town.post(f"/findings/{told['id']}/acknowledge", because="Later", until=str(MONDAY + DAY))
    assert again["acknowledgement"]["until"] == str(MONDAY + DAY)
    taken = town.post(f"/findings/{told['id']}/unacknowledge")
    assert taken["acknowledgement"] is None
    assert town.post(f"/findings/{told['id']}/unacknowledge") == taken


def test_of_several_hospitals_a_day_ends_by_utc(town: Town, session):
    town.post("/hospitals", **hospital("north", "Asia/Kolkata"))
    both = found(Code.OFF_THE_HOUR, "x", hospital_id(session), hospital_id(session, "north"))
    (told,) = the(town, session, both)
    shown = town.post(f"/findings/{told['id']}/acknowledge", because="We know", until=str(MONDAY))
    assert shown["acknowledgement"]["ends_at"] == f"{MONDAY + DAY}T00:00:00+00:00"
    assert shown["acknowledgement"]["until"] == str(MONDAY)


def test_of_a_clock_that_nobody_knows_a_day_ends_by_utc(town: Town, session, owner):
    (told,) = the(town, session, found(Code.TIMEZONE_UNKNOWN, "x", hospital_id(session)))
    with owner() as open_session:
        open_session.execute(text("ALTER TABLE hospital DROP CONSTRAINT hospital_timezone_known"))
        open_session.execute(text("UPDATE hospital SET timezone = 'Moon/Tranquility'"))
    shown = town.post(f"/findings/{told['id']}/acknowledge", because="We know", until=str(MONDAY))
    assert shown["acknowledgement"]["ends_at"] == f"{MONDAY + DAY}T00:00:00+00:00"


def test_an_acknowledgement_that_has_ended_is_none(town: Town, session):
    (told,) = the(town, session, found())
    town.post(f"/findings/{told['id']}/acknowledge", because="We know", until=str(MONDAY))
    with session() as open_session:
        open_session.execute(text("UPDATE finding SET acknowledged_until = now()"))
    assert town.get(f"/findings/{told['id']}")["acknowledgement"] is None
    assert town.get("/findings", acknowledged=True)["items"] == []


def test_acknowledging_wrongly_is_told_and_changes_nothing(town: Town, session):
    (told,) = the(town, session, found())
    address = f"/findings/{told['id']}/acknowledge"
    today = dt.datetime.now(dt.UTC).date()

    def sent(until: object, because: object = "We know"):
        return town.api.post(address, json={"because": because, "until": until})

    assert refused(sent(str(today - DAY)), 422, "until_passed")["errors"][0]["pointer"] == "#/until"
    far = refused(sent(str(today + (LONGEST + 1) * DAY)), 422, "until_too_far")
    assert str(today + LONGEST * DAY) in far["detail"]
    refused(sent("9999-12-31"), 422, "until_too_far")
    refused(sent("soon"), 422, "not_a_date")
    refused(sent(str(today), ""), 422, "too_short")
    problem = refused(town.api.post(address, json={"untill": str(today)}), 422)
    assert {each["code"] for each in problem["errors"]} == {"missing", "unknown_field"}
    assert town.get(f"/findings/{told['id']}") == told
    assert sent(str(today)).is_success
    assert sent(str(today + LONGEST * DAY)).is_success


@FUZZ
@given(because=VALUES, until=st.one_of(VALUES, st.dates().map(str)))
def test_no_acknowledgement_is_a_fault_of_ours(town: Town, session, because, until):
    reported(session, found())
    (told,) = town.get("/findings")["items"]
    content = json.dumps({"because": because, "until": until}).encode()
    address = f"/findings/{told['id']}/acknowledge"
    meant(town.api.post(address, content=content, headers={"Content-Type": "application/json"}))


def test_nobody_acknowledges_what_is_gone_or_never_was(town: Town, session):
    (told,) = the(town, session, found())
    the(town, session)
    body = {"because": "We know", "until": str(MONDAY)}
    refused(town.api.post(f"/findings/{told['id']}/acknowledge", json=body), 409, "finding_gone")
    for what in ("acknowledge", "unacknowledge", "apply-remedy"):
        refused(town.api.post(f"/findings/{uuid.uuid4()}/{what}", json=body), 404, "unknown_finding")


def test_an_acknowledgement_outlasts_the_next_validation(town: Town, session):
    (told,) = the(town, session, found())
    shown = town.post(f"/findings/{told['id']}/acknowledge", because="We know", until=str(MONDAY))
    (again,) = the(town, session, found())
    assert again["acknowledgement"] == shown["acknowledgement"]


def test_other_systems_and_pages_hear_of_it(town: Town, session):
    (told,) = the(town, session, found())
    town.post(f"/findings/{told['id']}/acknowledge", because="We know", until=str(MONDAY))
    for _ in range(2):
        town.post(f"/findings/{told['id']}/unacknowledge")
    topics = [
        (each["topic"], each["payload"])
        for each in town.get("/events", limit=1000)["items"]
        if each["topic"].startswith("finding.")
    ]
    assert topics == [
        ("finding.acknowledged", {"finding": told["id"]}),
        ("finding.unacknowledged", {"finding": told["id"]}),
    ]


def mendable(town: Town, session) -> tuple[dict, dict]:
    """A booked appointment, and a finding whose remedy is to cancel it."""
    booked = town.book("p1", "d1", "10:00")
    remedy = {"kind": "cancel_appointment", "appointment": booked["id"]}
    (told,) = the(town, session, found(Code.PATIENT_DEPARTED, booked["id"], hospital_id(session), remedy=remedy))
    return booked, told


def test_a_remedy_is_applied_once(town: Town, session):
    booked, told = mendable(town, session)
    applied = town.post(f"/findings/{told['id']}/apply-remedy")
    assert applied["finding"]["remedied_at"] >= told["last_seen_at"]
    assert town.get(f"/appointments/{booked['id']}")["status"] == "cancelled"
    refused(town.api.post(f"/findings/{told['id']}/apply-remedy"), 409, "finding_remedied")


def test_two_who_apply_it_at_once_apply_it_once(town: Town, session):
    _, told = mendable(town, session)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: town.api.post(f"/findings/{told['id']}/apply-remedy"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


def test_a_remedy_that_does_not_fit_any_more_is_refused_with_the_reasons(town: Town, session):
    booked, told = mendable(town, session)
    town.post(f"/appointments/{booked['id']}/cancel")
    problem = refused(town.api.post(f"/findings/{told['id']}/apply-remedy"), 409, "remedy_outdated")
    assert problem["remedy"] == "/validation-reports"
    assert problem["detail"].startswith("The remedy does not fit any more; validate again to find another. ")
    assert [(each["code"], each.get("pointer")) for each in problem["errors"]] == [("appointment_not_booked", None)]
    assert town.get(f"/findings/{told['id']}")["remedied_at"] is None


def test_a_reschedule_that_a_remedy_asks_for_is_where_the_answer_says(town: Town, session):
    town.book("p1", "d1", "10:00")
    scope = {"doctors": ["d1"], "start": at("00:00"), "end": at("00:00", MONDAY + DAY)}
    remedy = {"kind": "reschedule", "cause": "doctor_unavailable", "scope": scope}
    (told,) = the(town, session, found(Code.DOCTOR_DEPARTED, "x", hospital_id(session), remedy=remedy))
    response = town.api.post(f"/findings/{told['id']}/apply-remedy")
    job = town.get(response.headers["location"])
    assert response.json()["made"] == {"reschedule": job["id"]}
    assert job["counts"]["displaced"] == 1


def test_what_has_no_remedy_is_told_so(town: Town, session):
    (told,) = the(town, session, found())
    refused(town.api.post(f"/findings/{told['id']}/apply-remedy"), 409, "no_remedy")
