"""The copies of users and patients follow the system that keeps them."""

import datetime as dt

import pytest
from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from models.access.callers import hospitals_of, signed_in
from models.access.codes import make_code, take_code
from models.access.sign_ins import begin
from models.access.tables import SignInMethod, UserHospital
from models.availabilities import create_availabilities
from models.directory import upsert_patients, upsert_users
from models.faults import Refusal, Refused
from models.inputs import PatientIn, UserIn
from models.people import Doctor, DoctorSpecialty, Patient, Role, User
from models.references import find_doctors, find_hospitals, find_patients
from tests.models.network import at, availability
from tests.workers.waiting import while_blocked

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


def test_staff_act_where_they_were_put_last(session, network):
    wanted = UserIn(name="Eva", role=Role.STAFF, hospitals=["lis", str(network.delhi), "lis"])
    eva = upsert_users(session, {"eva": wanted})["eva"]
    assert hospitals_of(session, eva, Role.STAFF) == {network.lisbon, network.delhi}
    upsert_users(session, {"eva": UserIn(name="Eva", role=Role.STAFF, hospitals=["del"])})
    assert hospitals_of(session, eva, Role.STAFF) == {network.delhi}
    upsert_users(session, {"eva": UserIn(name="Eva", role=Role.STAFF)})
    assert hospitals_of(session, eva, Role.STAFF) == set()


def test_who_is_staff_no_more_acts_nowhere_as_staff(session, network):
    eva = upsert_users(session, {"eva": UserIn(name="Eva", role=Role.STAFF, hospitals=["lis"])})["eva"]
    upsert_users(session, {"eva": UserIn(name="Dr Eva", role=Role.DOCTOR)})
    assert hospitals_of(session, eva, Role.STAFF) == set()


def test_every_unknown_hospital_is_told_and_nothing_is_written(session, network):
    with pytest.raises(Refused) as refused:
        upsert_users(
            session,
            {
                "eva": UserIn(name="Eva", role=Role.STAFF, hospitals=["lis", "nowhere"]),
                "rui": UserIn(name="Rui", role=Role.STAFF, hospitals=["elsewhere"]),
            },
        )
    faults = [(fault.row, fault.field, fault.code, fault.value) for fault in refused.value.faults]
    assert faults == [
        (0, "hospitals[1]", "unknown_hospital", "nowhere"),
        (1, "hospitals[0]", "unknown_hospital", "elsewhere"),
    ]
    assert session.scalar(text("SELECT count(*) FROM app_user WHERE external_id IN ('eva', 'rui')")) == 0


ADMIN = UserIn(name="Eva", email="eva@hospital.example", role=Role.ADMIN)


@pytest.mark.parametrize(
    ("standing", "sent", "field"),
    [
        (None, ADMIN, "role"),
        (ADMIN.model_copy(update={"role": Role.STAFF}), ADMIN, "role"),
        (ADMIN, ADMIN.model_copy(update={"role": Role.STAFF}), "role"),
        (ADMIN, ADMIN.model_copy(update={"email": "mallory@hospital.example"}), "email"),
        (ADMIN, ADMIN.model_copy(update={"active": False}), "active"),
    ],
)
def test_who_is_an_admin_is_said_by_who_may(session, network, standing, sent, field):
    if standing:
        upsert_users(session, {"eva": standing}, may_make_admins=True)
    with pytest.raises(Refused) as refused:
        upsert_users(session, {"d9": DOCTOR, "eva": sent})
    assert refused.value.refusal is Refusal.FORBIDDEN
    assert [(fault.row, fault.field, fault.code) for fault in refused.value.faults] == [
        (1, field, "may_not_make_admins")
    ]
    upsert_users(session, {"d9": DOCTOR, "eva": sent}, may_make_admins=True)
    eva = session.scalars(select(User).where(User.external_id == "eva")).one()
    assert getattr(eva, field) == getattr(sent, field)


def test_an_admin_who_stays_as_they_are_may_be_written_by_anyone(session, network):
    upsert_users(session, {"eva": ADMIN}, may_make_admins=True)
    upsert_users(session, {"eva": ADMIN.model_copy(update={"name": "Eva Maria"})})
    assert session.scalar(select(User.name).where(User.external_id == "eva")) == "Eva Maria"


@pytest.mark.parametrize("locks", [True, False])
def test_nobody_becomes_an_admin_while_another_writes_them(engine, session, monkeypatch, locks):
    if not locks:  # the guard switched off: the look is one at what was
        monkeypatch.setattr(Select, "with_for_update", lambda self: self)
    upsert_users(session, {"eva": ADMIN.model_copy(update={"role": Role.STAFF})})
    session.commit()
    upsert_users(session, {"eva": ADMIN}, may_make_admins=True)

    def write():
        with Session(engine) as own, own.begin():
            upsert_users(
                own, {"eva": ADMIN.model_copy(update={"role": Role.STAFF, "email": "mallory@hospital.example"})}
            )

    if locks:
        with pytest.raises(Refused, match="'eva'"):
            while_blocked(engine, write, session.commit)
    else:
        while_blocked(engine, write, session.commit)
    role = session.scalar(select(User.role).where(User.external_id == "eva").execution_options(populate_existing=True))
    assert (role is Role.ADMIN) == locks


def test_who_is_active_no_more_is_signed_out_and_stays_so_when_they_come_back(session, network):
    now = dt.datetime.now(dt.UTC)
    later = now + dt.timedelta(hours=1)
    ids = upsert_users(session, {each: UserIn(name=each, role=Role.STAFF) for each in ("eva", "rui")})
    secrets = {each: begin(session, ids[each], SignInMethod.PASSWORD, later) for each in ids}
    code = make_code(session, ids["eva"], later, sets_password=False)

    def is_signed_in(who):
        return signed_in(session, secrets[who], now, dt.timedelta(hours=1), active=False) is not None

    upsert_users(session, {"eva": UserIn(name="eva", role=Role.STAFF, active=False)})
    assert (is_signed_in("eva"), is_signed_in("rui")) == (False, True)
    upsert_users(session, {"eva": UserIn(name="eva", role=Role.STAFF)})
    assert not is_signed_in("eva")
    assert take_code(session, ids["eva"], code, now) is None


def test_writing_the_same_again_touches_no_row(session, network):
    people = {"d3": DOCTOR, "eva": UserIn(name="Eva", role=Role.STAFF, hospitals=["lis"])}
    patients = {"p3": PatientIn(name="Rita", email="rita@example.org")}

    def versions():
        tables = (User, UserHospital, Patient)
        return [session.execute(text(f"SELECT xmin, ctid FROM {each.__tablename__}")).all() for each in tables]

    upsert_users(session, people)
    upsert_patients(session, patients)
    session.commit()
    before = versions()
    upsert_users(session, people)
    upsert_patients(session, patients)
    assert versions() == before
    upsert_patients(session, {"p3": PatientIn(name="Rita")})
    assert versions() != before


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
