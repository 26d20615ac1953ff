"""A plan that moves an appointment which a reschedule left standing gives its hour to nobody else."""

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from models.base import period
from models.booking import BookingRequest, RequestStatus
from models.rescheduling.tables import Cause, Fate, Reschedule, RescheduledAppointment, RescheduleStatus
from models.schedule import Appointment, Availability
from models.settings import settings
from planner.problem import HOUR
from workers import planning
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
    assert (play().requeued, play().conflicts) == (1, 1)
    assert network.get(Appointment, appointment).during.lower == network.at(14)
    assert network.get(BookingRequest, mover).status is RequestStatus.BOOKED
    assert network.get(BookingRequest, wants).status is RequestStatus.CONFLICT
    assert [each.during.lower for each in network.all(Availability)] == [network.at(14)]


def test_it_may_stay_where_it_is(network, leave, play):
    doctor, hospital = network.doctor(), network.hospital()
    appointment = leave(doctor, hospital, 9)
    patient = network.get(Appointment, appointment).patient_id
    mover = network.request([doctor], (9, 10), patient=patient, moves=appointment)
    assert play().booked == 1
    assert network.get(BookingRequest, mover).status is RequestStatus.BOOKED
    assert [each.during.lower for each in network.all(Availability)] == [network.at(9)]


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
