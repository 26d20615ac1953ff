"""What a worker that is told to end still holds is handed back: at once, whole, and without being counted as lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy.orm import Session

from models.booking import BookingRequest, PlanningRun, RequestStatus
from models.deliveries.handing import hand_on, use_channels
from models.deliveries.tables import Channel, Delivery
from models.operations import OutboxMessage
from models.rescheduling.tables import Reschedule, RescheduleStatus
from models.validation.jobs import POLICY, queue_report
from models.validation.tables import ReportStatus, ValidationReport
from tests.workers.validation.numbered import NOW, clock, numbers
from workers import bell, deliveries, draining, planning, rescheduling, solving
from workers.planning import plan_next
from workers.rescheduling import plan_next_reschedule
from workers.validation import run
from workers.validation.run import validate_next


@pytest.fixture
def rings(monkeypatch) -> list[str]:
    """What is rung for."""
    rings = []
    for module in (planning, rescheduling, run, deliveries, draining):
        monkeypatch.setattr(module, "ring", lambda task=bell.PLAN_QUEUED: rings.append(task))
    return rings


@pytest.fixture
def told_to_end(chosen, rings) -> Iterator:
    """Has a task told to end while it is stuck; `get_stuck` is what it calls then. Its thread ends with the test."""
    stuck, go_on = Event(), Event()

    def get_stuck(*_: object) -> None:
        stuck.set()
        assert go_on.wait(20)

    @contextmanager
    def at_work(work) -> Iterator[None]:
        task_of = draining._Work(work)
        with ThreadPoolExecutor(1) as pool:
            task = pool.submit(task_of.finish)
            try:
                assert stuck.wait(20)
                rings.clear()
                draining.begin(0)
                assert task.result(timeout=20) is None
                yield
            finally:
                go_on.set()
                assert task_of._ended.wait(20)

    at_work.get_stuck = get_stuck
    yield at_work
    draining._until.value = 0


def stuck_planner(monkeypatch, told_to_end):
    made = solving.make_plan

    def make_plan(*arguments, **options):
        told_to_end.get_stuck()
        return made(*arguments, **options)

    monkeypatch.setattr(solving, "make_plan", make_plan)


def test_a_run_puts_its_requests_back_and_what_it_comes_to_later_is_dropped(
    network, chosen, rings, told_to_end, monkeypatch, now
):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    request = network.request([doctor])
    stuck_planner(monkeypatch, told_to_end)
    with told_to_end(lambda: plan_next(chosen, worker="w", clock=lambda: now)):
        row = network.get(BookingRequest, request)
        assert (row.status, row.planning_run_id, row.attempts) == (RequestStatus.QUEUED, None, 0)
        [handed_back] = network.all(PlanningRun)
        assert (handed_back.requeued, handed_back.error) == (1, "handed back: its worker was told to end")
        assert rings == [bell.PLAN_QUEUED]
        draining._until.value = 0
        monkeypatch.undo()
        other = plan_next(chosen, worker="other", clock=lambda: now)
        assert other.booked == 1
    assert network.get(BookingRequest, request).status is RequestStatus.BOOKED


def test_without_handing_back_a_run_keeps_its_requests(network, chosen, told_to_end, monkeypatch, now):
    """The negative control of the test above."""
    monkeypatch.setattr(planning, "handed_back_by", lambda _: nullcontext())
    request = network.request([network.doctor()])
    stuck_planner(monkeypatch, told_to_end)
    monkeypatch.setattr(draining, "LETTING_GO", 0.2)
    with told_to_end(lambda: plan_next(chosen, worker="w", clock=lambda: now)):
        assert network.get(BookingRequest, request).status is RequestStatus.PLANNING


def test_a_reschedule_is_queued_again(network, chosen, rings, told_to_end, monkeypatch, now):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    network.appointment(doctor, hospital, 9)
    job = network.away(doctor, 9, 10)
    stuck_planner(monkeypatch, told_to_end)
    with told_to_end(lambda: plan_next_reschedule(chosen, worker="w", clock=lambda: now)):
        row = network.get(Reschedule, job)
        assert (row.status, row.attempts, row.lease_expires_at) == (RescheduleStatus.QUEUED, 0, None)
        assert rings == [bell.PLAN_RESCHEDULE]


def test_a_validation_goes_on_where_it_was(engine, network, chosen, rings, told_to_end):
    with Session(engine) as session, session.begin():
        report = queue_report(session, None, POLICY, NOW)

    def begin(value: int) -> None:
        if value == 2:
            told_to_end.get_stuck()

    steps = numbers("rows", [1, 2, 3], before=begin)
    with told_to_end(lambda: validate_next(chosen, worker="w", clock=clock, steps=[steps])):
        row = network.get(ValidationReport, report)
        assert (row.status, row.attempts, row.done, row.position) == (ReportStatus.QUEUED, 0, 1, {"place": 1})
        assert rings == [bell.VALIDATE]
        draining._until.value = 0
        again = numbers("rows", [1, 2, 3])
        assert validate_next(chosen, worker="other", clock=clock, steps=[again])
    row = network.get(ValidationReport, report)
    assert (row.status, row.done) == (ReportStatus.FINISHED, 3)


class Hanging:
    """A server that takes a message and never answers."""

    def __init__(self, get_stuck) -> None:
        self._get_stuck = get_stuck

    def tell(self, _claimed, _now):
        self._get_stuck()


def test_a_delivery_is_due_at_once_as_if_nobody_had_tried(engine, network, chosen, rings, told_to_end, monkeypatch):
    with Session(engine) as session, session.begin():
        use_channels(session, [Channel.WEBHOOK])
        session.add(OutboxMessage(topic="hospital.changed", payload={}))
    with Session(engine) as session, session.begin():
        hand_on(session, Channel.WEBHOOK, 10)
    hanging = {Channel.WEBHOOK: lambda: nullcontext(Hanging(told_to_end.get_stuck))}
    monkeypatch.setattr(deliveries, "ways", lambda _: hanging)
    at = datetime.now(UTC) + timedelta(seconds=1)
    with told_to_end(lambda: deliveries.deliver_due(chosen, clock=lambda: at)):
        [row] = network.all(Delivery)
        assert (row.attempts, row.next_attempt_at) == (0, at)
        assert rings == [bell.DELIVER]


def test_what_comes_while_a_worker_ends_is_left_to_others(rings, chosen):
    class Task(draining.DrainedTask):
        name = "slotwise.plan_queued"

        def run(self):
            raise AssertionError("it was begun")

    draining.begin(20)
    try:
        assert Task()() is None
    finally:
        draining._until.value = 0
    assert rings == ["slotwise.plan_queued"]


def test_what_is_claimed_at_the_last_moment_is_handed_back_before_it_is_begun(chosen):
    handed_back, claiming = Event(), Event()

    def work() -> None:
        claiming.set()
        assert over.wait(20)
        with draining.handed_back_by(handed_back.set):
            raise AssertionError("it was begun")

    over = Event()
    work_of = draining._Work(work)
    with ThreadPoolExecutor(1) as pool:
        task = pool.submit(work_of.finish)
        assert claiming.wait(20)
        draining.begin(0)
        try:
            while not work_of._let_go:
                claiming.wait(0.01)
            over.set()
            assert task.result(timeout=20) is None
        finally:
            draining._until.value = 0
    assert handed_back.is_set()


def test_a_task_that_fails_fails_as_ever(chosen):
    def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        draining._Work(work).finish()


def test_nobody_is_given_more_time_by_being_told_again():
    try:
        draining.begin(1)
        until = draining._until.value
        draining.begin(20)
        assert draining._until.value == until
    finally:
        draining._until.value = 0
