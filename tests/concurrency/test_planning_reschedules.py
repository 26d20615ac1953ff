"""Reschedules and real workers: whatever is killed or lost, every job ends with a proposal, or says why not."""

import pytest
import redis
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.rescheduling.tables import Reschedule, RescheduledAppointment, RescheduleEvent, RescheduleStatus
from models.schedule import Appointment
from tests.workers.waiting import blocked, until

POLICY = {"notice_hours": 0}
UNDECIDED = (RescheduleStatus.QUEUED, RescheduleStatus.PLANNING)


@pytest.fixture
def clinic(network):
    """A doctor with four patients on the first day and four free hours on the second."""
    doctor, hospital = network.doctor("cardiology"), network.hospital()
    for day in range(2):
        network.availability(doctor, hospital, 9, 13, day=day)
    for hour in range(9, 13):
        network.appointment(doctor, hospital, hour)
    return doctor, hospital


@pytest.fixture
def planned(network):
    """Wait until no job waits or is being planned; how they ended."""

    def wait():
        until(lambda: all(job.status not in UNDECIDED for job in network.all(Reschedule)), seconds=60)
        return sorted(job.status.value for job in network.all(Reschedule))

    return wait


def placed(engine, job):
    with Session(engine) as session:
        table = RescheduledAppointment
        rows = select(table.appointment_id).where(table.reschedule_id == job, table.to_during.is_not(None))
        return set(session.scalars(rows))


def proposals_blocked(engine, connection, many=1):
    """Let nobody write a proposal until `connection` lets go, and wait for so many to try."""
    connection.execute(text("LOCK TABLE rescheduled_appointment IN SHARE MODE"))
    return lambda: until(lambda: len(blocked(engine)) >= many, seconds=60, what="a proposal to wait")


def test_a_worker_killed_while_it_plans_is_followed_by_another(engine, network, crew, planned, clinic):
    job = network.away(clinic[0], 0, 24, policy=POLICY)
    with engine.connect() as connection:
        wait = proposals_blocked(engine, connection)
        crew.ring()
        killed = crew.worker()
        wait()
        crew.kill(killed)
    assert network.get(Reschedule, job).status is RescheduleStatus.PLANNING
    crew.worker()
    crew.beat()
    assert planned() == ["proposed"]
    row = network.get(Reschedule, job)
    assert (row.attempts, row.fencing_token) == (1, 2)
    assert len(placed(engine, job)) == 4
    told = [(event.status.value, "lease ran out" in (event.detail or "")) for event in network.all(RescheduleEvent)]
    assert told == [
        ("queued", False),
        ("planning", False),
        ("queued", True),
        ("planning", False),
        ("proposed", False),
    ]


def test_a_worker_killed_while_it_applies_leaves_all_or_nothing(engine, network, crew, planned, clinic):
    job = network.away(clinic[0], 0, 24, policy=POLICY, dry_run=False)
    before = {each.id: each.during for each in network.all(Appointment)}
    with engine.connect() as connection:
        connection.execute(text("LOCK TABLE former_hour IN SHARE MODE"))
        crew.ring()
        killed = crew.worker()
        until(lambda: blocked(engine), seconds=60, what="an appointment to be moved")
        crew.kill(killed)
    assert {each.id: each.during for each in network.all(Appointment)} == before
    assert network.get(Reschedule, job).plan is None, "the proposal is in the same transaction"
    crew.worker()
    crew.beat()
    assert planned() == ["applied"]
    assert {(each.during.lower - network.midnight).days for each in network.all(Appointment)} == {1}


def test_a_bell_that_was_lost_costs_seconds_and_no_job(network, crew, planned, clinic, redis_url):
    network.away(clinic[0], 0, 24, policy=POLICY)
    crew.ring()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    crew.worker()
    crew.beat()
    assert planned() == ["proposed"]


def test_one_bell_is_enough_for_many_jobs_and_two_workers_plan_each_once(network, crew, planned):
    hospital = network.hospital()
    for _ in range(5):
        doctor = network.doctor()
        network.availability(doctor, hospital, 9, 17)
        network.appointment(doctor, hospital, 9)
        network.away(doctor, 0, 10, policy=POLICY)
    crew.worker(concurrency=2)
    crew.ring()
    assert planned() == ["proposed"] * 5
    assert {(job.attempts, job.fencing_token) for job in network.all(Reschedule)} == {(0, 1)}


def test_a_job_that_kills_its_worker_fails_alone(network, crew, planned, clinic):
    doctor = network.doctor()
    network.availability(doctor, clinic[1], 9, 17)
    network.appointment(doctor, clinic[1], 9)
    poison = network.all(Appointment)[0].id
    failing = network.away(clinic[0], 0, 24, policy=POLICY)
    network.away(doctor, 0, 10, policy=POLICY)
    crew.worker("tests.concurrency.poisoned", POISON=str(poison), MAX_ATTEMPTS="2")
    crew.beat()
    assert planned() == ["failed", "proposed"]
    assert "lease ran out" in network.get(Reschedule, failing).failure


@pytest.mark.parametrize("guarded", [True, False])
def test_two_jobs_at_once_never_move_the_same_appointment(engine, network, crew, planned, guarded):
    """With the negative control: without the index that lets one job hold it, both would.

    Both displaced patients could only be at 9, where the one appointment stands that could make room for either.
    """
    if not guarded:
        network.write(text("DROP INDEX rescheduled_appointment_held_once"))
    hospital, doctor = network.hospital(), network.doctor("x")
    network.availability(doctor, hospital, 9, 11)
    contested = network.appointment(doctor, hospital, 9)
    policy = POLICY | {"others_move": True, "same_doctor": False, "latest": network.at(11)}
    jobs = [network.away(each, 0, 24, policy=policy) for each in displaced_until_ten(network, hospital)]
    with engine.connect() as connection:
        wait = proposals_blocked(engine, connection, many=2)
        crew.worker(concurrency=2)
        crew.ring(2)
        wait()
    assert planned() == ["proposed", "proposed"]
    assert sum(contested in placed(engine, job) for job in jobs) == (1 if guarded else 2)
    assert sum(len(placed(engine, job)) for job in jobs) == (2 if guarded else 4)


def displaced_until_ten(network, hospital):
    """Two doctors, each with a patient at 8 who is busy at 10."""
    for _ in range(2):
        away, busy, patient = network.doctor("x"), network.doctor("y"), network.patient()
        network.availability(away, hospital, 8, 9)
        network.availability(busy, hospital, 10, 11)
        network.appointment(busy, hospital, 10, patient=patient)
        network.appointment(away, hospital, 8, patient=patient)
        yield away
