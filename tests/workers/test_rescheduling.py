"""A reschedule is planned: from a queued job to a proposal, whatever goes wrong on the way."""

import gzip

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.rescheduling.tables import Reschedule, RescheduledAppointment, RescheduleStatus
from models.settings import settings
from planner.schemas import read_plan, read_problem
from planner.verify import verify
from workers import rescheduling
from workers.rescheduling import plan_next_reschedule

PROPOSED, QUEUED = RescheduleStatus.PROPOSED, RescheduleStatus.QUEUED


@pytest.fixture
def bell(monkeypatch):
    rings = []
    monkeypatch.setattr(rescheduling, "ring", rings.append)
    return rings


@pytest.fixture
def clock(now):
    class Clock:
        time = now

        def __call__(self):
            return self.time

    return Clock()


@pytest.fixture
def play(chosen, bell, clock):
    """Plan one reschedule as a worker does."""

    def play_round() -> bool:
        return plan_next_reschedule(settings(), worker="w", clock=clock)

    return play_round


@pytest.fixture
def rows(engine):
    """The appointments of a job, by their ids."""

    def read(job):
        with Session(engine) as session:
            found = session.scalars(select(RescheduledAppointment).where(RescheduledAppointment.reschedule_id == job))
            return {each.appointment_id: each for each in found}

    return read


@pytest.fixture
def clinic(network):
    """A doctor who is there from 9 to 12 for three days."""
    doctor, hospital = network.doctor("cardiology"), network.hospital()
    for day in range(3):
        network.availability(doctor, hospital, 9, 12, day=day)
    return doctor, hospital


NO_NOTICE = {"notice_hours": 0}


def files(engine, job):
    with Session(engine) as session:
        row = session.get_one(Reschedule, job)
        return read_problem(gzip.decompress(row.problem_json)), read_plan(gzip.decompress(row.plan_json))


def test_a_proposal_says_where_everybody_goes_and_anyone_can_check_it(engine, network, play, rows, clinic):
    first, second = network.appointment(*clinic, 9), network.appointment(*clinic, 10)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    assert play()
    row = network.get(Reschedule, job)
    assert row.status is PROPOSED
    assert row.plan["status"] == "optimal"
    planned = rows(job)
    assert {id_: each.to_during.lower for id_, each in planned.items()} == {
        first: network.at(9, 1),
        second: network.at(10, 1),
    }
    assert all(each.held for each in planned.values())
    problem, plan = files(engine, job)
    assert verify(problem, plan) == ()
    assert not play()
