"""A request in conflict is booked after all, at an hour that the patient agrees to, once."""

import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import accepting
from models.accepting import accept_hour
from models.appointment_messages import Hour, appointment_message
from models.appointments import book_appointments
from models.availabilities import create_availabilities
from models.booking import BookingRequest, Conflict, RequestStatus
from models.faults import Refusal, Refused
from models.inputs import AppointmentIn, BookingRequestIn, ExactHour
from models.outbox import START, read
from models.requests import cancel_request, queue_requests
from models.schedule import Appointment
from tests.models.network import NOW, at, availability
from tests.workers.waiting import while_blocked

TEN = ExactHour(doctor="d1", hospital="lis", start=at("10:00"))


@pytest.fixture(autouse=True)
def morning(session, network) -> None:
    """Doctor 1 sees patients in Lisbon from 9 to 12."""
    create_availabilities(session, [availability("d1", at("09:00"), at("12:00"))])
    session.commit()


def in_conflict(session, **values) -> uuid.UUID:
    """A request of patient 1 that could not be booked."""
    wish = {"patient": "p1", "earliest": at("13:00"), "latest": at("17:00")} | values
    [id_] = queue_requests(session, [BookingRequestIn.model_validate(wish)])
    put_in_conflict(session, id_)
    session.commit()
    return id_


def put_in_conflict(session, request: uuid.UUID) -> None:
    run = session.execute(
        text("INSERT INTO planning_run (worker, lease_expires_at, requests) VALUES ('w', now(), 1) RETURNING id")
    ).scalar_one()
    session.execute(
        text(
            "UPDATE booking_request SET status = 'conflict', decided_at = now(), planning_run_id = :run WHERE id = :id"
        ),
        {"run": run, "id": request},
    )
    session.execute(
        text(
            "INSERT INTO conflict"
            " (booking_request_id, planning_run_id, kind, message, facts, certificate, alternatives)"
            " VALUES (:id, :run, 'no_availability', 'Nobody is there.', '{}', '{}', '[]')"
        ),
        {"run": run, "id": request},
    )


def refusal_of(session, request, hour) -> Refused:
    with pytest.raises(Refused) as refused:
        accept_hour(session, request, hour, NOW)
    return refused.value


def status(session, request) -> RequestStatus:
    session.expire_all()
    return session.get_one(BookingRequest, request).status


def test_the_hour_is_booked_for_the_request_and_the_conflict_kept(session, network):
    request = in_conflict(session)
    appointment = accept_hour(session, request, TEN, NOW)
    session.commit()
    row = session.get_one(Appointment, appointment)
    assert (row.booking_request_id, row.during.lower, row.patient_id) == (request, at("10:00"), network.patients[0])
    assert status(session, request) is RequestStatus.BOOKED
    assert session.get(Conflict, request)
    told = [(each.topic, each.payload) for each in read(session, START, 100)][-2:]
    hour = Hour(network.doctors[0], network.lisbon, at("10:00"))
    booked = appointment_message(appointment, 1, hour, request=request)
    assert told == [
        ("appointment.booked", booked),
        ("booking_request.decided", {"booking_request": str(request), "status": "booked"}),
    ]


def test_a_request_that_moves_an_appointment_moves_that_one(session, network):
    [standing] = book_appointments(
        session, [AppointmentIn(patient="p1", doctor="d1", hospital="lis", start=at("09:00"))], NOW
    )
    request = in_conflict(session, moves=standing)
    assert accept_hour(session, request, TEN, NOW) == standing
    session.commit()
    assert session.get_one(Appointment, standing).during.lower == at("10:00")
    assert status(session, request) is RequestStatus.BOOKED
    told = [each.payload for each in read(session, START, 100) if each.topic == "appointment.moved"]
    assert [each["booking_request"] for each in told] == [str(request)]


def test_one_taken_meanwhile_is_refused_with_what_there_is_now_and_nothing_is_written(session, network):
    request = in_conflict(session)
    book_appointments(session, [AppointmentIn(patient="p2", doctor="d1", hospital="lis", start=at("10:00"))], NOW)
    session.commit()
    refused = refusal_of(session, request, TEN)
    session.commit()  # whoever catches the refusal and goes on has written nothing
    assert (refused.refusal, refused.faults[0].code) == (Refusal.CLASH, "hours_taken")
    starts = {each["start"] for each in refused.faults[0].facts["alternatives"]}
    assert starts == {"2026-12-01T09:00:00+00:00", "2026-12-01T11:00:00+00:00"}
    assert status(session, request) is RequestStatus.CONFLICT


def test_what_names_nobody_is_refused_with_every_fault(session, network):
    hour = ExactHour(doctor="d9", hospital="lis", start=at("10:30"))
    refused = refusal_of(session, in_conflict(session), hour)
    assert refused.refusal is Refusal.INVALID
    assert [fault.code for fault in refused.faults] == ["unknown_doctor", "off_the_hour"]


def test_nobody_is_booked_who_is_no_longer_a_patient(session, network):
    request = in_conflict(session)
    session.execute(text("UPDATE patient SET active = false"))
    assert [fault.code for fault in refusal_of(session, request, TEN).faults] == ["inactive_patient"]


def test_a_request_that_waits_to_be_planned_takes_no_other_hour(session, network):
    [request] = queue_requests(session, [BookingRequestIn(patient="p1", earliest=at("09:00"), latest=at("17:00"))])
    refused = refusal_of(session, request, TEN)
    assert (refused.refusal, refused.faults[0].code) == (Refusal.CLASH, "request_not_in_conflict")
    assert "wait until it is planned" in refused.faults[0].message


def test_one_taken_back_takes_no_other_hour(session, network):
    request = in_conflict(session)
    cancel_request(session, request, NOW)
    assert "is cancelled" in refusal_of(session, request, TEN).faults[0].message


def test_what_does_not_exist_is_not_found(session, network):
    assert refusal_of(session, uuid.UUID(int=1), TEN).refusal is Refusal.NOT_FOUND


def twice(engine, request) -> str:
    """How the second ends of two who accept different hours for one request at the same time."""
    eleven = TEN.model_copy(update={"start": at("11:00")})

    def second() -> str:
        try:
            with Session(engine) as session, session.begin():
                accept_hour(session, request, eleven, NOW)
        except Refused as refused:
            return refused.faults[0].message
        return "booked"

    with Session(engine) as session:
        accept_hour(session, request, TEN, NOW)
        return while_blocked(engine, second, session.commit)


def test_of_two_who_accept_an_hour_for_it_the_second_is_told(engine, session, network):
    request = in_conflict(session)
    assert "The request is booked" in twice(engine, request)
    assert [row.during.lower for row in session.query(Appointment)] == [at("10:00")]


def test_without_comparing_the_status_it_would_be_booked_twice(engine, session, network, monkeypatch):
    """The negative control of the test above."""
    request = in_conflict(session)
    session.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_booking_request_id_unique"))
    session.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_patient_free"))
    session.commit()

    def unguarded(session, request_id, _now):
        return session.get_one(BookingRequest, request_id, with_for_update=True)

    monkeypatch.setattr(accepting, "_decide", unguarded)
    assert twice(engine, request) == "booked"
    assert session.query(Appointment).count() == 2
