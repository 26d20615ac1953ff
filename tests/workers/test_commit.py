"""A commit writes everything a plan decides, once, and only what is still true."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from models.booking import BookingRequest, Conflict, PlanningRun, RequestStatus, RunStatus
from models.operations import OutboxMessage
from models.schedule import Appointment
from models.snapshot import read_snapshot
from planner import plan as planned
from planner.plan import Booking, ConflictKind, Move, Objective, Plan, PlanStatus, Receipt
from tests.workers.checker import faults
from tests.workers.waiting import while_blocked
from workers import commit
from workers.commit import LeaseLost, Outcome, commit_plan
from workers.leases import expire_overdue
from workers.measures import DECIDED, MOOT, OUTCOMES

NOTHING = Objective({}, 0, 0)


def a_plan(bookings=(), conflicts=(), moved=()) -> Plan:
    receipt = Receipt("", "", "", 0, {})
    return Plan(PlanStatus.OPTIMAL, tuple(bookings), tuple(moved), tuple(conflicts), NOTHING, NOTHING, receipt)


class Round:
    """A run whose requests are claimed, with a plan made by hand."""

    def __init__(self, engine, network, claimed, now):
        self.engine, self.network, self.claimed, self.now = engine, network, claimed, now
        self.doctor, self.hospital = network.doctor(), network.hospital()
        self.availability = network.availability(self.doctor, self.hospital, 9, 17)
        self.bookings, self.conflicts, self.moved = [], [], []

    def books(self, hour, **values):
        request = self.network.request([self.doctor], **values)
        self.bookings.append(Booking(str(request), str(self.doctor), str(self.hospital), self.network.at(hour)))
        return request

    def refuses(self, kind=ConflictKind.HOURS_TAKEN, **facts):
        request = self.network.request([self.doctor])
        alternative = planned.Alternative(str(self.doctor), str(self.hospital), self.network.at(16), ("a later hour",))
        self.conflicts.append(planned.Conflict(str(request), kind, "All hours are taken.", facts, {}, (alternative,)))
        return request

    def claim(self):
        self.run = self.claimed(at=self.now)
        with Session(self.engine) as session:
            self.snapshot = read_snapshot(session, self.run.requests, now=self.now, reach=timedelta(0))
        return self

    def commit(self, at=None) -> Outcome:
        plan = a_plan(self.bookings, self.conflicts, self.moved)
        with Session(self.engine) as session, session.begin():
            return commit_plan(session, self.run, self.snapshot, plan, now=at or self.now)

    def status(self, request):
        return self.network.get(BookingRequest, request).status

    def execute(self, sql, **values):
        with self.engine.begin() as connection:
            connection.execute(text(sql), values)


@pytest.fixture
def planning(engine, network, claimed, now) -> Round:
    return Round(engine, network, claimed, now)


def test_a_plan_is_written_whole(engine, network, planning, now):
    booked, refused = planning.books(9), planning.refuses(appointments=[])
    assert planning.claim().commit() == Outcome(booked=1, conflicts=1, requeued=0)

    appointment = network.all(Appointment)[0]
    assert (appointment.booking_request_id, appointment.during.lower) == (booked, network.at(9))
    conflict = network.get(Conflict, refused)
    assert (conflict.kind, conflict.message) == (ConflictKind.HOURS_TAKEN, "All hours are taken.")
    assert conflict.alternatives[0]["start"] == network.at(16).isoformat()
    assert (planning.status(booked), planning.status(refused)) == (RequestStatus.BOOKED, RequestStatus.CONFLICT)
    run = network.get(PlanningRun, planning.run.run)
    assert (run.status, run.finished_at, run.booked, run.conflicts) == (RunStatus.COMMITTED, now, 1, 1)
    assert run.outcome["status"] == "optimal"
    assert faults(engine) == set()


def test_other_systems_are_told_without_patient_data(network, planning):
    booked = planning.books(9)
    planning.claim().commit()
    appointment = network.all(Appointment)[0]
    told = {message.topic: message.payload for message in network.all(OutboxMessage)}
    assert told == {
        "booking_request.decided": {"booking_request": str(booked), "status": "booked"},
        "appointment.booked": {
            "appointment": str(appointment.id),
            "version": 1,
            "booking_request": str(booked),
            "doctor": str(planning.doctor),
            "hospital": str(planning.hospital),
            "start": network.at(9).isoformat(),
        },
    }


def test_an_hour_lost_to_a_race_queues_its_request_again_at_no_cost(network, planning):
    lost, kept = planning.books(9), planning.books(10)
    planning.claim()
    network.appointment(planning.doctor, planning.hospital, 9)
    assert planning.commit() == Outcome(booked=1, conflicts=0, requeued=1)
    row = network.get(BookingRequest, lost)
    assert (row.status, row.attempts, row.planning_run_id) == (RequestStatus.QUEUED, 0, None)
    assert planning.status(kept) is RequestStatus.BOOKED


def test_a_conflict_that_names_a_winner_who_lost_is_told_anew(network, planning):
    winner = planning.books(9)
    loser = planning.refuses(ConflictKind.OUTCOMPETED, winners=[{"request": str(winner)}])
    firm = planning.refuses(ConflictKind.OUTCOMPETED, winners=[])
    planning.claim()
    network.appointment(planning.doctor, planning.hospital, 9)
    planning.commit()
    assert [planning.status(each) for each in (winner, loser, firm)] == ["queued", "queued", "conflict"]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM availability",
        "UPDATE availability SET during = tstzrange(lower(during), lower(during) + interval '1 hour')",
        "UPDATE hospital SET timezone = 'Europe/Lisbon'",
        "UPDATE app_user SET active = false",
        "UPDATE patient SET active = false",
        "DELETE FROM availability; DELETE FROM opening",
    ],
)
def test_what_lost_its_ground_is_queued_again_and_does_not_sink_the_rest(network, planning, change):
    lost = planning.books(10)
    other_doctor, other_hospital = network.doctor(), network.hospital()
    kept = network.request([other_doctor, planning.doctor])
    planning.bookings.append(Booking(str(kept), str(other_doctor), str(other_hospital), network.at(9)))
    planning.claim()
    planning.execute(change)
    planning.execute("UPDATE app_user SET active = true WHERE id = :id", id=other_doctor)
    planning.execute(
        "UPDATE patient SET active = true WHERE id = (SELECT patient_id FROM booking_request WHERE id = :id)", id=kept
    )
    planning.execute("UPDATE hospital SET timezone = 'UTC' WHERE id = :id", id=other_hospital)
    if "opening" in change:
        planning.execute(
            "INSERT INTO opening (hospital_id, during) VALUES (:id, tstzrange(:start, :end))",
            id=other_hospital,
            start=network.at(0),
            end=network.at(24),
        )
    network.availability(other_doctor, other_hospital, 9, 10)
    assert planning.commit() == Outcome(booked=1, conflicts=0, requeued=1)
    assert (planning.status(lost), planning.status(kept)) == (RequestStatus.QUEUED, RequestStatus.BOOKED)


def test_without_the_check_of_the_ground_one_withdrawn_availability_sinks_the_batch(planning, monkeypatch):
    """The negative control of the tests above."""
    planning.books(9)
    planning.claim()
    planning.execute("DELETE FROM availability")
    monkeypatch.setattr(commit, "hold_ground", lambda _session, placements, _timezones: placements)
    with pytest.raises(IntegrityError, match="appointment_within_availability"):
        planning.commit()


def test_an_availability_that_is_being_withdrawn_is_waited_for(engine, planning):
    lost = planning.books(9)
    planning.claim()
    with engine.connect() as other:
        other.execute(text("DELETE FROM availability"))
        outcome = while_blocked(engine, planning.commit, other.commit)
    assert outcome == Outcome(booked=0, conflicts=0, requeued=1)
    assert planning.status(lost) is RequestStatus.QUEUED


def test_a_cancelled_request_is_not_booked(engine, network, planning, now):
    cancelled, kept = planning.books(9), planning.books(10)
    planning.claim()
    with engine.connect() as other:
        other.execute(
            text("UPDATE booking_request SET status = 'cancelled', decided_at = :now WHERE id = :id"),
            {"now": now, "id": cancelled},
        )
        outcome = while_blocked(engine, planning.commit, other.commit)
    assert outcome == Outcome(booked=1, conflicts=0, requeued=0)
    assert planning.status(cancelled) is RequestStatus.CANCELLED
    assert [each.booking_request_id for each in network.all(Appointment)] == [kept]


def test_a_moot_request_fails_with_its_reason(network, planning):
    moot = network.request([planning.doctor], patient=network.patient(active=False))
    before = {each: DECIDED.labels(each)._value.get() for each in OUTCOMES}
    planning.claim().commit()
    counted = {each: DECIDED.labels(each)._value.get() - before[each] for each in OUTCOMES}
    assert counted == dict.fromkeys(OUTCOMES, 0) | {MOOT: 1}
    row = network.get(BookingRequest, moot)
    assert (row.status, row.failure) == (RequestStatus.FAILED, "The patient is no longer active in the directory.")


@pytest.fixture
def moving(network, planning):
    """A request to move an appointment from 9 to 14."""
    patient = network.patient()
    appointment = network.appointment(planning.doctor, planning.hospital, 9, patient=patient)
    request = planning.books(14, patient=patient, moves=appointment)
    return request, appointment


def test_a_request_that_moves_an_appointment_keeps_its_id(engine, network, planning, moving):
    request, appointment = moving
    assert planning.claim().commit() == Outcome(booked=1, conflicts=0, requeued=0)
    assert [each.id for each in network.all(Appointment)] == [appointment]
    assert network.get(Appointment, appointment).during.lower == network.at(14)
    assert planning.status(request) is RequestStatus.BOOKED
    told = [each.payload for each in network.all(OutboxMessage) if each.topic == "appointment.moved"]
    assert told == [
        {
            "appointment": str(appointment),
            "version": 2,
            "booking_request": str(request),
            "doctor": str(planning.doctor),
            "hospital": str(planning.hospital),
            "start": network.at(14).isoformat(),
            "former_start": network.at(9).isoformat(),
        }
    ]
    assert faults(engine) == set()


def test_an_appointment_whose_best_hour_is_the_one_it_has_stays_and_nobody_is_told_that_it_moved(
    engine, network, planning
):
    patient = network.patient()
    appointment = network.appointment(planning.doctor, planning.hospital, 9, patient=patient)
    request = planning.books(9, patient=patient, moves=appointment)
    assert planning.claim().commit() == Outcome(booked=1, conflicts=0, requeued=0)
    assert planning.status(request) is RequestStatus.BOOKED
    row = network.get(Appointment, appointment)
    assert (row.during.lower, row.version) == (network.at(9), 1)
    assert [each for each in network.all(OutboxMessage) if each.topic == "appointment.moved"] == []
    assert faults(engine) == set()


def test_one_that_was_to_stay_and_was_cancelled_meanwhile_is_planned_again(network, planning):
    patient = network.patient()
    appointment = network.appointment(planning.doctor, planning.hospital, 9, patient=patient)
    request = planning.books(9, patient=patient, moves=appointment)
    planning.claim()
    planning.execute("UPDATE appointment SET status = 'cancelled'")
    assert planning.commit() == Outcome(booked=0, conflicts=0, requeued=1)
    assert planning.status(request) is RequestStatus.QUEUED


def test_an_hour_that_a_move_leaves_can_be_booked_in_the_same_plan(network, planning, moving):
    follower = planning.books(9)
    assert planning.claim().commit() == Outcome(booked=2, conflicts=0, requeued=0)
    assert planning.status(follower) is RequestStatus.BOOKED


def test_whoever_was_to_follow_a_move_that_failed_is_queued_again(network, planning, moving):
    request, _ = moving
    follower = planning.books(9)
    planning.claim()
    network.appointment(planning.doctor, planning.hospital, 14)
    assert planning.commit() == Outcome(booked=0, conflicts=0, requeued=2)
    assert planning.status(request) is planning.status(follower) is RequestStatus.QUEUED


def test_an_appointment_cancelled_meanwhile_is_not_moved_and_its_request_fails_in_the_next_round(
    network, planning, moving
):
    request, appointment = moving
    planning.claim()
    planning.execute("UPDATE appointment SET status = 'cancelled'")
    assert planning.commit() == Outcome(booked=0, conflicts=0, requeued=1)
    planning.bookings.clear()
    planning.claim().commit()
    assert str(appointment) in network.get(BookingRequest, request).failure


def test_appointments_that_the_plan_moves_are_moved(network, planning):
    appointment = network.appointment(planning.doctor, planning.hospital, 9)
    booked = planning.books(9)
    planning.moved.append(Move(str(appointment), str(planning.doctor), str(planning.hospital), network.at(12)))
    assert planning.claim().commit() == Outcome(booked=1, conflicts=0, requeued=0)
    assert network.get(Appointment, appointment).during.lower == network.at(12)
    assert planning.status(booked) is RequestStatus.BOOKED


def test_a_commit_after_the_lease_writes_nothing(network, planning):
    request = planning.books(9)
    planning.claim()
    with pytest.raises(LeaseLost, match="ran out"):
        planning.commit(at=planning.run.lease_expires_at)
    assert network.all(Appointment) == []
    assert planning.status(request) is RequestStatus.PLANNING


def expire(planning, engine):
    with Session(engine) as session, session.begin():
        expire_overdue(session, now=planning.run.lease_expires_at, max_attempts=5)


def test_a_run_that_was_expired_writes_nothing_however_its_clock_runs(engine, network, planning):
    planning.books(9)
    planning.claim()
    expire(planning, engine)
    with pytest.raises(LeaseLost, match="expired"):
        planning.commit()
    assert network.all(Appointment) == []


def test_a_request_that_was_claimed_anew_is_booked_by_the_new_run_only(engine, network, claimed, planning):
    planning.books(9)
    planning.claim()
    stale, stale_snapshot = planning.run, planning.snapshot
    expire(planning, engine)
    planning.claim()
    fresh = planning.run
    planning.run, planning.snapshot = stale, stale_snapshot
    with pytest.raises(LeaseLost):
        planning.commit()
    planning.run = fresh
    assert planning.commit().booked == 1
    assert len(network.all(Appointment)) == 1
    assert faults(engine) == set()


def test_without_the_fence_the_stale_run_gets_in(engine, network, planning, monkeypatch):
    """The negative control of the three tests above: the fence off, only the holding of requests is left."""
    planning.books(9)
    planning.claim()
    expire(planning, engine)
    monkeypatch.setattr(commit, "_hold_run", lambda *_: None)
    monkeypatch.setattr(commit, "_hold_requests", lambda _session, claim: set(claim.requests))
    monkeypatch.setattr(commit, "_change", lambda *_: [])
    assert planning.commit().booked == 1
    assert "appointment of a request that is not booked" in faults(engine)


def test_a_run_cannot_be_expired_while_it_commits(engine, network, planning):
    planning.books(9)
    planning.claim()
    with Session(engine) as session, session.begin():
        commit_plan(session, planning.run, planning.snapshot, a_plan(planning.bookings), now=planning.now)
        expire(planning, engine)
    assert network.get(PlanningRun, planning.run.run).status is RunStatus.COMMITTED
    assert faults(engine) == set()


def test_a_commit_whose_answer_was_lost_is_not_done_twice(engine, network, planning):
    planning.books(9)
    first = planning.claim().commit()
    assert planning.commit(at=planning.run.lease_expires_at) == first
    assert len(network.all(Appointment)) == 1
    assert faults(engine) == set()


def test_a_commit_that_is_ended_in_the_middle_writes_nothing_and_can_be_done_again(engine, network, planning):
    planning.books(9), planning.refuses()
    planning.claim()
    with engine.connect() as other:
        other.execute(text("LOCK TABLE conflict IN SHARE MODE"))

        def terminate():
            with engine.connect() as admin:
                admin.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    )
                )

        with pytest.raises(OperationalError):
            while_blocked(engine, planning.commit, terminate)
    assert network.all(Appointment) == network.all(OutboxMessage) == []
    assert planning.commit() == Outcome(booked=1, conflicts=1, requeued=0)
    assert faults(engine) == set()
