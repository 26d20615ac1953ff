"""The feed of events: nothing missed, nothing twice, and worth waiting for."""

import datetime as dt
import threading
import time
from typing import Any

from tests.api.town import Town, at, refused


def as_told(appointment: dict[str, Any]) -> dict[str, Any]:
    """What an event tells of an appointment as it is answered."""
    start = dt.datetime.fromisoformat(appointment["start"]).astimezone(dt.UTC)
    return {
        "appointment": appointment["id"],
        "version": appointment["version"],
        "doctor": appointment["doctor"]["id"],
        "hospital": appointment["hospital"]["id"],
        "start": start.isoformat(),
    }


def test_events_are_read_from_where_one_stopped(town: Town):
    start = town.get("/events")["next_cursor"]
    first, second = town.book("p1", "d1", "10:00"), town.book("p2", "d2", "10:00")
    town.post(f"/appointments/{first['id']}/cancel")
    feed = town.get("/events", cursor=start)
    told = [(each["topic"], each["payload"]) for each in feed["items"]]
    assert told == [
        ("appointment.booked", as_told(first)),
        ("appointment.booked", as_told(second)),
        ("appointment.cancelled", as_told(first) | {"version": 2}),
    ]
    assert town.get("/events", cursor=feed["next_cursor"]) == {"items": [], "next_cursor": feed["next_cursor"]}


def test_what_a_schedule_shows_is_told_with_its_hospital(town: Town):
    here = {"hospital": town.get("/hospitals/central")["id"]}
    start = town.get("/events")["next_cursor"]
    added = town.available("d1", "14:00", "16:00")
    the_added = {"availability": added["id"], **here}
    town.api.patch(f"/availabilities/{added['id']}", json={"end": at("17:00")})
    town.api.delete(f"/availabilities/{added['id']}")
    town.put("/hospitals/central/exceptions/2031-01-01", hours=[])
    told = [(each["topic"], each["payload"]) for each in town.get("/events", cursor=start)["items"]]
    assert told == [
        ("availability.added", the_added),
        ("availability.changed", the_added),
        ("availability.withdrawn", the_added),
        ("hospital.hours_changed", here),
    ]


def test_requests_queued_together_are_one_event(town: Town):
    start = town.get("/events")["next_cursor"]
    batch = town.post("/booking-batches", requests=[town.wish(), town.wish("p2")])["id"]
    alone = town.post("/booking-requests", **town.wish())["id"]
    town.api.delete(f"/booking-requests/{alone}")
    told = [(each["topic"], each["payload"]) for each in town.get("/events", cursor=start)["items"]]
    assert told == [
        ("booking_request.queued", {"batch": batch, "count": 2}),
        ("booking_request.queued", {"booking_requests": [alone], "count": 1}),
        ("booking_request.decided", {"booking_request": alone, "status": "cancelled"}),
    ]


def test_events_come_a_page_at_a_time(town: Town):
    for hour in ("09:00", "10:00", "11:00"):
        town.book("p1", "d1", hour)
    whole = town.get("/events")["items"]
    response, seen = town.api.get("/events", params={"limit": 1}), []
    while response.json()["items"]:
        seen += response.json()["items"]
        response = town.api.get(response.links["next"]["url"])
    assert seen == whole


def test_a_reader_waits_for_the_next_event(town: Town):
    cursor = town.get("/events")["next_cursor"]
    threading.Timer(0.3, town.book, ["p1", "d1", "10:00"]).start()
    began = time.monotonic()
    (event,) = town.get("/events", cursor=cursor, wait=20)["items"]
    assert event["topic"] == "appointment.booked"
    assert time.monotonic() - began < 10


def test_what_is_asked_wrongly_is_explained(api):
    for params in ({"cursor": "x"}, {"cursor": "WyIxIl0"}, {"cursor": "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTkiLCIxIl0"}):
        refused(api.get("/events", params=params), 422, "unreadable_cursor")
    refused(api.get("/events", params={"wait": 31}), 422, "out_of_range")
    refused(api.get("/events", params={"limit": 10**30}), 422, "out_of_range")
