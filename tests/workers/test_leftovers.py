"""A plan that moves an appointment which a reschedule left standing gives its hour to nobody else."""

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from models import snapshot
from models.base import period
from models.booking import BookingRequest, Conflict, RequestStatus
from models.rescheduling.leftovers import kept_for
from models.rescheduling.tables import Cause, Fate, Reschedule, RescheduledAppointment, RescheduleStatus
from models.schedule import Appointment, Availability
from models.settings import settings
from planner.plan import ConflictKind
from planner.problem import HOUR
from workers import planning
from workers.commit import Outcome
from workers.planning import plan_next


@pytest.fixture
def leave(engine, network):
    """Let an applied reschedule have left an appointment standing at an hour."""

    def left(doctor, hospital, hour):
        network.availability(doctor, hospital, hour, hour + 1)
        appointment = network.appointment(doctor, hospital, hour)
        with Session(engine) as session, session.begin():
            job = session.execute(
                insert(Reschedule)
                .values(
                    cause=Cause.DOCTOR_UNAVAILABLE,
                    what_if=False,
                    dry_run=True,
                    scope={},
                    policy={},
                    status=RescheduleStatus.APPLIED,
                    changes={},
                )
                .returning(Reschedule.id)
            ).scalar_one()
            start = network.at(hour)
            session.execute(
                insert(RescheduledAppointment).values(
                    reschedule_id=job,
                    appointment_id=appointment,
                    displaced=True,
                    held=False,
                    moved_before=False,
                    appointment_version=1,
                    doctor_id=doctor,
                    hospital_id=hospital,
                    during=period(start, start + HOUR),
                    fate=Fate.LEFT,
                )
            )
        return appointment

    return left


@pytest.fixture
def play(chosen, monkeypatch, now):
    monkeypatch.setattr(planning, "ring", lambda: None)
    return lambda: plan_next(settings(), worker="w", clock=lambda: now)


def test_who_wants_the_hour_that_it_leaves_does_not_get_it(network, leave, play):
    doctor, hospital = network.doctor(), network.hospital()
    appointment = leave(doctor, hospital, 9)
    network.availability(doctor, hospital, 14, 15)
    patient = network.get(Appointment, appointment).patient_id
    mover = network.request([doctor], (14, 15), patient=patient, moves=appointment)
    wants = network.request([doctor], (9, 10))
    assert play() == Outcome(booked=1, conflicts=1, requeued=0)
    assert network.get(Appointment, appointment).during.lower == network.at(14)
    assert network.get(BookingRequest, mover).status is RequestStatus.BOOKED
    assert network.get(BookingRequest, wants).status is RequestStatus.CONFLICT
    assert [each.during.lower for each in network.all(Availability)] == [network.at(14)]


def test_nor_does_it_get_that_hour_anew(network, leave, play):
    """Its doctor is not there then; until another hour is found it stands as it stood."""
    doctor, hospital = network.doctor(), network.hospital()
    appointment = leave(doctor, hospital, 9)
    patient = network.get(Appointment, appointment).patient_id
    mover = network.request([doctor], (9, 10), patient=patient, moves=appointment)
    assert play() == Outcome(booked=0, conflicts=1, requeued=0)
    assert network.get(Conflict, mover).kind is ConflictKind.NO_AVAILABILITY
    assert network.get(Appointment, appointment).version == 1
    assert [each.during.lower for each in network.all(Availability)] == [network.at(9)]


def test_two_of_them_do_not_trade_hours(network, leave, play):
    doctors, hospital = [network.doctor(), network.doctor()], network.hospital()
    left = [leave(doctor, hospital, 9) for doctor in doctors]
    for appointment, other in zip(left, reversed(doctors), strict=True):
        patient = network.get(Appointment, appointment).patient_id
        network.request([other], (9, 10), patient=patient, moves=appointment)
    assert play() == Outcome(booked=0, conflicts=2, requeued=0)


def test_an_hour_that_is_kept_since_the_plan_was_made_is_not_booked(engine, network, leave, play, monkeypatch):
    """The plan saw an hour of an availability; then a reschedule left the appointment which it moves standing there."""
    doctor, hospital = network.doctor(), network.hospital()
    appointment = leave(doctor, hospital, 9)
    network.availability(doctor, hospital, 14, 15)
    patient = network.get(Appointment, appointment).patient_id
    network.request([doctor], (14, 15), patient=patient, moves=appointment)
    network.request([doctor], (9, 10))
    monkeypatch.setattr(snapshot, "kept_for", lambda _: kept_for([]))
    assert play() == Outcome(booked=1, conflicts=0, requeued=1)
    assert play() == Outcome(booked=0, conflicts=1, requeued=0)


def test_without_keeping_it_the_other_would_get_it(engine, network, leave, play):
    """The negative control of the first test."""
    doctor, hospital = network.doctor(), network.hospital()
    appointment = leave(doctor, hospital, 9)
    with engine.begin() as connection:
        connection.execute(update(RescheduledAppointment).values(fate=None))
    network.availability(doctor, hospital, 14, 15)
    patient = network.get(Appointment, appointment).patient_id
    network.request([doctor], (14, 15), patient=patient, moves=appointment)
    network.request([doctor], (9, 10))
    assert play().booked == 2
