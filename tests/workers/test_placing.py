"""What lost its hour to somebody else is left out, and the rest goes through."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.schedule import Appointment, AppointmentStatus
from tests.workers.checker import faults
from tests.workers.waiting import while_blocked
from workers.ground import Placement
from workers.placing import book, move


@pytest.fixture
def clinic(network):
    """A doctor who is there from 9 to 17 at a hospital."""
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 17)
    return doctor, hospital


@pytest.fixture
def booking(network, clinic):
    def placement(hour, patient=None, doctor=None) -> Placement:
        patient = patient or network.patient()
        request = network.request([doctor or clinic[0]], patient=patient)
        return Placement(request, None, patient, doctor or clinic[0], clinic[1], network.at(hour))

    return placement


def booked(engine, placements):
    with Session(engine) as session, session.begin():
        return book(session, placements)


def moved(engine, placements):
    with Session(engine) as session, session.begin():
        return move(session, placements)


def test_every_hour_that_is_free_is_booked(engine, network, booking):
    placements = [booking(hour) for hour in (9, 10, 11)]
    appointments = booked(engine, placements)
    assert appointments.keys() == {each.request for each in placements}
    for each in placements:
        row = network.get(Appointment, appointments[each.request])
        assert (row.patient_id, row.doctor_id, row.during.lower, row.timezone) == (
            each.patient,
            each.doctor,
            each.start,
            "UTC",
        )


def test_hours_that_a_doctor_or_a_patient_has_lost_are_left_out(engine, network, clinic, booking):
    doctor, hospital = clinic
    other = network.doctor()
    network.availability(other, hospital, 9, 17)
    network.appointment(doctor, hospital, 9)
    busy = network.patient()
    network.appointment(other, hospital, 10, patient=busy)
    free = booking(11)
    assert booked(engine, [booking(9), booking(10, patient=busy), free]).keys() == {free.request}


def test_of_two_sessions_that_want_an_hour_the_later_loses_it_and_keeps_the_rest(engine, network, booking):
    first, second, free = booking(9), booking(9), booking(10)
    with Session(engine) as session:
        book(session, [first])
        got = while_blocked(engine, lambda: booked(engine, [second, free]), session.commit)
    assert got.keys() == {free.request}
    assert "doctor in two appointments at once" not in faults(engine)


def test_an_hour_whose_booking_was_rolled_back_is_had_by_who_waited(engine, booking):
    first, second = booking(9), booking(9)
    with Session(engine) as session:
        book(session, [first])
        got = while_blocked(engine, lambda: booked(engine, [second]), session.rollback)
    assert got.keys() == {second.request}


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("appointment_doctor_free", "doctor in two appointments at once"),
        ("appointment_patient_free", "patient in two appointments at once"),
    ],
)
def test_without_the_rule_the_same_race_books_an_hour_twice(engine, network, clinic, booking, rule, fault):
    """The negative control of the races above."""
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE appointment DROP CONSTRAINT {rule}"))
    doctor, patient = None, None
    if rule == "appointment_patient_free":
        patient, doctor = network.patient(), network.doctor()
        network.availability(doctor, clinic[1], 9, 17)
    first, second = booking(9, patient), booking(9, patient, doctor)
    with Session(engine) as one, Session(engine) as other:
        assert book(one, [first])
        assert book(other, [second])
        one.commit()
        other.commit()
    assert fault in faults(engine)


def test_nothing_to_book_is_nothing_booked(engine):
    assert booked(engine, []) == {}


@pytest.fixture
def moving(network, clinic):
    def placement(appointment, hour) -> Placement:
        patient = network.get(Appointment, appointment).patient_id
        return Placement(None, appointment, patient, *clinic, network.at(hour))

    return placement


def hours(network):
    return {row.id: row.during.lower.hour for row in network.all(Appointment)}


def test_a_moved_appointment_keeps_its_id(engine, network, clinic, moving):
    appointment = network.appointment(*clinic, 9)
    placement = moving(appointment, 14)
    assert moved(engine, [placement]) == [placement]
    row = network.get(Appointment, appointment)
    assert (row.during.lower, row.status, row.version) == (network.at(14), AppointmentStatus.BOOKED, 2)


def test_appointments_can_trade_their_hours(engine, network, clinic, moving):
    one, other, third = (network.appointment(*clinic, hour) for hour in (9, 10, 11))
    assert len(moved(engine, [moving(one, 10), moving(other, 11), moving(third, 9)])) == 3
    assert hours(network) == {one: 10, other: 11, third: 9}


def test_who_was_to_take_the_place_of_one_that_stays_stays_too(engine, network, clinic, moving):
    one, other, third = (network.appointment(*clinic, hour) for hour in (9, 10, 11))
    network.appointment(*clinic, 12)
    free = moving(third, 14)
    assert moved(engine, [moving(one, 10), moving(other, 12), free]) == [free]
    assert {each: hour for each, hour in hours(network).items() if each in {one, other, third}} == {
        one: 9,
        other: 10,
        third: 14,
    }


def test_a_cancelled_appointment_is_not_moved(engine, network, clinic, moving):
    appointment = network.appointment(*clinic, 9)
    placement = moving(appointment, 14)
    with engine.connect() as other:
        other.execute(text("UPDATE appointment SET status = 'cancelled'"))
        assert while_blocked(engine, lambda: moved(engine, [placement]), other.commit) == []
    row = network.get(Appointment, appointment)
    assert (row.during.lower, row.status) == (network.at(9), AppointmentStatus.CANCELLED)


def test_a_move_into_an_hour_that_is_being_booked_waits_and_stays(engine, network, clinic, moving, booking):
    placement = moving(network.appointment(*clinic, 9), 14)
    taken = booking(14)
    with Session(engine) as session:
        book(session, [taken])
        assert while_blocked(engine, lambda: moved(engine, [placement]), session.commit) == []
    assert sorted(hours(network).values()) == [9, 14]
