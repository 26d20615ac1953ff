"""An appointment whose move is refused stands, and everything that is queued is decided."""

import random

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.booking import BookingRequest, Conflict, PlanningRun, RequestStatus
from models.schedule import Appointment
from models.settings import settings
from planner.plan import ConflictKind
from planner.problem import Priority
from tests.workers.checker import faults
from workers import planning
from workers.commit import Outcome
from workers.planning import plan_next
from workers.solving import make_plan


@pytest.fixture
def play(chosen, monkeypatch, now):
    monkeypatch.setattr(planning, "ring", lambda: None)
    return lambda: plan_next(settings(), worker="w", clock=lambda: now)


@pytest.fixture
def wanted(network):
    """An appointment at the only hour of a doctor; its own patient and somebody more urgent want just that hour."""
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 10)
    appointment = network.appointment(doctor, hospital, 9)
    patient = network.get(Appointment, appointment).patient_id
    mover = network.request([doctor], (9, 10), patient=patient, moves=appointment)
    urgent = network.request([doctor], (9, 10), priority=Priority.URGENT)
    return appointment, mover, urgent


def test_nobody_gets_the_hour_of_one_that_is_not_moved(engine, network, play, wanted):
    appointment, mover, urgent = wanted
    assert play() == Outcome(booked=0, conflicts=1, requeued=1)
    told = network.get(Conflict, urgent)
    assert told.kind is ConflictKind.HOURS_TAKEN
    assert [each["id"] for each in told.facts["appointments"]] == [str(appointment)]
    assert network.get(BookingRequest, mover).status is RequestStatus.BOOKED  # in a run of its own: it stays
    assert network.get(Appointment, appointment).version == 1
    assert [run.requests for run in network.all(PlanningRun)] == [2, 1]
    assert faults(engine) == set()


def test_planned_once_they_would_go_round_for_ever(network, play, wanted, monkeypatch):
    """The negative control."""
    monkeypatch.setattr(planning, "plan_all_standing", lambda *given, **more: (None, make_plan(*given, **more), {}))
    for _ in range(5):
        assert play() == Outcome(booked=0, conflicts=0, requeued=2)


def test_one_that_was_cancelled_meanwhile_is_not_planned_alone(network, play, wanted, monkeypatch, now):
    _, mover, _ = wanted
    cancel = update(BookingRequest).values(status=RequestStatus.CANCELLED, decided_at=now)
    # The bell is rung for what is queued after the first run.
    monkeypatch.setattr(planning, "ring", lambda: network.write(cancel.where(BookingRequest.id == mover)))
    assert play() == Outcome(booked=0, conflicts=1, requeued=1)
    assert network.get(BookingRequest, mover).status is RequestStatus.CANCELLED
    assert len(network.all(PlanningRun)) == 1


@pytest.mark.parametrize("seed", range(25))
def test_all_that_is_queued_is_decided(engine, network, play, seed):
    """Nothing else happens meanwhile, so nobody loses an hour to a race: whoever is queued again was left out."""
    rng = random.Random(seed)
    hospital = network.hospital()
    doctors = [network.doctor("cardiology") for _ in range(rng.randint(1, 3))]
    standing = []
    for doctor in doctors:
        first, hours = rng.randint(8, 10), rng.randint(1, 3)
        network.availability(doctor, hospital, first, first + hours)
        standing += [
            (network.get(Appointment, network.appointment(doctor, hospital, hour)), hour)
            for hour in range(first, first + hours)
            if rng.random() < 0.8
        ]

    def ask(hour, **values):
        early = hour - rng.randint(0, 2)
        window = (early, early + rng.randint(1, 4))
        chosen = rng.sample(doctors, rng.randint(1, len(doctors)))
        network.request(chosen, window, priority=rng.choice(list(Priority)), **values)

    for appointment, hour in standing:
        if rng.random() < 0.8:
            ask(hour, patient=appointment.patient_id, moves=appointment.id)
    for _ in range(rng.randint(1, 4)):
        ask(rng.randint(8, 12))
    while play():
        pass
    with Session(engine) as session:
        assert set(session.scalars(select(BookingRequest.status))) <= {RequestStatus.BOOKED, RequestStatus.CONFLICT}
        # Or it could go round for ever.
        assert all(run.booked + run.conflicts for run in session.scalars(select(PlanningRun)))
    assert faults(engine) == set()
