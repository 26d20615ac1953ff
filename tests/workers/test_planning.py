"""A round of planning: from queued rows to decided ones, whatever goes wrong on the way."""

from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import models.session
from models.booking import BookingRequest, Conflict, PlanningRun, RequestStatus, RunStatus
from models.schedule import Appointment
from models.settings import settings
from planner.verify import Violation
from tests.workers.checker import faults, undecided
from tests.workers.waiting import blocked, while_blocked
from workers import planning, retrying
from workers.commit import Outcome
from workers.planning import plan_next
from workers.solving import make_plan


@pytest.fixture
def clock(now):
    class Clock:
        time = now

        def __call__(self):
            return self.time

    return Clock()


@pytest.fixture
def bell(monkeypatch):
    rings = []
    monkeypatch.setattr(planning, "ring", lambda: rings.append(1))
    return rings


@pytest.fixture
def play(chosen, bell, clock):
    """Do one round as a worker does."""

    def play_round() -> Outcome | None:
        return plan_next(settings(), worker="w", clock=clock)

    return play_round


@pytest.fixture
def setting(monkeypatch, chosen):
    def change(**values):
        for name, value in values.items():
            monkeypatch.setenv(name.upper(), str(value))
        settings.cache_clear()

    return change


@pytest.fixture
def clinic(network):
    doctor, hospital = network.doctor("cardiology"), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    return doctor, hospital


def test_a_round_decides_what_is_queued(engine, network, play, clinic):
    requests = [network.request([clinic[0]]) for _ in range(4)]
    assert play() == Outcome(booked=3, conflicts=1, requeued=0)
    statuses = sorted(network.get(BookingRequest, each).status for each in requests)
    assert statuses == ["booked", "booked", "booked", "conflict"]
    assert faults(engine) == set()
    assert play() is None


def test_what_cannot_be_in_one_round_is_rung_for(network, play, bell, clinic, setting):
    setting(plan_batch_size=1)
    for _ in range(2):
        network.request([clinic[0]])
    play()
    assert bell, "one request is left queued"
    bell.clear()
    play()
    assert not bell, "nothing is left queued"


def test_no_session_is_open_while_it_solves(network, play, clinic, monkeypatch):
    checked_out = []

    def solve(*arguments, **options):
        checked_out.append(models.session.engine().pool.checkedout())
        return make_plan(*arguments, **options)

    monkeypatch.setattr("workers.solving.make_plan", solve)
    network.request([clinic[0]])
    play()
    assert checked_out == [0]


def test_an_hour_lost_to_a_race_is_planned_again_against_what_is_true_now(engine, network, play, clinic, monkeypatch):
    request = network.request([clinic[0]], preferred=network.at(9))

    def solve(*arguments, **options):
        plan = make_plan(*arguments, **options)
        network.appointment(*clinic, plan.bookings[0].start.hour)
        return plan

    monkeypatch.setattr("workers.solving.make_plan", solve)
    assert play() == Outcome(booked=0, conflicts=0, requeued=1)
    assert network.get(BookingRequest, request).attempts == 0


def test_a_round_that_keeps_losing_ends_in_a_conflict(engine, network, play, bell, clinic, monkeypatch):
    request = network.request([clinic[0]])

    def solve(*arguments, **options):
        plan = make_plan(*arguments, **options)
        for booking in plan.bookings:
            network.appointment(*clinic, booking.start.hour)
        return plan

    monkeypatch.setattr("workers.solving.make_plan", solve)
    outcomes = [play() for _ in range(4)]
    assert outcomes == [Outcome(0, 0, 1)] * 3 + [Outcome(0, 1, 0)]
    assert len(bell) == 3
    assert network.get(BookingRequest, request).status is RequestStatus.CONFLICT


def test_an_exception_gives_the_requests_back_at_once_and_is_told(network, play, bell, clinic, monkeypatch):
    def solve(*_, **__):
        raise ValueError("no such thing")

    monkeypatch.setattr("workers.solving.make_plan", solve)
    request = network.request([clinic[0]])
    assert play() is None
    row = network.get(BookingRequest, request)
    assert (row.status, row.attempts) == (RequestStatus.QUEUED, 1)
    run = network.all(PlanningRun)[0]
    assert (run.status, run.error) == (RunStatus.FAILED, "ValueError: no such thing")
    assert bell


def test_one_poisonous_request_fails_alone(engine, network, play, clock, monkeypatch, setting):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 0, 24, day=1)
    window = (24, 48)
    requests = [network.request([doctor], window) for _ in range(20)]
    poison = requests[7]
    runs = []

    def solve(problem, *arguments, **options):
        ids = {each.id for each in problem.requests}
        runs.append(len(ids))
        if str(poison) in ids:
            raise ValueError("poison")
        return make_plan(problem, *arguments, **options)

    monkeypatch.setattr("workers.solving.make_plan", solve)
    setting(plan_batch_size=20, max_attempts=4)
    while undecided(engine):
        play()
    statuses = {each: network.get(BookingRequest, each).status for each in requests}
    assert statuses.pop(poison) is RequestStatus.FAILED
    assert set(statuses.values()) == {RequestStatus.BOOKED}
    assert "ValueError: poison" in network.get(BookingRequest, poison).failure
    assert runs[0] == 20
    assert faults(engine) == set()


def test_without_smaller_runs_one_poisonous_request_sinks_the_others(engine, network, play, clinic, monkeypatch):
    """The negative control of the test above."""
    requests = [network.request([clinic[0]]) for _ in range(3)]

    def solve(problem, *_, **__):
        raise ValueError("poison")

    monkeypatch.setattr("workers.solving.make_plan", solve)
    monkeypatch.setattr("workers.partition.Limits.size_after", lambda limits, _attempts: limits.batch_size)
    while undecided(engine):
        play()
    assert {network.get(BookingRequest, each).status for each in requests} == {RequestStatus.FAILED}


def test_a_plan_that_breaks_a_rule_is_not_written(network, play, clinic, monkeypatch):
    monkeypatch.setattr("workers.solving.verify", lambda _problem, _plan: (Violation("overlap", "Two hours overlap."),))
    network.request([clinic[0]])
    assert play() is None
    assert network.all(Appointment) == []
    assert "Two hours overlap." in network.all(PlanningRun)[0].error


def test_work_whose_lease_was_lost_is_dropped(engine, network, play, clock, clinic, monkeypatch):
    def solve(*arguments, **options):
        clock.time += timedelta(seconds=settings().lease)
        return make_plan(*arguments, **options)

    monkeypatch.setattr("workers.solving.make_plan", solve)
    request = network.request([clinic[0]])
    assert play() is None
    assert network.all(Appointment) == []
    monkeypatch.setattr("workers.solving.make_plan", make_plan)
    assert play() == Outcome(1, 0, 0)
    assert network.get(BookingRequest, request).attempts == 1
    assert faults(engine) == set()


def lock_out(engine, table="conflict"):
    connection = engine.connect()
    connection.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
    return connection


def terminate_waiting(engine):
    pids = blocked(engine)
    with engine.connect() as admin:
        for pid in pids:
            admin.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


def test_a_connection_lost_in_the_commit_costs_nothing(engine, network, play, clinic):
    for _ in range(4):
        network.request([clinic[0]])
    with lock_out(engine) as other:

        def release():
            terminate_waiting(engine)
            other.rollback()

        assert while_blocked(engine, play, release) == Outcome(3, 1, 0)
    assert faults(engine) == set()
    assert [each.attempts for each in network.all(BookingRequest)] == [0] * 4


def test_without_trying_again_a_connection_lost_in_the_commit_costs_an_attempt(
    engine, network, play, clinic, monkeypatch
):
    """The negative control of the test above."""
    monkeypatch.setattr(planning, "retrying", lambda step: step())
    for _ in range(4):
        network.request([clinic[0]])
    with lock_out(engine) as other:

        def release():
            terminate_waiting(engine)
            other.rollback()

        assert while_blocked(engine, play, release) is None
    assert [each.attempts for each in network.all(BookingRequest)] == [1] * 4


def test_trying_again_ends(monkeypatch):
    monkeypatch.setattr(retrying, "WAITS", (0, 0))
    tries = []

    def step():
        tries.append(1)
        raise OperationalError("SELECT", {}, Exception("gone"))

    with pytest.raises(OperationalError):
        retrying.retrying(step)
    assert len(tries) == 3


def test_what_is_left_of_a_window_is_planned_and_nothing_in_the_past(engine, network, play, clock, clinic):
    booked, late = network.request([clinic[0]], (9, 12)), network.request([clinic[0]], (9, 11))
    clock.time = network.at(10.5)
    assert play() == Outcome(1, 1, 0)
    assert network.get(BookingRequest, late).status is RequestStatus.CONFLICT
    appointment = network.all(Appointment)[0]
    assert (appointment.booking_request_id, appointment.during.lower) == (booked, network.at(11))
    assert faults(engine) == set()


def test_a_window_that_has_passed_ends_in_a_conflict_that_says_so(network, play, clock, clinic):
    request = network.request([clinic[0]], (9, 10))
    clock.time = network.at(10)
    assert play() == Outcome(0, 1, 0)
    assert network.get(Conflict, request).message.startswith("The window had passed")


def test_a_conflict_speaks_of_people_and_places_by_their_names(network, play, clinic):
    for hour in (9, 10, 11):
        network.appointment(*clinic, hour)
    request = network.request([clinic[0]], (9, 12))
    play()
    conflict = network.get(Conflict, request)
    assert "Dr. Who" in conflict.message
    assert str(clinic[0]) not in conflict.message
    assert str(clinic[0]) in str(conflict.facts)


@pytest.fixture(params=["read_snapshot", "plan_all_standing"])
def slow_step(request, monkeypatch, engine, setting):
    """A step that takes as long as it takes until its lease has been renewed, or gives up waiting."""
    setting(lease=1, plan_time_limit=0.5)
    waited = []
    step = getattr(planning, request.param)

    def slowly(*given, **options):
        with engine.connect() as connection:
            lease = text("SELECT lease_expires_at FROM planning_run")
            first = connection.scalar(lease)
            deadline = monotonic() + 2
            while monotonic() < deadline and connection.scalar(lease) == first:
                connection.rollback()  # each look is a new one
            waited.append(connection.scalar(lease) > first)
        return step(*given, **options)

    monkeypatch.setattr(planning, request.param, slowly)
    return waited


def ticking() -> datetime:
    return datetime.now(UTC)


def test_a_run_that_reads_or_plans_for_long_keeps_its_lease(network, slow_step, bell):
    network.request([network.doctor()])
    assert plan_next(settings(), worker="w", clock=ticking) is not None
    assert slow_step == [True]


def test_without_renewal_it_would_lose_it(network, slow_step, bell, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(planning, "renew", lambda *_, **__: False)
    network.request([network.doctor()])
    assert plan_next(settings(), worker="w", clock=ticking) is None
    assert slow_step == [False]
