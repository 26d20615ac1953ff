"""From the schedule, a lost day is one click away from the form that asks for other hours."""

import datetime as dt

from tests.api.town import MONDAY, TODAY, Town, hospital
from tests.web.request_pages import Page, local

SUNDAY = MONDAY + dt.timedelta(days=6)


def schedule(town: Town, day: dt.date = MONDAY, **more: str) -> Page:
    return Page(town.api.get("/app/schedule", params={"hospital": "central", "date": str(day), "as": "list", **more}))


def led(town: Town, address: str) -> dict[str, list[str]]:
    return Page(town.api.get(address)).sent


def test_a_doctors_day_leads_to_their_being_away_on_it(town: Town):
    sent = led(town, schedule(town, doctor="d2").links["Away…"])
    assert (sent["cause"], sent["doctors"]) == (["doctor_unavailable"], ["d2"])
    assert (sent["start"], sent["end"]) == ([local("00:00")], [local("00:00", MONDAY + dt.timedelta(days=1))])


def test_the_grid_has_the_same_link_above_each_column_of_a_day(town: Town):
    day = {"hospital": "central", "date": str(MONDAY), "as": "grid"}
    columns = town.api.get("/app/schedule/data", params=day).json()["resources"]
    assert led(town, columns[0]["extendedProps"]["away"])["doctors"] == ["d1"]
    week = town.api.get("/app/schedule/data", params={**day, "view": "week"}).json()["resources"]
    assert all("away" not in column["extendedProps"] for column in week)


def test_a_day_or_a_week_of_a_hospital_leads_to_its_being_closed_then(town: Town):
    town.post("/hospitals", **hospital("far", "Asia/Kolkata"))
    sent = led(town, schedule(town).links["Hospital closed…"])
    assert (sent["cause"], sent["hospital"]) == (["hospital_closed"], ["central"])
    sent = led(town, schedule(town, view="week").links["Hospital closed…"])
    assert (sent["start"], sent["end"]) == ([local("00:00")], [local("00:00", SUNDAY + dt.timedelta(days=1))])
    sent = led(town, schedule(town, hospital="far").links["Hospital closed…"])
    assert (sent["hospital"], sent["clock"]) == (["far"], ["Asia/Kolkata"])


def test_what_is_over_cannot_be_lost_any_more(town: Town):
    page = schedule(town, TODAY - dt.timedelta(days=2), also="d1")
    assert "Hospital closed…" not in page.links
    assert "Away…" not in page.links
