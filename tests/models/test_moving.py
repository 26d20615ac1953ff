"""An appointment is moved to an hour that is free, keeps its id, and is moved by one at a time."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models import moving
from models.appointment_messages import Hour, told_hours
from models.appointments import book_appointments, change_status
from models.availabilities import change_availability, create_availabilities
from models.faults import Refusal, Refused
from models.inputs import AppointmentIn, AppointmentMove, BookingRequestIn
from models.moving import move_appointment
from models.outbox import START, read
from models.requests import cancel_request, queue_requests
from models.schedule import Appointment, AppointmentStatus
from tests.models.network import NOW, at, availability
from tests.workers.waiting import blocked, until, while_blocked


@pytest.fixture
def morning(session, network) -> list[uuid.UUID]:
    """The availabilities: doctor 1 in Lisbon from 9 to 12, doctor 2 in Delhi from 10 to 17 its time."""
    ids = create_availabilities(
        session,
        [
            availability("d1", at("09:00"), at("12:00")),
            availability("d2", at("10:00", offset="+05:30"), at("17:00", offset="+05:30"), hospital="del"),
        ],
    )
    session.commit()
    return ids


@pytest.fixture
def appointments(session, morning) -> list[uuid.UUID]:
    """Patients 1 and 2 are with doctor 1 at 9 and at 10."""
    rows = [AppointmentIn(patient=p, doctor="d1", hospital="lis", start=at(hour)) for p, hour in WITH_DOCTOR_1]
    ids = book_appointments(session, rows, NOW)
    session.commit()
    return ids


WITH_DOCTOR_1 = (("p1", "09:00"), ("p2", "10:00"))


def to(clock: str, **values) -> AppointmentMove:
    offset = values.pop("offset", "+00:00")
    return AppointmentMove(start=at(clock, offset=offset), **values)


def refusal_of(session, id_, where, version=None) -> Refused:
    with pytest.raises(Refused) as refused:
        move_appointment(session, id_, where, version, NOW)
    return refused.value


def test_it_keeps_its_id_and_counts_a_version(session, network, appointments):
    move_appointment(session, appointments[0], to("11:00"), 1, NOW)
    session.expire_all()
    moved = session.get_one(Appointment, appointments[0])
    assert (moved.during.lower, moved.doctor_id, moved.version) == (at("11:00"), network.doctors[0], 2)
    session.commit()
    last = read(session, START, 100)[-1]
    assert last.topic == "appointment.moved"
    assert last.payload == {
        "appointment": str(appointments[0]),
        "version": 2,
        "doctor": str(network.doctors[0]),
        "hospital": str(network.lisbon),
        "start": at("11:00").isoformat(),
        "former_start": at("09:00").isoformat(),
    }


def test_it_may_go_to_another_doctor_at_another_hospital_by_that_ones_clock(session, network, appointments):
    move_appointment(session, appointments[0], to("10:00", offset="+05:30", doctor="d2", hospital="del"), None, NOW)
    session.expire_all()
    moved = session.get_one(Appointment, appointments[0])
    assert (moved.hospital_id, moved.doctor_id, moved.timezone) == (network.delhi, network.doctors[1], "Asia/Kolkata")
    session.commit()
    told = read(session, START, 100)[-1].payload
    assert told_hours(told) == (
        Hour(network.doctors[1], network.delhi, at("04:30")),
        Hour(network.doctors[0], network.lisbon, at("09:00")),
    )
    session.commit()
    assert read(session, START, 100)[-1].payload["former_hospital"] == str(network.lisbon)


def test_where_it_stands_already_it_stays_as_it_is(session, appointments):
    move_appointment(session, appointments[0], to("09:00"), None, NOW)
    session.expire_all()
    assert session.get_one(Appointment, appointments[0]).version == 1


@pytest.mark.parametrize(
    ("where", "refusal", "code"),
    [
        (to("10:00"), Refusal.CLASH, "hours_taken"),
        (to("12:00"), Refusal.CLASH, "no_availability"),
        (to("18:00"), Refusal.CLASH, "hospital_closed"),
        (to("11:30"), Refusal.INVALID, "off_the_hour"),
        (to("11:00", doctor="d9"), Refusal.INVALID, "unknown_doctor"),
        (to("11:00", hospital="h9"), Refusal.INVALID, "unknown_hospital"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason(session, appointments, where, refusal, code):
    refused = refusal_of(session, appointments[0], where)
    assert refused.refusal is refusal
    assert [fault.code for fault in refused.faults] == [code]
    session.expire_all()
    assert session.get_one(Appointment, appointments[0]).during.lower == at("09:00")


def test_another_appointment_of_the_patient_is_a_reason(session, network, appointments):
    session.execute(text("UPDATE appointment SET patient_id = :p"), {"p": network.patients[0]})
    create_availabilities(session, [availability("d2", at("09:00", day=3), at("12:00", day=3))])
    where = to("15:00", offset="+05:30", doctor="d2", hospital="del")  # 09:30 in Lisbon
    refused = refusal_of(session, appointments[0], where)
    assert [fault.code for fault in refused.faults] == ["patient_busy"]
    assert [each["id"] for each in refused.faults[0].facts["appointments"]] == [str(appointments[1])]


def test_the_alternatives_are_free_hours_other_than_the_one_it_has(session, appointments):
    [fault] = refusal_of(session, appointments[0], to("10:00")).faults
    assert [each["start"] for each in fault.facts["alternatives"]] == ["2026-12-01T11:00:00+00:00"]


@pytest.mark.parametrize("status", ["cancelled", "completed", "no_show"])
def test_only_a_booked_one_is_moved(session, appointments, status):
    change_status(session, appointments[0], AppointmentStatus(status))
    assert [fault.code for fault in refusal_of(session, appointments[0], to("11:00")).faults] == [
        "appointment_not_booked"
    ]


def test_one_that_a_request_is_about_to_move_waits_for_that(session, appointments):
    [request] = queue_requests(
        session, [BookingRequestIn(patient="p1", earliest=at("09:00"), latest=at("17:00"), moves=appointments[0])]
    )
    refused = refusal_of(session, appointments[0], to("11:00"))
    assert (refused.refusal, refused.faults[0].code) == (Refusal.CLASH, "already_being_moved")
    cancel_request(session, request, NOW)
    move_appointment(session, appointments[0], to("11:00"), None, NOW)


def test_a_move_meant_for_an_older_version_is_refused(session, appointments):
    move_appointment(session, appointments[0], to("11:00"), 1, NOW)
    session.expire_all()
    assert refusal_of(session, appointments[0], to("09:00"), 1).refusal is Refusal.STALE


def test_what_does_not_exist_is_not_found(session, network):
    assert refusal_of(session, uuid.UUID(int=1), to("11:00")).refusal is Refusal.NOT_FOUND


def attempt(engine, id_, where, version=None) -> str:
    """Move in a transaction of its own: 'moved', or why not."""
    try:
        with Session(engine) as session, session.begin():
            move_appointment(session, id_, where, version, NOW)
    except Refused as refused:
        return refused.faults[0].code
    return "moved"


def meanwhile(engine, first, second) -> str:
    """What `second` comes to, which begins while `first` has moved and not yet committed."""
    with Session(engine) as session:
        move_appointment(session, *first, NOW)
        return while_blocked(engine, lambda: attempt(engine, *second), session.commit)


def test_of_two_that_go_to_one_hour_one_gets_it(engine, appointments):
    first, second = ((id_, to("11:00"), None) for id_ in appointments)
    assert meanwhile(engine, first, second) == "hours_taken"


def test_without_the_rule_both_would_get_it(engine, session, appointments):
    """The negative control of the test above."""
    session.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_doctor_free"))
    session.commit()
    assert [attempt(engine, id_, to("11:00")) for id_ in appointments] == ["moved", "moved"]


def test_of_two_who_move_one_appointment_the_second_is_told_that_it_has_changed(engine, appointments):
    first, second = ((appointments[0], to("11:00"), 1), (appointments[0], to("09:00"), 1))
    assert meanwhile(engine, first, second) == "changed_since"


def test_who_names_no_version_means_the_one_there_was_when_they_began(engine, appointments):
    first, second = ((appointments[0], to("11:00"), None), (appointments[0], to("09:00"), None))
    assert meanwhile(engine, first, second) == "changed_since"


def test_without_comparing_versions_the_second_would_undo_the_first(engine, appointments, monkeypatch):
    """The negative control of the two tests above."""
    locked = moving.lock_to_change
    monkeypatch.setattr(moving, "lock_to_change", lambda session, kind, id_, _version: locked(session, kind, id_, None))
    first, second = ((appointments[0], to("11:00"), 1), (appointments[0], to("09:00"), 1))
    assert meanwhile(engine, first, second) == "moved"


def crossing(engine, appointments, morning) -> set[str]:
    """How two end: one cuts an availability where an appointment stands, another moves this one within it."""

    def told(step) -> str:
        try:
            return step()
        except OperationalError as error:
            return type(error.orig).__name__

    def cut() -> str:
        with pytest.raises(Refused) as refused, session.begin_nested():
            change_availability(session, morning[0], at("10:00"), at("12:00"), None)
        return refused.value.faults[0].code

    with Session(engine) as session, ThreadPoolExecutor(1) as pool:
        session.execute(text("SELECT FROM availability WHERE id = :id FOR UPDATE"), {"id": morning[0]})
        mover = pool.submit(attempt, engine, appointments[0], to("11:00"))
        until(lambda: blocked(engine), what="the mover to wait for the availability")
        ends = {told(cut)}
        session.rollback()
        return ends | {told(lambda: mover.result(timeout=20))}


def test_a_move_within_an_availability_that_somebody_cuts_waits_for_that(engine, appointments, morning):
    assert crossing(engine, appointments, morning) == {"appointment_stands", "moved"}


def test_without_taking_the_availability_first_the_two_would_wait_for_each_other(
    engine, appointments, morning, monkeypatch
):
    """The negative control of the test above."""
    monkeypatch.setattr(moving, "_hold_availabilities", lambda _session, _wanted: None)
    assert "DeadlockDetected" in crossing(engine, appointments, morning)
