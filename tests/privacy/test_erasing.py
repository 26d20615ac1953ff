"""Erasing a patient: what may not stand any more, what stays, and what keeps it from being done."""

import datetime as dt
import json
import re
import uuid

import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege
from sqlalchemy import MetaData, any_, func, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from models.audit.tables import AuditDetail, AuditEntry
from models.booking import RequestStatus
from models.deliveries.tables import Delivery
from models.faults import Refused
from models.operations import IdempotencyKey, OutboxMessage
from models.people import Patient
from models.privacy.erasing import Erased, Words, erase_patient, find_words
from models.references import find_patients
from models.session import engine, transaction
from tests.api.town import MONDAY, Town, decide, refused
from tests.privacy.conftest import NOW
from tests.workers.waiting import while_blocked

WORDS = Words("MARK-4711", "Zoë Markname", "zoe@mark.example")


@pytest.fixture
def patient(town: Town) -> uuid.UUID:
    return uuid.UUID(town.put("/patients/MARK-4711", name=WORDS.name, email=WORDS.email)["id"])


def erase(patient: uuid.UUID, now: dt.datetime = NOW) -> Erased:
    with transaction() as session:
        return erase_patient(session, patient, now)


def everywhere(session: Session) -> dict[str, str]:
    """Every row of every table of the database, as text, by the table's name."""
    metadata = MetaData()
    metadata.reflect(session.connection())
    rows = "SELECT coalesce(string_agg(t::text, '\n'), '') FROM {} AS t"
    return {name: session.execute(text(rows.format(name))).scalar_one() for name in metadata.tables}


def standing(session: Session) -> set[str]:
    """The tables in which a word of the patient stands."""
    words = re.compile("|".join(re.escape(each) for each in WORDS.all), re.IGNORECASE)
    return {name for name, rows in everywhere(session).items() if words.search(rows)}


def lived(town: Town) -> dict[str, str]:
    """What a patient leaves behind: an hour cancelled, a wish in conflict, answers that are kept."""
    hour = {"patient": "MARK-4711", "doctor": "d1", "hospital": "central", "start": f"{MONDAY}T10:00:00Z"}
    booked = town.api.post("/appointments", json=hour, headers={"Idempotency-Key": "k1"}).json()
    town.post(f"/appointments/{booked['id']}/cancel")
    town.put("/patients/MARK-4711", name="Zoë Markname", email=None)
    town.put("/patients/MARK-4711", name="Zoë Markname", email=WORDS.email)
    refused(town.api.post("/appointments", json={**hour, "doctor": "nobody"}, headers={"Idempotency-Key": "k2"}), 422)
    wish = town.post("/booking-requests", **town.wish("MARK-4711"))["id"]
    with transaction() as session:
        told = {"kind": "hours_taken", "message": "None.", "facts": {}, "certificate": {}, "alternatives": []}
        decide(session, wish, RequestStatus.CONFLICT, told)
    return {"appointment": booked["id"], "request": wish}


def test_no_word_of_theirs_stands_anywhere_and_the_record_stays(town: Town, patient):
    left = lived(town)
    with transaction() as session:
        assert {"patient", "audit_detail", "idempotency_key"} <= standing(session)
    erased = erase(patient)
    with transaction() as session:
        assert standing(session) == set()
        assert find_words(session, erased.words) == {}
        row = session.get_one(Patient, patient)
        assert (row.name, row.external_id, row.email, row.active, row.erased_at) == (
            "Erased patient",
            f"erased-{patient}",
            None,
            False,
            NOW,
        )
    assert (erased.words, erased.id, erased.answers) == (WORDS, patient, 1)
    assert town.get(f"/appointments/{left['appointment']}")["patient"]["name"] == "Erased patient"
    assert town.get(f"/booking-requests/{left['request']}")["status"] == "conflict"


def test_the_audit_tells_that_it_was_done_and_keeps_its_entries(town: Town, patient):
    lived(town)
    entries = select(func.count()).select_from(AuditEntry).where(patient == any_(AuditEntry.subjects))
    with transaction() as session:
        before = session.scalar(entries)
        details = session.scalar(select(func.count()).where(AuditDetail.patient_id == patient))
    erased = erase(patient)
    assert erased.audit_details == details + 1  # that the row was overwritten, too
    with transaction() as session:
        assert session.scalar(entries) > before
        actions = session.scalars(select(AuditEntry.action).where(patient == any_(AuditEntry.subjects)))
        assert "erase" in actions.all()


def test_the_words_of_others_stay(town: Town, patient):
    town.put("/patients/MARK-47110", name="Zoë Marknames")
    town.api.post("/booking-requests", json=town.wish("MARK-47110"), headers={"Idempotency-Key": "k1"})
    other = town.get("/patients/MARK-47110")
    erase(patient)
    assert town.get("/patients/MARK-47110") == other
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1
        assert session.scalar(select(func.count()).where(AuditDetail.patient_id == uuid.UUID(other["id"]))) == 1


def test_appointments_to_come_and_undecided_requests_stand_against_it_and_are_all_named(town: Town, patient):
    ids = [town.book("MARK-4711", "d1", hour)["id"] for hour in ("09:00", "10:00")]
    ids.append(town.post("/booking-requests", **town.wish("MARK-4711"))["id"])
    with pytest.raises(Refused) as refusal:
        erase(patient)
    assert [fault.value for fault in refusal.value.faults] == ids
    for fault, id_ in zip(refusal.value.faults, ids, strict=True):
        assert f"{id_}/cancel" in fault.message or f"DELETE /booking-requests/{id_}" in fault.message
    with transaction() as session:
        assert session.get_one(Patient, patient).name == WORDS.name
    erase_later = dt.datetime.combine(MONDAY, dt.time(12), dt.UTC)
    town.api.delete(f"/booking-requests/{ids[-1]}")
    assert erase(patient, erase_later).id == patient  # hours that have passed are the record


def test_who_is_erased_is_not_erased_again(town: Town, patient):
    erase(patient)
    with pytest.raises(Refused) as refusal:
        erase(patient)
    assert [fault.code for fault in refusal.value.faults] == ["patient_erased"]
    with pytest.raises(Refused):
        erase(uuid.uuid4())


def test_the_same_external_id_makes_a_new_patient_and_nobody_brings_the_old_one_back(town: Town, patient):
    erase(patient)
    again = town.put("/patients/MARK-4711", name="Somebody Else")
    assert uuid.UUID(again["id"]) != patient
    for name in (str(patient), str(patient).upper(), f"erased-{patient}"):
        refused(town.api.put(f"/patients/{name}", json={"name": "Back"}), 409, "patient_erased")
    refused(town.api.post("/booking-requests", json=town.wish(str(patient))), 422, "inactive_patient")
    found = town.post("/patients/search", text="erased")["items"]
    assert found == []


def test_mails_that_nobody_can_get_any_more_are_deleted(town: Town, patient):
    left = lived(town)
    with transaction() as session:
        message = session.scalars(select(OutboxMessage.id).order_by(OutboxMessage.id.desc())).first()
        row = {"message_id": message, "appointment_id": uuid.UUID(left["appointment"])}
        session.add_all([Delivery(channel="email", **row), Delivery(channel="webhook", **row)])
    assert erase(patient).mails == 1
    with transaction() as session:
        assert session.scalars(select(Delivery.channel)).all() == ["webhook"]


def test_labels_that_name_them_are_told(town: Town, patient):
    town.post("/booking-batches", label="Wishes of zoë markname.", requests=[town.wish("p1")])
    town.post("/booking-batches", label="zoë marknames", requests=[town.wish("p1")])
    erased = erase(patient)
    with transaction() as session:
        assert find_words(session, erased.words) == {"audit_entry.after": 1, "booking_batch.label": 1}


def test_a_wish_that_is_made_while_they_are_erased_is_refused(town: Town, patient):
    """Whoever books waits for the erasing, and finds nobody."""
    with transaction() as session:
        erase_patient(session, patient, NOW)
        answer = while_blocked(
            engine(), lambda: town.api.post("/booking-requests", json=town.wish("MARK-4711")), session.commit
        )
    refused(answer, 422, "unknown_patient")


def test_without_that_guard_the_wish_is_made(town: Town, patient, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(
        "models.requests.find_patients", lambda session, names, **_: find_patients(session, names, to_book=False)
    )
    with transaction() as session:
        erase_patient(session, patient, NOW)
        answer = while_blocked(
            engine(), lambda: town.api.post("/booking-requests", json=town.wish("MARK-4711")), session.commit
        )
    assert answer.status_code == 202


def test_erasing_waits_for_whoever_books_and_then_refuses(town: Town, patient):
    with transaction() as session:
        find_patients(session, ["MARK-4711"], to_book=True)
        insert = text(
            "INSERT INTO booking_request (patient_id, priority, earliest, latest)"
            " VALUES (:patient, 'routine', now(), now() + interval '1 day')"
        )
        session.execute(insert, {"patient": patient})

        def attempt() -> list[str]:
            with pytest.raises(Refused) as refusal:
                erase(patient)
            return [fault.code for fault in refusal.value.faults]

        assert while_blocked(engine(), attempt, session.commit) == ["request_undecided"]


def test_the_database_keeps_the_erased_erased(town: Town, patient):
    erase(patient)
    with pytest.raises(IntegrityError) as refusal, transaction() as session:
        session.execute(update(Patient).where(Patient.id == patient).values(name="Back"))
    assert isinstance(refusal.value.orig, CheckViolation)


def test_the_audits_words_of_a_patient_who_is_not_erased_are_kept(town: Town, patient):
    with pytest.raises(ProgrammingError) as refusal, transaction() as session:
        session.execute(select(func.audit_erase(patient)))
    assert isinstance(refusal.value.orig, InsufficientPrivilege)
    assert json.loads(town.api.get("/patients/MARK-4711").text)["name"] == WORDS.name
