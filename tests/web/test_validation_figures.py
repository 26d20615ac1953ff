"""What would break the schedule, as a map, and what one more hour is worth."""

import datetime as dt
import uuid

import pytest

from tests.api.town import TODAY, Town, at, hospital
from tests.api.validations import hospital_id, reported
from tests.web.fragments import Fragment
from tests.web.request_pages import Page
from tests.web.validation_pages import DAY, TOMORROW, lossy, shown, worth

FRAGILITY, HOURS = "/app/validation/fragility", "/app/validation/hours"
PART = {"HX-Request": "true"}


def cells(page: Page) -> list[tuple[str, str]]:
    """The coloured cells of a map: the class of their colour, and their words."""
    heats = [own["class"].split()[0] for tag, own in page.tags if tag == "td" and "heat-" in own.get("class", "")]
    told = [own["aria-label"] for tag, own in page.tags if tag == "a" and own.get("id", "").startswith("loss-")]
    return list(zip(heats, told, strict=True))


def test_before_the_first_validation_there_are_no_figures(town: Town):
    assert "Its figures come with the first validation." in shown(town, FRAGILITY).text
    assert "Its figures come with the first validation." in shown(town, HOURS).text


def test_where_nothing_is_booked_nothing_can_be_lost(town: Town, session):
    reported(session)
    assert "Nothing is booked in these two weeks" in shown(town, FRAGILITY).text
    assert "Nobody waits whom another hour would help" in shown(town, HOURS).text


def test_the_map_shows_the_share_that_could_not_be_placed_again(town: Town, session):
    report = reported(session)
    stranded = [str(uuid.uuid4()) for _ in range(4)]
    lossy(session, 8, stranded[:4], report=report, doctor=None)
    lossy(session, 4, stranded[:1], report=report)
    lossy(session, 5, stranded[:2], report=report, date=TOMORROW + DAY, proved=False)
    lossy(session, 3, report=report, doctor="d2")
    lossy(session, 20, stranded[:1], report=report, doctor="d2", date=TOMORROW + DAY)
    page = shown(town, FRAGILITY)
    assert cells(page) == [
        ("heat-5", "4 of 8 could not be placed again"),
        ("heat-2", "1 of 4 could not be placed again"),
        ("heat-4", "At most 2 of 5 could not be placed again; the time ran out before that was proved"),
        ("heat-0", "0 of 3 could not be placed again"),
        ("heat-1", "1 of 20 could not be placed again"),  # a few are not nobody
    ]
    assert "The whole hospital" in page.text
    assert "≤2/5" in page.text
    day = TOMORROW + DAY
    assert f"without Dr Ana Sousa on {day:%A} {day.day} {day:%B}: 2 of 5." in page.text
    assert "3 of 4 doctors" in page.text
    assert page.links["CSV"] == f"/validation-reports/{report}/fragility.csv?hospital=central"
    assert town.api.get(page.links["CSV"]).status_code == 200


def test_the_map_begins_on_the_day_of_the_report_and_has_two_weeks(town: Town, session):
    report = reported(session)
    lossy(session, 1, report=report, date=TODAY)
    page = shown(town, FRAGILITY)
    days = [own["href"] for tag, own in page.tags if tag == "a" and own.get("id", "").startswith("day-")]
    assert [each.partition("date=")[2] for each in days] == [str(TODAY + each * DAY) for each in range(14)]
    assert "everybody could be placed again" in page.text


def test_a_lost_day_names_who_is_stranded_and_leads_to_what_if(town: Town, session):
    first, second = (town.book(patient, "d1", hour) for patient, hour in (("p1", "11:00"), ("p2", "10:00")))
    report = reported(session)
    loss = lossy(session, 2, [first["id"], second["id"]], report=report)
    said = Fragment(town.api.get(f"{FRAGILITY}/{loss}", headers=PART).text)
    assert f"If Dr Ana Sousa were away on {TOMORROW:%A} {TOMORROW.day}" in said.words
    assert said.words.index("João Reis") < said.words.index("Maria Silva")
    form = Page(town.api.get(said.leads["What if?"])).sent
    assert (form["cause"], form["doctors"]) == (["doctor_unavailable"], ["d1"])
    assert form["start"] == [f"{TOMORROW}T00:00"]
    assert (form["other_doctor"], "other_hospital" in form) == (["yes"], False)  # as the figures were made
    assert "<html" in town.api.get(f"{FRAGILITY}/{loss}").text


def test_a_hospital_that_closes_leads_to_what_if_too(town: Town, session):
    loss = lossy(session, 2, report=reported(session), doctor=None)
    said = Fragment(town.api.get(f"{FRAGILITY}/{loss}", headers=PART).text)
    assert "If Central were closed" in said.words
    assert Page(town.api.get(said.leads["What if?"])).sent["cause"] == ["hospital_closed"]
    assert town.api.get(f"{FRAGILITY}/{uuid.uuid4()}").status_code == 404


def test_each_hospital_has_a_map_and_the_next_page_remembers_which(town: Town, session):
    town.post("/hospitals", **hospital("far"))
    lossy(session, 2, report=reported(session))
    assert "Nothing is booked" in shown(town, FRAGILITY, hospital="far").text
    assert "Nothing is booked" in shown(town, FRAGILITY).text
    assert "The whole hospital" in shown(town, FRAGILITY, hospital="central").text


def test_an_hour_is_told_with_what_it_books_and_added_with_a_click(town: Town, session):
    report = reported(session)
    worth(session, report)
    page = shown(town, HOURS)
    assert "One more hour would book somebody: cardiology at Central" in page.text
    assert "for an urgent request." in page.text
    assert "books 1, urgent 15:00, Dr Ana Sousa" in page.text
    (add,) = (each for each in page.buttons if str(each.get("id")).startswith("add-"))
    dialog = Page(town.api.get(add["hx-get"], headers=PART))
    assert dialog.sent["start"] == [f"{TOMORROW}T15:00"]
    assert dialog.sent["end"] == [f"{TOMORROW}T16:00"]
    assert page.links["CSV"] == f"/validation-reports/{report}/hour-values.csv"
    assert town.api.get(page.links["CSV"]).status_code == 200


def test_the_hours_worth_most_come_first(town: Town, session):
    report = reported(session)
    nobody = {"books": 0, "priority": None, "doctor_id": None, "start": None}
    worth(session, report, "dermatology", waiting=9, **nobody)
    worth(session, report, "cardiology", priority="routine", waiting=8)
    worth(session, report, "neurology", priority="urgent", waiting=1, proved=False)
    worth(session, report, "oncology", priority="soon", waiting=3)
    page = shown(town, HOURS)
    rows = page.text.partition("Where to add an hour")[2]
    order = [rows.index(each) for each in ("neurology", "oncology", "cardiology", "dermatology")]
    assert order == sorted(order)
    assert "books 1, urgent (reckoned)" in rows
    assert "books nobody" in rows
    assert len([each for each in page.buttons if str(each.get("id")).startswith("add-")]) == 3


def test_the_map_of_hours_colours_what_books_somebody(town: Town, session):
    report = reported(session)
    nobody = {"books": 0, "priority": None, "doctor_id": None, "start": None}
    worth(session, report, waiting=10)
    worth(session, report, date=TOMORROW + 2 * DAY, waiting=5, start=dt.datetime.fromisoformat(at("15:00")))
    worth(session, report, "dermatology", waiting=7, **nobody)
    page = shown(town, HOURS)
    found = [own["class"] for tag, own in page.tags if tag == "td" and own.get("title")]
    assert found == ["heat-10", "heat-5", "heat-0"]
    assert "10 wait; one more hour books 1" in [own.get("title") for _, own in page.tags]


def test_of_each_hospital_only_its_last_report_counts(town: Town, session):
    worth(session, reported(session), "neurology")
    last = reported(session, hospital=hospital_id(session))
    worth(session, last, "cardiology")
    page = shown(town, HOURS)
    assert "cardiology" in page.text
    assert "neurology" not in page.text


def test_hours_of_one_hospital(town: Town, session):
    town.post("/hospitals", **hospital("far"))
    report = reported(session)
    worth(session, report, "neurology")
    worth(session, report, "cardiology", hospital_id=hospital_id(session, "far"))
    page = shown(town, HOURS, hospital="far")
    assert "neurology" not in page.text
    assert page.links["CSV"] == f"/validation-reports/{report}/hour-values.csv?hospital=far"


@pytest.mark.parametrize("path", [FRAGILITY, HOURS])
def test_an_unknown_hospital_is_refused(town: Town, path: str):
    assert town.api.get(f"{path}?hospital=nowhere").status_code == 404
