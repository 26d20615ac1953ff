"""`slotwise patient`: the commands, in processes of their own, as the role that owns nothing."""

import datetime as dt
import json
import stat
import uuid

import pytest
from sqlalchemy import any_, select

from models.access.acting import ActorKind
from models.audit.archiving import archive_part
from models.audit.sealing import seal
from models.audit.tables import AuditEntry
from models.session import transaction
from tests.api.town import MONDAY, Town


@pytest.fixture
def patient(town: Town) -> uuid.UUID:
    return uuid.UUID(town.put("/patients/MARK-4711", name="Zoë Markname", email="zoe@mark.example")["id"])


def entries(patient: uuid.UUID, action: str) -> list[AuditEntry]:
    with transaction() as session:
        of = select(AuditEntry).where(AuditEntry.action == action, patient == any_(AuditEntry.subjects))
        return list(session.scalars(of.order_by(AuditEntry.id)))


def test_an_export_holds_everything_and_is_a_reading(town: Town, patient, slotwise, service_environment, tmp_path):
    hour = town.book("MARK-4711", "d1", "10:00")["id"]
    town.post(f"/appointments/{hour}/move", start=f"{MONDAY}T11:00:00Z")
    wish = town.post("/booking-requests", **town.wish("MARK-4711", doctors=["d1"], hospitals=["central"]))["id"]
    town.put("/patients/p1", name="Other Patient")
    town.book("p1", "d2", "10:00")

    done = slotwise("patient", "export", "MARK-4711", "--out", "kept.json", env=service_environment)
    assert (done.code, done.out) == (0, ""), done.err
    file = tmp_path / "kept.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = json.loads(file.read_text())

    assert kept["patient"]["name"] == "Zoë Markname"
    assert [each["id"] for each in kept["appointments"]] == [hour]
    assert [each["appointment_id"] for each in kept["former_hours"]] == [hour]
    assert [each["id"] for each in kept["booking_requests"]] == [wish]
    assert [each["booking_request_id"] for each in kept["booking_request_doctors"]] == [wish]
    assert [each["topic"] for each in kept["events"]] == ["appointment.booked", "appointment.moved"]
    assert set(kept["names"].values()) == {"Dr Ana Sousa", "Central", "Admin of the tests"}
    assert {"insert", "update", "read"} <= {each["action"] for each in kept["audit"]}
    assert kept["audit_words"][0]["after"]["email"] == "zoe@mark.example"
    assert "Other Patient" not in file.read_text()
    reading = entries(patient, "read")[-1]
    assert (reading.actor_kind, reading.after) == (ActorKind.OPERATOR, {"route": "slotwise patient export"})


def test_erasing_is_refused_with_what_stands_against_it_and_then_done(
    town: Town, patient, slotwise, service_environment
):
    hour = town.book("MARK-4711", "d1", "10:00")["id"]
    refused = slotwise("patient", "erase", "MARK-4711", "--yes", env=service_environment)
    assert refused.code == 1
    assert f"POST /appointments/{hour}/cancel" in refused.err
    town.post(f"/appointments/{hour}/cancel")

    asked = slotwise("patient", "erase", "MARK-4711", stdin="n\n", env=service_environment)
    assert (asked.code, "Nothing was done." in asked.err) == (1, True)
    town.post("/booking-batches", label="for zoë markname", requests=[town.wish("p1")])
    done = slotwise("patient", "erase", "MARK-4711", "--yes", "--json", env=service_environment)
    assert done.code == 0, done.err
    assert done.json["id"] == str(patient)
    assert done.json["words_left"] == {"audit_entry.after": 1, "booking_batch.label": 1}
    assert [each.actor_kind for each in entries(patient, "erase")] == [ActorKind.OPERATOR]
    again = slotwise("patient", "erase", "MARK-4711", "--yes", env=service_environment)
    assert (again.code, "There is no patient 'MARK-4711'" in again.err) == (1, True)


def test_whoever_erases_is_told_of_an_archive_that_may_hold_the_words(
    patient, owner, slotwise, service_environment, tmp_path
):
    with owner() as session:
        assert [seal(session, 10), seal(session) > 0] == [10, True]  # the newest seal is not archived
    with owner() as session:
        assert archive_part(session, tmp_path, dt.datetime.now(dt.UTC) + dt.timedelta(days=1), most=10)
    done = slotwise("patient", "erase", "MARK-4711", "--yes", env=service_environment)
    assert (done.code, "Run `slotwise audit archive` again into its folder" in done.out) == (0, True)


def test_an_import_does_not_bring_an_erased_patient_back(town: Town, patient, slotwise, service_environment, tmp_path):
    assert slotwise("patient", "erase", "MARK-4711", "--yes", env=service_environment).code == 0
    (tmp_path / "patients.csv").write_text(f"external_id,name\n{patient},Zoë Markname\nMARK-4711,Somebody Else\n")
    refused = slotwise("import", "patients.csv", env=service_environment)
    assert (refused.code, "was erased, which cannot be undone" in refused.err) == (1, True)
