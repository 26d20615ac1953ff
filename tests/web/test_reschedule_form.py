"""Asking for a reschedule over HTTP: what each cause needs, faults beside their fields, and nothing typed is lost."""

import datetime as dt
import uuid

import pytest

from tests.api.town import MONDAY, TODAY, Town, at, hospital, next_change
from tests.web.request_pages import Page, local

TUESDAY = MONDAY + dt.timedelta(days=1)
NEW = "/app/reschedules/new"


def form(town: Town, **query: str) -> dict[str, list[str]]:
    return Page(town.api.get(NEW, params=query)).sent


def queued(town: Town, sent: dict[str, list[str]], **files) -> dict:
    """The job that a form leads to."""
    answer = town.api.post(NEW, data=sent, files=files or None)
    assert answer.status_code == 303, answer.text
    return town.get(answer.headers["location"].removeprefix("/app"))


def test_a_doctor_is_away_for_today_unless_somebody_says_otherwise(town: Town):
    sent = form(town)
    assert (sent["cause"], sent["start"], sent["end"]) == (
        ["doctor_unavailable"],
        [local("00:00", TODAY)],
        [local("00:00", TODAY + dt.timedelta(days=1))],
    )


def test_a_link_fills_in_doctor_hospital_and_days(town: Town):
    sent = form(town, doctor="d1", hospital="central", date=str(MONDAY), until=str(TUESDAY))
    assert sent["doctors"] == ["d1"]
    assert (sent["start"], sent["end"]) == ([local("00:00")], [local("00:00", TUESDAY + dt.timedelta(days=1))])
    closed = form(town, cause="hospital_closed", hospital="central", date=str(MONDAY))
    assert (closed["cause"], closed["hospital"]) == (["hospital_closed"], ["central"])
    ana = town.get("/doctors")["items"][0]
    assert form(town, doctor=ana["id"])["doctors"] == [ana["external_id"]]
    Page(town.api.get(NEW, params={"hospital": "nowhere"}), 404)
    Page(town.api.get(NEW, params={"doctor": "nobody"}), 422)


def test_whoever_has_left_can_be_chosen_since_that_is_a_reason(town: Town):
    town.put("/users/d2", name="Dr Rui Costa", role="doctor", active=False)
    assert "Dr Rui Costa (no longer active)" in Page(town.api.get(NEW)).text
    assert queued(town, form(town, doctor="d2", date=str(MONDAY)))["scope"]["doctors"][0]["external_id"] == "d2"


def test_a_job_is_queued_with_everything_the_form_can_say(town: Town):
    appointment = town.book("p1", "d1", "10:00")["id"]
    sent = form(town, doctor="d1", date=str(MONDAY)) | {
        "adding": ["d2"],
        "only_at": ["central"],
        "label": ["Training"],
        "start": [local("09:00")],
        "end": [local("12:00")],
        "notice_hours": ["48"],
        "within_days": ["2"],
        "latest": [local("18:00", TUESDAY)],
        "other_doctor": ["yes"],
        "other_hospital": ["yes"],
        "others_move": ["yes"],
        "others_within_days": ["3"],
        "quiet_days": ["90"],
        "cancel_unplaced": ["yes"],
    }
    job = queued(town, sent)
    assert (job["cause"], job["label"], job["status"]) == ("doctor_unavailable", "Training", "queued")
    assert (job["what_if"], job["dry_run"]) == (False, True), "nothing is applied that nobody has seen"
    assert [doctor["external_id"] for doctor in job["scope"]["doctors"]] == ["d1", "d2"]
    assert job["scope"]["hospital"]["external_id"] == "central"
    assert [job["scope"][name] for name in ("start", "end")] == [at("09:00"), at("12:00")]
    assert job["policy"] | {"latest": None} == {
        "notice_hours": 48,
        "within_days": 2,
        "latest": None,
        "same_doctor": False,
        "same_hospital": False,
        "others_move": True,
        "others_within_days": 3,
        "quiet_days": 90,
        "cancel_unplaced": True,
    }
    assert dt.datetime.fromisoformat(job["policy"]["latest"]) == dt.datetime.fromisoformat(at("18:00", TUESDAY))
    (displaced,) = town.get(f"/reschedules/{job['id']}/appointments")["items"]
    assert displaced["appointment"] == appointment


def test_a_form_left_as_it_begins_has_the_policy_that_the_api_has(town: Town):
    job = queued(town, form(town, doctor="d1", date=str(MONDAY)))
    scope = {"doctors": ["d1"], "start": at("00:00"), "end": at("00:00", TUESDAY)}
    assert job["policy"] == town.post("/reschedules", cause="doctor_unavailable", scope=scope)["policy"]
    assert job["scope"]["hospital"] is None


def test_a_question_is_asked_with_its_own_button(town: Town):
    assert queued(town, form(town, doctor="d1", date=str(MONDAY)) | {"do": ["ask"]})["what_if"] is True


def test_closing_needs_a_hospital_and_no_doctor(town: Town):
    sent = form(town, cause="hospital_closed", hospital="central", date=str(MONDAY), doctor="d1")
    job = queued(town, sent)
    assert (job["cause"], job["scope"]["hospital"]["external_id"]) == ("hospital_closed", "central")
    assert not job["scope"]["doctors"], "what another cause needs stays in the form"
    room = queued(town, sent | {"cause": ["room"]})
    assert (room["cause"], len(room["scope"]["doctors"])) == ("room", 1)


def test_new_hours_begin_as_the_hours_that_are_kept(town: Town):
    sent = form(town, cause="hours_changed", hospital="central")
    assert sent["monday"] == ["09:00-18:00"]
    job = queued(town, sent | {"monday": ["9:00-12:30, 14:00 - 18:00"], "sunday": [""]})
    hours = job["scope"]["operating_hours"]
    assert hours["monday"] == [{"opens": "09:00", "closes": "12:30"}, {"opens": "14:00", "closes": "18:00"}]
    assert (hours["sunday"], hours["tuesday"]) == ([], [{"opens": "09:00", "closes": "18:00"}])


def test_another_hospital_has_other_hours_and_another_clock(town: Town):
    town.post("/hospitals", **hospital("far", "Asia/Kolkata", {"monday": [{"opens": "22:00", "closes": "02:00"}]}))
    sent = form(town, cause="hospital_closed", hospital="central", date=str(MONDAY))
    page = Page(town.api.post(NEW, data=sent | {"hospital": ["far"], "do": ["place"]}))
    assert (page.sent["monday"], page.sent["clock"]) == (["22:00-02:00"], ["Asia/Kolkata"])
    assert "times in Kolkata" in page.text
    unseen = Page(town.api.post(NEW, data=sent | {"hospital": ["far"]}), 422)
    assert "goes by the clock of Kolkata" in unseen.text, "no time is silently read by another clock"
    job = queued(town, unseen.sent | {"do": ["plan"]})
    assert job["scope"]["start"] == f"{MONDAY.isoformat()}T00:00:00+05:30"


def test_faults_stand_beside_their_fields_all_at_once_and_nothing_typed_is_lost(town: Town):
    typed = {
        "cause": "room",
        "label": "Water damage",
        "start": local("12:00"),
        "end": "tomorrow",
        "notice_hours": "soon",
        "quiet_days": "-1",
        "hospital": "central",
        "clock": "Europe/Lisbon",
    }
    page = Page(town.api.post(NEW, data=typed), 422)
    for words in ("Choose the doctor.", "This is not a date and time", "Is not a whole number.", "Must be at least 0"):
        assert words in page.text
    assert "4 fields below need a change" in page.text
    for name, value in typed.items():
        assert page.sent[name] == [value]
    page = Page(town.api.post(NEW, data=typed | {"cause": "hours_changed", "friday": "9 to 5", "end": ""}), 422)
    assert "\u201c9 to 5\u201d is no period" in page.text
    assert page.sent["friday"] == ["9 to 5"]
    assert town.get("/reschedules")["items"] == []


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"cause": "doctor_unavailable"}, "Choose the doctor."),
        ({"cause": "hospital_closed"}, "Choose the hospital."),
        ({"cause": "hospital_closed", "hospital": "central"}, "Say until when."),
        ({"cause": "appointments"}, "Choose the file."),
        ({"cause": "doctor_unavailable", "doctors": "d9", "start": local("09:00"), "end": local("10:00")}, "'d9'"),
        ({"cause": "doctor_unavailable", "doctors": "d1", "start": local("10:00"), "end": local("09:00")}, "later end"),
        (
            {"cause": "doctor_unavailable", "doctors": "d1", "start": "2026-01-01T10:00", "end": "2026-01-02T10:00"},
            "That has passed",
        ),
        ({"cause": "a flood"}, "Is none of"),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_the_words_of_the_form(town: Town, sent, words: str):
    page = Page(town.api.post(NEW, data={"clock": "Europe/Lisbon", **sent}), 422)
    assert words in page.text
    assert "scope" not in page.text.lower(), "nobody who fills in a form knows of a scope"
    assert town.get("/reschedules")["items"] == []


@pytest.mark.parametrize("forward", [True, False])
def test_a_time_that_the_clocks_skip_or_show_twice_is_asked_about(town: Town, *, forward: bool):
    day = next_change(forward=forward)
    sent = form(town, doctor="d1") | {"start": [local("01:30", day)], "end": [local("18:00", day)]}
    page = Page(town.api.post(NEW, data=sent), 422)
    if forward:
        assert "the clocks skip 01:30 that day" in page.text
        return
    assert "the clocks show 01:30 twice that day" in page.text
    job = queued(town, page.sent | {"start_fold": ["1"], "do": ["plan"]})
    assert dt.datetime.fromisoformat(job["scope"]["start"]) == dt.datetime(*day.timetuple()[:3], 1, 30, tzinfo=dt.UTC)


def test_doctors_are_added_and_removed_by_buttons(town: Town):
    sent = form(town)
    for action, adding, doctors in (
        ("add", "d1", ["d1"]),
        ("add", "d2", ["d1", "d2"]),
        ("add", "", ["d1", "d2"]),
        ("remove:d1", "", ["d2"]),
    ):
        sent = Page(town.api.post(NEW, data=sent | {"do": [action], "adding": [adding]})).sent
        assert sent["doctors"] == doctors, action


def test_a_file_of_appointments_is_kept_while_the_rest_is_put_right(town: Town):
    ids = [town.book(patient, "d1", hour)["id"] for patient, hour in (("p1", "09:00"), ("p2", "10:00"))]
    sent = form(town, cause="appointments")
    file = ("those.csv", "appointment\n" + "\n".join(ids), "text/csv")
    page = Page(town.api.post(NEW, data=sent | {"notice_hours": ["x"]}, files={"file": file}), 422)
    assert "2 appointments have been read from it." in page.text
    job = queued(town, page.sent | {"notice_hours": ["24"], "do": ["plan"]})
    found = town.get(f"/reschedules/{job['id']}/appointments")["items"]
    assert [each["appointment"] for each in found] == ids


def test_every_fault_of_a_file_is_told_with_its_line(town: Town):
    gone = uuid.uuid4()
    sent = form(town, cause="appointments")
    bad = Page(town.api.post(NEW, data=sent, files={"file": ("a.csv", "appointment\nx\ny\n", "text/csv")}), 422)
    assert "Line 2" in bad.text
    assert "Line 3" in bad.text
    strange = Page(town.api.post(NEW, data=sent, files={"file": ("a.csv", f"appointment\n{gone}\n", "text/csv")}), 422)
    assert f"There is no appointment {gone}" in strange.text


def test_who_is_held_by_another_job_is_told_with_the_way_there(town: Town):
    town.book("p1", "d1", "10:00")
    first = queued(town, form(town, doctor="d1", date=str(MONDAY)))
    sent = form(town, cause="hospital_closed", hospital="central", date=str(MONDAY))
    page = Page(town.api.post(NEW, data=sent), 409)
    assert "One of these appointments is held by another reschedule" in page.text
    assert page.links["Show it"] == f"/app/reschedules/{first['id']}"
    assert page.sent["cause"] == ["hospital_closed"]
    assert queued(town, sent | {"do": ["ask"]})["what_if"], "a question holds nothing"
