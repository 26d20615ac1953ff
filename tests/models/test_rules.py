"""Every scheduling rule holds against plain SQL, whatever the code does."""

import datetime as dt
import uuid
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from models.rules import RULES
from tests.models.network import Network, at


@pytest.fixture
def sql(session: Session):
    def execute(statement: str, **values):
        return session.execute(text(statement), values)

    return execute


@pytest.fixture
def refused(session: Session):
    """Runs a statement that must break the named constraint."""

    def run(constraint: str, statement: str, **values):
        with pytest.raises(IntegrityError) as caught, session.begin_nested():
            session.execute(text(statement), values)
        assert caught.value.orig.diag.constraint_name == constraint

    return run


def hour(start: dt.datetime) -> str:
    return f"[{start.isoformat()},{(start + dt.timedelta(hours=1)).isoformat()})"


def span(start: dt.datetime, end: dt.datetime) -> str:
    return f"[{start.isoformat()},{end.isoformat()})"


ADD_OPENING = "INSERT INTO opening (hospital_id, during) VALUES (:hospital, :during)"
ADD_AVAILABILITY = "INSERT INTO availability (doctor_id, hospital_id, during) VALUES (:doctor, :hospital, :during)"
ADD_APPOINTMENT = """
    INSERT INTO appointment (patient_id, doctor_id, hospital_id, timezone, during, status)
    VALUES (:patient, :doctor, :hospital, :timezone, :during, :status) RETURNING id
"""


@pytest.fixture
def schedule(sql, network: Network):
    """Doctor 1 sees patients in Lisbon on Tuesday from 9 to 13; patient 1 has the hour at 10."""
    sql(ADD_AVAILABILITY, doctor=network.doctors[0], hospital=network.lisbon, during=span(at("09:00"), at("13:00")))
    return {
        "patient": network.patients[1],
        "doctor": network.doctors[0],
        "hospital": network.lisbon,
        "timezone": "Europe/Lisbon",
        "status": "booked",
        "appointment": sql(
            ADD_APPOINTMENT,
            patient=network.patients[0],
            doctor=network.doctors[0],
            hospital=network.lisbon,
            timezone="Europe/Lisbon",
            during=hour(at("10:00")),
            status="booked",
        ).scalar_one(),
    }


def test_openings_of_one_hospital_do_not_overlap(refused, network):
    refused("opening_no_overlap", ADD_OPENING, hospital=network.lisbon, during=span(at("16:00"), at("18:00")))


def test_a_period_is_finite_half_open_and_not_empty(refused, network):
    for during in (
        "empty",
        "(,2030-01-01 00:00+00)",
        "[2030-01-01 00:00+00,2030-01-02 00:00+00]",
        "[-infinity,infinity)",
    ):
        refused("opening_period_whole", ADD_OPENING, hospital=network.lisbon, during=during)
        refused(
            "availability_period_whole",
            ADD_AVAILABILITY,
            doctor=network.doctors[0],
            hospital=network.lisbon,
            during=during,
        )


def test_a_doctor_is_in_one_place_at_a_time(refused, schedule, network):
    # 09:30 to 11:00 in Delhi is 04:00 to 05:30 UTC, so it takes a later opening to overlap Lisbon's morning.
    refused(
        "availability_one_place_at_a_time",
        ADD_AVAILABILITY,
        doctor=network.doctors[0],
        hospital=network.delhi,
        during=span(at("09:00"), at("11:00")),
    )
    refused(
        "availability_one_place_at_a_time",
        ADD_AVAILABILITY,
        doctor=network.doctors[0],
        hospital=network.lisbon,
        during=span(at("12:00"), at("14:00")),
    )


def test_the_key_that_appointments_refer_to_holds_by_itself(sql, refused, schedule, network):
    sql("ALTER TABLE availability DROP CONSTRAINT availability_one_place_at_a_time")
    refused(
        "availability_by_hospital",
        ADD_AVAILABILITY,
        doctor=network.doctors[0],
        hospital=network.lisbon,
        during=span(at("12:00"), at("14:00")),
    )


def test_an_availability_lies_within_the_openings(refused, network):
    for during in (span(at("08:00"), at("10:00")), span(at("16:00"), at("18:00")), span(at("20:00"), at("21:00"))):
        refused(
            "availability_within_openings",
            ADD_AVAILABILITY,
            doctor=network.doctors[1],
            hospital=network.lisbon,
            during=during,
        )


def test_an_opening_cannot_be_taken_from_under_an_availability(refused, schedule):
    refused(
        "availability_within_openings",
        "DELETE FROM opening WHERE hospital_id = :hospital AND during @> :start",
        hospital=schedule["hospital"],
        start=at("09:00"),
    )


def test_an_availability_may_span_openings_that_touch(sql, network):
    sql(ADD_OPENING, hospital=network.lisbon, during=span(at("17:00"), at("19:00")))
    sql(ADD_AVAILABILITY, doctor=network.doctors[0], hospital=network.lisbon, during=span(at("16:00"), at("18:00")))


def test_an_appointment_lasts_one_hour(refused, schedule):
    for during in (span(at("11:00"), at("11:30")), span(at("11:00"), at("13:00")), "empty"):
        refused("appointment_lasts_one_hour", ADD_APPOINTMENT, **schedule | {"during": during})


def test_an_appointment_starts_on_the_hour_by_the_hospitals_clock(sql, refused, schedule, network):
    refused("appointment_starts_on_the_hour", ADD_APPOINTMENT, **schedule | {"during": hour(at("11:30"))})
    in_delhi = {"hospital": network.delhi, "timezone": "Asia/Kolkata", "doctor": network.doctors[1]}
    sql(ADD_AVAILABILITY, **in_delhi, during=span(at("10:00", offset="+05:30"), at("12:00", offset="+05:30")))
    refused("appointment_starts_on_the_hour", ADD_APPOINTMENT, **schedule | in_delhi | {"during": hour(at("05:00"))})
    sql(ADD_APPOINTMENT, **schedule | in_delhi | {"during": hour(at("04:30"))})


@pytest.mark.parametrize(
    ("timezone", "on_the_hour", "off_the_hour"),
    [
        ("Asia/Kathmandu", "2026-12-01T04:15:00+00:00", "2026-12-01T04:00:00+00:00"),
        # Lord Howe's clocks go back by half an hour at 02:00 (15:00 UTC) on 5 April 2026, from +11:00 to +10:30.
        ("Australia/Lord_Howe", "2026-04-04T14:00:00+00:00", "2026-04-04T14:30:00+00:00"),
        ("Australia/Lord_Howe", "2026-04-04T15:30:00+00:00", "2026-04-04T15:00:00+00:00"),
        # Lisbon's 01:00 comes twice on 25 October 2026: both are on the hour.
        ("Europe/Lisbon", "2026-10-25T00:00:00+00:00", "2026-10-25T00:30:00+00:00"),
        ("Europe/Lisbon", "2026-10-25T01:00:00+00:00", "2026-10-25T01:30:00+00:00"),
    ],
)
def test_on_the_hour_follows_the_clock_across_changes(sql, refused, network, timezone, on_the_hour, off_the_hour):
    hospital = sql(
        "INSERT INTO hospital (name, timezone, projected_until) VALUES ('H', :tz, '2027-01-01') RETURNING id",
        tz=timezone,
    ).scalar_one()
    sql(ADD_OPENING, hospital=hospital, during="[2026-01-01 00:00+00,2027-01-01 00:00+00)")
    sql(
        ADD_AVAILABILITY,
        doctor=network.doctors[0],
        hospital=hospital,
        during="[2026-01-01 00:00+00,2027-01-01 00:00+00)",
    )
    values = {
        "patient": network.patients[0],
        "doctor": network.doctors[0],
        "hospital": hospital,
        "timezone": timezone,
        "status": "booked",
    }
    wrong = hour(dt.datetime.fromisoformat(off_the_hour))
    refused("appointment_starts_on_the_hour", ADD_APPOINTMENT, **values, during=wrong)
    sql(ADD_APPOINTMENT, **values, during=hour(dt.datetime.fromisoformat(on_the_hour)))


def test_an_appointment_knows_its_hospitals_time_zone(sql, refused, schedule, network):
    wrong = schedule | {"timezone": "Asia/Kolkata", "during": hour(at("11:30"))}
    refused("appointment_hospital_id_timezone_exists", ADD_APPOINTMENT, **wrong)
    refused(
        "appointment_starts_on_the_hour",
        "UPDATE hospital SET timezone = 'Asia/Kolkata' WHERE id = :hospital",
        hospital=network.lisbon,
    )


def test_a_doctor_has_one_appointment_at_an_hour(refused, schedule):
    refused("appointment_doctor_free", ADD_APPOINTMENT, **schedule | {"during": hour(at("10:00"))})


def test_a_patient_has_one_appointment_at_an_hour_even_where_hours_overlap_by_half(sql, refused, schedule, network):
    # Delhi's 15:00 is 09:30 UTC: it overlaps the patient's 10:00 in Lisbon by half an hour.
    in_delhi = {"hospital": network.delhi, "timezone": "Asia/Kolkata", "doctor": network.doctors[1]}
    sql(ADD_AVAILABILITY, **in_delhi, during=span(at("09:00", offset="+05:30"), at("17:00", offset="+05:30")))
    busy = schedule | in_delhi | {"patient": network.patients[0], "during": hour(at("09:30"))}
    refused("appointment_patient_free", ADD_APPOINTMENT, **busy)


def test_a_cancelled_appointment_occupies_nothing(sql, schedule):
    sql("UPDATE appointment SET status = 'cancelled' WHERE id = :appointment", appointment=schedule["appointment"])
    sql(ADD_APPOINTMENT, **schedule | {"during": hour(at("10:00"))})


def test_a_cancelled_appointment_cannot_come_back_to_an_hour_that_is_taken(sql, refused, schedule):
    sql("UPDATE appointment SET status = 'cancelled' WHERE id = :appointment", appointment=schedule["appointment"])
    sql(ADD_APPOINTMENT, **schedule | {"during": hour(at("10:00"))})
    refused(
        "appointment_doctor_free",
        "UPDATE appointment SET status = 'booked' WHERE id = :appointment",
        appointment=schedule["appointment"],
    )


def test_an_appointment_lies_within_its_doctors_availability_there(refused, schedule, network):
    outside = "appointment_within_availability"
    refused(outside, ADD_APPOINTMENT, **schedule | {"during": hour(at("14:00"))})
    refused(outside, ADD_APPOINTMENT, **schedule | {"doctor": network.doctors[1], "during": hour(at("11:00"))})


def test_an_availability_cannot_be_taken_from_under_an_appointment(refused, schedule):
    outside = "appointment_within_availability"
    refused(outside, "DELETE FROM availability WHERE doctor_id = :doctor", doctor=schedule["doctor"])
    refused(
        outside,
        "UPDATE availability SET during = :during WHERE doctor_id = :doctor",
        doctor=schedule["doctor"],
        during=span(at("11:00"), at("13:00")),
    )


def test_an_appointment_may_span_availabilities_that_touch(sql, schedule, network):
    sql("UPDATE availability SET during = :during", during=span(at("09:00"), at("11:30")))
    sql(ADD_AVAILABILITY, doctor=network.doctors[0], hospital=network.lisbon, during=span(at("11:30"), at("13:00")))
    sql(ADD_APPOINTMENT, **schedule | {"during": hour(at("11:00"))})


def test_one_transaction_may_change_openings_availabilities_and_appointments_together(sql, schedule, session):
    sql("SET CONSTRAINTS ALL DEFERRED")
    sql("DELETE FROM opening WHERE during @> :start", start=at("09:00"))
    sql("DELETE FROM availability")
    sql("UPDATE appointment SET status = 'cancelled'")
    session.commit()


def test_what_was_deferred_is_checked_at_the_commit(sql, schedule, session):
    session.commit()
    sql("SET CONSTRAINTS ALL DEFERRED")
    sql("DELETE FROM availability")
    with pytest.raises(IntegrityError) as caught:
        session.commit()
    assert caught.value.orig.diag.constraint_name == "appointment_within_availability"


def test_a_request_is_booked_at_most_once(sql, refused, schedule, network):
    request = sql(
        "INSERT INTO booking_request (patient_id, priority, earliest, latest)"
        " VALUES (:patient, 'routine', now(), now()) RETURNING id",
        patient=network.patients[0],
    ).scalar_one()
    sql("UPDATE appointment SET booking_request_id = :request", request=request)
    sql(ADD_APPOINTMENT, **schedule | {"during": hour(at("11:00"))})
    refused(
        "appointment_booking_request_id_unique",
        "UPDATE appointment SET booking_request_id = :request WHERE booking_request_id IS NULL",
        request=request,
    )


def test_only_a_user_who_is_a_doctor_is_one(sql, refused, network):
    nurse = sql("INSERT INTO app_user (external_id, name, role) VALUES ('n', 'N', 'staff') RETURNING id").scalar_one()
    refused("doctor_id_role_exists", "INSERT INTO doctor (id) VALUES (:id)", id=nurse)
    refused("doctor_id_role_exists", "UPDATE app_user SET role = 'staff' WHERE id = :id", id=network.doctors[0])


@pytest.mark.parametrize(
    ("constraint", "status", "values"),
    [
        ("booking_request_planned_by_a_run", "planning", {}),
        ("booking_request_decided_once_decided", "booked", {}),
        ("booking_request_decided_once_decided", "queued", {"decided_at": "2026-12-01"}),
        ("booking_request_failed_with_a_reason", "failed", {"decided_at": "2026-12-01"}),
        ("booking_request_failed_with_a_reason", "queued", {"failure": "no reason"}),
        ("booking_request_window_runs_forward", "queued", {"latest": "2026-11-30"}),
        ("booking_request_status_known", "lost", {"decided_at": "2026-12-01"}),
        ("booking_request_priority_known", "queued", {"priority": "whenever"}),
        ("booking_request_patient_id_exists", "queued", {"patient_id": str(uuid.UUID(int=1))}),
    ],
)
def test_a_request_is_always_in_a_state_that_makes_sense(refused, network, constraint, status, values):
    row = {
        "patient_id": str(network.patients[0]),
        "priority": "routine",
        "earliest": "2026-12-01",
        "latest": "2026-12-02",
        "status": status,
    } | values
    columns, places = ", ".join(row), ", ".join(f":{column}" for column in row)
    refused(constraint, f"INSERT INTO booking_request ({columns}) VALUES ({places})", **row)


@pytest.mark.parametrize(
    ("constraint", "weekday", "hours"),
    [
        ("operating_hours_weekday_known", 8, "{[540,1020)}"),
        ("operating_hours_not_empty", 1, "{}"),
        ("operating_hours_within_two_days", 1, "{[1380,2881)}"),
        ("operating_hours_start_on_their_day", 1, "{[1500,1560)}"),
        ("operating_hours_start_on_their_day", 1, "{[1380,1500),[1560,1620)}"),
    ],
)
def test_weekly_hours_are_periods_that_start_on_their_day(sql, refused, network, constraint, weekday, hours):
    sql("DELETE FROM operating_hours")
    refused(
        constraint,
        "INSERT INTO operating_hours (hospital_id, weekday, hours) VALUES (:hospital, :weekday, :hours)",
        hospital=network.lisbon,
        weekday=weekday,
        hours=hours,
    )


def test_weekly_hours_may_run_past_midnight(sql, network):
    sql("UPDATE operating_hours SET hours = '{[540,720),[1320,1800)}' WHERE weekday = 1")


def test_a_hospital_has_a_time_zone_that_exists(session, sql):
    with pytest.raises(DBAPIError, match="time zone"), session.begin_nested():
        sql("INSERT INTO hospital (name, timezone, projected_until) VALUES ('H', 'Mars/Olympus', '2026-01-01')")


def test_every_temporal_rule_is_tried_above():
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [rule.name for rule in RULES if f'"{rule.name}"' not in tests] == []


@pytest.mark.parametrize("end", ["NULL", "'infinity'"])
@pytest.mark.parametrize(
    "constraint", ["opening_period_whole", "availability_period_whole", "appointment_lasts_one_hour"]
)
def test_no_period_is_without_an_end(refused, schedule, constraint, end):
    table = constraint.partition("_")[0]
    refused(constraint, f"UPDATE {table} SET during = tstzrange(lower(during), {end})")
