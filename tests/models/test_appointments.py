"""An appointment is booked at its exact hour at once, or refused with the reasons."""

import uuid

import pytest
from sqlalchemy import select, text

from models.appointment_messages import Hour, told_hours
from models.appointments import book_appointments, change_status
from models.availabilities import create_availabilities
from models.faults import Refusal, Refused
from models.inputs import AppointmentIn
from models.outbox import START, read
from models.schedule import Appointment, AppointmentStatus
from tests.models.network import NOW, at, availability


@pytest.fixture(autouse=True)
def available(session, network):
    """Doctor 1 sees patients in Lisbon from 9 to 12, doctor 2 in Delhi from 10 to 17 its time."""
    create_availabilities(
        session,
        [
            availability("d1", at("09:00"), at("12:00")),
            availability("d2", at("10:00", offset="+05:30"), at("17:00", offset="+05:30"), hospital="del"),
        ],
    )


def hour(clock: str, patient: str = "p1", doctor: str = "d1", hospital: str = "lis", **values) -> AppointmentIn:
    return AppointmentIn(patient=patient, doctor=doctor, hospital=hospital, start=at(clock, **values))


def refusal_of(session, *rows: AppointmentIn) -> Refused:
    before = count(session)
    with pytest.raises(Refused) as refused:
        book_appointments(session, rows, NOW)
    assert count(session) == before
    return refused.value


def count(session) -> int:
    return len(session.scalars(select(Appointment.id)).all())


def test_appointments_are_booked_in_the_order_sent(session, network):
    ids = book_appointments(session, [hour("11:00"), hour("09:00", patient="p2")], NOW)
    starts = {row.id: row.during.lower for row in session.scalars(select(Appointment))}
    assert [starts[id_] for id_ in ids] == [at("11:00"), at("09:00")]
    session.commit()
    told = [message.payload for message in read(session, START, 10) if message.topic == "appointment.booked"]
    assert [(each["appointment"], each["version"], each["start"]) for each in told] == [
        (str(ids[0]), 1, at("11:00").isoformat()),
        (str(ids[1]), 1, at("09:00").isoformat()),
    ]
    assert told_hours(told[0]) == (Hour(network.doctors[0], network.lisbon, at("11:00")), None)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (hour("08:00"), "hospital_closed"),
        (hour("20:00", day=3), "hospital_closed"),
        (hour("12:00"), "no_availability"),
        (hour("10:00", doctor="d2"), "no_availability"),
        (hour("10:00", patient="p2"), "hours_taken"),
        (hour("15:00", doctor="d2", hospital="del", offset="+05:30"), "patient_busy"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_kind_of_a_conflict(session, row, kind):
    book_appointments(session, [hour("10:00")], NOW)
    refused = refusal_of(session, row)
    assert refused.refusal is Refusal.CLASH
    assert [fault.code for fault in refused.faults] == [kind]


def test_an_hour_that_has_passed_says_so_and_names_the_next_opening_however_far(session):
    [fault] = refusal_of(session, hour("10:00", day=1, month=6)).faults
    assert fault.code == "hospital_closed"
    assert fault.message.startswith("The hour has passed. ")
    assert fault.facts["next_opening"]["start"] == "2026-11-30T09:00:00+00:00"


def test_off_the_hour_names_the_nearest_hours_by_the_hospitals_clock(session):
    refused = refusal_of(session, hour("10:30"), hour("10:00", doctor="d2", hospital="del"))
    assert refused.refusal is Refusal.INVALID
    assert [(fault.row, fault.code) for fault in refused.faults] == [(0, "off_the_hour"), (1, "off_the_hour")]
    assert refused.faults[0].facts["nearest"] == ["2026-12-01T10:00:00+00:00", "2026-12-01T11:00:00+00:00"]
    assert refused.faults[1].facts["nearest"] == ["2026-12-01T15:00:00+05:30", "2026-12-01T16:00:00+05:30"]


def test_one_that_cannot_be_had_refuses_all(session):
    refused = refusal_of(session, hour("09:00"), hour("12:00"), hour("11:00"))
    assert [(fault.row, fault.code) for fault in refused.faults] == [(1, "no_availability")]


def test_clashes_among_them_are_named_beside_what_the_schedule_refuses(session):
    refused = refusal_of(session, hour("09:00"), hour("12:00"), hour("09:00", patient="p2"))
    assert [(fault.row, fault.code) for fault in refused.faults] == [(1, "no_availability"), (2, "hours_taken")]


def test_two_sent_together_clash_as_two_sent_apart_do(session):
    refused = refusal_of(session, hour("09:00"), hour("09:00", patient="p2"))
    assert [(fault.row, fault.code) for fault in refused.faults] == [(1, "hours_taken")]


def test_unknown_people_are_named(session):
    refused = refusal_of(session, hour("09:00", patient="p7", doctor="d7", hospital="h7"))
    assert [fault.code for fault in refused.faults] == ["unknown_patient", "unknown_doctor", "unknown_hospital"]


@pytest.mark.parametrize("status", ["cancelled", "completed", "no_show"])
def test_a_booked_appointment_changes_its_status_once(session, status):
    [id_] = book_appointments(session, [hour("09:00")], NOW)
    change_status(session, id_, AppointmentStatus(status), 1)
    with pytest.raises(Refused) as refused:
        change_status(session, id_, AppointmentStatus.CANCELLED)
    assert refused.value.refusal is Refusal.CLASH
    assert f"is {status} already" in refused.value.faults[0].message


def test_a_change_meant_for_an_older_version_is_refused(session):
    [id_] = book_appointments(session, [hour("09:00")], NOW)
    session.execute(text("UPDATE appointment SET version = 2"))
    with pytest.raises(Refused) as refused:
        change_status(session, id_, AppointmentStatus.CANCELLED, 1)
    assert refused.value.refusal is Refusal.STALE


def test_what_does_not_exist_is_not_found(session):
    with pytest.raises(Refused) as refused:
        change_status(session, uuid.UUID(int=1), AppointmentStatus.CANCELLED)
    assert refused.value.refusal is Refusal.NOT_FOUND
