"""Pages show to whom they are shown what they may do, and nothing that would be refused."""

import json
import re

import pytest
from sqlalchemy import insert, select, update

from api.access import policy
from models.access.tables import Account, UserHospital
from models.hospitals import Hospital
from models.people import Role, User
from tests.api.town import MONDAY, at
from tests.web.fragments import Fragment
from tests.web.people import PASSWORD, hire

NAVIGATION = re.compile(r'<nav aria-label="Pages">(.*?)</nav>', re.DOTALL)


@pytest.fixture
def sign_in(town, session, stranger):
    """Signs somebody in who has a role; doctors are the town's Ana Sousa."""

    def signed_in(role: Role):
        name = {Role.DOCTOR: "d1", Role.STAFF: "sofia", Role.ADMIN: "boss"}[role]
        if role is Role.DOCTOR:
            hire(session, "lender")  # of a password's hash
            with session() as opened:
                doctor = opened.scalars(select(User.id).where(User.external_id == name)).one()
                opened.execute(update(Account).values(user_id=doctor))
        else:
            user = hire(session, name, role)
            with session() as opened:
                hospital = opened.scalars(select(Hospital.id)).one()
                opened.execute(insert(UserHospital).values(user_id=user, hospital_id=hospital))
        browser = stranger()
        assert browser.sign_in(name, PASSWORD).status_code == 303
        return browser

    return signed_in


@pytest.mark.parametrize("role", [Role.ADMIN, Role.STAFF, Role.DOCTOR])
def test_the_navigation_leads_nowhere_that_is_refused(sign_in, role):
    browser = sign_in(role)
    (navigation,) = NAVIGATION.findall(browser.get("/app/schedule").text)
    pages = re.findall(r'href="(/app/[a-z-]+)"', navigation)
    assert {"/app/schedule", "/app/calendars"} <= set(pages)
    assert ("/app/requests" in pages) is (role is not Role.DOCTOR)
    for path in pages:
        assert browser.get(path).status_code == 200, path


def test_who_has_not_signed_in_sees_no_navigation(stranger, town):
    text = stranger().get("/docs").text
    assert NAVIGATION.findall(text) == []
    assert 'href="/app/sign-in"' in text


@pytest.mark.parametrize("role", [Role.STAFF, Role.DOCTOR])
@pytest.mark.parametrize("form", ["grid", "list"])
def test_whatever_the_schedule_offers_is_allowed(town, sign_in, role, form):
    """Every dialog and page that a day leads to is followed."""
    town.book("p1", "d1", "10:00")
    browser = sign_in(role)
    text = browser.get(f"/app/schedule?date={MONDAY}&as={form}").text
    leads = set(re.findall(r'(?:hx-get|href|data-opens)="(/app/[^"]+)"', text))
    if form == "grid":
        data = json.loads(re.search(r'id="calendar-data">(.*?)</script>', text, re.DOTALL)[1])
        leads |= {event["extendedProps"].get("opens") for event in data["events"]} - {None}
        assert data["edits"] is (role is Role.STAFF)
        assert [event["startEditable"] for event in data["events"] if "appointment" in event["classNames"]] == [
            role is Role.STAFF
        ]
    assert any("/app/dialogs/appointments/" in lead for lead in leads)
    assert any("/app/dialogs/book" in lead for lead in leads) is (role is Role.STAFF and form == "list")
    for lead in leads:
        if not lead.startswith("/app/static/"):
            answer = browser.get(lead.replace("&amp;", "&"), **{"HX-Request": "true"})
            assert answer.status_code in {200, 303}, lead


def test_a_doctor_sees_an_appointment_and_nothing_to_do_with_it(town, sign_in):
    appointment = town.book("p1", "d1", "10:00")["id"]
    doctor = sign_in(Role.DOCTOR)
    dialog = Fragment(doctor.get(f"/app/dialogs/appointments/{appointment}").text)
    assert "Maria Silva" in dialog.words
    assert dialog.forms == []
    assert dialog.leads == {}


def test_a_doctor_sees_their_own_column_only(town, sign_in):
    town.book("p2", "d2", "10:00")
    text = sign_in(Role.DOCTOR).get(f"/app/schedule?date={MONDAY}&as=list").text
    assert "Dr Ana Sousa" in text
    assert "João Reis" not in text
    assert at("10:00") not in text


def test_staff_of_no_hospital_are_told_whom_to_ask(town, session, stranger):
    hire(session, "new")
    browser = stranger()
    browser.sign_in("new")
    assert "An admin says at which hospitals you act" in browser.get("/app/schedule").text


def test_every_page_that_the_frame_asks_about_is_in_the_table():
    for name in ("schedule", "requests", "reschedules", "overview", "validation", "messages", "calendars"):
        assert f"GET /app/{name}" in policy.by_route()
