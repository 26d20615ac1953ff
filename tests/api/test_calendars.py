"""A doctor's schedule on phones: subscribed to by an address that is the only key to it, and revoked."""

import datetime as dt
import uuid
from email.utils import parsedate_to_datetime

import httpx
import pytest
import structlog
from icalendar import Calendar
from sqlalchemy import text

from tests.api.town import LISBON, Town, at, next_change, refused, wait_for_lines

ALL_DAY = {
    day: [{"opens": "00:00", "closes": "24:00"}]
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}
NEVER_GIVEN = "A" * 43


def subscribe(town: Town, doctor: str = "d1", label: str = "Phone") -> str:
    """The address of a new feed."""
    return town.post(f"/doctors/{doctor}/calendar-feeds", label=label)["url"]


def read(town: Town, url: str) -> Calendar:
    response = town.api.get(url, headers={"Accept": "text/calendar"})
    assert response.status_code == 200, response.text
    return Calendar.from_ical(response.content)


def events(calendar: Calendar, summary: str = "") -> list:
    return [event for event in calendar.events if event.summary.startswith(summary)]


# The addresses


def test_an_address_is_told_once_and_lies_on_the_name_the_server_was_asked_by(town: Town):
    response = town.api.post(
        "/doctors/d1/calendar-feeds", json={"label": " Phone "}, headers={"Host": "LOCALHOST:8123"}
    )
    made = response.json()
    assert response.status_code == 201
    assert made["url"].lower().startswith("http://localhost:8123/calendars/")
    assert made["url"].endswith(".ics")
    assert len(made["url"].rpartition("/")[2]) == 43 + len(".ics")
    assert (made["label"], made["doctor"]["external_id"], made["revoked_at"]) == ("Phone", "d1", None)
    kept = {name: value for name, value in made.items() if name != "url"}
    assert town.get(response.headers["Location"]) == kept
    assert town.get("/doctors/d1/calendar-feeds")["items"] == [kept]


def test_every_device_has_its_own_address(town: Town):
    phone, desktop = subscribe(town), subscribe(town, label="Desktop")
    assert phone != desktop
    feeds = town.get("/doctors/d1/calendar-feeds")["items"]
    assert [feed["label"] for feed in feeds] == ["Phone", "Desktop"]
    assert town.api.delete(f"/calendar-feeds/{feeds[0]['id']}").status_code == 204
    refused(town.api.get(phone), 404, "unknown_calendar_feed")
    assert town.api.get(desktop).status_code == 200


def test_two_devices_of_a_doctor_have_two_labels(town: Town):
    subscribe(town)
    problem = refused(town.api.post("/doctors/d1/calendar-feeds", json={"label": "Phone"}), 409, "label_taken")
    assert problem["errors"][0]["pointer"] == "#/label"
    subscribe(town, "d2")
    (feed,) = town.get("/doctors/d1/calendar-feeds")["items"]
    town.api.delete(f"/calendar-feeds/{feed['id']}")
    subscribe(town)
    assert [each["label"] for each in town.get("/doctors/d1/calendar-feeds", revoked=True)["items"]] == ["Phone"]
    assert [each["label"] for each in town.get("/doctors/d1/calendar-feeds", revoked=False)["items"]] == ["Phone"]
    assert len(town.get("/doctors/d1/calendar-feeds")["items"]) == 2


def test_revoking_again_changes_nothing(town: Town):
    subscribe(town)
    (feed,) = town.get("/doctors/d1/calendar-feeds")["items"]
    path = f"/calendar-feeds/{feed['id']}"
    assert town.api.delete(path).status_code == 204
    revoked = town.get(path)
    assert revoked["revoked_at"]
    assert town.api.delete(path).status_code == 204
    assert town.get(path) == revoked
    refused(town.api.delete(f"/calendar-feeds/{uuid.uuid4()}"), 404, "unknown_calendar_feed")
    refused(town.api.get(f"/calendar-feeds/{uuid.uuid4()}"), 404, "unknown_calendar_feed")


def test_whoever_is_no_active_doctor_gets_no_address(town: Town):
    refused(town.api.post("/doctors/p1/calendar-feeds", json={"label": "Phone"}), 404, "unknown_doctor")
    refused(town.api.get("/doctors/p1/calendar-feeds"), 404, "unknown_doctor")
    town.put("/users/d1", name="Dr Ana Sousa", role="doctor", active=False)
    refused(town.api.post("/doctors/d1/calendar-feeds", json={"label": "Phone"}), 422, "inactive_doctor")
    for body in ({}, {"label": " "}, {"label": "x" * 201}, {"label": "a\nb"}, {"label": 1}):
        refused(town.api.post("/doctors/d2/calendar-feeds", json=body), 422)


def test_an_id_with_a_slash_has_an_address_too(town: Town):
    town.put("/users/ward/7", name="Dr Seven", role="doctor")
    assert town.api.get(subscribe(town, "ward/7")).status_code == 200


def test_sent_again_with_its_key_the_feed_is_told_again_without_its_secret(town: Town):
    def post(label: str = "Phone") -> httpx.Response:
        return town.api.post("/doctors/d1/calendar-feeds", json={"label": label}, headers={"Idempotency-Key": "once"})

    first, second = post(), post()
    assert first.json()["url"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json() == first.json() | {"url": None}
    refused(post("Desktop"), 422, "key_reused")
    assert len(town.get("/doctors/d1/calendar-feeds")["items"]) == 1


def test_neither_the_database_nor_the_log_knows_the_secret(town: Town, session):
    with structlog.testing.capture_logs() as lines:
        made = town.api.post(
            "/doctors/d1/calendar-feeds", json={"label": "Phone"}, headers={"Idempotency-Key": "once"}
        ).json()
        secret = made["url"].rpartition("/")[2].removesuffix(".ics")
        town.api.get(made["url"])
        town.api.get(made["url"] + "x")
        wait_for_lines(lines, 3)
    assert secret not in str(lines)
    assert "/calendars/{token}.ics" in str(lines)
    with session() as opened:
        tables = opened.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        for table in tables:
            assert not opened.scalar(
                text(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE :secret'), {"secret": f"%{secret}%"}
            ), table


# What nobody may learn


def test_every_address_that_leads_nowhere_answers_the_same(town: Town):
    revoked = subscribe(town)
    (feed,) = town.get("/doctors/d1/calendar-feeds")["items"]
    town.api.delete(f"/calendar-feeds/{feed['id']}")
    inactive = subscribe(town, "d2")
    town.put("/users/d2", name="Dr Rui Costa", role="doctor", active=False)
    answers = []
    for address in (revoked, inactive, f"/calendars/{NEVER_GIVEN}.ics", "/calendars/x.ics", "/calendars/%00é💥.ics"):
        problem = refused(town.api.get(address), 404, "unknown_calendar_feed")
        answers.append({name: problem[name] for name in problem.keys() - {"instance", "request_id"}})
        assert town.api.head(address).status_code == 404
    assert all(answer == answers[0] for answer in answers)


def test_who_has_left_reads_nothing_until_they_are_back(town: Town):
    url = subscribe(town)
    town.put("/users/d1", name="Dr Ana Sousa", role="doctor", active=False)
    refused(town.api.get(url), 404)
    town.put("/users/d1", name="Dr Ana Sousa", role="doctor", active=True)
    assert town.api.get(url).status_code == 200


def test_no_patient_is_named(town: Town):
    town.put("/patients/p-secret", name="Clandestina Marques")
    town.book("p-secret", "d1", "10:00")
    written = town.api.get(subscribe(town)).text
    (patient,) = (each for each in town.get("/patients")["items"] if each["external_id"] == "p-secret")
    unfolded = written.replace("\r\n ", "")
    for secret in ("p-secret", "Clandestina", "Marques", patient["id"]):
        assert secret not in unfolded


# What is in it


def test_booked_hours_are_confirmed_and_availabilities_leave_time_free(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    calendar = read(town, subscribe(town))
    (hour,) = events(calendar, "Appointment")
    assert (hour.start, hour.end) == (
        dt.datetime.fromisoformat(appointment["start"]),
        dt.datetime.fromisoformat(appointment["end"]),
    )
    assert f"DTSTART:{hour.start:%Y%m%dT%H%M%SZ}" in hour.to_ical().decode()
    assert (hour.uid, hour.status, hour.transparency) == (appointment["id"], "CONFIRMED", "OPAQUE")
    assert (hour.sequence, hour.location) == (0, "Central")
    assert hour.description.startswith("10:00 to 11:00 by the hospital")
    assert hour.description.endswith("(Europe/Lisbon)")
    assert hour.last_modified == hour.created
    (free,) = events(calendar, "Available")
    assert free.transparency == "TRANSPARENT"
    assert (free.start, free.end) == (dt.datetime.fromisoformat(at("09:00")), dt.datetime.fromisoformat(at("13:00")))
    assert calendar.calendar_name == "Dr Ana Sousa: Slotwise"
    assert calendar["X-WR-TIMEZONE"] == "Europe/Lisbon"
    assert calendar["REFRESH-INTERVAL"].dt == dt.timedelta(minutes=15)
    assert calendar["REFRESH-INTERVAL"].params["VALUE"] == "DURATION"
    assert calendar.prodid
    assert calendar.version == "2.0"


def test_what_becomes_of_an_appointment_is_told(town: Town):
    url = subscribe(town)
    told = {}
    for start, change in (("09:00", "cancel"), ("10:00", "complete"), ("11:00", "no-show")):
        appointment = town.book("p1", "d1", start)
        town.post(f"/appointments/{appointment['id']}/{change}")
        (event,) = (event for event in read(town, url).events if event.uid == appointment["id"])
        assert event.sequence == 1
        assert "LAST-MODIFIED" not in event
        told[change] = (event.summary, event.status, event.transparency)
    assert told == {
        "cancel": ("Cancelled: appointment", "CANCELLED", "TRANSPARENT"),
        "complete": ("Appointment (completed)", "CONFIRMED", "OPAQUE"),
        "no-show": ("Appointment (no-show)", "CONFIRMED", "OPAQUE"),
    }


def test_a_doctor_reads_their_own_schedule_only(town: Town):
    town.book("p1", "d1", "10:00")
    assert not events(read(town, subscribe(town, "d2")), "Appointment")


@pytest.mark.parametrize("forward", [True, False])
def test_hours_of_a_day_on_which_clocks_change_are_the_right_ones(town: Town, forward):
    """The town's hospital opens all night, so that its hours lie around the change at 01:00 UTC."""
    day = next_change(forward=forward)
    town.put("/hospitals/central/operating-hours", **ALL_DAY)
    midnight = dt.datetime.combine(day, dt.time(), LISBON).astimezone(dt.UTC)
    hours = [midnight + dt.timedelta(hours=each) for each in range(4)]
    town.post("/availabilities", doctor="d2", hospital="central", start=hours[0].isoformat(), end=at("09:00", day))
    for hour in hours:
        town.post("/appointments", patient="p1", doctor="d2", hospital="central", start=hour.isoformat())
    calendar = read(town, subscribe(town, "d2"))
    assert [event.start for event in events(calendar, "Appointment")] == hours
    assert {event.duration for event in events(calendar, "Appointment")} == {dt.timedelta(hours=1)}
    clocks = [event.description.partition(" ")[0] for event in events(calendar, "Appointment")]
    assert clocks == (["00:00", "02:00", "03:00", "04:00"] if forward else ["00:00", "01:00", "01:00", "02:00"])


# What it costs to ask again


def test_a_phone_that_asks_again_is_told_that_nothing_has_changed(town: Town):
    url = subscribe(town)
    first = town.api.get(url)
    assert first.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert first.headers["Cache-Control"] == "private, no-cache"
    has = {"If-None-Match": first.headers["ETag"]}
    for headers in (
        has,
        {"If-None-Match": f'"other", W/{first.headers["ETag"]}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first.headers["Last-Modified"]},
        has | {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        again = town.api.get(url, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert {name: again.headers[name] for name in ("ETag", "Last-Modified", "Cache-Control")} == {
            name: first.headers[name] for name in ("ETag", "Last-Modified", "Cache-Control")
        }
    for headers in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": "garbage", "If-Modified-Since": first.headers["Last-Modified"]},
        {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If-Modified-Since": "garbage"},
        {"If-Modified-Since": f"Fri, 01 Jan {10**20} 00:00:00 GMT"},
    ):
        assert town.api.get(url, headers=headers).content == first.content


def test_every_change_is_told(town: Town):
    url = subscribe(town)
    tags = []

    def changed() -> None:
        tags.append(town.api.get(url).headers["ETag"])
        assert town.api.get(url, headers={"If-None-Match": tags[-1]}).status_code == 304

    changed()
    appointment = town.book("p1", "d1", "10:00")
    changed()
    town.post(f"/appointments/{appointment['id']}/cancel")
    changed()
    town.available("d1", "14:00", "16:00")
    changed()
    town.put("/users/d1", name="Dr Ana Sousa Lima", role="doctor")
    changed()
    assert len(set(tags)) == len(tags)


def test_what_others_do_changes_nothing(town: Town):
    url = subscribe(town)
    before = town.api.get(url).headers["ETag"]
    town.book("p1", "d2", "10:00")
    assert town.api.get(url, headers={"If-None-Match": before}).status_code == 304


def test_when_it_was_last_read_is_known(town: Town):
    url = subscribe(town)
    (feed,) = town.get("/doctors/d1/calendar-feeds")["items"]
    assert feed["last_read_at"] is None
    read_at = town.api.get(url)
    (feed,) = town.get("/doctors/d1/calendar-feeds")["items"]
    now = dt.datetime.now(dt.UTC)
    assert now - dt.timedelta(minutes=1) < dt.datetime.fromisoformat(feed["last_read_at"]) <= now
    assert parsedate_to_datetime(read_at.headers["Last-Modified"]) <= now


# How phones ask


@pytest.mark.parametrize("accept", ["text/calendar", "*/*", "text/html", "application/json", "", None])
def test_whatever_a_client_accepts_it_is_given_the_calendar(town: Town, accept):
    url = subscribe(town)
    town.api.headers.pop("Accept")
    response = town.api.get(url, headers={} if accept is None else {"Accept": accept})
    assert response.headers["Content-Type"].startswith("text/calendar")
    assert response.content.startswith(b"BEGIN:VCALENDAR\r\n")


def test_a_client_may_ask_for_the_headers_alone(town: Town):
    url = subscribe(town)
    head, got = town.api.head(url), town.api.get(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("ETag", "Last-Modified", "Content-Type", "Cache-Control"):
        assert head.headers[name] == got.headers[name]
    assert town.api.head(url, headers={"If-None-Match": got.headers["ETag"]}).status_code == 304
