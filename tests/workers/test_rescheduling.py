"""A reschedule is planned: from a queued job to a proposal, whatever goes wrong on the way."""

import gzip
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

import models.session
from models.operations import OutboxMessage
from models.rescheduling.jobs import discard_reschedule
from models.rescheduling.tables import Reschedule, RescheduledAppointment, RescheduleEvent, RescheduleStatus
from models.schedule import Appointment
from models.settings import settings
from planner.plan import ConflictKind
from planner.problem import Priority
from planner.schemas import read_plan, read_problem
from planner.verify import Violation, check
from tests.workers.waiting import until
from workers import rescheduling
from workers.rescheduling import ROUNDS, plan_next_reschedule
from workers.solving import make_plan

QUEUED, PLANNING, PROPOSED, APPLIED, DISCARDED, FAILED, _ = RescheduleStatus

NO_NOTICE = {"notice_hours": 0}
MOVES = NO_NOTICE | {"others_move": True}


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
def setting(monkeypatch, chosen):
    def change(**values):
        for name, value in values.items():
            monkeypatch.setenv(name.upper(), str(value))
        settings.cache_clear()

    return change


@pytest.fixture
def play(chosen, bell, clock):
    """Plan one reschedule as a worker does."""

    def play_round() -> bool:
        return plan_next_reschedule(settings(), worker="w", clock=clock)

    return play_round


@pytest.fixture
def solving(monkeypatch):
    """Have something done before the planner plans."""

    def first(do):
        def solve(*arguments, **options):
            do()
            return make_plan(*arguments, **options)

        monkeypatch.setattr("workers.solving.make_plan", solve)

    return first


@pytest.fixture
def rows(engine):
    """The appointments of a job, by their ids."""

    def read(job):
        with Session(engine) as session:
            found = session.scalars(select(RescheduledAppointment).where(RescheduledAppointment.reschedule_id == job))
            return {each.appointment_id: each for each in found}

    return read


@pytest.fixture
def starts(rows):
    """Where the appointments of a job go, by their ids."""

    def read(job):
        return {id_: each.to_during and each.to_during.lower for id_, each in rows(job).items()}

    return read


@pytest.fixture
def story(engine):
    """What happened to a job."""

    def read(job):
        with Session(engine) as session:
            events = select(RescheduleEvent).where(RescheduleEvent.reschedule_id == job).order_by(RescheduleEvent.id)
            return [each.status for each in session.scalars(events)]

    return read


@pytest.fixture
def discard(engine, now):
    def discard_job(job):
        with Session(engine) as session, session.begin():
            discard_reschedule(session, job, None, now)

    return discard_job


@pytest.fixture
def clinic(network):
    """A doctor who is there from 9 to 12 for three days."""
    doctor, hospital = network.doctor("cardiology"), network.hospital()
    for day in range(3):
        network.availability(doctor, hospital, 9, 12, day=day)
    return doctor, hospital


# The proposal


def test_a_proposal_says_where_everybody_goes(network, play, rows, starts, story, clinic):
    both = {network.appointment(*clinic, 9), network.appointment(*clinic, 10)}
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    assert play()
    row = network.get(Reschedule, job)
    assert (row.status, row.stage, row.lease_expires_at) == (PROPOSED, None, None)
    assert row.plan["status"] == "optimal"
    assert (
        row.plan["objective"]
        == row.plan["bound"]
        == {
            "booked": {"urgent": 0, "soon": 0, "routine": 2},
            "moved": 0,
            "inconvenience": 48,
        }
    )
    assert starts(job).keys() == both
    assert sorted(starts(job).values()) == [network.at(9, 1), network.at(10, 1)]
    assert all(each.held and each.displaced for each in rows(job).values())
    assert story(job) == [QUEUED, PLANNING, PROPOSED]
    assert [each.topic for each in network.all(OutboxMessage)] == ["reschedule.queued", "reschedule.proposed"]
    assert not play(), "nothing is queued any more"
    standing = sorted(each.during.lower for each in network.all(Appointment))
    assert standing == [network.at(9), network.at(10)], "nothing has been moved"


def test_anyone_can_check_a_proposal(engine, network, play, clinic):
    for hour in (9, 10, 11):
        network.appointment(*clinic, hour)
        network.appointment(*clinic, hour, day=1)
    job = network.away(clinic[0], 0, 24, policy=MOVES | {"latest": network.at(12, 2)})
    play()
    with Session(engine) as session:
        row = session.get_one(Reschedule, job)
        problem, plan = gzip.decompress(row.problem_json), gzip.decompress(row.plan_json)
    report = check(read_problem(problem), read_plan(plan))
    assert report.violations == ()
    assert report.proof.proved


def test_who_cannot_be_placed_is_told_why(network, play, rows, clinic):
    for hour in (9, 10, 11):
        network.appointment(*clinic, hour, day=1)
        network.appointment(*clinic, hour, day=2)
    appointment = network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    play()
    (row,) = rows(job).values()
    assert (row.appointment_id, row.to_during, row.conflict_kind) == (appointment, None, ConflictKind.HOURS_TAKEN)
    assert row.conflict.keys() == {"message", "facts", "certificate", "alternatives"}
    assert "Dr. Who" in row.conflict["message"]
    assert str(clinic[0]) not in row.conflict["message"]


def test_nobody_displaced_is_a_proposal_too(network, play, rows, clinic):
    job = network.away(clinic[0], 0, 24)
    play()
    row = network.get(Reschedule, job)
    assert (row.status, row.extra_hours, rows(job)) == (PROPOSED, None, {})


def test_a_patient_who_has_left_keeps_the_reason(network, play, rows, clinic):
    appointment = network.appointment(*clinic, 9, patient=network.patient(active=False))
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    play()
    row = rows(job)[appointment]
    assert (row.to_during, row.conflict_kind) == (None, None)
    assert "no longer active" in row.conflict["message"]


def test_others_are_moved_only_where_that_places_one_more(network, play, rows, starts, clinic):
    """Three are displaced, two hours are free, and one of the others can go to an hour that nobody displaced takes."""
    away, hospital = clinic
    other = network.doctor("cardiology")
    network.availability(other, hospital, 9, 11, day=0)
    network.availability(other, hospital, 20, 21, day=0)
    standing = [network.appointment(other, hospital, hour) for hour in (9, 10)]
    displaced = network.appointment(away, hospital, 9)
    policy = MOVES | {"same_doctor": False, "latest": network.at(20)}
    job = network.away(away, 0, 72, policy=policy)
    play()
    assert starts(job) == {displaced: None}
    network.write(text("UPDATE rescheduled_appointment SET held = false"))
    policy["latest"] = network.at(21)
    job = network.away(away, 0, 72, policy=policy)
    play()
    assert starts(job) == {displaced: network.at(20)}, "nobody need be moved"
    assert standing


def test_a_swap_is_found_where_no_single_move_helps(network, play, rows, starts):
    """The displaced patient is free at 10 only; who is there may go at 9 only, and who is there at 11 only."""
    away, doctor, hospital = network.doctor("x"), network.doctor("x"), network.hospital()
    network.availability(away, hospital, 8, 9)
    network.availability(doctor, hospital, 9, 12)
    patient, busy = network.patient(), network.doctor()
    network.availability(busy, hospital, 9, 12)
    for hour in (9, 11):
        network.appointment(busy, hospital, hour, patient=patient)
    displaced = network.appointment(away, hospital, 8, patient=patient)
    first = network.appointment(doctor, hospital, 9)
    second = network.appointment(doctor, hospital, 10)
    network.asked_within(second, 9, 11)
    job = network.away(away, 0, 24, policy=MOVES | {"same_doctor": False, "latest": network.at(12)})
    play()
    assert starts(job) == {displaced: network.at(10), first: network.at(11), second: network.at(9)}
    assert {id_ for id_, each in rows(job).items() if not each.displaced} == {first, second}
    assert all(each.held for each in rows(job).values())


def test_who_was_moved_before_goes_first(network, play, starts, clinic, now):
    """Of two routine patients and one hour, the one whom a reschedule moved already gets it."""
    away, hospital = clinic
    one, before = network.appointment(away, hospital, 9), network.appointment(away, hospital, 10)
    network.moved_before(before, at=now - timedelta(days=40))
    job = network.away(away, 0, 72, policy=NO_NOTICE | {"latest": network.at(96)})
    play()
    assert starts(job) == {one: None, before: None}
    network.write(text("UPDATE rescheduled_appointment SET held = false"))
    network.availability(away, hospital, 9, 10, day=3)
    job = network.away(away, 0, 72, policy=NO_NOTICE | {"latest": network.at(96)})
    play()
    assert starts(job) == {one: None, before: network.at(9, 3)}


def test_an_urgent_patient_goes_before_one_who_was_moved_before(network, play, starts, clinic, now):
    away, hospital = clinic
    urgent, before = network.appointment(away, hospital, 9), network.appointment(away, hospital, 10)
    network.asked_within(urgent, 0, 96, priority=Priority.URGENT)
    network.moved_before(before, at=now - timedelta(days=40))
    network.availability(away, hospital, 9, 10, day=3)
    job = network.away(away, 0, 72, policy=NO_NOTICE | {"latest": network.at(96)})
    play()
    assert starts(job) == {urgent: network.at(9, 3), before: None}


def test_who_stays_for_want_of_an_hour_does_not_lose_it_to_another_of_the_same_patient(network, play, starts, rows):
    """Both appointments of a patient are displaced; the only free hour is when the urgent one is, with somebody else.

    Were that to go there and the other one to stand, the patient would be in two places.
    """
    first, second, hospital = network.doctor("x"), network.doctor("y"), network.hospital()
    network.availability(first, hospital, 9, 10)
    network.availability(second, hospital, 12, 13)
    substitute = network.doctor("y")
    network.availability(substitute, hospital, 9, 10)
    patient = network.patient()
    stays = network.appointment(first, hospital, 9, patient=patient)
    goes = network.appointment(second, hospital, 12, patient=patient)
    scope = {"doctors": [str(first), str(second)], "start": network.at(0), "end": network.at(24)}
    policy = NO_NOTICE | {"same_doctor": False, "latest": network.at(24)}
    job = network.reschedule(scope, policy=policy)
    play()
    assert starts(job) == {stays: None, goes: None}
    assert rows(job)[stays].conflict_kind is ConflictKind.NO_AVAILABILITY
    assert rows(job)[goes].conflict_kind is ConflictKind.PATIENT_BUSY
    network.write(text("UPDATE rescheduled_appointment SET held = false"))
    job = network.reschedule(scope, policy=policy | {"cancel_unplaced": True})
    play()
    assert starts(job) == {stays: None, goes: network.at(9)}, "who is cancelled has nothing to lose"


def test_a_question_holds_nothing(network, play, rows, clinic):
    away, hospital = clinic
    network.appointment(away, hospital, 9)
    job = network.away(away, 0, 24, policy=MOVES, what_if=True)
    play()
    assert network.get(Reschedule, job).status is PROPOSED
    assert [each.held for each in rows(job).values()] == [False]
    network.away(away, 0, 24, policy=MOVES)


# Applied as soon as it is proposed


def test_what_is_no_dry_run_is_applied_at_once(network, play, story, clinic):
    appointment = network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE, dry_run=False)
    play()
    assert network.get(Reschedule, job).status is APPLIED
    assert network.get(Appointment, appointment).during.lower == network.at(9, 1)
    assert story(job) == [QUEUED, PLANNING, PROPOSED, APPLIED]


def test_what_cannot_be_applied_stays_proposed_and_its_history_says_why(
    engine, network, play, solving, story, rows, clinic
):
    """The doctor withdraws the hours while it is planned: no appointment is concerned, so only applying minds."""
    appointment = network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE, dry_run=False)
    solving(lambda: network.write(text("DELETE FROM availability WHERE lower(during) > '2030-01-08'")))
    play()
    assert network.get(Reschedule, job).status is PROPOSED
    assert network.get(Appointment, appointment).during.lower == network.at(9)
    assert [each.held for each in rows(job).values()] == [True]
    assert story(job) == [QUEUED, PLANNING, PROPOSED, PROPOSED]
    with Session(engine) as session:
        last = session.scalars(select(RescheduleEvent).order_by(RescheduleEvent.id.desc())).first()
        assert "has changed" in last.detail
    topics = [each.topic for each in network.all(OutboxMessage)]
    assert topics == ["reschedule.queued", "reschedule.proposed"]


# The work


def test_no_session_is_open_while_it_solves(network, play, solving, clinic):
    checked_out = []
    solving(lambda: checked_out.append(models.session.engine().pool.checkedout()))
    network.appointment(*clinic, 9)
    network.away(clinic[0], 0, 24)
    play()
    # The thread that keeps the lease writes the stage down at times.
    assert checked_out[0] <= 1


def test_the_stages_are_told_in_their_order(network, play, monkeypatch, clinic):
    told = []
    begin = rescheduling.Progress.__call__

    def tell(progress, stage):
        told.append(stage)
        begin(progress, stage)

    monkeypatch.setattr(rescheduling.Progress, "__call__", tell)
    network.appointment(*clinic, 9)
    network.away(clinic[0], 0, 24)
    play()
    assert told[:2] == ["reading", "planning: columns"]
    assert told[-3:] == ["planning: check", "looking for extra hours", "writing the proposal"]
    assert "planning: explain" in told


def test_whoever_asks_sees_what_is_being_done(engine, network, play, monkeypatch, clinic):
    stages = []

    def solve(*arguments, progress, **options):
        for begin in ("columns", "explain"):
            progress(begin)
            stages.append(until(lambda: shown(engine) != "reading" and shown(engine) not in stages and shown(engine)))
        return make_plan(*arguments, **options)

    monkeypatch.setattr("workers.solving.make_plan", solve)
    network.away(clinic[0], 0, 24)
    play()
    assert stages == ["planning: columns", "planning: explain"]


def shown(engine):
    with engine.connect() as connection:
        return connection.scalar(text("SELECT stage FROM reschedule"))


def test_the_oldest_is_planned_first_and_the_bell_rings_for_the_others(network, play, bell, clinic):
    jobs = [network.away(clinic[0], 24 * day, 24 * day + 24) for day in range(3)]
    play()
    assert [network.get(Reschedule, each).status for each in jobs] == [PROPOSED, QUEUED, QUEUED]
    assert set(bell) == {"slotwise.plan_reschedule"}
    play()
    bell.clear()
    play()
    assert bell == []


def test_what_is_discarded_while_it_is_planned_is_dropped_quietly(network, play, solving, discard, rows, clinic):
    network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24)
    solving(lambda: discard(job))
    assert play()
    row = network.get(Reschedule, job)
    assert (row.status, row.attempts, row.plan) == (DISCARDED, 0, None)
    assert [each.held for each in rows(job).values()] == [False]


def test_planning_ends_early_where_its_job_is_taken_away(network, play, solving, discard, clinic, setting, monkeypatch):
    """Each stage looks whether the lease is still being renewed."""
    setting(lease=1, plan_time_limit=0.5)
    network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24)
    progresses = []
    begin = rescheduling.Progress.__call__

    def remember(progress, stage):
        progresses.append(progress)
        begin(progress, stage)

    def lose_it():
        discard(job)
        progresses[0].lease.renew_now()
        while not progresses[0].lease.lost:
            pass

    written = []
    monkeypatch.setattr(rescheduling.Progress, "__call__", remember)
    monkeypatch.setattr(rescheduling, "write_proposal", lambda *_: written.append(1))
    solving(lose_it)
    play()
    assert [each.stage for each in progresses][-1] == "reading", "no stage of the planner has begun"
    assert not written


# The schedule changes meanwhile


def change_once(do):
    done = []

    def change():
        if not done:
            done.append(1)
            do()

    return change


def test_an_hour_that_is_taken_meanwhile_is_not_proposed(network, play, solving, starts, clinic):
    appointment = network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    solving(change_once(lambda: network.appointment(*clinic, 9, day=1)))
    play()
    assert starts(job) == {appointment: network.at(10, 1)}


def test_who_is_busy_meanwhile_is_not_moved_there(network, play, solving, starts, clinic):
    patient, elsewhere = network.patient(), network.doctor()
    network.availability(elsewhere, clinic[1], 9, 10, day=1)
    appointment = network.appointment(*clinic, 9, patient=patient)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    solving(change_once(lambda: network.appointment(elsewhere, clinic[1], 9, patient=patient, day=1)))
    play()
    assert starts(job) == {appointment: network.at(10, 1)}


def test_an_appointment_that_is_cancelled_meanwhile_is_not_moved(network, play, solving, starts, clinic):
    gone, stays = network.appointment(*clinic, 9), network.appointment(*clinic, 10)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    cancel = text("UPDATE appointment SET status = 'cancelled', version = version + 1 WHERE id = :id")
    solving(change_once(lambda: network.write(cancel.bindparams(id=gone))))
    play()
    assert starts(job) == {stays: network.at(9, 1)}


def test_an_appointment_that_is_changed_meanwhile_is_planned_as_it_is_now(network, play, solving, rows, clinic):
    appointment = network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    change = text("UPDATE appointment SET version = version + 1")
    solving(change_once(lambda: network.write(change)))
    play()
    assert rows(job)[appointment].appointment_version == 2


def test_one_that_is_booked_meanwhile_into_lost_hours_is_displaced_too(network, play, solving, starts, clinic):
    both = {network.appointment(*clinic, 9)}
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    solving(change_once(lambda: both.add(network.appointment(*clinic, 10))))
    play()
    assert starts(job).keys() == both
    assert sorted(starts(job).values()) == [network.at(9, 1), network.at(10, 1)]


def test_another_job_that_got_hold_of_one_keeps_it(network, play, solving, starts, clinic):
    """The other that was to make room is left alone then."""
    away, hospital = clinic
    other = network.doctor("cardiology")
    network.availability(other, hospital, 9, 10)
    network.availability(other, hospital, 20, 21)
    in_the_way = network.appointment(other, hospital, 9)
    patient, busy = network.patient(), network.doctor()
    network.availability(busy, hospital, 20, 21)
    network.appointment(busy, hospital, 20, patient=patient)
    displaced = network.appointment(away, hospital, 9, patient=patient)
    policy = MOVES | {"same_doctor": False, "latest": network.at(21)}
    job = network.away(away, 0, 72, policy=policy)
    solving(change_once(lambda: network.away(other, 0, 12)))
    play()
    assert starts(job) == {displaced: None}
    assert in_the_way


def test_without_another_job_the_same_one_makes_room(network, play, starts, clinic):
    """The control of the test above."""
    away, hospital = clinic
    other = network.doctor("cardiology")
    network.availability(other, hospital, 9, 10)
    network.availability(other, hospital, 20, 21)
    in_the_way = network.appointment(other, hospital, 9)
    patient, busy = network.patient(), network.doctor()
    network.availability(busy, hospital, 20, 21)
    network.appointment(busy, hospital, 20, patient=patient)
    displaced = network.appointment(away, hospital, 9, patient=patient)
    job = network.away(away, 0, 72, policy=MOVES | {"same_doctor": False, "latest": network.at(21)})
    play()
    assert starts(job) == {displaced: network.at(9), in_the_way: network.at(20)}


def test_one_that_is_displaced_since_and_held_by_another_job_ends_this_one(network, play, clinic):
    away, hospital = clinic
    network.appointment(away, hospital, 9)
    job = network.away(away, 0, 24, policy=NO_NOTICE)
    late = network.appointment(away, hospital, 10)
    holder = network.reschedule({"appointments": [str(late)]}, cause="appointments")
    play()
    row = network.get(Reschedule, job)
    assert (row.status, row.attempts) == (FAILED, 0)
    assert str(late) in row.failure
    assert str(holder) in row.failure


def test_a_schedule_that_never_rests_costs_an_attempt(network, play, solving, clinic):
    network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    changes = []

    def change():
        changes.append(1)
        network.write(text("UPDATE appointment SET version = version + 1"))

    solving(change)
    play()
    row = network.get(Reschedule, job)
    assert (row.status, row.attempts, len(changes)) == (QUEUED, 1, ROUNDS)


# Lost work


def test_an_exception_queues_the_job_again_at_once_and_is_told(engine, network, play, solving, bell, story, clinic):
    def fail():
        raise ValueError("no such thing")

    solving(fail)
    job = network.away(clinic[0], 0, 24)
    assert play()
    row = network.get(Reschedule, job)
    assert (row.status, row.attempts, row.lease_expires_at) == (QUEUED, 1, None)
    assert bell
    assert story(job) == [QUEUED, PLANNING, QUEUED]
    with Session(engine) as session:
        last = session.scalars(select(RescheduleEvent).order_by(RescheduleEvent.id.desc())).first()
        assert "ValueError: no such thing" in last.detail


def test_a_job_that_sinks_every_worker_fails_with_the_reason_after_all_others(
    network, play, monkeypatch, clinic, setting
):
    setting(max_attempts=2)
    network.appointment(*clinic, 9)
    poison = network.away(clinic[0], 0, 24)
    good = network.away(clinic[0], 24, 48)

    def solve(problem, *arguments, **options):
        if problem.requests:
            raise ValueError("poison")
        return make_plan(problem, *arguments, **options)

    monkeypatch.setattr("workers.solving.make_plan", solve)
    play()
    play()
    assert network.get(Reschedule, good).status is PROPOSED
    play()
    row = network.get(Reschedule, poison)
    assert row.status is FAILED
    assert "2 times in vain" in row.failure
    assert "ValueError: poison" in row.failure
    assert not play()


def test_a_failed_job_holds_nothing(network, play, solving, rows, clinic, setting):
    setting(max_attempts=1)
    network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24)

    def fail():
        raise ValueError

    solving(fail)
    play()
    assert [each.held for each in rows(job).values()] == [False]


def test_a_plan_that_breaks_a_rule_is_not_proposed(network, play, monkeypatch, rows, clinic):
    monkeypatch.setattr("workers.solving.verify", lambda _problem, _plan: (Violation("overlap", "Two hours overlap."),))
    appointment = network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    play()
    assert network.get(Reschedule, job).status is QUEUED
    assert rows(job)[appointment].to_during is None


@pytest.fixture
def long_work(engine, solving, clock, network, clinic):
    """Planning that outlasts the first lease; it waits until that has been renewed, or has not."""

    def take(*, renewed: bool):
        first = lease_of(engine)
        clock.time += timedelta(seconds=settings().lease)
        if renewed:
            until(lambda: lease_of(engine) > first)

    network.appointment(*clinic, 9)
    job = network.away(clinic[0], 0, 24, policy=NO_NOTICE)
    return job, lambda renewed: solving(lambda: take(renewed=renewed))


def test_a_job_that_is_planned_for_long_stays_with_its_worker(network, play, long_work, setting):
    setting(lease=1, plan_time_limit=0.5)
    job, take_long = long_work
    take_long(renewed=True)
    play()
    assert network.get(Reschedule, job).status is PROPOSED


def test_without_renewal_its_work_is_dropped(network, play, long_work, monkeypatch, clock):
    """The negative control of the test above."""
    monkeypatch.setattr(rescheduling, "renew_job", lambda *_, **__: True)
    job, take_long = long_work
    take_long(renewed=False)
    play()
    assert network.get(Reschedule, job).status is PLANNING
    assert not play(), "another may take it only once its lease is expired"


def lease_of(engine):
    with engine.connect() as connection:
        return connection.scalar(text("SELECT lease_expires_at FROM reschedule"))
