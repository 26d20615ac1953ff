"""What breaks a rule of the schedule is found, told in words, and told once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

import models.session
from models.hours import create_hospitals
from models.inputs import HospitalIn, HoursIn, Weekday
from models.validation.codes import Code
from models.validation.found import Kind
from tests.workers.conftest import NOW
from tests.workers.validation.validating import Validating, about, subjects
from workers.validation.schedule import SCHEDULE, doctors
from workers.validation.schedule.doctors import DOCTORS
from workers.validation.step import Scope, reading

WITHIN = "appointment.appointment_within_availability"
OFFERED = "availability.availability_within_openings"
ONE_PLACE = "availability.availability_one_place_at_a_time availability.availability_by_hospital"
ON_THE_HOUR = "appointment.appointment_starts_on_the_hour"
MONDAY = "Mon 7 Jan 2030"


@pytest.fixture
def validating(engine, chosen) -> Validating:
    return Validating(engine, chosen, NOW, SCHEDULE)


@pytest.fixture
def ward(network):
    """A hospital, a doctor who is there from 8 to 18 o'clock, and the doctor's appointment at 10."""
    hospital, doctor = network.hospital(), network.doctor()
    availability = network.availability(doctor, hospital, 8, 18)
    return hospital, doctor, availability, network.appointment(doctor, hospital, 10)


def told(findings) -> str:
    (only,) = findings
    return only.message


def test_of_a_sound_schedule_nothing_is_found(network, validating, ward) -> None:
    hospital, doctor, _, _ = ward
    network.availability(doctor, hospital, 18, 20)  # touches the other, and an hour spans both
    network.appointment(doctor, hospital, 17.0)
    network.appointment(doctor, hospital, 11)
    kolkata = network.hospital("Asia/Kolkata")
    network.availability(doctor, kolkata, 3.5, 6.5)
    network.appointment(doctor, kolkata, 3.5)
    validating.by_hand("UPDATE appointment SET status = 'cancelled' WHERE lower(during) = :at", at=network.at(17))
    network.appointment(doctor, hospital, 17)
    assert validating.report() == []


def test_a_doctor_with_two_appointments_at_once(network, validating, ward) -> None:
    hospital, doctor, availability, first = ward
    other = network.hospital("Europe/Lisbon")
    validating.by_hand(without=f"{WITHIN} appointment.appointment_doctor_free {ONE_PLACE}")
    at_other = network.availability(doctor, other, 10, 11)
    second = network.appointment(doctor, other, 10)
    found = validating.report()
    assert subjects(found) == [
        ("availabilities_overlap", about(Kind.AVAILABILITY, availability, at_other)),
        ("doctor_double_booked", about(Kind.APPOINTMENT, first, second)),
    ]
    assert found[1].message == (
        f"Dr. Who has two appointments that overlap: at Hospital 0 on {MONDAY} 10:00 (UTC), and at Hospital 1 on"
        f" {MONDAY} 10:00 (Europe/Lisbon)."
    )
    assert all(set(each.hospitals) == {hospital, other} for each in found)


def test_a_patient_with_two_appointments_at_once(network, validating, ward) -> None:
    hospital, _, _, _ = ward
    colleague, patient = network.doctor(), network.patient()
    network.availability(colleague, hospital, 8, 18)
    first = network.appointment(ward[1], hospital, 12, patient)
    validating.by_hand(without="appointment.appointment_patient_free")
    second = network.appointment(colleague, hospital, 12, patient)
    third = network.appointment(network_doctor_at(network, hospital), hospital, 12, patient)
    found = validating.report()
    assert {each.code for each in found} == {Code.PATIENT_DOUBLE_BOOKED}
    assert len(found) == 2  # of three at once each but one is told of with another
    named = {entity["id"] for each in found for entity in each.entities if entity["kind"] == "appointment"}
    assert named == {str(first), str(second), str(third)}
    assert all("Anybody" not in each.message for each in found)  # the patient's name


def network_doctor_at(network, hospital):
    doctor = network.doctor()
    network.availability(doctor, hospital, 8, 18)
    return doctor


@pytest.mark.parametrize(
    ("hour", "told_of"), [(20, "the hospital is open then"), (22.0, "the hospital is closed then")]
)
def test_an_appointment_outside_its_doctors_availability(network, validating, hour, told_of) -> None:
    hospital, doctor = network.hospital(opens=6, closes=22), network.doctor()
    network.availability(doctor, hospital, 8, 18)
    validating.by_hand(without=WITHIN)
    appointment = network.appointment(doctor, hospital, hour)
    found = validating.report()
    assert subjects(found) == [("outside_availability", about(Kind.APPOINTMENT, appointment))]
    assert told_of in told(found)


def test_each_appointment_of_an_availability_that_is_gone(network, validating, ward) -> None:
    hospital, doctor, availability, first = ward
    second = network.appointment(doctor, hospital, 11)
    validating.by_hand("DELETE FROM availability WHERE id = :id", without=WITHIN, id=availability)
    expected = [("outside_availability", about(Kind.APPOINTMENT, id_)) for id_ in sorted([first, second], key=str)]
    assert subjects(validating.report()) == expected


HALF_PAST = "UPDATE appointment SET during = tstzrange(lower(during) + interval '30 minutes', upper(during) + :half)"


def test_an_appointment_at_half_past(validating, ward) -> None:
    validating.by_hand(HALF_PAST, without=ON_THE_HOUR, half=timedelta(minutes=30))
    found = validating.report()
    assert subjects(found) == [("off_the_hour", about(Kind.APPOINTMENT, ward[3]))]
    assert f"{MONDAY} 10:30 (UTC)" in told(found)


@pytest.mark.parametrize(
    "besides",
    [
        "UPDATE appointment SET local_start = local_start - interval '30 minutes'",  # people were told ten o'clock
        "UPDATE appointment SET timezone = 'Asia/Kolkata'",  # another finding, and by that clock it is on the hour
        "UPDATE hospital SET timezone = 'Europe'",  # a folder of zones; another finding
    ],
)
def test_half_past_is_not_told_of_where_another_check_tells_why(validating, ward, besides) -> None:
    zones = "appointment.appointment_hospital_id_timezone_exists hospital.hospital_timezone_known"
    half = timedelta(minutes=30)
    validating.by_hand(HALF_PAST, besides, without=f"{ON_THE_HOUR} {zones}", half=half)
    assert validating.report() == []


def test_half_past_is_told_of_where_nobody_knows_what_people_were_told(validating, ward) -> None:
    forget = "UPDATE appointment SET local_start = NULL"
    validating.by_hand(HALF_PAST, forget, without=ON_THE_HOUR, half=timedelta(minutes=30))
    assert subjects(validating.report()) == [("off_the_hour", about(Kind.APPOINTMENT, ward[3]))]


def test_an_appointment_of_another_length(validating, ward) -> None:
    longer = "UPDATE appointment SET during = tstzrange(lower(during), upper(during) + interval '30 minutes')"
    validating.by_hand(longer, without="appointment.appointment_lasts_one_hour")
    found = validating.report()
    assert subjects(found) == [("not_one_hour", about(Kind.APPOINTMENT, ward[3]))]
    assert "lasts 90 minutes" in told(found)


@pytest.mark.parametrize(
    ("change", "told_of"),
    [
        ("occupies = NULL", "it can be booked again"),
        ("status = 'cancelled'", "does not leave its hour free"),
    ],
)
def test_an_hour_that_is_not_held_as_it_should_be(validating, ward, change, told_of) -> None:
    validating.by_hand("ALTER TABLE appointment ALTER occupies DROP EXPRESSION", f"UPDATE appointment SET {change}")
    found = validating.report()
    assert subjects(found) == [("hour_not_occupied", about(Kind.APPOINTMENT, ward[3]))]
    assert told_of in told(found)


def test_an_availability_while_the_hospital_is_closed(network, validating) -> None:
    hospital, doctor = network.hospital(opens=8, closes=18), network.doctor()
    validating.by_hand(without=OFFERED)
    empty, held = (network.availability(doctor, hospital, 16, 20, day) for day in (1, 2))
    appointments = [network.appointment(doctor, hospital, hour, day=2) for hour in (16, 17, 18, 19)]
    found = {each.key.rpartition(":")[2]: each for each in validating.report()}
    assert found.keys() == {str(empty), str(held)}
    assert {each.code for each in found.values()} == {Code.AVAILABILITY_OUTSIDE_OPENINGS}
    assert found[str(empty)].remedy == {"kind": "trim_availability", "availability": str(empty)}
    stranded = [each["id"] for each in found[str(held)].entities if each["kind"] == "appointment"]
    assert sorted(stranded) == sorted(str(id_) for id_ in appointments[2:])
    assert found[str(held)].remedy is None
    validating.apply(found[str(empty)])
    assert [each.key for each in validating.report()] == [found[str(held)].key]


@pytest.fixture
def keeping(engine, network):
    """A hospital that keeps its hours: 8 to 18 o'clock, every day."""
    week = {day: [HoursIn(opens="08:00", closes="18:00")] for day in Weekday}
    with Session(engine) as session, session.begin():
        (hospital,) = create_hospitals(session, [HospitalIn(name="H", timezone="UTC", operating_hours=week)], NOW)
    network.timezones[hospital] = "UTC"
    return hospital


@pytest.mark.parametrize("delete", ["opening", "opening, operating_hours"])
def test_an_opening_that_is_gone_is_told_of_by_itself(network, validating, keeping, delete) -> None:
    """Where the hours kept say that it should be there; else its availabilities lie outside."""
    availability = network.availability(network.doctor(), keeping, 8, 18)
    validating.by_hand(*(f"DELETE FROM {table}" for table in delete.split(", ")), without=OFFERED)
    expected = [("availability_outside_openings", about(Kind.AVAILABILITY, availability))]
    assert subjects(validating.report()) == ([] if delete == "opening" else expected)


# The rule itself cannot come back before the openings are mended.
STAND_IN = """
ALTER TABLE availability
ADD CONSTRAINT availability_within_openings FOREIGN KEY (hospital_id) REFERENCES hospital DEFERRABLE
"""


@pytest.mark.parametrize("kept", [True, False])
def test_openings_that_overlap(network, validating, engine, keeping, kept) -> None:
    """The hours kept mend them, unless availabilities would lie outside."""
    network.availability(network.doctor(), keeping, 8, 18)
    if not kept:
        validating.by_hand("DELETE FROM operating_hours")
    validating.by_hand(without="opening.opening_no_overlap")
    insert = "INSERT INTO opening (hospital_id, during) VALUES (:hospital, tstzrange(:start, :end)) RETURNING id"
    values = {"hospital": keeping, "start": network.at(9), "end": network.at(12)}
    old = "SELECT id FROM opening WHERE during @> CAST(:start AS timestamptz)"
    with engine.begin() as connection:
        standing = connection.execute(text(old), values).scalar_one()
        new = connection.execute(text(insert), values).scalar_one()
        connection.execute(text(STAND_IN))
    (found,) = validating.report()
    assert subjects([found]) == [("openings_overlap", about(Kind.OPENING, standing, new))]
    told_of = (
        f"H has two openings that overlap: from {MONDAY} 08:00 (UTC) to {MONDAY} 18:00 (UTC), and from {MONDAY} 09:00"
        f" (UTC) to {MONDAY} 12:00 (UTC)."
    )
    why_not = found.facts.get("against", [])
    assert found.message == (
        told_of if kept else f"{told_of} They cannot be projected anew as things are: {why_not[0]}"
    )
    assert (found.remedy is not None) == kept
    if kept:
        validating.apply(found)
        assert validating.report() == []


@pytest.mark.parametrize(
    ("table", "period", "told_of"),
    [
        ("opening", "[2030-01-07,)", "it has no end"),
        ("opening", "[-infinity,2030-02-07)", "it has no beginning"),
        ("opening", "(2030-01-07,2030-02-07]", "its first instant is left out, its end is counted in"),
        ("availability", "[2030-01-07 08:00,infinity)", "it has no end"),
        ("availability", "[2030-01-07 08:00,2030-01-07 18:00]", "its end is counted in"),
    ],
)
def test_a_period_that_is_none_is_told_of_once_and_holds_what_it_held(validating, ward, table, period, told_of) -> None:
    constraints = f"{table}.{table}_period_whole {OFFERED} {WITHIN}"
    validating.by_hand(f"UPDATE {table} SET during = CAST(:period AS tstzrange)", without=constraints, period=period)
    found = validating.report()
    assert [each.code for each in found] == [Code.PERIOD_MALFORMED]
    assert told(found).count(told_of) == 1


def test_an_appointment_without_any_time(validating, ward) -> None:
    free = "appointment.appointment_doctor_free appointment.appointment_patient_free"
    constraints = f"{WITHIN} {ON_THE_HOUR} {free} appointment.appointment_lasts_one_hour"
    validating.by_hand("UPDATE appointment SET during = 'empty'", without=constraints)
    found = validating.report()
    assert subjects(found) == [("period_malformed", about(Kind.APPOINTMENT, ward[3]))]
    assert "it is empty" in told(found)


def test_what_has_ended_is_not_looked_at(network, validating, ward) -> None:
    validating.by_hand(HALF_PAST, without=f"{ON_THE_HOUR} {WITHIN}", half=timedelta(minutes=30))
    validating.now = network.at(11, 0)  # the report comes a minute later; the appointment ends at half past
    assert [each.code for each in validating.report()] == [Code.OFF_THE_HOUR]
    validating.now = network.at(11.5)
    assert validating.report() == []


def test_an_appointment_begun_in_an_availability_that_has_ended_lies_in_it(network, validating, engine) -> None:
    hospital, doctor = network.hospital("Asia/Kolkata"), network.doctor()
    network.availability(doctor, hospital, 8, 10)
    network.availability(doctor, hospital, 10, 12)
    network.appointment(doctor, hospital, 9.5)
    validating.now = network.at(10)
    assert validating.report() == []


def test_a_row_that_is_there_twice_overlaps_nothing(validating, ward) -> None:
    """That a key is there twice is told of by another check."""
    keys = "appointment.appointment_key appointment.appointment_doctor_free appointment.appointment_patient_free"
    again = "INSERT INTO appointment (id, patient_id, doctor_id, hospital_id, timezone, during)"
    same = "SELECT id, patient_id, doctor_id, hospital_id, timezone, during FROM appointment"
    validating.by_hand(f"{again} {same}", without=keys)
    assert validating.report() == []


def test_rows_of_nobody_stop_no_check(validating, ward, network) -> None:
    """Columns without a value, references to nobody and times beyond all calendars."""
    hospital = ward[0]
    offer = "INSERT INTO availability (doctor_id, hospital_id, during) VALUES"
    validating.by_hand(
        "ALTER TABLE availability ALTER doctor_id DROP NOT NULL",
        "ALTER TABLE appointment ALTER patient_id DROP NOT NULL, ALTER hospital_id DROP NOT NULL",
        "ALTER TABLE hospital ALTER name DROP NOT NULL, ALTER timezone DROP NOT NULL",
        "UPDATE appointment SET patient_id = NULL",
        f"{offer} (NULL, :hospital, '[2030-01-08,2030-01-09)')",
        f"{offer} (:who, :where, '[2030-01-08,2030-01-09)')",
        "INSERT INTO opening (hospital_id, during) VALUES (:hospital, '[2040-01-01,20000-01-01)')",
        f"{offer} (:who, :hospital, '[2040-01-01,19999-01-01)')",
        "INSERT INTO appointment (doctor_id, timezone, during) VALUES (:who, 'UTC', '[2030-01-08,2030-01-08 01:00)')",
        "UPDATE hospital SET name = NULL, timezone = NULL",
        without=f"{WITHIN} {OFFERED} availability.availability_doctor_id_exists"
        " availability.availability_hospital_id_exists appointment.appointment_doctor_id_exists"
        " appointment.appointment_hospital_id_timezone_exists hospital.hospital_timezone_known",
        who=uuid4(),
        where=uuid4(),
        hospital=hospital,
    )
    assert validating.report() == []


def test_the_schedule_is_judged_as_of_one_moment(network, chosen, monkeypatch, engine) -> None:
    assert len(found_while_changing(network, chosen, monkeypatch, engine)) == 0


def test_without_the_shared_moment_it_would_not_be(network, chosen, monkeypatch, engine) -> None:
    """The control of the test above: what was read before does not fit what is read later."""
    monkeypatch.setattr(doctors, "at_moment", lambda _name: reading())
    assert {each.code for each in found_while_changing(network, chosen, monkeypatch, engine)} == {
        Code.AVAILABILITY_OUTSIDE_OPENINGS
    }


def found_while_changing(network, chosen, monkeypatch, engine):
    """What is found where a hospital closes, after its doctors have gone elsewhere, while the check is going on."""
    monkeypatch.setattr(doctors, "SIZE", 1)
    hospital = network.hospital()
    for _ in range(3):
        network.availability(network.doctor(), hospital, 8, 18)
    going_on = DOCTORS.carry_out(Scope(uuid4(), None, NOW, chosen, lambda: NOW), None)
    found = list(next(going_on).found)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM availability"))
        connection.execute(text("DELETE FROM opening"))
    return found + [each for piece in going_on for each in piece.found]


def test_a_check_that_is_given_up_halfway_lets_go_of_its_connections(network, chosen) -> None:
    hospital = network.hospital()
    for _ in range(3):
        network.availability(network.doctor(), hospital, 8, 18)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctors, "SIZE", 1)
        going_on = DOCTORS.carry_out(Scope(uuid4(), None, NOW, chosen, lambda: NOW), None)
        next(going_on)
        assert models.session.engine().pool.checkedout() == 1
        going_on.close()
    assert models.session.engine().pool.checkedout() == 0
