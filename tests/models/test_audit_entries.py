"""What the audit tells of a change: who, what, before, after; whoever changes it, and by whatever path."""

import hashlib
import json
import uuid

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.access.acting import Actor, ActorKind
from models.appointments import book_appointments
from models.audit.tables import AuditDetail, AuditEntry
from models.availabilities import create_availabilities
from models.directory import upsert_patients
from models.inputs import AppointmentIn, PatientIn
from tests.models.network import NOW, at, availability

ANA = Actor(ActorKind.USER, "Ana of the desk", uuid.UUID(int=7), "r-1", "192.0.2.7")


@pytest.fixture
def told(session):
    """What was told since it was last asked: the entries of some kinds (none named: of all), oldest first."""
    last = 0

    def ask(*kinds: str) -> list[AuditEntry]:
        nonlocal last
        session.flush()
        entries = session.scalars(select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id)).all()
        last = max((each.id for each in entries), default=last)
        return [each for each in entries if each.kind in kinds or not kinds]

    return ask


def act(session: Session, who: Actor) -> None:
    session.execute(text("SELECT set_config('slotwise.actor', :who, true)"), {"who": who.setting})


@pytest.fixture
def appointment(session, network):
    create_availabilities(session, [availability("d1", at("09:00"), at("13:00"))])
    return book_appointments(
        session, [AppointmentIn(patient="p1", doctor="d1", hospital="lis", start=at("09:00"))], NOW
    )[0]


def test_an_appointment_that_is_booked_is_told_whole_with_everyone_it_concerns(session, network, appointment, told):
    [entry] = told("appointment")
    assert (entry.action, entry.before) == ("insert", None)
    assert entry.after["status"] == "booked"
    assert entry.after["during"] == '["2026-12-01 09:00:00+00","2026-12-01 10:00:00+00")'
    assert set(entry.subjects) == {
        uuid.UUID(entry.after["id"]),
        network.patients[0],
        network.doctors[0],
        network.lisbon,
    }


def test_of_an_update_only_what_changed_is_told_and_the_key(session, appointment, told):
    told()
    session.execute(text("UPDATE appointment SET status = 'cancelled', version = version + 1"))
    [entry] = told()
    assert entry.action == "update"
    assert entry.before == {"id": entry.after["id"], "status": "booked"}
    assert entry.after["status"] == "cancelled"
    assert len(entry.after) == 2


def test_what_does_not_count_is_not_told(session, appointment, told):
    told()
    session.execute(text("UPDATE appointment SET version = version + 1, status = status"))
    assert told() == []


def test_what_is_deleted_is_told_as_it_was(session, network, told):
    create_availabilities(session, [availability("d1", at("09:00"), at("13:00"))])
    [made] = told("availability")
    session.execute(text("DELETE FROM availability"))
    [entry] = told()
    assert (entry.action, entry.before, entry.after) == ("delete", made.after, None)
    assert set(entry.subjects) == set(made.subjects)


def test_who_acts_is_told_as_their_transaction_says(session, appointment, told):
    told()
    act(session, ANA)
    session.execute(text("UPDATE appointment SET status = 'cancelled'"))
    [entry] = told()
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("user", ANA.id, "Ana of the desk")
    assert (entry.request_id, entry.address, entry.database_role) == ("r-1", "192.0.2.7", "slotwise")


def test_a_change_by_hand_is_told_of_whoever_signed_in_to_the_database(session, appointment, told):
    told()
    session.execute(text("UPDATE appointment SET status = 'cancelled'"))
    [entry] = told()
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("database", None, "slotwise")


def test_a_row_that_gets_another_key_is_told_as_it_was_and_as_it_is(session, network, told):
    told()
    session.execute(text("INSERT INTO operating_exception VALUES (:id, '2026-12-24', '{}')"), {"id": network.lisbon})
    told()
    session.execute(text("UPDATE operating_exception SET date = '2026-12-25'"))
    entries = told()
    assert sorted((entry.before or entry.after)["date"] for entry in entries) == ["2026-12-24", "2026-12-25"]


def test_parts_are_told_together_by_what_they_are_parts_of(session, network, told):
    told()
    session.execute(text("DELETE FROM operating_hours WHERE weekday > 5"))
    entries = told()
    assert {entry.subjects[0] for entry in entries} == {network.lisbon, network.delhi}
    assert [[part["weekday"] for part in entry.before["parts"]] for entry in entries] == [[6, 7], [6, 7]]
    session.execute(
        text("UPDATE operating_hours SET hours = '{[0,60)}' WHERE weekday = 1 AND hospital_id = :id"),
        {"id": network.delhi},
    )
    [entry] = told()
    assert entry.before["parts"] != entry.after["parts"]


def test_what_a_patient_is_called_stands_aside_and_its_digest_in_the_entry(session, network, told):
    told()
    upsert_patients(session, {"p1": PatientIn(name="Ana Sousa", email="ana@example.org")})
    [entry] = told()
    assert entry.subjects == [network.patients[0]]
    assert "Ana" not in json.dumps([entry.before, entry.after])
    detail = session.get_one(AuditDetail, entry.id)
    assert (detail.patient_id, detail.before["name"], detail.after["name"]) == (network.patients[0], "Ana", "Ana Sousa")
    [stored] = session.execute(
        text("SELECT salt::text || after::text FROM audit_detail WHERE entry_id = :id"), {"id": entry.id}
    ).scalars()
    assert entry.after["words"] == hashlib.sha256(stored.encode()).hexdigest()
    assert entry.before["words"] != entry.after["words"]


def test_a_patient_who_only_leaves_needs_no_words(session, network, told):
    told()
    session.execute(text("UPDATE patient SET active = false WHERE external_id = 'p2'"))
    [entry] = told()
    assert (entry.before["active"], entry.after["active"]) == (True, False)
    assert session.get(AuditDetail, entry.id) is None


def test_a_patient_who_is_upserted_as_they_are_is_not_told(session, network, told):
    told()
    upsert_patients(session, {"p1": PatientIn(name="Ana")})
    assert told() == []
