"""Doctors and patients who are gone upstream, with hours to come: found, named, mended, gone."""

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.people import Patient, User
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.tables import Reschedule, RescheduleStatus
from models.schedule import Appointment, AppointmentStatus, Availability
from models.validation.codes import Code
from models.validation.found import Kind
from tests.workers.validation.validating import Validating, about, subjects
from workers.rescheduling import plan_next_reschedule
from workers.validation.people.doctors import DEPARTED_DOCTORS
from workers.validation.people.patients import DEPARTED_PATIENTS


@pytest.fixture
def validating(engine, chosen, now) -> Validating:
    return Validating(engine, chosen, now, (DEPARTED_DOCTORS, DEPARTED_PATIENTS))


def leave(network, kind, id_) -> None:
    network.write(update(kind).where(kind.id == id_).values(active=False))


@pytest.fixture
def hospital(network):
    return network.hospital("Europe/Lisbon")


@pytest.fixture
def doctor(network, hospital):
    """A cardiologist who sees patients on the second and the third day, from 9 to 12."""
    doctor = network.doctor("cardiology")
    for day in (1, 2):
        network.availability(doctor, hospital, 9, 12, day=day)
    return doctor


def test_nobody_who_is_there_or_has_nothing_to_come_is_found(network, validating, hospital, doctor):
    network.appointment(doctor, hospital, 9, day=1)
    network.doctor("cardiology", active=False)
    network.patient(active=False)
    gone = network.doctor()
    network.availability(gone, hospital, 1, 3)
    past = network.appointment(gone, hospital, 2, network.patient(active=False))
    leave(network, User, gone)
    cancelled = network.appointment(doctor, hospital, 10, network.patient(active=False), day=1)
    network.write(update(Appointment).where(Appointment.id == cancelled).values(status="cancelled"))
    assert validating.report() == []
    assert network.get(Appointment, past).status is AppointmentStatus.BOOKED


def test_a_doctor_who_left_is_one_finding_with_all_that_is_to_come(network, validating, hospital, doctor):
    there = network.hospital("Asia/Kolkata")
    network.availability(doctor, there, 14, 18, day=2)
    network.appointment(doctor, hospital, 9, day=1)
    network.appointment(doctor, hospital, 10, day=1)
    leave(network, User, doctor)
    [finding] = validating.report()
    assert subjects([finding]) == [("doctor_departed", about(Kind.DOCTOR, doctor))]
    assert set(finding.hospitals) == {hospital, there}
    assert finding.message == (
        "Dr. Who is no longer active in the directory and still has 2 booked appointments and 3 availabilities to come"
        " at Hospital 0 and Hospital 1, the last until Wed 9 Jan 2030 23:30 (Asia/Kolkata)."
    )
    assert finding.facts["appointments"] == 2


def test_a_report_of_one_hospital_finds_its_own_and_as_everybody_does(network, validating, hospital, doctor):
    there, elsewhere = network.hospital(), network.hospital()
    network.availability(doctor, there, 14, 18, day=2)
    leave(network, User, doctor)
    patient = network.patient(active=False)
    other = network.doctor()
    network.availability(other, elsewhere, 9, 12, day=1)
    network.appointment(other, elsewhere, 9, patient, day=1)
    [of_there] = validating.report(there)
    assert of_there.code is Code.DOCTOR_DEPARTED
    of_all = validating.report()
    assert {each.code for each in of_all} == {Code.DOCTOR_DEPARTED, Code.PATIENT_DEPARTED}
    assert of_there.message in {each.message for each in of_all}
    assert len(validating.report(elsewhere)) == 2  # and lets nothing go that is another's


def test_those_of_a_doctor_who_left_get_other_hours(network, validating, hospital, doctor, chosen):
    stand_in = network.doctor("cardiology")
    network.availability(stand_in, hospital, 9, 12, day=2)
    appointment = network.appointment(doctor, hospital, 10, day=2)
    leave(network, User, doctor)
    [finding] = validating.report()
    job = validating.apply(finding).made["reschedule"]
    assert validating.report()[0].remedied_at
    assert plan_next_reschedule(chosen, worker="w", clock=lambda: validating.now)
    with Session(network.engine) as session, session.begin():
        assert session.get_one(Reschedule, job).status is RescheduleStatus.PROPOSED
        apply_reschedule(session, job, None, validating.now)
    assert network.get(Appointment, appointment).doctor_id == stand_in
    assert validating.report() == []


def test_availabilities_alone_are_withdrawn(network, validating, hospital, doctor):
    begun = network.availability(doctor, hospital, 5, 9)
    leave(network, User, doctor)
    [finding] = validating.report()
    assert finding.remedy == {"kind": "withdraw_availabilities", "doctor": str(doctor)}
    validating.apply(finding)
    assert [each.id for each in network.all(Availability)] == [begun]
    assert validating.report() == []


def test_who_is_no_doctor_any_more_has_left_too(network, validating, doctor):
    staff = "UPDATE app_user SET role = 'staff' WHERE id = :doctor"
    validating.by_hand(staff, doctor=doctor, without="doctor.doctor_id_role_exists")
    [finding] = validating.report()
    assert "no longer has the role doctor" in finding.message
    validating.apply(finding)
    assert validating.report() == []


def test_each_appointment_of_a_patient_who_left_is_cancelled_with_one_click(network, validating, hospital, doctor):
    patient = network.patient()
    booked = [network.appointment(doctor, hospital, 9, patient, day=day) for day in (1, 2)]
    leave(network, Patient, patient)
    found = validating.report()
    assert subjects(found) == sorted(("patient_departed", about(Kind.APPOINTMENT, each)) for each in booked)
    assert found[0].hospitals == [hospital]
    assert "Anybody" not in found[0].message
    validating.apply(found[0])
    assert [each.id for each in validating.report()] == [found[1].id]
    validating.apply(found[1])
    assert validating.report() == []
    assert {network.get(Appointment, each).status for each in booked} == {AppointmentStatus.CANCELLED}


def test_periods_that_are_none_break_nothing(network, validating, hospital, doctor):
    """They are findings of their own; see the rules of the schedule."""
    appointment = network.appointment(doctor, hospital, 9, network.patient(active=False), day=1)
    network.write(update(User).where(User.id == doctor).values(active=False))
    names = ("lasts_one_hour", "starts_on_the_hour", "doctor_free", "patient_free", "within_availability")
    rules = " ".join(f"appointment.appointment_{each}" for each in names)
    for period in ("empty", "[2030-01-08 09:00+00,infinity)", "(,)"):
        edit = "UPDATE appointment SET during = CAST(:p AS tstzrange) WHERE id = :id"
        validating.by_hand(edit, p=period, id=appointment, without=rules)
        [finding] = validating.report()
        assert (finding.code, finding.facts["appointments"]) == (Code.DOCTOR_DEPARTED, 0)


def test_rows_that_lack_something_or_are_there_twice_stop_no_check(network, validating, hospital, doctor):
    """All of that is told by other checks."""
    appointment = network.appointment(doctor, hospital, 9, network.patient(active=False), day=1)
    nowhere = network.appointment(doctor, hospital, 10, network.patient(active=False), day=1)
    leave(network, User, doctor)
    validating.by_hand(
        "ALTER TABLE appointment DROP CONSTRAINT appointment_key CASCADE, ALTER hospital_id DROP NOT NULL",
        "ALTER TABLE appointment ALTER id DROP NOT NULL",
        "ALTER TABLE hospital DROP CONSTRAINT hospital_key CASCADE, ALTER name DROP NOT NULL",
        "ALTER TABLE hospital DROP CONSTRAINT hospital_external_id_unique",
        "ALTER TABLE hospital DROP CONSTRAINT hospital_id_timezone_unique CASCADE",
        "UPDATE hospital SET name = NULL",
        "INSERT INTO hospital SELECT * FROM hospital",
        "UPDATE appointment SET hospital_id = NULL WHERE id = :nowhere",
        "INSERT INTO appointment (patient_id, doctor_id, hospital_id, timezone, during, status)"
        " SELECT patient_id, doctor_id, hospital_id, timezone, during, status FROM appointment",
        "UPDATE appointment SET id = NULL WHERE id NOT IN (:appointment, :nowhere)",
        "UPDATE app_user SET name = NULL",
        without="appointment.appointment_doctor_free appointment.appointment_patient_free"
        " appointment.appointment_hospital_id_timezone_exists app_user.app_user_name_not_null",
        appointment=appointment,
        nowhere=nowhere,
    )
    found = validating.report()
    assert subjects(found) == [
        ("doctor_departed", about(Kind.DOCTOR, doctor)),
        *sorted(("patient_departed", about(Kind.APPOINTMENT, each)) for each in (appointment, nowhere)),
    ]
    assert all(None not in each.hospitals for each in found)
    # What concerns no hospital that is known concerns all of them.
    assert subjects(validating.report(network.hospital())) == subjects(found)
