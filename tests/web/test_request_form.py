"""Asking for an hour over HTTP: everything a request can say, faults beside their fields, and trying again."""

import datetime as dt
import uuid

import pytest

from tests.api.town import MONDAY, Town, at, hospital, next_change
from tests.web.request_pages import FRAGMENT, Page, in_conflict, local, queue


def form(town: Town, address: str = "/app/requests/new") -> dict[str, list[str]]:
    return Page(town.api.get(address)).sent


def test_a_request_is_queued_with_everything_it_can_say(town: Town):
    sent = form(town) | {
        "patient": ["p1"],
        "doctors": ["d2", "d1"],
        "specialty": ["cardiology"],
        "hospitals": ["central"],
        "priority": ["urgent"],
        "earliest": [local("09:00")],
        "latest": [local("18:00")],
        "preferred": [local("12:00")],
    }
    answer = town.api.post("/app/requests/new", data=sent)
    assert answer.status_code == 303
    request = town.get(answer.headers["location"].replace("/app/requests", "/booking-requests"))
    assert request["patient"]["external_id"] == "p1"
    assert [doctor["external_id"] for doctor in request["doctors"]] == ["d2", "d1"]
    assert [place["external_id"] for place in request["hospitals"]] == ["central"]
    assert (request["specialty"], request["priority"]) == ("cardiology", "urgent")
    assert [request[name] for name in ("earliest", "latest", "preferred")] == [at("09:00"), at("18:00"), at("12:00")]


def test_faults_stand_beside_their_fields_and_nothing_typed_is_lost(town: Town):
    typed = {"search": "zzz", "doctors": ["d1"], "earliest": "tomorrow", "latest": local("18:00"), "priority": "urgent"}
    answer = town.api.post("/app/requests/new", data={"clock": "Europe/Lisbon", **typed})
    page = Page(answer, 422)
    for words in (
        "Search for the patient and choose one",
        "This is not a date and time",
        "2 fields below need a change",
    ):
        assert words in page.text
    assert "Nobody is found" in page.text
    for name, value in typed.items():
        assert page.sent[name] == (value if isinstance(value, list) else [value])
    typed |= {"patient": "p1", "earliest": local("18:00"), "latest": local("09:00"), "doctors": ["d1", "d9"]}
    page = Page(town.api.post("/app/requests/new", data={"clock": "Europe/Lisbon", **typed}), 422)
    assert "The window ends before it starts" in page.text
    assert "There is no doctor 'd9'" in page.text
    assert "Maria Silva" in page.text, "who was chosen is still told by name"
    assert town.get("/booking-requests")["items"] == []


def test_what_no_field_of_the_form_can_say_is_refused_too(town: Town):
    sent = form(town) | {"patient": ["p1"], "earliest": [local("09:00")], "latest": [local("18:00")]}
    page = Page(town.api.post("/app/requests/new", data=sent | {"moves": ["x"], "priority": ["now"]}), 422)
    assert "moves: Is not an id" in page.text
    assert "Is none of 'urgent', 'soon' or 'routine'." in page.text
    Page(town.api.post("/app/requests/new", data=sent | {"replaces": ["x"]}), 404)


def test_doctors_are_added_removed_and_put_in_order_by_buttons(town: Town):
    sent = form(town) | {"search": ["mar"]}
    for action, adding, doctors in (
        ("add", "d1", ["d1"]),
        ("add", "d2", ["d1", "d2"]),
        ("add", "", ["d1", "d2"]),
        ("up:d2", "", ["d2", "d1"]),
        ("up:d2", "", ["d2", "d1"]),
        ("down:d2", "", ["d1", "d2"]),
        ("remove:d1", "", ["d2"]),
        ("remove:nobody", "", ["d2"]),
    ):
        page = Page(town.api.post("/app/requests/new", data=sent | {"do": [action], "adding": [adding]}))
        assert page.sent["doctors"] == doctors, action
        assert page.sent["search"] == ["mar"]
        assert "needs a change" not in page.text
        sent = page.sent


def test_a_week_longer_is_one_button(town: Town):
    sent = form(town) | {"latest": [local("18:00")]}
    page = Page(town.api.post("/app/requests/new", data=sent | {"do": ["longer"]}))
    assert page.sent["latest"] == [local("18:00", MONDAY + dt.timedelta(days=7))]


def test_patients_are_searched_in_a_body_and_chosen_from_what_is_found(town: Town):
    page = Page(town.api.post("/app/requests/patients", data={"search": "sil mar"}, headers=FRAGMENT))
    assert "Maria Silva p1" in page.text
    assert "João" not in page.text
    town.put("/patients/p3", name="Mara Silveira", active=False)
    page = Page(town.api.post("/app/requests/patients", data={"search": "mar", "patient": "p2"}, headers=FRAGMENT))
    assert page.sent["patient"] == ["p2"], "who is chosen stays chosen"
    assert "no longer active" in page.text
    assert town.api.get("/app/requests/patients", params={"search": "mar"}).status_code in (404, 405)


def test_times_are_those_of_the_chosen_hospital(town: Town):
    town.post("/hospitals", **hospital("far", "Asia/Kolkata"))
    page = Page(town.api.get("/app/requests/new"))
    assert {"Lisbon", "Kolkata"} <= set(page.text.split())
    sent = page.sent | {"patient": ["p1"], "earliest": [local("09:00")], "latest": [local("18:00")]}
    moved = Page(town.api.post("/app/requests/new", data=sent | {"hospitals": ["far"], "do": ["clock"]}))
    assert moved.sent["clock"] == ["Asia/Kolkata"]
    assert "times in Kolkata" in moved.text
    unseen = Page(town.api.post("/app/requests/new", data=sent | {"hospitals": ["far"]}), 422)
    assert "go by the clock of Kolkata" in unseen.text, "no time is silently read by another clock"
    answer = town.api.post("/app/requests/new", data=unseen.sent | {"do": ["queue"]})
    request = town.get(answer.headers["location"].replace("/app/requests", "/booking-requests"))
    assert request["earliest"] == f"{MONDAY.isoformat()}T09:00:00+05:30"


@pytest.mark.parametrize("forward", [True, False])
def test_a_time_that_the_clocks_skip_or_show_twice_is_asked_about(town: Town, *, forward: bool):
    day = next_change(forward=forward)
    sent = form(town) | {"patient": ["p1"], "earliest": [local("01:30", day)], "latest": [local("18:00", day)]}
    page = Page(town.api.post("/app/requests/new", data=sent), 422)
    if forward:
        assert "the clocks skip 01:30 that day" in page.text
        return
    assert "the clocks show 01:30 twice that day" in page.text
    answer = town.api.post("/app/requests/new", data=page.sent | {"earliest_fold": ["1"]})
    request = town.get(answer.headers["location"].replace("/app/requests", "/booking-requests"))
    assert dt.datetime.fromisoformat(request["earliest"]) == dt.datetime(*day.timetuple()[:3], 1, 30, tzinfo=dt.UTC)


def test_a_time_that_comes_twice_is_still_the_same_one_when_the_request_is_tried_again(town: Town):
    day = next_change(forward=False)
    second = dt.datetime(*day.timetuple()[:3], 1, 30, tzinfo=dt.UTC)
    id_ = queue(town, earliest=second.isoformat(), latest=at("18:00", day))
    page = Page(town.api.get(f"/app/requests/new?replaces={id_}"))
    assert (page.sent["earliest"], page.sent["earliest_fold"]) == ([local("01:30", day)], ["1"])


def test_a_conflict_is_widened_and_tried_again_in_one_step(town: Town, session):
    id_ = in_conflict(town, session, doctors=["d2", "d1"], hospitals=["central"], priority="soon")
    page = Page(town.api.get(f"/app/requests/new?replaces={id_}"))
    assert (page.sent["patient"], page.sent["doctors"], page.sent["priority"]) == (["p1"], ["d2", "d1"], ["soon"])
    assert (page.sent["earliest"], page.sent["latest"]) == ([local("09:00")], [local("18:00")])
    later = MONDAY + dt.timedelta(days=7)
    answer = town.api.post("/app/requests/new", data=page.sent | {"latest": [local("18:00", later)], "do": ["queue"]})
    new = town.get(answer.headers["location"].replace("/app/requests", "/booking-requests"))
    assert (new["status"], new["latest"]) == ("queued", at("18:00", later))
    assert town.get(f"/booking-requests/{id_}")["status"] == "cancelled"
    page = Page(town.api.post("/app/requests/new", data=page.sent | {"do": ["queue"]}), 409)
    assert "The request is cancelled already" in page.text
    assert len(town.get("/booking-requests")["items"]) == 2


def test_asking_again_and_asking_for_another_hour_begin_with_what_is_known(town: Town):
    id_ = queue(town, patient="p2", specialty="cardiology")
    page = Page(town.api.get(f"/app/requests/new?like={id_}"))
    assert (page.sent["patient"], page.sent["replaces"], page.sent["specialty"]) == (["p2"], [""], ["cardiology"])
    appointment = town.book("p1", "d1", "09:00")["id"]
    page = Page(town.api.get(f"/app/requests/new?moves={appointment}"))
    assert (page.sent["patient"], page.sent["moves"]) == (["p1"], [appointment])
    for parameter in ("like", "moves", "replaces"):
        Page(town.api.get(f"/app/requests/new?{parameter}={uuid.uuid4()}"), 404)
