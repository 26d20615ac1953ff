"""A hospital's day and week: open, available, standing, free; past midnight and on days on which clocks change."""

import datetime as dt
from itertools import pairwise

from sqlalchemy import text

from tests.api.town import EVERY_DAY, MONDAY, TODAY, Town, at, hospital, next_change, refused

TUESDAY = MONDAY + dt.timedelta(days=1)


def starts(periods):
    return [period["start"] for period in periods]


def test_a_day_shows_openings_availabilities_appointments_and_free_hours(town: Town):
    booked, cancelled = town.book("p1", "d1", "10:00"), town.book("p2", "d1", "11:00")
    town.post(f"/appointments/{cancelled['id']}/cancel")
    shown = town.get("/schedule", hospital="central", date=str(MONDAY))
    assert shown["hospital"]["timezone"] == "Europe/Lisbon"
    (day,) = shown["days"]
    assert (day["date"], day["start"], day["end"]) == (str(MONDAY), at("00:00"), at("00:00", TUESDAY))
    assert day["openings"] == [{"start": at("09:00"), "end": at("18:00")}]
    ana, rui = shown["doctors"]
    assert (ana["name"], ana["specialties"], rui["name"]) == ("Dr Ana Sousa", ["cardiology"], "Dr Rui Costa")
    assert [(each["start"], each["end"]) for each in ana["availabilities"]] == [(at("09:00"), at("13:00"))]
    assert [(each["id"], each["patient"]["name"]) for each in ana["appointments"]] == [(booked["id"], "Maria Silva")]
    assert starts(ana["free_hours"]) == [at("09:00"), at("11:00"), at("12:00")]
    assert starts(rui["free_hours"]) == [at("09:00"), at("10:00"), at("11:00"), at("12:00")]


def test_every_free_hour_can_be_booked(town: Town):
    for column in town.get("/schedule", hospital="central", date=str(MONDAY))["doctors"]:
        for place, hour in enumerate(column["free_hours"]):
            patient = town.put(f"/patients/{column['external_id']}-{place}", name="N")
            town.post(
                "/appointments", patient=patient["id"], doctor=column["id"], hospital="central", start=hour["start"]
            )
    columns = town.get("/schedule", hospital="central", date=str(MONDAY))["doctors"]
    assert [(len(each["appointments"]), each["free_hours"]) for each in columns] == [(4, []), (4, [])]


def test_a_week_has_every_day_and_the_doctors_asked_for(town: Town):
    shown = town.get("/schedule", hospital="central", date=str(MONDAY), days=7, doctor="d1")
    assert [day["date"] for day in shown["days"]] == [str(MONDAY + dt.timedelta(days=each)) for each in range(7)]
    assert [each["external_id"] for each in shown["doctors"]] == ["d1"]
    empty = town.get("/schedule", hospital="central", date=str(TUESDAY), doctor=["d1", "d2"])
    assert [(each["external_id"], each["availabilities"]) for each in empty["doctors"]] == [("d1", []), ("d2", [])]
    assert town.get("/schedule", hospital="central", date=str(TUESDAY))["doctors"] == []


def test_doctors_can_be_asked_for_by_specialty(town: Town):
    def asked(**params):
        return [each["external_id"] for each in town.get("/schedule", hospital="central", **params)["doctors"]]

    assert asked(date=str(MONDAY), specialty="Cardiology") == ["d1"]
    assert asked(date=str(MONDAY), specialty="cardiology", doctor="d2") == []
    assert asked(date=str(TUESDAY), specialty="cardiology", doctor=["d1", "d2"]) == ["d1"]
    assert asked(date=str(MONDAY), specialty="surgery") == []


def test_today_is_meant_where_no_date_is_given(town: Town):
    assert town.get("/schedule", hospital="central")["days"][0]["date"] in {
        str(TODAY),
        str(TODAY + dt.timedelta(days=1)),
    }


def test_touching_availabilities_join(town: Town):
    town.api.delete(f"/availabilities/{town.get('/availabilities', doctor='d1')['items'][0]['id']}")
    town.available("d1", "09:00", "10:30")
    town.available("d1", "10:30", "12:00")
    (ana,) = town.get("/schedule", hospital="central", date=str(MONDAY), doctor="d1")["doctors"]
    assert len(ana["availabilities"]) == 2
    assert starts(ana["free_hours"]) == [at("09:00"), at("10:00"), at("11:00")]


def test_a_closed_day_says_why(town: Town):
    town.put(f"/hospitals/central/exceptions/{TUESDAY}", hours=[], reason="Works")
    (day,) = town.get("/schedule", hospital="central", date=str(TUESDAY))["days"]
    assert (day["openings"], day["exception"], day["reason"]) == ([], True, "Works")


def test_a_night_belongs_to_the_day_on_which_it_starts(town: Town):
    nights = {"monday": [{"opens": "22:00", "closes": "06:00"}], "tuesday": [{"opens": "08:00", "closes": "12:00"}]}
    town.post("/hospitals", **hospital("night", hours=nights))
    town.post("/availabilities", doctor="d1", hospital="night", start=at("22:00"), end=at("06:00", TUESDAY))
    hour = town.post("/appointments", patient="p1", doctor="d1", hospital="night", start=at("02:00", TUESDAY))
    shown = town.get("/schedule", hospital="night", date=str(MONDAY))
    assert shown["days"][0]["openings"] == [{"start": at("22:00"), "end": at("06:00", TUESDAY)}]
    assert shown["days"][0]["end"] == at("06:00", TUESDAY)
    assert [each["id"] for each in shown["doctors"][0]["appointments"]] == [hour["id"]]
    assert len(shown["doctors"][0]["free_hours"]) == 7
    after = town.get("/schedule", hospital="night", date=str(TUESDAY))
    assert after["days"][0]["start"] == at("06:00", TUESDAY)
    assert after["days"][0]["openings"] == [{"start": at("08:00", TUESDAY), "end": at("12:00", TUESDAY)}]
    assert after["doctors"] == []


def test_a_hospital_that_never_closes_is_cut_at_midnight(town: Town):
    town.post(
        "/hospitals", **hospital("round", hours={day: [{"opens": "00:00", "closes": "24:00"}] for day in EVERY_DAY})
    )
    days = town.get("/schedule", hospital="round", date=str(MONDAY), days=7)["days"]
    for day, following in pairwise(days):
        assert day["openings"] == [{"start": day["start"], "end": day["end"]}]
        assert day["end"] == following["start"]


def test_days_on_which_clocks_change_have_23_and_25_hours(town: Town):
    town.post(
        "/hospitals", **hospital("round", hours={day: [{"opens": "00:00", "closes": "24:00"}] for day in EVERY_DAY})
    )
    for forward, hours in ((True, 23), (False, 25)):
        date = next_change(forward=forward)
        start, end = at("00:00", date), at("00:00", date + dt.timedelta(days=1))
        town.post("/availabilities", doctor="d1", hospital="round", start=start, end=end)
        shown = town.get("/schedule", hospital="round", date=str(date))
        assert (shown["days"][0]["start"], shown["days"][0]["end"]) == (start, end)
        free = starts(shown["doctors"][0]["free_hours"])
        assert len(set(free)) == hours
        assert sum(hour[11:16] == "01:00" for hour in free) == {23: 0, 25: 2}[hours]


def test_hours_that_have_begun_are_not_free(town: Town, session):
    """Openings reach into the past once a hospital is old enough; here they are put there."""
    yesterday = TODAY - dt.timedelta(days=1)
    with session() as open_session:
        for table, columns, values in (
            ("opening", "hospital_id, during", "h.id, :during"),
            ("availability", "doctor_id, hospital_id, during", "d.id, h.id, :during"),
        ):
            open_session.execute(
                text(
                    f"INSERT INTO {table} ({columns}) SELECT {values.replace(':during', 'CAST(:during AS tstzrange)')}"
                    " FROM hospital h, app_user d WHERE h.external_id = 'central' AND d.external_id = 'd1'"
                ),
                {"during": f"[{at('09:00', yesterday)},{at('12:00', yesterday)})"},
            )
    (ana,) = town.get("/schedule", hospital="central", date=str(yesterday))["doctors"]
    assert len(ana["availabilities"]) == 1
    assert ana["free_hours"] == []


def test_what_is_asked_wrongly_is_explained(town: Town):
    for params, code in (
        ({}, "missing"),
        ({"hospital": "nowhere"}, "unknown_hospital"),
        ({"hospital": "central", "doctor": "d9"}, "unknown_doctor"),
        ({"hospital": "central", "date": "today"}, "not_a_date"),
        ({"hospital": "central", "date": "9999-12-31"}, "date_out_of_reach"),
        ({"hospital": "central", "date": "0001-01-01"}, "date_out_of_reach"),
        ({"hospital": "central", "days": "8"}, "out_of_range"),
    ):
        problem = refused(town.api.get("/schedule", params=params), 422, code)
        assert problem["errors"][0]["parameter"] in {"hospital", "doctor", "date", "days"}
