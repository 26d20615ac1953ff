"""The overview over HTTP: as JSON for programs and as CSV for spreadsheets, with the same numbers."""

import csv
import datetime as dt
import io

import pytest
from sqlalchemy import insert, update

from api.app import create_app
from models.booking import BookingRequest, PlanningRun, RequestStatus
from models.schedule import Appointment
from tests.api.town import MONDAY, Town, at, decide, hospital, refused

TUESDAY = MONDAY + dt.timedelta(days=1)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
FILES = (
    "/overview/utilisation.csv?hospital=central",
    "/overview/waiting.csv",
    "/overview/time-to-appointment.csv",
    "/overview/conflicts.csv",
    "/planning-runs.csv",
)
HOURS_TAKEN = {"kind": "hours_taken", "message": "m", "facts": {}, "certificate": {}, "alternatives": []}


def lines(town: Town, path: str, **params) -> list[dict[str, str]]:
    response = town.api.get(path, params=params, headers={"Accept": BROWSER})
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def test_utilisation_is_told_by_doctor_and_day(town: Town):
    town.book("p1", "d1", "10:00")
    cancelled = town.book("p2", "d1", "11:00")
    town.post(f"/appointments/{cancelled['id']}/cancel")
    found = town.get("/overview/utilisation", hospital="central", **{"from": str(MONDAY)}, weeks=1)
    assert found["hospital"]["timezone"] == "Europe/Lisbon"
    assert found["total"] == {"booked": 1, "bookable": 8, "share": 0.125}
    assert [day["date"] for day in found["days"]] == [str(MONDAY + dt.timedelta(days=each)) for each in range(7)]
    assert found["days"][0] == {"date": str(MONDAY), "booked": 1, "bookable": 8, "share": 0.125}
    assert found["days"][1] == {"date": str(TUESDAY), "booked": 0, "bookable": 0, "share": None}
    ana, rui = found["doctors"]
    assert (ana["external_id"], ana["name"], ana["total"]["share"]) == ("d1", "Dr Ana Sousa", 0.25)
    assert (rui["external_id"], rui["days"][0]["share"]) == ("d2", 0.0)


def test_utilisation_begins_today_and_lasts_two_weeks_unless_told(town: Town):
    days = town.get("/overview/utilisation", hospital="central")["days"]
    assert days[0]["date"] == town.get("/schedule", hospital="central")["days"][0]["date"]
    assert len(days) == 14


def test_a_night_counts_to_the_day_on_which_it_starts_as_in_the_schedule(town: Town):
    town.post("/hospitals", **hospital("night", hours={"monday": [{"opens": "22:00", "closes": "06:00"}]}))
    town.post("/availabilities", doctor="d1", hospital="night", start=at("22:00"), end=at("06:00", TUESDAY))
    town.post("/appointments", patient="p1", doctor="d1", hospital="night", start=at("02:00", TUESDAY))
    monday, tuesday, *_ = town.get("/overview/utilisation", hospital="night", **{"from": str(MONDAY)})["days"]
    assert (monday["booked"], monday["bookable"], tuesday["bookable"]) == (1, 8, 0)


def test_a_hospital_without_doctors_has_days_and_no_shares(town: Town):
    town.post("/hospitals", **hospital("empty", hours={}))
    found = town.get("/overview/utilisation", hospital="empty", weeks=5)
    assert (len(found["days"]), found["doctors"], found["total"]["share"]) == (35, [], None)


def test_what_waits_is_told_by_priority_and_age(town: Town, session):
    town.post("/booking-requests", **town.wish("p1", priority="urgent"))
    with session() as open_session:
        hour_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
        open_session.execute(update(BookingRequest).values(created_at=hour_ago))
    town.post("/booking-requests", **town.wish("p2"))
    found = town.get("/overview/waiting")
    urgent, soon, routine = found["priorities"]
    assert found["total"] == 2
    assert (urgent["by_age"]["from_1_hour"], urgent["total"]) == (1, 1)
    assert 3600 <= urgent["oldest_seconds"] < 3700
    assert (soon["total"], soon["oldest_seconds"]) == (0, None)
    assert (routine["by_age"]["under_1_minute"], routine["total"]) == (1, 1)
    assert [
        (line["priority"], line["from_1_hour"], line["total"]) for line in lines(town, "/overview/waiting.csv")
    ] == [
        ("urgent", "1", "1"),
        ("soon", "0", "0"),
        ("routine", "0", "1"),
    ]


def test_the_time_to_appointment_is_told_by_priority(town: Town, session):
    request = town.post("/booking-requests", **town.wish("p1", priority="soon"))
    appointment = town.book("p1", "d1", "10:00")
    with session() as open_session:
        decide(open_session, request["id"], RequestStatus.BOOKED)
        open_session.execute(
            update(Appointment).where(Appointment.id == appointment["id"]).values(booking_request_id=request["id"])
        )
        three_days = dt.datetime.fromisoformat(appointment["start"]) - dt.timedelta(days=3)
        open_session.execute(update(BookingRequest).values(created_at=three_days))
    found = town.get("/overview/time-to-appointment", days=1)
    assert [each["priority"] for each in found["priorities"]] == ["urgent", "soon", "routine", None]
    urgent, soon, _, together = found["priorities"]
    assert (soon["requests"], soon["median_days"], soon["ninetieth_days"]) == (1, 3.0, 3.0)
    assert soon["by_delay"]["from_3_days"] == 1
    assert (urgent["requests"], urgent["median_days"]) == (0, None)
    assert together == soon | {"priority": None}
    last = lines(town, "/overview/time-to-appointment.csv")[-1]
    assert (last["priority"], last["requests"], last["median_days"], last["from_3_days"]) == ("all", "1", "3.0", "1")


def test_refusals_are_told_by_kind_and_priority(town: Town, session):
    wanted, given_up = (town.post("/booking-requests", **town.wish("p1", priority="soon"))["id"] for _ in range(2))
    with session() as open_session:
        decide(open_session, wanted, RequestStatus.CONFLICT, HOURS_TAKEN)
        decide(open_session, given_up, RequestStatus.CONFLICT, HOURS_TAKEN)
    town.api.delete(f"/booking-requests/{given_up}")
    found = town.get("/overview/conflicts")
    taken = next(kind for kind in found["kinds"] if kind["kind"] == "hours_taken")
    assert (found["total"], len(found["kinds"])) == (2, 5)
    assert taken == {
        "kind": "hours_taken",
        "total": 2,
        "standing": 1,
        "by_priority": {"urgent": 0, "soon": 2, "routine": 0},
    }
    (line,) = (line for line in lines(town, "/overview/conflicts.csv") if line["total"] != "0")
    assert line == {"kind": "hours_taken", "urgent": "0", "soon": "2", "routine": "0", "total": "2", "standing": "1"}


def outcome(status: str, reached: int, bound: int) -> dict:
    goals = {"moved": 0, "inconvenience": 0}
    return {
        "status": status,
        "objective": {"booked": {"urgent": 0, "soon": 0, "routine": reached}, **goals},
        "bound": {"booked": {"urgent": 0, "soon": 0, "routine": bound}, **goals},
    }


def test_planning_runs_say_what_is_proved(town: Town, session):
    began = dt.datetime.now(dt.UTC)
    run = {"worker": "w", "lease_expires_at": began, "requests": 200, "started_at": began}
    done = run | {"status": "committed", "finished_at": began + dt.timedelta(seconds=2.5)}
    done |= {"booked": 199, "conflicts": 1, "requeued": 0}
    with session() as open_session:
        for values in (
            done | {"outcome": outcome("optimal", 199, 199)},
            done | {"outcome": outcome("feasible", 199, 200)},
            run | {"status": "failed", "finished_at": began, "error": "=cmd|' /C calc'!A1"},
            run,
        ):
            open_session.execute(insert(PlanningRun).values(values))
    planning, failed, feasible, optimal = town.get("/planning-runs")["items"]
    assert optimal["proof"] == {"best": True, "goal": None, "reached": 0, "bound": 0, "gap": 0.0}
    assert feasible["proof"] == {"best": False, "goal": "routine", "reached": 199, "bound": 200, "gap": 0.005}
    assert planning["proof"] is failed["proof"] is None
    told = lines(town, "/planning-runs.csv")
    assert [(line["proved_best"], line["open_goal"], line["gap"]) for line in told] == [
        ("", "", ""),
        ("", "", ""),
        ("false", "routine", "0.005"),
        ("true", "", "0.0"),
    ]
    assert (told[3]["seconds"], told[3]["requests"], told[3]["booked"]) == ("2.5", "200", "199")
    assert dt.datetime.fromisoformat(told[3]["started_at"]) == began
    assert told[1]["error"] == "'=cmd|' /C calc'!A1"
    assert len(lines(town, "/planning-runs.csv", limit=2)) == 2


@pytest.mark.parametrize("path", FILES)
def test_a_link_to_a_file_is_saved_by_a_browser_and_opened_by_a_spreadsheet(town: Town, path):
    response = town.api.get(path, headers={"Accept": BROWSER})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].startswith('attachment; filename="')
    assert response.headers["content-disposition"].endswith('.csv"')
    assert response.content.startswith(b"\xef\xbb\xbf")
    assert response.content.endswith(b"\r\n")
    assert town.api.get(path, headers={"Accept": "text/csv"}).status_code == 200
    problem = refused(town.api.get(path, headers={"Accept": "application/json"}), 406, "not_acceptable")
    assert "text/csv" in problem["detail"]


def test_no_cell_becomes_a_formula(town: Town):
    for name in ("=1+1", "+1", "-1", "@SUM(A1)", "Dr = Ok"):
        town.put("/users/d1", name=name, role="doctor", specialties=["cardiology"])
        told = {line["doctor_name"] for line in lines(town, "/overview/utilisation.csv", hospital="central", weeks=3)}
        assert told == {"Dr Rui Costa", name if name.endswith("Ok") else f"'{name}"}


def test_names_and_numbers_come_through(town: Town):
    town.put("/users/d1", name='João "Zé", Ph.D.', role="doctor", specialties=["cardiology"])
    town.book("p1", "d1", "10:00")
    told = lines(town, "/overview/utilisation.csv", hospital="central", **{"from": str(MONDAY)}, weeks=1)
    assert len(told) == 14
    (line,) = (line for line in told if line["booked"] == "1")
    assert line == {
        "date": str(MONDAY),
        "doctor": "d1",
        "doctor_name": 'João "Zé", Ph.D.',
        "booked": "1",
        "bookable": "4",
        "share": "0.25",
    }


@pytest.mark.parametrize("suffix", ["", ".csv"])
def test_what_is_asked_wrongly_is_explained(town: Town, suffix):
    for params, code in (
        ({}, "missing"),
        ({"hospital": "nowhere"}, "unknown_hospital"),
        ({"hospital": "central", "from": "today"}, "not_a_date"),
        ({"hospital": "central", "from": "9999-12-31"}, "date_out_of_reach"),
        ({"hospital": "central", "weeks": "6"}, "out_of_range"),
        ({"hospital": "central", "weeks": "0"}, "out_of_range"),
    ):
        problem = refused(town.api.get(f"/overview/utilisation{suffix}", params=params), 422, code)
        assert problem["errors"][0]["parameter"] in {"hospital", "from", "weeks"}
    for path in ("/overview/time-to-appointment", "/overview/conflicts"):
        assert refused(town.api.get(path + suffix, params={"days": "367"}), 422, "out_of_range")


def test_the_reference_tells_files_from_json():
    paths = create_app().openapi()["paths"]
    for path in FILES:
        (kind,) = paths[path.partition("?")[0]]["get"]["responses"]["200"]["content"]
        assert kind == "text/csv"
