"""The page of findings: what stands, the worst first, and what can be done about it."""

import dataclasses
import datetime as dt
import json
import uuid

import pytest
from sqlalchemy import text, update

from models.validation.codes import Code
from models.validation.found import Kind
from models.validation.tables import Finding
from tests.api.town import MONDAY, TODAY, Town, hospital
from tests.api.validations import doctor_id, found, hospital_id, reported, validate
from tests.web.fragments import Fragment
from tests.web.validation_pages import a_finding, about, change, failed, off_the_hour, running, shown, undelivered

PART = {"HX-Request": "true"}
DAY = dt.timedelta(days=1)


def the_finding(town: Town) -> str:
    """The id of the only finding."""
    (one,) = town.get("/findings")["items"]
    return one["id"]


def test_nothing_validated_yet_is_said_with_what_to_do(town: Town):
    page = shown(town)
    assert "Nothing has been validated yet" in page.text
    assert "Validate now" in page.text


def test_a_clean_schedule_says_so_and_since_when(town: Town, session):
    reported(session)
    page = shown(town)
    today = dt.datetime.now(dt.UTC)
    assert f"Nothing has been wrong since {today:%A} {today.day} {today:%B %Y}" in page.text
    assert "Last validated" in page.text
    assert "Compared with the time before: 0 new, 0 as before, 0 gone." in page.text


def test_it_is_clean_since_the_last_finding_went_or_else_since_the_first_look(town: Town, session):
    first = reported(session)
    change(session, first, finished_at=dt.datetime(2026, 1, 5, 23, 30, tzinfo=dt.UTC))
    reported(session)
    assert "Nothing has been wrong since Monday 5 January 2026" in shown(town).text
    finding = off_the_hour(town, session)
    reported(session, finding)
    reported(session)
    with session() as opened:
        opened.execute(update(Finding).values(gone_at=dt.datetime(2026, 7, 5, 23, 30, tzinfo=dt.UTC)))
    assert "Nothing has been wrong since Sunday 5 July 2026" in shown(town).text
    assert "Nothing has been wrong since Monday 6 July 2026" in shown(town, hospital="central").text  # by its clock


def test_where_a_hospital_was_never_validated_nothing_is_called_clean(town: Town, session):
    reported(session, hospital=hospital_id(session))
    town.post("/hospitals", **hospital("far"))
    page = shown(town)
    assert "not everything has been validated" in page.text
    assert "One hospital has not been validated yet." in page.text
    assert "Nothing has been validated yet" in shown(town, hospital="far").text
    assert "Nothing has been wrong since" in shown(town, hospital="central").text


def test_what_stands_is_told_the_worst_first(town: Town, session):
    reported(session, undelivered(), off_the_hour(town, session))
    page = shown(town)
    assert "1 error and 1 warning" in page.text
    assert page.text.index("Appointment off the hour") < page.text.index("Messages not delivered")
    assert "2 new, 0 as before, 0 gone." in page.text
    assert "first seen" in page.text


def test_a_finding_leads_to_what_it_is_about(town: Town, session):
    reported(session, off_the_hour(town, session))
    links = shown(town).links
    hour = f"Maria Silva, {MONDAY:%a} {MONDAY.day} {MONDAY:%b %Y}, 10:00"
    assert links[hour] == f"/app/schedule?hospital=central&date={MONDAY}&doctor=d1"
    assert links["Dr Ana Sousa"] == "/app/schedule?hospital=central&doctor=d1"
    for link in (links[hour], links["Dr Ana Sousa"]):
        assert town.api.get(link).status_code == 200


def test_every_kind_of_entity_has_a_name_even_if_it_is_gone(town: Town, session):
    request = town.post("/booking-requests", **town.wish())["id"]
    availability = town.get("/availabilities", hospital="central")["items"][0]["id"]
    there = [about(Kind.BOOKING_REQUEST, request), about(Kind.AVAILABILITY, availability)]
    there += [about(Kind.HOSPITAL, hospital_id(session)), about(Kind.RULE, "appointment.lasts_one_hour")]
    lost = [about(kind, uuid.uuid4()) for kind in Kind]
    reported(session, a_finding(Code.PERIOD_MALFORMED, *there), *(a_finding(Code.CHECK_FAILED, each) for each in lost))
    page = shown(town)
    assert page.links["Request of Maria Silva"] == f"/app/requests/{request}"
    assert page.links[f"Dr Ana Sousa\u2019s availability, {MONDAY:%a} {MONDAY.day} {MONDAY:%b %Y}, 09:00"]
    assert page.links["Central"] == "/app/schedule?hospital=central"
    assert "appointment.lasts_one_hour" in page.text
    for words in ("An appointment", "An availability", "An opening", "A hospital", "A patient", "A request"):
        assert f"{words} that is gone" in page.text or f"{words} who is gone" in page.text


@pytest.mark.parametrize("period", ["[,)", "(,2030-01-01)", "[-infinity,infinity)", "[200000-01-01,)", "empty"])
def test_periods_that_no_calendar_shows_are_told(town: Town, session, owner, period: str):
    appointment = town.book("p1", "d1", "10:00")["id"]
    with owner() as opened:
        opened.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_lasts_one_hour"))
        opened.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_starts_on_the_hour"))
        opened.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_status_known"))
        opened.execute(text("UPDATE appointment SET status = 'lost'"))
        opened.execute(text("UPDATE appointment SET during = CAST(:period AS tstzrange)"), {"period": period})
    reported(session, a_finding(Code.PERIOD_MALFORMED, about(Kind.APPOINTMENT, appointment)))
    assert "Maria Silva, a time that no clock shows" in shown(town).text


def test_a_hospital_whose_zone_nobody_knows_has_a_page(town: Town, session, owner):
    finding = off_the_hour(town, session)
    with owner() as opened:
        opened.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_hospital_id_timezone_exists"))
        opened.execute(text("ALTER TABLE hospital DROP CONSTRAINT hospital_timezone_known"))
        opened.execute(text("UPDATE hospital SET timezone = 'Europe/Atlantis'"))
        opened.execute(text("ALTER TABLE hospital ALTER name DROP NOT NULL, ALTER timezone DROP NOT NULL"))
        opened.execute(text("UPDATE hospital SET name = NULL, timezone = NULL"))
    report = reported(session, finding)
    for path in ("", "/reports", f"/reports/{report}", "/fragility", "/hours"):
        assert town.api.get(f"/app/validation{path}").status_code == 200


def test_a_hospital_shows_its_findings_and_those_of_all(town: Town, session):
    town.post("/hospitals", **hospital("far"))
    reported(session, undelivered(), off_the_hour(town, session))
    far = shown(town, hospital="far")
    assert "Messages not delivered" in far.text
    assert "Appointment off the hour" not in far.text
    assert "1 error" in shown(town, hospital="central").text
    assert town.api.get("/app/validation?hospital=nowhere").status_code == 404


def test_the_address_narrows_by_severity_and_code(town: Town, session):
    reported(session, undelivered(), off_the_hour(town, session), found(Code.NOT_ONE_HOUR, str(uuid.uuid4())))
    page = shown(town)
    warnings = Fragment(town.api.get(page.links["Warnings 1"]).text).words
    assert "Messages not delivered" in warnings
    assert "Appointment off the hour" not in warnings
    errors = shown(town, severity="error", code="not_one_hour")
    assert "is wrong." in errors.text
    assert "starts off the hour" not in errors.text
    assert "No finding is like that" in shown(town, severity="notice").text
    assert town.api.get("/app/validation?severity=terrible").status_code == 422


def test_thousands_of_findings_come_in_pages(town: Town, session):
    many = [found(Code.ROW_BREAKS_RULE, f"{number:08}-0000-4000-8000-000000000000") for number in range(120)]
    reported(session, *many)
    page = shown(town)
    assert "120 errors" in page.text
    assert sum(own.get("class", "").startswith("finding is-") for tag, own in page.tags if tag == "li") == 50
    second = shown(town, page.links["Next findings"])
    third = shown(town, second.links["Next findings"])
    assert sum(own.get("class", "").startswith("finding is-") for tag, own in third.tags if tag == "li") == 20
    assert "Next findings" not in third.links
    assert third.links["The worst"] == "/app/validation"
    told = [shown.text.count("is wrong.") for shown in (page, second, third)]
    assert told == [50, 50, 20]


def test_more_than_are_kept_are_told(town: Town, session):
    report = reported(session, found())
    change(session, report, counts={"off_the_hour": 12_345})
    assert "Appointment off the hour: 12,345 were found, and the first 10,000 are kept." in shown(town).text


def test_what_was_new_stands_and_goes(town: Town, session):
    finding = off_the_hour(town, session)
    reported(session, finding)
    reported(session, finding)
    assert "0 new, 1 as before, 0 gone." in shown(town).text
    reported(session)
    page = shown(town)
    assert "0 new, 0 as before, 1 gone." in page.text
    assert "Nothing has been wrong since" in page.text
    assert "Appointment off the hour" not in page.text


def test_the_page_says_how_far_a_validation_is(town: Town, session):
    running(session)
    page = shown(town)
    assert "Validating all hospitals · the schedule: 250 of about 1,000 rows" in page.text
    (bar,) = (own for tag, own in page.tags if tag == "progress")
    assert bar["value"] == "0.2500"
    assert page.triggers("progress") == "every 1s"


def test_once_it_is_finished_the_page_looks_again(town: Town, session):
    report = running(session, step=None, total=None)
    assert "reckons how much" in town.api.get("/app/validation/progress", headers=PART).text
    change(session, report, step="people", done=5000, total=1000)
    assert 'value="0.9900"' in town.api.get("/app/validation/progress", headers=PART).text
    at = dt.datetime.now(dt.UTC)
    change(session, report, status="finished", finished_at=at, lease_expires_at=None, step=None)
    done = town.api.get("/app/validation/progress", headers=PART)
    assert "validation-changed" in json.loads(done.headers["HX-Trigger"])
    assert "every 1s" not in done.text


def test_validate_now_queues_one_and_a_worker_makes_it(town: Town):
    answer = town.api.post("/app/validation", data={"hospital": "central"}, headers=PART)
    assert answer.status_code == 204
    assert "validation-changed" in json.loads(answer.headers["HX-Trigger"])
    assert "Validating Central · waits for a worker" in shown(town).text
    validate()
    assert "Validating" not in shown(town).text
    plain = town.api.post("/app/validation", data={"hospital": ""})
    assert (plain.status_code, plain.headers["location"]) == (303, "/app/validation")
    assert "Validating all hospitals · waits" in shown(town).text


def test_a_validation_that_failed_says_why_until_one_finishes(town: Town, session):
    failed(session, "It was begun 5 times in vain.")
    page = shown(town)
    assert "The last validation failed" in page.text
    assert "It was begun 5 times in vain." in page.text
    reported(session)
    assert "failed" not in shown(town).text


def test_a_finding_that_is_acknowledged_does_not_count_until_it_is_taken_back(town: Town, session):
    reported(session, off_the_hour(town, session))
    id_ = the_finding(town)
    asked = Fragment(town.api.get(f"/app/validation/findings/{id_}/acknowledge", headers=PART).text)
    form = asked.form(f"/app/validation/findings/{id_}/acknowledge")
    assert form.fields["until"] == str(TODAY + 7 * DAY)
    sent = form.fields | {"because": "The locum starts then"}
    done = town.api.post(form.action, data=sent, headers=PART)
    assert done.status_code == 204, done.text
    assert "close-dialog" in json.loads(done.headers["HX-Trigger"])
    page = shown(town)
    assert "Nothing has been wrong since" in page.text
    assert "One acknowledged finding does not count." in page.text
    assert "Appointment off the hour" not in page.text
    known = shown(town, known="yes")
    assert f"{(TODAY + 7 * DAY).day} " in known.text
    assert "The locum starts then" in known.text
    town.api.post(f"/app/validation/findings/{id_}/unacknowledge", headers=PART)
    assert "1 error" in shown(town).text


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"because": "", "until": ""}, "A change is needed"),
        ({"because": "Known", "until": str(TODAY - DAY)}, "which has passed"),
        ({"because": "Known", "until": str(TODAY + 400 * DAY)}, "further than 366 days"),
        ({"because": "Known", "until": "soon"}, "date"),
    ],
)
def test_a_wrong_acknowledgement_is_told_and_what_was_typed_is_kept(town: Town, session, sent, said):
    reported(session, off_the_hour(town, session))
    id_ = the_finding(town)
    answer = town.api.post(f"/app/validation/findings/{id_}/acknowledge", data=sent, headers=PART)
    assert answer.status_code == 422
    asked = Fragment(answer.text)
    assert asked.form(f"/app/validation/findings/{id_}/acknowledge").fields["because"] == sent["because"]
    if sent["because"]:
        assert said in asked.words
    else:
        assert asked.words.count("2 fields below need a change") == 1
    assert town.get(f"/findings/{id_}")["acknowledgement"] is None


def test_a_remedy_says_exactly_what_will_happen_and_then_does_it(town: Town, session):
    reported(session, off_the_hour(town, session))
    id_ = the_finding(town)
    asked = Fragment(town.api.get(f"/app/validation/findings/{id_}/remedy", headers=PART).text)
    day = f"{MONDAY:%a} {MONDAY.day} {MONDAY:%b %Y}"
    assert (
        f"The appointment of Maria Silva moves from {day}, 10:00, Dr Ana Sousa, Central,"
        f" to {day}, 12:00, Dr Ana Sousa, Central." in asked.words
    )
    done = town.api.post(f"/app/validation/findings/{id_}/remedy", headers=PART)
    assert done.status_code == 204, done.text
    (moved,) = town.get("/appointments", hospital="central")["items"]
    assert moved["start"][11:16] == "12:00"
    page = shown(town)
    assert "Remedy applied" in page.text
    assert not [button for button in page.buttons if str(button.get("id")).startswith("mend-")]


def test_a_remedy_that_does_not_fit_any_more_says_why_and_changes_nothing(town: Town, session):
    reported(session, off_the_hour(town, session))
    town.book("p2", "d1", "12:00")
    id_ = the_finding(town)
    answer = town.api.post(f"/app/validation/findings/{id_}/remedy", headers=PART)
    assert answer.status_code == 409
    said = Fragment(answer.text)
    assert "Nothing was changed." in said.words
    assert "The remedy does not fit any more" in said.words
    assert not said.forms
    assert town.get(f"/findings/{id_}")["remedied_at"] is None


def test_a_remedy_that_makes_a_reschedule_leads_to_it(town: Town, session):
    town.book("p1", "d1", "10:00")
    doctor = doctor_id(session)
    scope = {"doctors": [str(doctor)], "start": f"{MONDAY}T00:00:00Z", "end": f"{MONDAY + DAY}T00:00:00Z"}
    remedy = {"kind": "reschedule", "cause": "doctor_unavailable", "scope": scope}
    reported(session, a_finding(Code.DOCTOR_DEPARTED, about(Kind.DOCTOR, doctor), remedy=remedy))
    id_ = the_finding(town)
    asked = town.api.get(f"/app/validation/findings/{id_}/remedy", headers=PART)
    assert "Other hours are looked for, for the patients of Dr Ana Sousa." in Fragment(asked.text).words
    done = town.api.post(f"/app/validation/findings/{id_}/remedy", headers=PART)
    (job,) = town.get("/reschedules")["items"]
    assert done.headers["HX-Redirect"] == f"/app/reschedules/{job['id']}"


def test_a_statement_is_shown_and_never_run(town: Town, session):
    sql = "ALTER TABLE appointment ADD CONSTRAINT lasts_one_hour CHECK (true)"
    rule = about(Kind.RULE, "appointment.lasts_one_hour")
    reported(session, a_finding(Code.RULE_MISSING, rule, remedy={"kind": "statement", "sql": sql}))
    id_ = the_finding(town)
    asked = Fragment(town.api.get(f"/app/validation/findings/{id_}/remedy", headers=PART).text)
    assert sql in asked.words
    assert not asked.forms


REMEDIES = {
    "project_openings": ("hospital", "The openings of Central are projected anew"),
    "restore_wall_clock": ("hospital", "availabilities and appointments of Central are put back"),
    "cancel_appointment": ("appointment", "The appointment of Maria Silva on"),
    "trim_availability": ("availability", "The availability of Dr Ana Sousa,"),
    "withdraw_availabilities": ("doctor", "All availabilities that Dr Ana Sousa still has"),
    "queue_request": ("booking_request", "The request of Maria Silva is queued again"),
    "cancel_request": ("booking_request", "The request of Maria Silva is cancelled."),
    "settle_request": ("booking_request", "becomes “booked”"),
    "book_request": ("booking_request", "Maria Silva is booked on"),
    "deliver_again": ("channel", "All messages by email that were given up"),
}


@pytest.mark.parametrize("kind", REMEDIES)
def test_every_remedy_names_what_it_changes(town: Town, session, kind: str):
    named = {
        "hospital": str(hospital_id(session)),
        "doctor": str(doctor_id(session)),
        "appointment": town.book("p1", "d1", "10:00")["id"],
        "availability": next(
            each["id"]
            for each in town.get("/availabilities", hospital="central")["items"]
            if each["doctor"]["external_id"] == "d1"
        ),
        "booking_request": town.post("/booking-requests", **town.wish())["id"],
        "channel": "email",
    }
    field, said = REMEDIES[kind]
    remedy = {"kind": kind, field: named[field]}
    if kind == "settle_request":
        remedy["status"] = "booked"
    if kind == "book_request":
        remedy |= {"doctor": named["doctor"], "hospital": named["hospital"], "start": f"{MONDAY}T11:00:00Z"}
    reported(session, a_finding(Code.CHECK_FAILED, about(Kind.CHECK, "x"), remedy=remedy))
    asked = Fragment(town.api.get(f"/app/validation/findings/{the_finding(town)}/remedy", headers=PART).text)
    assert said in asked.words


def test_a_remedy_that_this_version_does_not_know_is_none(town: Town, session):
    reported(session, off_the_hour(town, session))
    with session() as opened:
        opened.execute(update(Finding).values(remedy={"kind": "magic"}))
    page = shown(town)
    assert not [button for button in page.buttons if str(button.get("id")).startswith("mend-")]


def test_what_is_asked_about_a_finding_works_without_scripts(town: Town, session):
    reported(session, off_the_hour(town, session))
    id_ = the_finding(town)
    for path in ("acknowledge", "remedy"):
        assert "<html" in town.api.get(f"/app/validation/findings/{id_}/{path}").text
    done = town.api.post(f"/app/validation/findings/{id_}/remedy")
    assert (done.status_code, done.headers["location"]) == (303, "/app/validation")
    assert town.api.get(f"/app/validation/findings/{uuid.uuid4()}/remedy").status_code == 404


def test_a_finding_about_very_much_says_how_much_more(town: Town, session):
    doctor = about(Kind.DOCTOR, doctor_id(session))
    many = [about(Kind.APPOINTMENT, uuid.uuid4()) for _ in range(120)]
    departed = a_finding(Code.DOCTOR_DEPARTED, doctor)
    reported(session, dataclasses.replace(departed, besides=tuple(many)))
    text = shown(town).text
    assert "115 more" in text
    assert "and 21 more" in text


def test_a_finding_about_many_hospitals_names_some(town: Town, session):
    for name in ("far", "near", "south"):
        town.post("/hospitals", **hospital(name))
    concerned = [hospital_id(session, name) for name in ("central", "far", "near", "south")]
    rule = about(Kind.CHECK, "x")
    reported(session, a_finding(Code.CLOCKS_DISAGREE, rule, hospitals=concerned))
    assert "and one more" in shown(town).text


def test_no_patient_is_named_in_an_address(town: Town, session):
    reported(session, off_the_hour(town, session))
    addresses = [value for _, own in shown(town).tags for name, value in own.items() if name in ("href", "hx-get")]
    assert not [each for each in addresses if each and ("Maria" in each or "p1" in each)]
