"""The list of reschedules, and one of them: followed until it is planned, then what it would do and why not more."""

import datetime as dt
import re
import uuid
from zoneinfo import ZoneInfo

import pytest

from tests.api.town import MONDAY, Town, at, hospital
from tests.web.request_pages import FRAGMENT, Page
from tests.web.reschedule_pages import (
    NAMES,
    TUESDAY,
    at_work,
    change,
    failed,
    full_day,
    lost_day,
    plan_reschedules,
    planned,
)


def shown(town: Town, job: str, *, fragment: bool = False, **query: str) -> Page:
    headers = FRAGMENT if fragment else None
    return Page(town.api.get(f"/app/reschedules/{job}", params=query, headers=headers))


def test_there_is_a_way_to_begin_where_nothing_is_listed(town: Town):
    page = Page(town.api.get("/app/reschedules"))
    assert "No reschedule yet" in page.text
    assert page.links["New reschedule"] == "/app/reschedules/new"


def test_the_list_tells_what_happened_how_it_stands_and_what_it_comes_to(town: Town):
    full_day(town)
    scope = {"hospital": "central", "start": at("10:00"), "end": at("11:00")}
    town.post("/reschedules", cause="hospital_closed", scope=scope, what_if=True, label="Fire drill")
    job = lost_day(town)
    page = Page(town.api.get("/app/reschedules"))
    assert "Fire drill Central closed" in page.text
    assert "10:00-11:00" in page.text
    assert "every 2s" in page.triggers("reschedules")
    plan_reschedules()
    page = Page(town.api.get("/app/reschedules", headers=FRAGMENT))
    assert page.text.index("Dr Ana Sousa away") < page.text.index("Fire drill"), "the newest first"
    assert page.links["Dr Ana Sousa away"] == f"/app/reschedules/{job}"
    assert "proposed 3 2 1 " in page.text
    assert "what if answered 1 " in page.text
    assert "every 2s" not in page.triggers("reschedules")


def test_the_list_goes_on_page_by_page(town: Town):
    for number in range(31):
        lost_day(town, label=f"Job {number:02}", what_if=True)
    page = Page(town.api.get("/app/reschedules"))
    assert {f"Job {number:02}" for number in range(1, 31)} <= page.links.keys()
    assert "Job 00" not in page.links
    page = Page(town.api.get(page.links["Older"]))
    assert "Job 00" in page.links
    assert "Job 01" not in page.links
    assert page.links["Newest"] == "/app/reschedules"


def test_a_job_is_followed_while_it_is_planned(town: Town, session):
    full_day(town)
    job = lost_day(town)
    page = shown(town, job)
    assert "Queued: 3 appointments are displaced." in page.text
    assert "every 1s" in page.triggers("reschedule")
    at_work(session, job, "Looking for extra hours")
    page = shown(town, job, fragment=True, seen="1.0")
    assert "Planning other hours for 3 appointments" in page.text
    assert "Looking for extra hours" in page.text
    again = next(own["hx-get"] for _, own in page.tags if own.get("id") == "reschedule")
    assert town.api.get(again, headers=FRAGMENT).status_code == 204, "nothing is new"
    at_work(session, job, "Checking")
    assert town.api.get(again, headers=FRAGMENT).status_code == 200


def test_a_proposal_says_in_one_sentence_what_it_comes_to(town: Town):
    full_day(town)
    page = shown(town, planned(town))
    assert (
        "2 of 3 appointments get other hours; nobody else has to move; the average shift is 23 hours;"
        " proved the least there can be."
    ) in page.text
    assert "every 1s" not in page.triggers("reschedule")


def test_a_proposal_that_places_all_or_none_says_so(town: Town):
    full_day(town, left=3)
    job = planned(town)
    assert "All 3 appointments get other hours" in shown(town, job).text
    town.api.post(f"/app/reschedules/{job}/discard", data={"version": town.get(f"/reschedules/{job}")["version"]})
    nobody = planned(town, policy={"latest": at("23:00")}, what_if=True)
    assert "None of the 3 appointments would get another hour" in shown(town, nobody).text
    empty = planned(town, doctor="d2")
    assert "No appointment stands in these hours, so nobody has to move." in shown(town, empty).text


def test_what_is_not_proved_is_not_said_to_be(town: Town, session):
    full_day(town)
    job = planned(town)
    plan = town.get(f"/reschedules/{job}")["plan"]
    objective = {"booked": {"urgent": 0, "soon": 0, "routine": 2}, "moved": 0, "inconvenience": 48}
    for bound, words in (
        ({"inconvenience": 40}, "at most 8 hours from the least."),
        ({"booked": {"urgent": 0, "soon": 0, "routine": 3}}, "at most 1 more could be placed."),
    ):
        told = {"status": "feasible", "objective": objective, "bound": objective | bound}
        change(session, job, plan=told)
        assert words in shown(town, job).text
    assert plan


def test_days_before_and_after_are_a_picture_and_a_table(town: Town):
    full_day(town)
    page = shown(town, planned(town))
    title = f"Monday {MONDAY.day} {MONDAY:%B %Y}"
    assert f"{title}: 3 before, 0 after" in page.text
    assert f"{title} 3 0 " in page.text, "the table"
    assert "5 to 24 hours 2 " in page.text, "how far they move"
    bars = [own for tag, own in page.tags if tag == "rect" and own.get("class") in ("before", "after") and "x" in own]
    assert [float(bar["height"]) for bar in bars] == [110, 0, 0, 73.3]


def test_everybody_is_listed_with_the_old_hour_and_the_new(town: Town):
    full_day(town)
    town.put("/users/d3", name="Dr Eva Lima", role="doctor", specialties=["cardiology"])
    town.available("d3", "14:00", "15:00", MONDAY)
    text = shown(town, planned(town, policy={"same_doctor": False})).text
    assert "All 3 appointments get other hours" in text
    day, next_day = f"{MONDAY:%a} {MONDAY.day} {MONDAY:%b}", f"{TUESDAY:%a} {TUESDAY.day} {TUESDAY:%b}"
    assert f"Maria Silva p1 {day}, 09:00 Dr Ana Sousa, Central {next_day}, 09:00 24 h later" in text
    assert f"{day}, 14:00 Dr Eva Lima, Central" in text, "another doctor is told"
    assert "One sees another doctor." in text


def test_clocks_that_differ_are_named_and_less_than_an_hour_is_told(town: Town):
    for name, doctor in (("melbourne", "d3"), ("adelaide", "d4")):
        zone = f"Australia/{name.capitalize()}"
        town.post("/hospitals", **hospital(name, zone))
        town.put(f"/users/{doctor}", name=f"Dr {name.capitalize()}", role="doctor", specialties=["neurology"])
        start, end = (at(clock, TUESDAY, ZoneInfo(zone)) for clock in ("10:00", "11:00"))
        town.post("/availabilities", doctor=doctor, hospital=name, start=start, end=end)
        if doctor == "d3":
            town.post("/appointments", patient="p1", doctor=doctor, hospital=name, start=start)
    scope = {"doctors": ["d3"], "start": at("00:00"), "end": at("00:00", TUESDAY + dt.timedelta(days=2))}
    policy = {"same_doctor": False, "same_hospital": False}
    job = town.post("/reschedules", cause="doctor_unavailable", scope=scope, policy=policy)["id"]
    plan_reschedules()
    text = shown(town, job).text
    day = f"{TUESDAY:%a} {TUESDAY.day} {TUESDAY:%b}"
    assert f"{day}, 10:00 (Melbourne)" in text
    assert f"{day}, 10:00 (Adelaide)" in text
    assert "30 min later" in text


def test_who_is_left_over_is_told_why(town: Town):
    full_day(town)
    page = shown(town, planned(town))
    reasons = page.text.split("One is left over")[1].split("2 get another hour")[0]
    assert "Hours went to others" in reasons
    assert all(f"the appointment of {name}" in reasons for name in NAMES if f"{name} p" not in reasons), "no ids"
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", reasons)


@pytest.mark.parametrize(
    ("hours", "placed", "left", "says"),
    [
        (1, 1, 0, "One more hour would place the one who is left over. Fewer would not do."),
        (2, 2, 0, "2 more hours would place all 2 who are left over. Fewer would not do."),
        (1, 1, 1, "One more hour would place 1 of those left over; no hour places the other one."),
        (2, 1, 3, "2 more hours would place 1 of those left over; no hour places the other 3."),
        (0, 0, 2, "No extra hour would place any of the 2 who are left over."),
    ],
)
def test_hours_that_would_place_those_left_over_are_listed(town: Town, session, hours, placed, left, says):
    ids = full_day(town)
    job = planned(town)
    ana, place = town.get("/doctors")["items"][0]["id"], town.get("/hospitals/central")["id"]
    start = [at(hour, TUESDAY) for hour in ("14:00", "15:00")]
    found = [
        {"doctor": ana, "hospital": place, "start": start[each], "appointment": ids[each]} for each in range(hours)
    ]
    change(session, job, extra_hours={"hours": found, "placed": placed, "left": ids[:left], "proved": True})
    page = shown(town, job)
    assert says in page.text
    day = f"{TUESDAY:%a} {TUESDAY.day} {TUESDAY:%b}"
    assert (f"{day}, 14:00, Dr Ana Sousa at Central: places Maria Silva" in page.text) == bool(hours)
    assert page.sent.get("count") == ([str(hours)] if hours else None)


def test_those_who_make_room_are_listed_apart(town: Town):
    """The only hour for Maria Silva is had by Noah Fischer, who can go to one at which she is elsewhere."""
    town.put("/patients/p4", name="Noah Fischer")
    for hour in ("09:00", "15:00"):
        town.available("d1", hour, f"{int(hour[:2]) + 1:02}:00", TUESDAY)
    town.available("d2", "15:00", "16:00", TUESDAY)
    town.book("p4", "d1", "09:00", TUESDAY)
    town.book("p1", "d2", "15:00", TUESDAY)
    town.book("p1", "d1", "10:00")
    text = shown(town, planned(town, policy={"others_move": True, "latest": at("18:00", TUESDAY)})).text
    assert "The only appointment gets another hour; one other moves to make room;" in text
    rows = text.split("One other moves to make room")[1]
    assert "Noah Fischer" in rows
    assert "Maria Silva" not in rows


def test_long_lists_go_on_where_they_stopped(town: Town):
    for number in range(22):
        day = MONDAY + dt.timedelta(days=number // 4)
        if number % 4 == 0 and number:
            town.available("d2", "09:00", "13:00", day)
        town.put(f"/patients/q{number:02}", name=f"Patient {number:02}")
        town.book(f"q{number:02}", "d2", f"{9 + number % 4:02}:00", day)
    scope = {"doctors": ["d2"], "start": at("00:00"), "end": at("00:00", day + dt.timedelta(days=1))}
    job = town.post("/reschedules", cause="doctor_unavailable", scope=scope)["id"]
    plan_reschedules()
    page = shown(town, job)
    assert "22 are left over" in page.text
    assert "Patient 19 q19" in page.text
    assert "Patient 20 q20" not in page.text
    more = page.links["Show more"]
    assert "Patient" not in more
    rest = Page(town.api.get(more, headers=FRAGMENT))
    assert ["Patient 20 q20" in rest.text, "Patient 21 q21" in rest.text, "Show more" in rest.links] == [
        True,
        True,
        False,
    ]
    assert "<html" not in town.api.get(more, headers=FRAGMENT).text
    whole = Page(town.api.get(more))
    assert "Who is left over" in whole.text, "without scripts it is a page of its own"


def test_a_job_that_failed_says_why_and_can_be_planned_again(town: Town, session):
    full_day(town)
    job = lost_day(town)
    failed(session, job, "Three workers were lost while planning it.")
    page = shown(town, job)
    assert "This could not be planned. Nothing was changed. Three workers were lost" in page.text
    assert "again" in [button.get("id") for button in page.buttons]


def test_scope_policy_and_history_are_told_in_words(town: Town):
    policy = {"others_move": True, "notice_hours": 48, "same_doctor": False, "cancel_unplaced": True}
    job = lost_day(town, policy=policy, label="Dr Sousa ill")
    text = shown(town, job).text
    for words in (
        "Dr Sousa ill",
        "Dr Ana Sousa away",
        "every hospital",
        f"{MONDAY:%a} {MONDAY.day} {MONDAY:%b %Y} times in Lisbon",
        "Another doctor of the same specialty will do.",
        "Everybody keeps the hospital.",
        "Others may move by up to 7 days to make room, unless moved in the 30 days before.",
        "No new hour begins within 48 hours of the planning.",
        "No new hour ends later than 28 days after the last one lost.",
        "Those that no hour is found for are cancelled.",
    ):
        assert words in text
    town.post("/hospitals", **hospital("far", "Asia/Kolkata"))
    week = {"monday": [{"opens": "09:00", "closes": "12:00"}]}
    hours = town.post("/reschedules", cause="hours_changed", scope={"hospital": "far", "operating_hours": week})["id"]
    assert "New hours at Far" in shown(town, hours).text


def test_files_and_other_jobs_are_one_click_away(town: Town):
    full_day(town)
    job = planned(town)
    page = shown(town, job)
    for words, name in (("Proposal (CSV)", "proposal.csv"), ("Problem (JSON)", "problem.json")):
        assert page.links[words] == f"/reschedules/{job}/{name}"
        assert town.api.get(page.links[words]).status_code == 200
    again = town.api.post(f"/app/reschedules/{job}/again").headers["location"]
    assert Page(town.api.get(again)).links["The one that this plans again"] == f"/app/reschedules/{job}"
    assert shown(town, job).links["It was planned again."] == again


def test_a_job_that_does_not_exist_is_a_page_that_says_so(town: Town):
    Page(town.api.get(f"/app/reschedules/{uuid.uuid4()}"), 404)
    Page(town.api.get("/app/reschedules/x"), 404)
    Page(town.api.get(f"/app/reschedules/{uuid.uuid4()}/appointments?kind=placed"), 404)
