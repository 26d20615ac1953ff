"""Whose data somebody was shown: noted of every statement that fetches what a patient is called."""

import uuid

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import aliased

import models.session
from models.access.acting import Actor, ActorKind, acting
from models.appointments import book_appointments
from models.audit import readings
from models.audit.tables import AuditEntry
from models.availabilities import create_availabilities
from models.inputs import AppointmentIn
from models.people import Patient
from models.schedule import Appointment
from models.session import transaction
from tests.models.network import NOW, at, availability

READ = select(AuditEntry).where(AuditEntry.action == "read").order_by(AuditEntry.id)


@pytest.fixture
def who():
    """Somebody of the staff, anew in every test, who is watched; their transactions are of the test's database."""
    actor = Actor(ActorKind.USER, "Ana", uuid.uuid4(), "r-1", "192.0.2.7")
    models.session.engine.cache_clear()
    watched = readings._watched.set("GET /somewhere")
    with acting(actor):
        yield actor
    readings._watched.reset(watched)
    models.session.engine().dispose()
    models.session.engine.cache_clear()


@pytest.fixture
def patients(session, network):
    """The ids of p1, who has an appointment, and p2."""
    create_availabilities(session, [availability("d1", at("09:00"), at("13:00"))])
    book_appointments(session, [AppointmentIn(patient="p1", doctor="d1", hospital="lis", start=at("09:00"))], NOW)
    session.commit()
    return network.patients


def shown(session) -> list[set[uuid.UUID]]:
    return [set(entry.subjects) for entry in session.scalars(READ)]


OF_APPOINTMENTS = select(Appointment.id, Patient.name).join(Patient, Patient.id == Appointment.patient_id)
OTHER = aliased(Patient)
SUBQUERY = select(Patient.id, Patient.name).where(Patient.external_id == "p1").subquery()


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        (select(Patient.name).where(Patient.external_id == "p1"), [("Ana",)]),
        (select(Patient.external_id, Patient.email).where(Patient.name == "Ana"), [("p1", None)]),
        (select(func.lower(Patient.name).label("name")).where(Patient.external_id == "p1"), [("ana",)]),
        (select(OTHER.name, OTHER.active).where(OTHER.external_id == "p1"), [("Ana", True)]),
        (OF_APPOINTMENTS.with_only_columns(Patient.name, Appointment.status), [("Ana", "booked")]),
        (select(SUBQUERY.c.name), [("Ana",)]),
        (
            select(Appointment.status, Patient.name).outerjoin(Patient, Patient.id == Appointment.patient_id),
            [("booked", "Ana")],
        ),
    ],
)
def test_whoever_is_shown_what_a_patient_is_called_is_written_and_gets_the_rows_as_they_asked(
    session, patients, who, statement, rows
):
    with transaction() as reading:
        assert [tuple(row) for row in reading.execute(statement)] == rows
    assert shown(session) == [{patients[0]}]
    [entry] = session.scalars(READ)
    assert (entry.actor_id, entry.request_id, entry.after) == (who.id, "r-1", {"by": "GET /somewhere"})


def test_patients_that_are_fetched_whole_are_noted_too(session, patients, who):
    with transaction() as reading:
        assert {each.name for each in reading.scalars(select(Patient))} == {"Ana", "Rui"}
    assert shown(session) == [set(patients)]


def test_so_is_one_who_is_fetched_by_id(session, patients, who):
    with transaction() as reading:
        assert reading.get_one(Patient, patients[1]).name == "Rui"
    assert shown(session) == [{patients[1]}]


def test_scalars_are_those_that_were_asked_for(session, patients, who):
    with transaction() as reading:
        assert reading.scalars(select(Patient.name).order_by(Patient.name)).all() == ["Ana", "Rui"]
        assert reading.scalar(select(Patient.name).order_by(Patient.name).limit(1)) == "Ana"


@pytest.mark.parametrize(
    "statement",
    [select(Patient.id), select(Appointment), select(func.count()).where(Patient.name == "Ana"), text("SELECT 1")],
)
def test_what_tells_nothing_of_them_is_no_reading(session, patients, who, statement):
    with transaction() as reading:
        reading.execute(statement).all()
    assert shown(session) == []


def test_words_without_ids_are_refused_rather_than_shown_unseen(patients, who):
    nameless = select(Patient.name).subquery()
    with pytest.raises(LookupError, match="select their ids beside it"), transaction() as reading:
        reading.execute(select(nameless.c.name))


def test_the_same_patient_is_written_again_only_after_a_while(session, patients, who, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(readings.time, "monotonic", lambda: clock[0])

    def read(*ids):
        with transaction() as reading:
            reading.scalars(select(Patient).where(Patient.id.in_(ids))).all()

    read(patients[0])
    read(*patients)
    clock[0] = readings.AGAIN.total_seconds() - 1
    read(*patients)
    assert shown(session) == [{patients[0]}, {patients[1]}]
    clock[0] += 1
    read(*patients)
    assert shown(session) == [{patients[0]}, {patients[1]}, set(patients)]


def test_what_was_rolled_back_was_not_written_and_so_not_remembered(session, patients, who):
    with pytest.raises(ZeroDivisionError), transaction() as reading:
        reading.scalars(select(Patient)).all().index(1 / 0)
    with transaction() as reading:
        reading.scalars(select(Patient)).all()
    assert shown(session) == [set(patients)]


def test_nobody_who_is_not_watched_is_written(session, patients):
    models.session.engine.cache_clear()
    with acting(Actor(ActorKind.WORKER, "w")), transaction() as reading:
        reading.scalars(select(Patient)).all()
    models.session.engine().dispose()
    models.session.engine.cache_clear()
    assert shown(session) == []
