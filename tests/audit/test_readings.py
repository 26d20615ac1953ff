"""Every way of the API to be shown a patient is a reading, and says by which route."""

import pytest
from sqlalchemy import select

from models.audit import readings
from models.audit.tables import AuditEntry
from models.people import Patient
from tests.api.town import MONDAY


@pytest.fixture
def read(session):
    """What was read since it was last asked: by which route, and the patients' external ids."""
    last = 0

    def ask() -> list[tuple[str, set[str]]]:
        nonlocal last
        readings._shown.clear()
        with session() as reading:
            names = {each.id: each.external_id for each in reading.scalars(select(Patient))}
            entries = reading.scalars(
                select(AuditEntry).where(AuditEntry.action == "read", AuditEntry.id > last).order_by(AuditEntry.id)
            ).all()
        last = max((each.id for each in entries), default=last)
        return [(each.after["by"], {names[id_] for id_ in each.subjects}) for each in entries]

    return ask


def test_a_day_of_the_schedule_shows_who_has_an_hour_and_nobody_else(api, town, read):
    town.book("p1", "d1", "10:00")
    read()
    api.get("/schedule", params={"hospital": "central", "date": MONDAY.isoformat()})
    assert read() == [("GET /schedule", {"p1"})]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/appointments/{appointment}", "GET /appointments/{appointment_id}"),
        ("/appointments?hospital=central", "GET /appointments"),
        ("/patients/p1", "GET /patients/{external_id}"),
        ("/app/dialogs/appointments/{appointment}", "GET /app/dialogs/appointments/{appointment_id}"),
    ],
)
def test_so_does_whatever_shows_an_appointment_or_a_patient(api, town, read, path, route):
    appointment = town.book("p1", "d1", "10:00")["id"]
    read()
    assert api.get(path.format(appointment=appointment)).status_code == 200
    assert read() == [(route, {"p1"})]


def test_searching_for_patients_shows_those_who_were_found(api, town, read):
    read()
    api.post("/patients/search", json={"text": "Maria"})
    assert read() == [("POST /patients/search", {"p1"})]


def test_the_doctors_and_hospitals_show_nobody(api, town, read):
    read()
    for path in ("/doctors", "/hospitals", "/availabilities?hospital=central"):
        assert api.get(path).status_code == 200
    assert read() == []


def test_whoever_looks_again_is_written_once(api, town, read):
    read()
    for _ in range(3):
        api.get("/patients/p1")
    assert len(read()) == 1
