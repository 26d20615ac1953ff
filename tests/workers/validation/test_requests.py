"""Requests and reschedules that nobody works on, or that say other than what is so: found, mended, gone."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.accepting import accept_hour
from models.appointments import change_status
from models.booking import BookingRequest, Conflict, RequestStatus
from models.faults import Refused
from models.inputs import AppointmentMove, ExactHour
from models.moving import move_appointment
from models.people import Patient
from models.requests import cancel_request
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.jobs import discard_reschedule
from models.rescheduling.tables import Reschedule
from models.rescheduling.undoing import undo_reschedule
from models.schedule import Appointment, AppointmentStatus
from models.validation.found import Kind
from tests.workers.validation.validating import Validating, about, subjects
from workers.planning import plan_next
from workers.reschedule_claims import claim_job
from workers.rescheduling import plan_next_reschedule
from workers.validation.requests.jobs import STUCK_RESCHEDULES
from workers.validation.requests.wishes import CONTRADICTED_REQUESTS, EXPIRED_REQUESTS, STUCK_REQUESTS

STEPS = (STUCK_REQUESTS, EXPIRED_REQUESTS, CONTRADICTED_REQUESTS, STUCK_RESCHEDULES)


@pytest.fixture
def validating(engine, chosen, now) -> Validating:
    return Validating(engine, chosen, now, STEPS)


@pytest.fixture
def hospital(network):
    return network.hospital()


@pytest.fixture
def doctor(network, hospital):
    doctor = network.doctor("cardiology")
    for day in (0, 1, 2):
        network.availability(doctor, hospital, 9, 12, day=day)
    return doctor


@pytest.fixture
def plan(chosen, validating):
    """Lets a worker plan all that is queued."""

    def plan_all():
        while plan_next(chosen, worker="w", clock=lambda: validating.now):
            pass

    return plan_all


@pytest.fixture
def queued(network, now):
    """Queues a request, just now unless told otherwise."""

    def queue(*doctors, **values):
        values = {"queued_at": now, "window": (0, 72)} | values
        return network.request(doctors, values.pop("window"), **values)

    return queue


def booking_of(network, request) -> Appointment:
    return next(each for each in network.all(Appointment) if each.booking_request_id == request)


def status(network, request) -> RequestStatus:
    return network.get(BookingRequest, request).status


def test_nothing_that_the_product_does_is_found(network, validating, queued, plan, hospital, doctor, chosen):
    """Planned, refused, cancelled, accepted, moved by request and by hand, rescheduled, undone."""
    stand_in = network.doctor("cardiology")
    network.availability(stand_in, hospital, 9, 12, day=2)
    patient = network.patient()
    booked, other = queued(doctor, patient=patient), queued(doctor)
    refused, accepted = queued(doctor, window=(0, 9)), queued(doctor, window=(0, 9))
    late, left = queued(doctor, window=(0, 6.5)), queued(doctor, patient=network.patient(active=False))
    assert {each for each, _ in subjects(validating.report())} == {"request_expired"}  # it is, until it is planned
    plan()
    assert validating.report() == []
    appointment = booking_of(network, booked)
    moving = queued(doctor, window=(48, 72), moves=appointment.id, patient=patient)
    taken_back = queued(doctor)
    with Session(network.engine) as session, session.begin():
        accept_hour(
            session,
            accepted,
            ExactHour(doctor=str(doctor), hospital=str(hospital), start=network.at(11, 1)),
            validating.now,
        )
        cancel_request(session, refused, validating.now)
        cancel_request(session, taken_back, validating.now)
    assert validating.report() == []
    plan()
    assert status(network, moving) is RequestStatus.BOOKED
    with Session(network.engine) as session, session.begin():
        move_appointment(
            session, booking_of(network, other).id, AppointmentMove(start=network.at(10, 2)), None, validating.now
        )
        change_status(session, booking_of(network, accepted).id, AppointmentStatus.CANCELLED)
    assert validating.report() == []
    job = network.reschedule(
        {"doctors": [str(doctor)], "start": network.at(48), "end": network.at(72)},
        validating.now,
        policy={"same_doctor": False, "cancel_unplaced": True},
    )
    assert validating.report() == []
    assert plan_next_reschedule(chosen, worker="w", clock=lambda: validating.now)
    assert validating.report() == []
    for step in (apply_reschedule, undo_reschedule):
        with Session(network.engine) as session, session.begin():
            step(session, job, None, validating.now)
        assert validating.report() == []
    assert [status(network, each) for each in (late, left)] == [RequestStatus.CONFLICT, RequestStatus.FAILED]


def test_a_request_planned_by_a_run_that_let_go_is_queued_again(network, validating, queued, doctor, claimed, plan):
    request = queued(doctor)
    claimed(at=validating.now)
    assert validating.report() == []
    validating.by_hand("UPDATE planning_run SET status = 'failed', finished_at = now()")
    [finding] = validating.report()
    assert subjects([finding]) == [("request_stuck", about(Kind.BOOKING_REQUEST, request))]
    validating.apply(finding)
    assert validating.report() == []
    plan()
    assert status(network, request) is RequestStatus.BOOKED


def test_a_request_whose_worker_was_lost_unnoticed_is_queued_again(validating, queued, doctor, claimed):
    request = queued(doctor)
    claimed(at=validating.now)
    validating.now += timedelta(seconds=90)  # the lease has run out, and beat may look yet
    assert validating.report() == []
    [finding] = validating.report()
    assert subjects([finding]) == [("request_stuck", about(Kind.BOOKING_REQUEST, request))]
    validating.apply(finding)
    assert validating.report() == []


def test_a_request_that_a_live_run_plans_is_not_taken_from_it(validating, queued, doctor, claimed, engine):
    queued(doctor)
    claimed(at=validating.now)
    validating.by_hand("UPDATE planning_run SET status = 'failed', finished_at = now()")
    [finding] = validating.report()
    lives = "UPDATE planning_run SET status = 'planning', finished_at = NULL, lease_expires_at = :until"
    validating.by_hand(lives, until=validating.now + timedelta(hours=1))
    with pytest.raises(Refused) as refused:
        validating.apply(finding)
    assert [each.code for each in refused.value.faults] == ["remedy_outdated", "request_changed_since"]


def test_a_request_that_nobody_plans_for_an_hour_is_stuck(validating, queued, doctor, hospital, network, now):
    there = network.hospital()
    request = queued(doctor, hospitals=[hospital])
    validating.now += timedelta(minutes=59)
    assert validating.report() == []
    assert subjects(validating.report()) == [("request_stuck", about(Kind.BOOKING_REQUEST, request))]
    [finding] = validating.standing()
    assert (finding.hospitals, finding.remedy) == ([hospital], None)
    assert "Mon 7 Jan 2030 06:00 (UTC)" in finding.message
    anywhere = queued(doctor)
    found = validating.report(there)
    assert {each.key for each in found} >= {finding.key}
    assert network.get(BookingRequest, anywhere).queued_at == now
    assert len(found) == 2  # one accepts any hospital, and concerns this one too


def test_a_request_whose_time_is_over_is_cancelled(network, validating, queued, doctor):
    request = queued(doctor, window=(0, 7.01))
    queued(doctor, window=(0, 8.5))
    [finding] = validating.report()
    assert subjects([finding]) == [("request_expired", about(Kind.BOOKING_REQUEST, request))]
    validating.apply(finding)
    assert status(network, request) is RequestStatus.CANCELLED
    assert validating.report() == []


def test_a_request_without_its_appointment_is_planned_again(network, validating, queued, doctor, plan):
    request = queued(doctor)
    plan()
    lost = booking_of(network, request).id
    validating.by_hand("DELETE FROM appointment WHERE id = :id", id=lost)
    [finding] = validating.report()
    assert subjects([finding]) == [("request_contradicted", about(Kind.BOOKING_REQUEST, request))]
    validating.apply(finding)
    plan()
    assert booking_of(network, request).id != lost
    assert validating.report() == []


def test_an_appointment_that_may_be_the_requests_is_for_people_to_find_out(network, validating, queued, doctor, plan):
    request = queued(doctor)
    plan()
    lost = booking_of(network, request).id
    validating.by_hand("UPDATE appointment SET booking_request_id = NULL WHERE id = :id", id=lost)
    [finding] = validating.report()
    assert subjects([finding]) == [("request_contradicted", about(Kind.BOOKING_REQUEST, request))]
    assert (finding.remedy, finding.entities[1]["id"]) == (None, str(lost))


def test_a_conflict_without_its_reason_is_planned_again(network, validating, queued, doctor, plan):
    request = queued(doctor, window=(30, 31))
    plan()
    validating.by_hand("DELETE FROM conflict WHERE booking_request_id = :id", id=request)
    [finding] = validating.report()
    assert subjects([finding]) == [("request_contradicted", about(Kind.BOOKING_REQUEST, request))]
    validating.apply(finding)
    plan()
    assert [each.booking_request_id for each in network.all(Conflict)] == [request]
    assert validating.report() == []


@pytest.mark.parametrize("hopeless", ["over", "departed"])
def test_a_request_without_its_appointment_is_cancelled_where_it_waits_no_more(
    network, validating, queued, doctor, plan, hopeless
):
    request = queued(doctor, window=(0, 12))
    plan()
    validating.by_hand("DELETE FROM appointment")
    if hopeless == "over":
        validating.now += timedelta(hours=12)
    else:
        network.write(update(Patient).values(active=False))
    [finding] = validating.report()
    assert finding.remedy == {"kind": "settle_request", "booking_request": str(request), "status": "cancelled"}
    validating.apply(finding)
    assert status(network, request) is RequestStatus.CANCELLED
    assert validating.report() == []


@pytest.mark.parametrize("said", ["queued", "planning", "conflict", "cancelled", "failed"])
def test_a_request_with_an_appointment_is_booked(network, validating, queued, doctor, plan, said):
    request = queued(doctor)
    plan()
    run = "NULL" if said == "queued" else "planning_run_id"
    decided = "NULL" if said in ("queued", "planning") else "decided_at"
    failure = "'lost'" if said == "failed" else "NULL"
    validating.by_hand(
        f"UPDATE booking_request SET status = '{said}', planning_run_id = {run}, decided_at = {decided},"
        f" failure = {failure}"
    )
    if said == "planning":
        validating.by_hand("UPDATE planning_run SET status = 'planning', finished_at = NULL")
    [finding] = validating.report()
    assert subjects([finding]) == [("request_contradicted", about(Kind.BOOKING_REQUEST, request))]
    validating.apply(finding)
    assert status(network, request) is RequestStatus.BOOKED
    assert validating.report() == []


def test_a_request_whose_appointment_is_anothers_is_for_people_to_find_out(network, validating, queued, doctor, plan):
    request = queued(doctor)
    plan()
    network.write(update(Appointment).values(patient_id=network.patient()))
    [finding] = validating.report()
    assert subjects([finding]) == [("request_contradicted", about(Kind.BOOKING_REQUEST, request))]
    assert (finding.remedy, finding.facts["how"]) == (None, "other_patient")
    with pytest.raises(Refused) as refused:
        validating.apply(finding)
    assert [each.code for each in refused.value.faults] == ["no_remedy"]


def test_a_request_may_not_move_what_is_anothers(network, validating, queued, doctor, hospital):
    patient = network.patient()
    appointment = network.appointment(doctor, hospital, 9, patient, day=1)
    request = queued(doctor, moves=appointment, patient=patient)
    assert validating.report() == []
    network.write(update(Appointment).values(patient_id=network.patient()))
    [finding] = validating.report()
    assert subjects([finding]) == [("request_contradicted", about(Kind.BOOKING_REQUEST, request))]
    assert finding.facts["how"] == "moves_other_patient"


def test_a_reschedule_that_nobody_plans_is_stuck(network, validating, doctor, hospital, engine):
    network.appointment(doctor, hospital, 9, day=1)
    job = network.reschedule({"doctors": [str(doctor)], "start": network.at(24), "end": network.at(48)}, validating.now)
    network.write(update(Reschedule).values(created_at=validating.now))
    validating.by_hand("UPDATE reschedule_event SET at = :now", now=validating.now)
    validating.now += timedelta(minutes=59)
    assert validating.report() == []
    [finding] = validating.report()
    assert subjects([finding]) == [("reschedule_stuck", about(Kind.RESCHEDULE, job))]
    assert finding.hospitals == [hospital]
    with Session(engine) as session, session.begin():
        claim_job(session, worker="w", now=validating.now, until=validating.now + timedelta(minutes=2))
    assert validating.report() == []
    validating.now += timedelta(minutes=2)
    [finding] = validating.report()
    assert "was lost" in finding.message
    with Session(engine) as session, session.begin():
        discard_reschedule(session, job, None, validating.now)
    assert validating.report() == []


def test_instants_that_no_clock_tells_stop_no_check(network, validating, queued, doctor, hospital):
    forever, expired, moving = queued(doctor), queued(doctor), queued(doctor)
    appointment = network.appointment(doctor, hospital, 9, day=1)
    validating.by_hand(
        "UPDATE booking_request SET status = 'booked', decided_at = now(), latest = 'infinity' WHERE id = :forever",
        "UPDATE booking_request SET earliest = '-infinity', latest = '-infinity' WHERE id = :expired",
        "UPDATE booking_request SET queued_at = '-infinity', moves = :appointment WHERE id = :moving",
        "UPDATE appointment SET during = '[2030-01-08 09:00+00,infinity)' WHERE id = :appointment",
        "UPDATE appointment SET during = '[20000-01-08,20000-01-09)', status = 'cancelled' WHERE id = :appointment",
        without="appointment.appointment_lasts_one_hour appointment.appointment_starts_on_the_hour"
        " appointment.appointment_within_availability",
        forever=forever,
        expired=expired,
        moving=moving,
        appointment=appointment,
    )
    assert subjects(validating.report()) == sorted(
        (code, about(Kind.BOOKING_REQUEST, request))
        for code, request in (
            ("request_contradicted", forever),
            ("request_expired", expired),
            ("request_stuck", moving),
        )
    )
