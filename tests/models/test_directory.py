"""The copies of users and patients follow the system that keeps them."""

import pytest
from sqlalchemy import select, text

from models.availabilities import create_availabilities
from models.directory import upsert_patients, upsert_users
from models.faults import Refusal, Refused
from models.inputs import PatientIn, UserIn
from models.people import Doctor, DoctorSpecialty, Patient, Role, User
from models.references import find_doctors, find_hospitals, find_patients
from tests.models.network import at, availability

DOCTOR = UserIn(name="Dr Three", role=Role.DOCTOR, specialties=["Cardiology", "cardiology", "Neurology"])


def test_writing_someone_twice_is_writing_them_once(session, network):
    first = upsert_users(session, {"d3": DOCTOR})
    assert upsert_users(session, {"d3": DOCTOR}) == first
    specialties = session.scalars(select(DoctorSpecialty.specialty).where(DoctorSpecialty.doctor_id == first["d3"]))
    assert sorted(specialties) == ["cardiology", "neurology"]


def test_what_is_written_last_counts(session, network):
    ids = upsert_users(session, {"d3": DOCTOR})
    upsert_users(session, {"d3": UserIn(name="Dr Drei", role=Role.DOCTOR, active=False)})
    user = session.get_one(User, ids["d3"], populate_existing=True)
    assert (user.name, user.active) == ("Dr Drei", False)
    assert session.scalars(select(DoctorSpecialty).where(DoctorSpecialty.doctor_id == user.id)).all() == []
    patient = upsert_patients(session, {"p1": PatientIn(name="Ana Maria", active=False)})["p1"]
    assert session.get_one(Patient, patient, populate_existing=True).name == "Ana Maria"


def test_a_doctor_may_become_staff_and_a_doctor_again(session, network):
    ids = upsert_users(session, {"d3": DOCTOR})
    assert upsert_users(session, {"d3": UserIn(name="Three", role=Role.STAFF)}) == ids
    assert session.get(Doctor, ids["d3"]) is None
    upsert_users(session, {"d3": DOCTOR})
    assert session.get(Doctor, ids["d3"]) is not None


def test_a_doctor_with_availabilities_stays_a_doctor(session, network):
    create_availabilities(session, [availability("d1", at("09:00"), at("10:00"))])
    with pytest.raises(Refused) as refused:
        upsert_users(session, {"d9": DOCTOR, "d1": UserIn(name="One", role=Role.STAFF)})
    assert refused.value.refusal is Refusal.CLASH
    assert [(fault.row, fault.code) for fault in refused.value.faults] == [(1, "doctor_has_availabilities")]
    assert session.scalar(text("SELECT count(*) FROM app_user WHERE external_id = 'd9'")) == 0


def test_anyone_is_found_by_either_id(session, network):
    own = str(network.doctors[0])
    found = find_doctors(session, ["d1", own, own.upper(), "nobody", "not-a-uuid"])
    assert {reference: each.id for reference, each in found.items()} == {
        "d1": network.doctors[0],
        own: network.doctors[0],
        own.upper(): network.doctors[0],
    }
    assert find_hospitals(session, ["del"])["del"].timezone == "Asia/Kolkata"
    assert find_doctors(session, []) == {}


def test_an_external_id_comes_before_an_id_of_ours(session, network):
    """Upstream's ids are strings of any kind, even ones that look like ours."""
    mistaken_for = str(network.patients[0])
    ids = upsert_patients(session, {mistaken_for: PatientIn(name="Eva")})
    assert find_patients(session, [mistaken_for])[mistaken_for].id == ids[mistaken_for] != network.patients[0]


def test_staff_are_no_doctors(session, network):
    upsert_users(session, {"s1": UserIn(name="Staff", role=Role.STAFF)})
    assert find_doctors(session, ["s1"]) == {}
