"""The problem that the planner gets is the schedule as it stands, near the windows and from now on."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import snapshot
from models.schedule import Appointment
from models.snapshot import read_snapshot
from planner import problem as planning
from planner.problem import Period, Priority


@pytest.fixture
def read(engine, now):
    def read_at(*requests, at=now, reach=timedelta(days=1)):
        with Session(engine) as session:
            return read_snapshot(session, requests, now=at, reach=reach)

    return read_at


def test_a_request_is_read_whole(network, read):
    doctors = [network.doctor("cardiology") for _ in range(3)]
    hospital = network.hospital()
    patient = network.patient()
    appointment_of = network.availability(doctors[0], hospital, 8, 12) and doctors[0]
    appointment = network.appointment(appointment_of, hospital, 9, patient=patient)
    request = network.request(
        [doctors[2], doctors[0]],
        (8, 20),
        patient=patient,
        hospitals=[hospital],
        priority=Priority.URGENT,
        specialty="cardiology",
        preferred=network.at(10),
        moves=appointment,
    )
    taken = read(request)
    assert taken.problem.requests == (
        planning.Request(
            id=str(request),
            patient=str(patient),
            priority=Priority.URGENT,
            earliest=network.at(8),
            latest=network.at(20),
            doctors=(str(doctors[2]), str(doctors[0])),
            specialty="cardiology",
            hospitals=(str(hospital),),
            preferred=network.at(10),
            moves=str(appointment),
        ),
    )
    assert {each.id for each in taken.problem.doctors} == set(map(str, doctors))
    assert taken.names[str(doctors[0])] == "Dr. Who"
    assert taken.names[str(hospital)] == "Hospital 0"


def test_nobody_in_particular_means_anybody(network, read):
    doctor = network.doctor()
    request = network.request()
    taken = read(request)
    assert (taken.problem.requests[0].doctors, taken.problem.requests[0].hospitals) == (None, None)
    assert [each.id for each in taken.problem.doctors] == [str(doctor)]


def test_doctors_who_could_stand_in_are_there_and_others_are_not(network, read):
    wanted, peer, _other = network.doctor("cardiology"), network.doctor("cardiology"), network.doctor("dermatology")
    taken = read(network.request([wanted]))
    assert {each.id for each in taken.problem.doctors} == {str(wanted), str(peer)}


def test_the_past_is_cut_off(network, read, now):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 0, 5)
    network.availability(doctor, hospital, 5, 12)
    request = network.request([doctor], (2, 20))
    problem = read(request, at=now + timedelta(minutes=20)).problem
    start = now + timedelta(minutes=20)
    assert problem.requests[0].earliest == start
    assert problem.availabilities == (planning.Availability(str(doctor), str(hospital), start, network.at(12)),)
    assert problem.hospitals[0].openings == (Period(start, network.at(0, 30)),)


def test_of_a_window_that_has_passed_nothing_is_left(network, read):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    problem = read(network.request([doctor], (0, 4)), reach=timedelta(0)).problem
    assert problem.requests[0].earliest == problem.requests[0].latest == network.at(4)
    assert problem.hospitals[0].openings, "the next opening has to be known"


def test_only_what_is_near_some_window_is_read(network, read):
    doctor, hospital = network.doctor(), network.hospital()
    for day in range(12):
        network.availability(doctor, hospital, 9, 12, day=day)
        network.appointment(doctor, hospital, 9, day=day)
    requests = [network.request([doctor], (24 * day, 24 * day + 12)) for day in (2, 9)]
    problem = read(*requests).problem
    days = [(each.start - network.midnight).days for each in problem.availabilities]
    assert days == [1, 2, 3, 8, 9, 10]
    assert sorted((each.start - network.midnight).days for each in problem.appointments) == days


def test_appointments_of_the_patient_with_any_doctor_stand(network, read):
    doctor, elsewhere, hospital = network.doctor(), network.doctor(), network.hospital()
    network.availability(elsewhere, hospital, 9, 12)
    patient = network.patient()
    appointment = network.appointment(elsewhere, hospital, 9, patient=patient)
    problem = read(network.request([doctor], patient=patient)).problem
    assert [each.id for each in problem.appointments] == [str(appointment)]
    assert str(elsewhere) in {each.id for each in problem.doctors}
    assert problem.availabilities == ()


def test_what_is_cancelled_does_not_stand(engine, network, read):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    network.appointment(doctor, hospital, 9)
    with engine.begin() as connection:
        connection.execute(text("UPDATE appointment SET status = 'cancelled'"))
    assert read(network.request([doctor])).problem.appointments == ()


def test_a_doctor_who_has_left_offers_no_hours(network, read):
    doctor, hospital = network.doctor(active=False), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    problem = read(network.request([doctor])).problem
    assert [each.id for each in problem.doctors] == [str(doctor)]
    assert problem.availabilities == ()


def test_a_request_of_a_patient_who_has_left_is_moot(network, read):
    request = network.request([network.doctor()], patient=network.patient(active=False))
    taken = read(request)
    assert taken.problem.requests == ()
    assert "no longer active" in taken.moot[request]


def test_a_request_to_move_a_cancelled_appointment_is_moot(engine, network, read):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    appointment = network.appointment(doctor, hospital, 9)
    patient = network.get(Appointment, appointment).patient_id
    request = network.request([doctor], patient=patient, moves=appointment)
    with engine.begin() as connection:
        connection.execute(text("UPDATE appointment SET status = 'cancelled'"))
    assert "not booked but cancelled" in read(request).moot[request]


def test_an_appointment_to_be_moved_is_read_wherever_it_is(network, read):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12, day=20)
    appointment = network.appointment(doctor, hospital, 9, day=20)
    patient = network.get(Appointment, appointment).patient_id
    request = network.request([doctor], patient=patient, moves=appointment)
    assert [each.id for each in read(request).problem.appointments] == [str(appointment)]


@pytest.mark.parametrize(("isolation", "seen"), [(snapshot.ONE_VIEW, 0), ("READ COMMITTED", 1)])
def test_all_tables_are_read_as_of_one_moment(network, read, monkeypatch, isolation, seen):
    """With the negative control: at the usual level, what is booked while we read is seen in part."""
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    request = network.request([doctor])
    read_doctors = snapshot._read_doctors

    def book_meanwhile(*arguments):
        network.appointment(doctor, hospital, 9)
        return read_doctors(*arguments)

    monkeypatch.setattr(snapshot, "ONE_VIEW", isolation)
    monkeypatch.setattr(snapshot, "_read_doctors", book_meanwhile)
    assert len(read(request).problem.appointments) == seen
