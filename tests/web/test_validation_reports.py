"""The reports of validations: a list, and each with what it found, what it took and how it failed."""

import datetime as dt
import re
import uuid

from models.validation.codes import Code
from tests.api.town import TODAY, Town, hospital
from tests.api.validations import found, hospital_id, reported, validate
from tests.web.validation_pages import change, failed, off_the_hour, running, shown, undelivered

REPORTS = "/app/validation/reports"


def test_no_report_yet_is_said(town: Town):
    assert "Nothing has been validated yet" in shown(town, REPORTS).text


def test_each_report_says_whose_it_is_and_what_it_came_to(town: Town, session):
    error = off_the_hour(town, session)
    reported(session, error, undelivered())
    reported(session, error, hospital=hospital_id(session), night=TODAY)
    failed(session, "It was begun 5 times in vain.")
    page = shown(town, REPORTS)
    assert list(page.links).count("Central") == 1
    assert f"Night of {TODAY:%a} {TODAY.day} {TODAY:%b}" in page.text
    assert "1 error and 1 warning 2 0 0" in page.text
    assert "1 error 0 1 1" in page.text
    assert "It was begun 5 times in vain." in page.text
    assert page.triggers("reports") == "validation from:body"


def test_a_hospital_has_its_own_and_those_of_everything(town: Town, session):
    town.post("/hospitals", **hospital("far"))
    reported(session, hospital=hospital_id(session))
    assert "Nothing has been validated yet" in shown(town, REPORTS, hospital="far").text
    assert "Nothing was found" in shown(town, REPORTS, hospital="central").text
    reported(session)
    assert "Nothing was found" in shown(town, REPORTS, hospital="far").text  # everything is validated with it


def test_while_one_is_made_the_list_asks_again(town: Town, session):
    running(session)
    assert shown(town, REPORTS).triggers("reports") == "every 2s, validation from:body"


def test_many_reports_come_in_pages(town: Town, session):
    for _ in range(31):
        reported(session)
    page = shown(town, REPORTS)
    second = shown(town, page.links["Older"])
    assert second.text.count("Nothing was found") == 1
    assert second.links["Newest"] == REPORTS


def test_a_report_tells_everything_it_found_and_what_it_took(town: Town, session):
    old = found(Code.NOT_ONE_HOUR, str(uuid.uuid4()))
    error = off_the_hour(town, session)
    reported(session, old, error)
    report = reported(session, error, undelivered())
    change(session, report, steps={"people": {"rows": 1234, "seconds": 1.5}}, unchecked=["rule_missing"])
    page = shown(town, f"{REPORTS}/{report}")
    assert "1 error and 1 warning" in page.text
    assert "people 1,234 1.5" in page.text
    assert "Some checks could not be carried out" in page.text
    assert "Messages not delivered new" in page.text
    assert "Appointment off the hour as before" in page.text
    assert "Appointment that is not one hour long gone" in page.text
    gone = shown(town, page.links["gone 1"])
    assert re.search(r"gone (just now|\d+ \w+ ago) · first seen", gone.text)
    assert "Messages not delivered" not in gone.text
    letting_be = [button for button in gone.buttons if str(button.get("id")).startswith(("mend-", "let-be-"))]
    assert letting_be == []  # what is gone needs nothing


def test_a_report_that_is_made_is_followed_to_its_end(town: Town):
    town.api.post("/app/validation")
    (line,) = town.get("/validation-reports")["items"]
    path = f"{REPORTS}/{line['id']}"
    page = shown(town, path)
    assert "waits for a worker" in page.text
    assert page.triggers("report").startswith("every 1s")
    validate()
    part = town.api.get(path, headers={"HX-Request": "true"}).text
    assert "every 1s" not in part
    assert "<html" not in part
    assert "finished" in part


def test_one_that_was_interrupted_says_so(town: Town, session):
    report = running(session)
    change(session, report, status="queued", lease_expires_at=None, attempts=1)
    assert "was interrupted and waits for a worker to go on" in shown(town, f"{REPORTS}/{report}").text


def test_one_that_failed_says_why(town: Town, session):
    report = failed(session, "It was begun 5 times in vain.")
    page = shown(town, f"{REPORTS}/{report}")
    assert "This validation failed. It was begun 5 times in vain." in page.text
    assert "Nothing was found so far" in page.text


def test_times_are_told_by_the_hospitals_clock(town: Town, session):
    town.post("/hospitals", **hospital("far", "Asia/Kolkata"))
    report = reported(session, hospital=hospital_id(session, "far"))
    change(session, report, started_at=dt.datetime(2030, 1, 1, 20, 30, tzinfo=dt.UTC))
    assert "Wed 2 Jan 2030, 02:00" in shown(town, f"{REPORTS}/{report}").text


def test_there_is_no_page_of_what_is_not_there(town: Town):
    assert town.api.get(f"{REPORTS}/{uuid.uuid4()}").status_code == 404
    assert town.api.get(f"{REPORTS}?before=x").status_code == 422
