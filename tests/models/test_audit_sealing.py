"""The chain over the audit: whoever changes, deletes or adds an entry is found out, whatever they may do."""

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from models.audit.sealing import seal
from models.audit.verifying import verify
from models.directory import upsert_patients
from models.inputs import PatientIn
from models.session import make_engine
from tests.conftest import as_application
from tests.workers.validation.corrupting import UNSEEN, superuser_engine

INSERT = "INSERT INTO audit_entry (actor_kind, actor_name, action, kind, subjects) VALUES"


@pytest.fixture
def forger(services, database_url):
    """A transaction of somebody who may do anything, after three entries were sealed by twos."""
    with superuser_engine(services, database_url) as engine:
        for name in ("p1", "p2", "p3"):
            with Session(engine) as session, session.begin():
                upsert_patients(session, {name: PatientIn(name=f"Patient {name}")})
        with Session(engine) as session, session.begin():
            assert [seal(session, 2), seal(session, 2), seal(session, 2)] == [2, 1, 0]
        with Session(engine) as session:
            session.execute(text(UNSEEN))
            yield session


def test_a_chain_that_nobody_touched_holds(forger):
    found = verify(forger)
    assert (found.entries, found.number, found.faults) == (3, 2, [])
    assert found.head == forger.scalar(text("SELECT hash FROM audit_seal WHERE number = 2"))


def test_it_holds_before_anything_is_sealed_too(session):
    assert verify(session).faults == []


@pytest.mark.parametrize(
    ("forgery", "told"),
    [
        ("UPDATE audit_entry SET actor_name = 'nobody' WHERE id = 2", "Seal 1 .*changed"),
        ("UPDATE audit_entry SET at = at - interval '1 microsecond' WHERE id = 3", "Seal 2 .*changed"),
        ("UPDATE audit_entry SET subjects = '{}' WHERE id = 1", "Seal 1 .*changed"),
        ("UPDATE audit_entry SET after = after || '{\"active\": false}' WHERE id = 1", "Seal 1 .*changed"),
        ("UPDATE audit_entry SET database_role = 'slotwise_app' WHERE id = 1", "Seal 1 .*changed"),
        ("DELETE FROM audit_entry WHERE id = 1", "Seal 1 .*1 of its 2 entries are missing"),
        ("UPDATE audit_seal SET sealed_at = now() WHERE number = 2", "Seal 2 .*changed"),
        ("DELETE FROM audit_seal WHERE number = 1", "Seal 2 .*from 1 to it are missing"),
        (f"{INSERT} ('user', 'somebody', 'delete', 'patient', '{{}}')", "nothing sealed were put in: 4"),
        ("INSERT INTO audit_unsealed VALUES (77)", "deleted before they were sealed: 77"),
        ('UPDATE audit_detail SET after = after || \'{"name": "X"}\' WHERE entry_id = 2', "details of the entries 2"),
        ('UPDATE audit_detail SET before = \'{"name": "X"}\' WHERE entry_id = 2', "details of the entries 2"),
    ],
)
def test_a_forgery_is_found_where_it_is(forger, forgery, told):
    forger.execute(text(forgery))
    faults = verify(forger).faults
    assert len(faults) <= 2  # entries whose seal is gone were put in, for all that anybody can tell
    assert re.search(told, faults[0])


def test_a_chain_that_was_cut_off_is_found_by_the_head_that_was_kept(forger):
    head = verify(forger).head.hex()
    forger.execute(text("DELETE FROM audit_entry WHERE id = 3"))
    forger.execute(text("DELETE FROM audit_seal WHERE number = 2"))
    assert verify(forger).faults == []
    assert "cut off" in verify(forger, head).faults[0]


def test_a_head_of_before_is_one_that_the_chain_goes_through(forger):
    first = forger.scalar(text("SELECT hash FROM audit_seal WHERE number = 1"))
    assert verify(forger, first.hex()).faults == []


def test_erasing_a_patients_words_leaves_the_chain_whole(forger):
    patient = forger.scalar(text("SELECT patient_id FROM audit_detail WHERE entry_id = 2"))
    forger.execute(
        text(
            "UPDATE patient SET erased_at = now(), active = false, email = NULL, name = 'Erased patient',"
            " external_id = 'erased-' || id::text WHERE id = :id"
        ),
        {"id": patient},
    )
    forger.execute(text("SET LOCAL session_replication_role = origin"))
    assert forger.scalar(text("SELECT audit_erase(:patient)"), {"patient": patient}) == 1
    seal(forger)
    assert verify(forger).faults == []
    assert (
        forger.scalar(text("SELECT count(*) FROM audit_detail WHERE patient_id = :patient"), {"patient": patient}) == 0
    )
    assert forger.scalar(text("SELECT action FROM audit_entry ORDER BY id DESC LIMIT 1")) == "erase"


def test_an_entry_of_a_transaction_that_is_still_at_work_is_sealed_later(engine):
    with Session(engine) as late, Session(engine) as session:
        upsert_patients(late, {"p1": PatientIn(name="Late")})
        upsert_patients(session, {"p2": PatientIn(name="Early")})
        session.commit()
        assert seal(session) == 1
        session.commit()
        late.commit()
        assert seal(session) == 1
        assert verify(session).faults == []


WRITES = [
    f"{change} {table}{rest}"
    for table in ("audit_entry", "audit_seal", "audit_detail", "audit_unsealed", "audit_archive")
    for change, rest in (("DELETE FROM", ""), ("TRUNCATE", ""))
] + [
    "UPDATE audit_entry SET actor_name = 'x'",
    "UPDATE audit_seal SET hash = ''",
    f"{INSERT} ('user', 'x', 'read', 'x', '{{}}')",
    "SELECT archive_audit(1, '')",
    "INSERT INTO audit_archive VALUES (1, '', '{}')",
    "SET LOCAL slotwise.archiving = 'on'; DELETE FROM audit_entry",
    "INSERT INTO audit_seal (number, entries, previous, hash) VALUES (1, '{}', '', '')",
    "DROP TRIGGER appointment_audited_insert ON appointment",
    "ALTER TABLE appointment DISABLE TRIGGER appointment_audited_insert",
    "CREATE OR REPLACE FUNCTION audit_appointment() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "SET session_replication_role = replica",
    "SELECT setval('audit_entry_id_seq', 1)",
]


@pytest.mark.parametrize("statement", WRITES)
def test_the_application_may_write_nothing_of_the_audit_and_switch_nothing_off(services, database_url, statement):
    engine = make_engine(as_application(services, database_url))
    try:
        with engine.begin() as connection, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            connection.execute(text(statement))
    finally:
        engine.dispose()


def test_the_owner_is_stopped_from_changing_it_by_mistake(session, network):
    for statement in (
        "UPDATE audit_entry SET actor_name = 'x'",
        "DELETE FROM audit_seal",
        "DELETE FROM audit_archive",
        "TRUNCATE audit_entry CASCADE",
    ):
        with pytest.raises(DBAPIError, match="only added to"), session.begin_nested():
            session.execute(text(statement))
