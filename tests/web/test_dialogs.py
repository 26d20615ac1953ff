"""The dialogs of the schedule: what they offer, what they do, and what they say where it cannot be done."""

import datetime as dt
import json
import uuid

import httpx
import pytest
from sqlalchemy import text

from api.web import clocks
from models.booking import RequestStatus
from tests.api.town import LISBON, MONDAY, Town, at, decide, hospital, next_change
from tests.web.fragments import Form, Fragment

PART = {"HX-Request": "true"}
OFFSET = clocks.offset(dt.datetime.fromisoformat(at("09:00")), LISBON)
DAY = f"{MONDAY:%A} {MONDAY.day} {MONDAY:%B} {MONDAY.year}"


def opened(town: Town, path: str, status: int = 200, **params: str) -> Fragment:
    answer = town.api.get(path, params=params or None, headers=PART)
    assert answer.status_code == status, answer.text
    assert "<html" not in answer.text
    return Fragment(answer.text)


def sent(town: Town, form: Form, **fields: str) -> httpx.Response:
    return town.api.post(form.action, data={**form.fields, **fields}, headers=PART)


def done(answer: httpx.Response) -> str:
    """The sentence that is shown once something is done: the dialog closes and the schedule reads itself again."""
    assert answer.status_code == 204, answer.text
    told = json.loads(answer.headers["HX-Trigger"])
    assert {"close-dialog", "schedule-changed"} <= told.keys()
    return str(told["toast"])


def refused(answer: httpx.Response, status: int) -> Fragment:
    assert answer.status_code == status, answer.text
    assert "HX-Trigger" not in answer.headers
    return Fragment(answer.text)


@pytest.fixture
def here(town: Town) -> dict[str, str]:
    """The address's words for the first doctor at the hospital."""
    return {"doctor": town.get("/users/d1")["id"], "hospital": town.get("/hospitals/central")["id"]}


def the_availability(town: Town, doctor: str = "d1") -> str:
    return f"/app/dialogs/availabilities/{town.get('/availabilities', doctor=doctor)['items'][0]['id']}"


# Availabilities


def new_availability(town: Town, here: dict[str, str], start: str, end: str) -> Form:
    return opened(town, "/app/dialogs/availability/new", **here, start=start, end=end).forms[0]


def test_an_empty_hour_offers_an_availability_filled_in_with_it(town: Town, here):
    form = new_availability(town, here, at("14:00"), at("18:00"))
    assert (form.fields["start"], form.fields["end"]) == (f"{MONDAY}T14:00", f"{MONDAY}T18:00")
    assert f"Dr Ana Sousa sees patients on {DAY}, 14:00\N{EN DASH}17:00" in done(
        sent(town, form, end=f"{MONDAY}T17:00")
    )
    added = town.get("/availabilities", doctor="d1")["items"][-1]
    assert (added["start"], added["end"]) == (at("14:00"), at("17:00"))


@pytest.mark.parametrize(
    ("start", "end", "status", "says"),
    [
        ("14:00", "20:00", 409, "Central is not open for all of"),
        ("12:00", "15:00", 409, "a doctor is in one place at a time"),
        ("14:00", "14:30", 422, "would last 30 minutes"),
        ("14:00", "13:00", 422, "choose a later end"),
    ],
)
def test_what_stands_against_an_availability_is_said_and_nothing_typed_is_lost(
    town: Town, here, start, end, status, says
):
    form = new_availability(town, here, at("14:00"), at("18:00"))
    shown = refused(sent(town, form, start=f"{MONDAY}T{start}", end=f"{MONDAY}T{end}"), status)
    assert says in shown.words
    assert (shown.forms[0].fields["start"], shown.forms[0].fields["end"]) == (f"{MONDAY}T{start}", f"{MONDAY}T{end}")
    assert len(town.get("/availabilities", doctor="d1")["items"]) == 1


def test_times_that_are_missing_or_none_are_named(town: Town, here):
    form = new_availability(town, here, at("14:00"), at("18:00"))
    assert "Choose a date and a time" in refused(sent(town, form, end=""), 422).words
    assert "not a date and time" in refused(sent(town, form, start="soon"), 422).words


def test_on_the_day_of_25_hours_one_says_which_of_two_equal_times_is_meant(town: Town, here):
    night = {"sunday": [{"opens": "00:00", "closes": "06:00"}]}
    town.put("/hospitals/central/operating-hours", **night | {"monday": [{"opens": "09:00", "closes": "18:00"}]})
    day = next_change(forward=False)
    first = dt.datetime.combine(day, dt.time(1), LISBON).isoformat()
    form = new_availability(town, here, first, at("04:00", day))
    assert (form.fields["start"], form.fields["start_fold"]) == (f"{day}T01:00", "0")
    assert form.choices["start_fold"] == ["0", "1"]
    done(sent(town, form, start_fold="1"))
    added = town.get("/availabilities", doctor="d1")["items"][-1]
    assert added["start"] == dt.datetime.combine(day, dt.time(1), LISBON).replace(fold=1).isoformat()


def test_an_availability_is_shown_with_who_is_booked_and_changed(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    shown = opened(town, the_availability(town))
    assert f"{DAY}, 09:00\N{EN DASH}13:00 Lisbon time, {OFFSET}" in shown.words
    assert shown.leads["10:00\N{EN DASH}11:00 Maria Silva"] == f"/app/dialogs/appointments/{appointment['id']}"
    done(sent(town, shown.form(the_availability(town)), end=f"{MONDAY}T15:00"))
    assert town.get("/availabilities", doctor="d1")["items"][0]["end"] == at("15:00")


def test_one_in_which_appointments_would_be_left_outside_is_not_changed_and_names_them(town: Town):
    town.book("p1", "d1", "10:00")
    shown = opened(town, the_availability(town))
    again = refused(sent(town, shown.forms[0], start=f"{MONDAY}T10:30"), 409)
    assert "this appointment would be left outside" in again.words
    assert "10:00\N{EN DASH}11:00 Maria Silva" in again.leads
    assert again.forms[0].fields["start"] == f"{MONDAY}T10:30"


def test_an_availability_is_withdrawn_once_one_has_said_so_again(town: Town):
    address = the_availability(town)
    question = opened(town, opened(town, address).leads["Withdraw…"])
    assert question.leads["Keep it"] == address
    assert "Dr Ana Sousa does not see patients" in done(sent(town, question.forms[0]))
    assert opened(town, address, 404)


def test_one_with_appointments_is_not_offered_to_be_withdrawn(town: Town):
    asked = opened(town, f"{the_availability(town)}/withdraw").forms[0]
    town.book("p1", "d1", "10:00")
    question = opened(town, f"{the_availability(town)}/withdraw")
    assert not question.forms
    assert "10:00\N{EN DASH}11:00 Maria Silva" in question.leads
    assert "10:00\N{EN DASH}11:00 Maria Silva" in refused(sent(town, asked), 409).leads


def test_an_availability_that_somebody_has_changed_is_shown_as_it_is_now(town: Town):
    shown = opened(town, the_availability(town))
    sent(town, shown.forms[0], end=f"{MONDAY}T15:00")
    again = refused(sent(town, shown.forms[0], end=f"{MONDAY}T16:00"), 412)
    assert "Somebody has changed it" in again.words
    assert again.forms[0].fields["end"] == f"{MONDAY}T15:00"


# Booking


def search(town: Town, words: str) -> Fragment:
    answer = town.api.post("/app/dialogs/patients", data={"text": words}, headers=PART)
    assert answer.status_code == 200
    return Fragment(f"<form>{answer.text}</form>")


def booking(town: Town, here: dict[str, str], start: str = "10:00") -> Form:
    shown = opened(town, "/app/dialogs/book", **here, start=at(start))
    assert f"{DAY}, {start}" in shown.words
    return shown.form("/app/dialogs/book")


def patient_id(town: Town, external_id: str) -> str:
    return str(town.get(f"/patients/{external_id}")["id"])


def test_a_free_hour_is_booked_for_a_patient_who_is_searched_for(town: Town, here):
    form = booking(town, here)
    found = search(town, "MAR sil").forms[0]
    assert found.choices["patient"] == [patient_id(town, "p1")]
    assert found.fields["patient"] == patient_id(town, "p1")  # who is alone is chosen
    assert done(sent(town, form, **found.fields)).startswith("Booked: Maria Silva with Dr Ana Sousa")
    (booked,) = town.get("/appointments")["items"]
    assert (booked["start"], booked["patient"]["external_id"]) == (at("10:00"), "p1")


def test_of_several_patients_one_has_to_be_chosen_and_who_is_gone_cannot_be(town: Town, here):
    town.put("/patients/p3", name="Maria Antunes")
    town.put("/patients/p4", name="Maria Gone", active=False)
    found = search(town, "maria")
    assert found.forms[0].choices["patient"] == [patient_id(town, "p3"), patient_id(town, "p1")]
    assert "patient" not in found.forms[0].fields
    assert "no longer a patient" in found.words
    shown = refused(sent(town, booking(town, here)), 422)
    assert "Choose the patient" in shown.words


def test_where_nobody_is_found_one_reads_where_patients_come_from(town: Town):
    found = search(town, "nobody")
    assert "directory: add them there" in found.words
    assert not found.forms[0].buttons
    assert not search(town, " ").forms[0].buttons


def test_an_hour_that_somebody_took_meanwhile_is_refused_in_one_sentence_with_others_one_click_away(town: Town, here):
    form = booking(town, here)
    town.book("p2", "d1", "10:00")
    shown = refused(sent(town, form, patient=patient_id(town, "p1")), 409)
    assert f"Nothing was booked Dr Ana Sousa has another appointment on {DAY}, 10:00\N{EN DASH}11:00." in shown.words
    assert "João" not in shown.words
    assert len(shown.forms) == 3
    assert "with Dr Ana Sousa" in done(sent(town, shown.forms[0]))
    booked = [each for each in town.get("/appointments")["items"] if each["patient"]["external_id"] == "p1"]
    assert [each["start"] for each in booked] == [shown.forms[0].fields["start"]]


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ("11:00", "Maria Silva has another appointment on"),
        ("15:00", "does not see patients at Central"),
        ("20:00", "Central is closed on"),
    ],
)
def test_every_reason_is_a_sentence(town: Town, here, start, says):
    town.book("p1", "d2", "11:00")
    shown = refused(sent(town, booking(town, here, start), patient=patient_id(town, "p1")), 409)
    assert says in shown.words
    assert "Europe/" not in shown.words
    assert shown.forms


def test_a_patient_who_left_the_directory_meanwhile_is_not_booked(town: Town, here):
    form = booking(town, here)
    town.put("/patients/p1", name="Maria Silva", active=False)
    answer = sent(town, form, patient=patient_id(town, "p1"))
    assert "is no longer active" in refused(answer, 422).words


# An appointment


def the_dialog(town: Town, appointment: dict) -> Fragment:
    return opened(town, f"/app/dialogs/appointments/{appointment['id']}")


def test_an_appointment_is_shown_with_the_request_it_came_from(town: Town, session):
    wanted = town.post("/booking-requests", **town.wish())
    appointment = town.book("p1", "d1", "10:00")
    with session() as open_session:
        decide(open_session, wanted["id"], RequestStatus.BOOKED)
        open_session.execute(text("UPDATE appointment SET booking_request_id = :id"), {"id": wanted["id"]})
    shown = the_dialog(town, appointment)
    for words in ("Maria Silva", "Dr Ana Sousa", "Central", f"{DAY}, 10:00\N{EN DASH}11:00 Lisbon time", "booked"):
        assert words in shown.words
    assert shown.leads["a booking request"] == f"/app/requests/{wanted['id']}"


@pytest.mark.parametrize(("button", "status"), [("Complete", "completed"), ("No-show", "no_show")])
def test_an_appointment_ends_with_one_click_for_the_version_that_was_seen(town: Town, button, status):
    appointment = town.book("p1", "d1", "10:00")
    (form,) = (form for form in the_dialog(town, appointment).forms if button in form.buttons)
    assert "Maria Silva" in done(sent(town, form))
    assert town.get(f"/appointments/{appointment['id']}")["status"] == status
    again = refused(sent(town, form), 412)
    assert "Somebody has changed it" in again.words
    assert not again.forms


def test_cancelling_is_asked_once(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    question = opened(town, the_dialog(town, appointment).leads["Cancel…"])
    assert "Maria Silva with Dr Ana Sousa" in question.words
    assert done(sent(town, question.forms[0])).startswith("Cancelled: Maria Silva")
    assert town.get(f"/appointments/{appointment['id']}")["status"] == "cancelled"


def test_one_that_ended_meanwhile_says_so(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    question = opened(town, the_dialog(town, appointment).leads["Cancel…"]).forms[0]
    town.post(f"/appointments/{appointment['id']}/complete")
    current = {"version": "2"}
    assert "is completed already" in refused(sent(town, question, **current), 409).words


def test_what_does_not_exist_is_said_in_the_dialog(town: Town):
    for path in ("", "/cancel", "/move"):
        shown = opened(town, f"/app/dialogs/appointments/{uuid.uuid4()}{path}", 404)
        assert "no appointment" in shown.words.lower()


# Moving


def test_the_free_hours_of_a_day_are_one_click_away(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    shown = opened(town, the_dialog(town, appointment).leads["Move…"])
    moving = shown.forms[1]
    assert list(moving.buttons) == ["09:00", "11:00", "12:00"]
    assert "Dr Rui Costa (4 free hours)" in shown.words
    assert "Moved: Maria Silva is with Dr Ana Sousa" in done(sent(town, moving, **moving.buttons["12:00"]))
    moved = town.get(f"/appointments/{appointment['id']}")
    assert (moved["start"], moved["version"]) == (at("12:00"), 2)


def test_another_doctor_and_another_day_can_be_chosen(town: Town, here):
    tuesday = MONDAY + dt.timedelta(days=1)
    town.available("d2", "15:00", "17:00", tuesday)
    appointment = town.book("p1", "d1", "10:00")
    address = f"/app/dialogs/appointments/{appointment['id']}/move"
    shown = opened(town, address, date=str(tuesday), doctor=town.get("/users/d2")["id"])
    assert list(shown.forms[1].buttons) == ["15:00", "16:00"]
    assert "Dr Rui Costa" in done(sent(town, shown.forms[1], **shown.forms[1].buttons["16:00"]))
    assert town.get(f"/appointments/{appointment['id']}")["doctor"]["external_id"] == "d2"
    nothing = opened(town, address, date=str(tuesday), doctor=here["doctor"])
    assert "No free hour on Tuesday" in nothing.words
    assert opened(town, address, date="").forms


def typed(town: Town, appointment: dict) -> Form:
    return opened(town, f"/app/dialogs/appointments/{appointment['id']}/move").forms[-1]


def test_a_time_can_be_typed_by_the_hospitals_clock(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    done(sent(town, typed(town, appointment), at=f"{MONDAY}T11:00"))
    assert town.get(f"/appointments/{appointment['id']}")["start"] == at("11:00")
    assert "Choose a date and a time" in refused(sent(town, typed(town, appointment), at=""), 422).words
    off = refused(sent(town, typed(town, appointment), at=f"{MONDAY}T11:20"), 422)
    assert "Appointments start on the hour; the nearest are 11:00 and 12:00." in off.words


def test_a_time_that_the_clocks_skip_is_refused_at_its_field(town: Town):
    day = next_change(forward=True)
    shown = refused(sent(town, typed(town, town.book("p1", "d1", "10:00")), at=f"{day}T01:30"), 422)
    assert "the clocks skip 01:30" in shown.words
    assert shown.forms[-1].fields["at"] == f"{day}T01:30"


def drop(town: Town, appointment: dict, start: str, **fields: str) -> httpx.Response:
    body = {
        "doctor": appointment["doctor"]["id"],
        "hospital": appointment["hospital"]["id"],
        "start": start,
        "version": str(appointment["version"]),
    }
    return town.api.post(f"/app/appointments/{appointment['id']}/move", data=body | fields, headers=PART)


def test_an_appointment_that_is_dragged_to_a_free_hour_has_it(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    assert "12:00" in done(drop(town, appointment, at("12:00")))


def test_one_that_is_dragged_where_it_cannot_be_stays_with_the_reason_and_other_hours(town: Town):
    appointment, _ = town.book("p1", "d1", "10:00"), town.book("p2", "d1", "11:00")
    shown = refused(drop(town, appointment, at("11:00")), 409)
    assert f"The appointment stays where it is Dr Ana Sousa has another appointment on {DAY}" in shown.words
    assert [form.fields["start"] for form in shown.forms] == [at("12:00"), at("09:00")]
    done(sent(town, shown.forms[0]))
    assert town.get(f"/appointments/{appointment['id']}")["start"] == at("12:00")


def test_one_that_somebody_moved_meanwhile_is_shown_where_it_is_now(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    done(drop(town, appointment, at("12:00")))
    shown = refused(drop(town, appointment, at("11:00")), 412)
    assert "Somebody has changed it" in shown.words
    assert f"{DAY}, 12:00\N{EN DASH}13:00" in shown.words


def test_one_that_a_request_is_about_to_move_stays_and_says_so(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    town.post("/booking-requests", **town.wish(moves=appointment["id"]))
    shown = refused(drop(town, appointment, at("11:00")), 409)
    assert "A booking request is about to move this appointment" in shown.words


def test_hours_of_a_hospital_far_away_are_told_by_its_own_clock(town: Town):
    town.post("/hospitals", **hospital("delhi", "Asia/Kolkata"))
    start = f"{MONDAY + dt.timedelta(days=1)}T10:00:00+05:30"
    end = start.replace("T10", "T12")
    town.post("/availabilities", doctor="d2", hospital="delhi", start=start, end=end)
    appointment = town.post("/appointments", patient="p1", doctor="d2", hospital="delhi", start=start)
    shown = the_dialog(town, appointment)
    assert "10:00\N{EN DASH}11:00 Kolkata time, UTC+5:30" in shown.words
    assert list(opened(town, shown.leads["Move…"]).forms[1].buttons) == ["11:00"]
