"""What is done with a reschedule on its page: applied, discarded, planned again, undone; extra hours added."""

import datetime as dt

import httpx
import pytest

from tests.api.town import MONDAY, Town, at
from tests.web.fragments import Fragment
from tests.web.request_pages import FRAGMENT, Page
from tests.web.reschedule_pages import TUESDAY, change, full_day, lost_day, plan_reschedules, planned


def question(town: Town, job: str, deed: str) -> Fragment:
    answer = town.api.get(f"/app/reschedules/{job}/{deed}", headers=FRAGMENT)
    assert answer.status_code == 200
    return Fragment(answer.text)


def do(town: Town, job: str, deed: str, **fields: str) -> httpx.Response:
    """Press a button of the page."""
    version = str(town.get(f"/reschedules/{job}")["version"])
    sent = {"version": version} | fields
    return town.api.post(f"/app/reschedules/{job}/{deed}", data=sent, headers=FRAGMENT)


def done(answer: httpx.Response) -> None:
    assert answer.status_code == 204, answer.text
    assert "reschedules-changed" in answer.headers["hx-trigger"]


def refused(answer: httpx.Response, status: int = 409) -> Fragment:
    """The dialog that says no; the page behind it looks again."""
    assert answer.status_code == status, answer.text
    assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("#dialog", "innerHTML")
    assert "reschedules-changed" in answer.headers["hx-trigger"]
    fragment = Fragment(answer.text)
    assert "Nothing was changed" in fragment.words
    return fragment


def status(town: Town, job: str) -> str:
    return town.get(f"/reschedules/{job}")["status"]


def starts(town: Town) -> list[str]:
    return [each["start"] for each in town.get("/appointments", doctor="d1")["items"] if each["status"] == "booked"]


def test_the_question_says_what_is_done_and_how_many_are_told(town: Town):
    full_day(town)
    asked = question(town, planned(town), "apply")
    for words in (
        "Apply this proposal?",
        "The hours that are lost are taken out of the doctors",
        "2 patients get another hour.",
        "One stands where it is, for you to see to.",
        "2 patients will be told.",
    ):
        assert words in asked.words


def test_the_question_says_that_appointments_are_cancelled_where_the_policy_does_so(town: Town):
    full_day(town)
    asked = question(town, planned(town, policy={"cancel_unplaced": True}), "apply")
    assert "One appointment is cancelled, since no hour was found for it." in asked.words
    assert "3 patients will be told." in asked.words


def test_a_proposal_is_applied_and_undone(town: Town):
    full_day(town)
    before, job = starts(town), planned(town)
    form = question(town, job, "apply").form(f"/app/reschedules/{job}/apply")
    done(town.api.post(form.action, data=form.fields, headers=FRAGMENT))
    assert status(town, job) == "applied"
    assert sorted(starts(town))[-2:] == [at("09:00", TUESDAY), at("10:00", TUESDAY)]
    page = Page(town.api.get(f"/app/reschedules/{job}"))
    assert "2 of 3 appointments got other hours; nobody else had to move" in page.text
    asked = question(town, job, "undo")
    assert "2 patients will be told." in asked.words
    form = asked.form(f"/app/reschedules/{job}/undo")
    done(town.api.post(form.action, data=form.fields, headers=FRAGMENT))
    assert (status(town, job), starts(town)) == ("undone", before)
    assert "Undone: everybody has the hour from before again." in Page(town.api.get(f"/app/reschedules/{job}")).text


def test_what_has_changed_since_is_listed_by_name_with_planning_again_beside_it(town: Town):
    full_day(town)
    job = planned(town)
    for number, each in enumerate(town.get("/appointments", doctor="d1")["items"][:2]):
        town.api.post(f"/appointments/{each['id']}/{'cancel' if number else 'complete'}")
    told = refused(do(town, job, "apply"))
    assert "The schedule has changed in" in told.words
    assert "The appointment of João Reis has been" in told.words
    assert status(town, job) == "proposed"
    again = told.form(f"/app/reschedules/{job}/again")
    answer = town.api.post(again.action, data=again.fields, headers=FRAGMENT)
    new = answer.headers["hx-redirect"].rpartition("/")[2]
    assert town.get(f"/reschedules/{new}")["replaces"] == job
    assert status(town, job) == "discarded"


def test_an_undoing_that_something_stands_against_says_what(town: Town):
    full_day(town)
    job = planned(town)
    done(do(town, job, "apply"))
    moved = next(
        each for each in town.get("/appointments", doctor="d1")["items"] if each["start"] >= at("00:00", TUESDAY)
    )
    town.post(f"/appointments/{moved['id']}/cancel")
    told = refused(do(town, job, "undo"))
    assert moved["patient"]["name"] in told.words
    assert "Plan again" not in told.leads, "what is applied is not planned again"
    assert not told.forms
    assert status(town, job) == "applied"


def test_a_button_of_a_page_that_shows_an_older_state_changes_nothing(town: Town):
    full_day(town)
    job = planned(town)
    for deed in ("apply", "discard", "undo"):
        told = refused(do(town, job, deed, version="1"), 412)
        assert "It has been changed since this page showed it." in told.words
    assert status(town, job) == "proposed"


def test_a_job_is_discarded_and_its_appointments_are_free_for_another(town: Town):
    full_day(town)
    job = planned(town)
    done(do(town, job, "discard"))
    assert status(town, job) == "discarded"
    assert status(town, lost_day(town)) == "queued"
    told = refused(do(town, job, "apply"))
    assert "discarded" in told.words


def test_a_question_becomes_a_plan_or_is_asked_again(town: Town):
    full_day(town)
    asks = planned(town, what_if=True)
    page = Page(town.api.get(f"/app/reschedules/{asks}"))
    ids = {button.get("id") for button in page.buttons}
    assert {"again", "for-real"} <= ids
    assert not ids & {"ask-apply", "discard"}, "there is nothing to apply, and nobody waits for a decision"
    refused(do(town, asks, "apply"))
    for answer, what_if in (("yes", True), ("no", False)):
        new = do(town, asks, "again", what_if=answer).headers["hx-redirect"].rpartition("/")[2]
        assert town.get(f"/reschedules/{new}")["what_if"] is what_if


def test_a_question_cannot_become_a_plan_while_another_holds_its_appointments(town: Town):
    full_day(town)
    asks, holds = planned(town, what_if=True), planned(town)
    told = refused(do(town, asks, "again", what_if="no"))
    assert "holds 3 of these appointments" in told.words
    assert told.leads["Show the reschedule that holds them"] == f"/app/reschedules/{holds}"
    assert not told.forms, "planning again would be refused again"


@pytest.mark.parametrize("count", ["1", "2"])
def test_extra_hours_are_added_and_it_is_planned_again(town: Town, session, count: str):
    ids = full_day(town, left=1)
    job = planned(town)
    ana, place = town.get("/doctors")["items"][0]["id"], town.get("/hospitals/central")["id"]
    hours = [
        {"doctor": ana, "hospital": place, "start": at(hour, TUESDAY), "appointment": id_}
        for hour, id_ in zip(("14:00", "16:00"), ids, strict=False)
    ]
    change(session, job, extra_hours={"hours": hours, "placed": 2, "left": [], "proved": True})
    asked = Fragment(town.api.get(f"/app/reschedules/{job}/extra-hours", params={"count": count}).text)
    assert "nobody has been asked yet" in asked.words
    assert asked.form(f"/app/reschedules/{job}/extra-hours").fields["count"] == count
    new = do(town, job, "extra-hours", count=count).headers["hx-redirect"].rpartition("/")[2]
    added = [each["start"] for each in town.get("/availabilities", doctor="d1")["items"]]
    assert set(added) >= {each["start"] for each in hours[: int(count)]}
    assert (at("16:00", TUESDAY) in added) == (count == "2")
    plan_reschedules()
    assert town.get(f"/reschedules/{new}")["counts"]["placed"] == 1 + int(count)


@pytest.mark.parametrize("count", ["", "0", "-1", "two", "9", "1e3", "99999999"])
def test_hours_that_nobody_proposed_are_not_added(town: Town, count: str):
    full_day(town)
    job = planned(town, what_if=True, policy={"latest": (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()})
    before = town.get("/availabilities", doctor="d1")["items"]
    refused(do(town, job, "extra-hours", count=count), 422)
    assert town.get("/availabilities", doctor="d1")["items"] == before


def test_those_left_standing_are_a_list_to_see_to(town: Town):
    full_day(town)
    job = planned(town)
    done(do(town, job, "apply"))
    page = Page(town.api.get(f"/app/reschedules/{job}"))
    assert "Left over, to be seen to" in page.text
    assert "One is still to be seen to." in page.text
    assert page.links["On the schedule"] == f"/app/schedule?hospital=central&date={MONDAY}"
    (left,) = town.get(f"/reschedules/{job}/appointments", kind="unplaced")["items"]
    ways = [own.get("hx-get") for _, own in page.tags if own.get("id", "").startswith(("move-", "cancel-"))]
    assert ways == [f"/app/dialogs/appointments/{left['appointment']}/{way}" for way in ("move", "cancel")]
    assert all(town.api.get(way, headers=FRAGMENT).status_code == 200 for way in ways)
    town.post(f"/appointments/{left['appointment']}/cancel")
    page = Page(town.api.get(f"/app/reschedules/{job}"))
    assert "✓ cancelled" in page.text
    assert "still to be seen to" not in page.text


def test_the_buttons_work_without_scripts(town: Town):
    full_day(town)
    job = planned(town)
    version = str(town.get(f"/reschedules/{job}")["version"])
    stale = town.api.post(f"/app/reschedules/{job}/apply", data={"version": "1"})
    assert stale.status_code == 412
    assert "<html" in stale.text
    answer = town.api.post(f"/app/reschedules/{job}/apply", data={"version": version})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/app/reschedules/{job}")
    assert status(town, job) == "applied"
