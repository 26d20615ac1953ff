"""Claiming gives every queued request to one run at a time."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.booking import BookingRequest, PlanningRun, RequestStatus, RunStatus
from planner.problem import Priority
from workers import claim as claiming
from workers.claim import Terms, claim
from workers.partition import Limits


def test_a_claim_holds_what_is_queued_under_a_lease_and_a_growing_token(network, claimed, terms, now):
    doctor = network.doctor()
    request = network.request([doctor])
    first = claimed(worker="w1")
    assert first.requests == (request,)
    assert first.lease_expires_at == now + terms.lease
    row = network.get(BookingRequest, request)
    assert (row.status, row.planning_run_id) == (RequestStatus.PLANNING, first.run)
    run = network.get(PlanningRun, first.run)
    assert (run.worker, run.requests, run.status) == ("w1", 1, RunStatus.PLANNING)

    network.request([network.doctor()])
    assert claimed().fencing_token > first.fencing_token


def test_nothing_queued_is_nothing_claimed(network, claimed):
    assert claimed() is None
    assert network.all(PlanningRun) == []


def test_urgent_and_old_requests_come_first(network, claimed, terms, now):
    doctor = network.doctor()
    routine = network.request([doctor], queued_at=now - timedelta(hours=3))
    late = network.request([doctor], priority=Priority.URGENT, queued_at=now)
    early = network.request([doctor], priority=Priority.URGENT, queued_at=now - timedelta(hours=1))
    one_each = Terms(terms.lease, timedelta(0), Limits(1, 5))
    assert [claimed(on=one_each).requests for _ in range(3)] == [(early,), (late,), (routine,)]


def test_requests_that_touch_a_live_run_wait_for_it(network, claimed):
    doctor, other = network.doctor(), network.doctor()
    network.request([doctor])
    claimed()
    touching = network.request([doctor])
    clear = network.request([other])
    assert claimed().requests == (clear,)
    assert claimed() is None
    assert network.get(BookingRequest, touching).status is RequestStatus.QUEUED


def test_a_run_that_is_older_than_a_plan_takes_holds_nobody_up(network, claimed, terms, now):
    doctor = network.doctor()
    network.request([doctor])
    claimed()
    touching = network.request([doctor])
    assert claimed(at=now + terms.patience).requests == (touching,)


def test_a_claim_expires_overdue_runs_and_takes_their_requests(network, claimed, terms, now):
    request = network.request([network.doctor()])
    lost = claimed()
    again = claimed(at=now + terms.lease)
    assert again.requests == (request,)
    assert network.get(PlanningRun, lost.run).status is RunStatus.EXPIRED
    assert network.get(BookingRequest, request).attempts == 1


def test_claims_take_turns(engine, network, claimed, terms, now):
    network.request([network.doctor()])
    with Session(engine) as first, Session(engine) as second:
        claim(first, terms, worker="w1", now=now)
        second.execute(text("SET lock_timeout = '200ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            claim(second, terms, worker="w2", now=now)


def test_two_claims_at_once_share_no_request_even_without_turns(engine, network, terms, now, monkeypatch):
    monkeypatch.setattr(claiming, "TAKE_TURN", text("SELECT 1"))
    request = network.request([network.doctor()])
    with Session(engine) as first, Session(engine) as second:
        assert claim(first, terms, worker="w1", now=now).requests == (request,)
        assert claim(second, terms, worker="w2", now=now) is None
        first.commit()
        second.commit()
    assert len(network.all(PlanningRun)) == 1


def test_without_turns_and_locks_two_claims_share_a_request(engine, network, terms, now, monkeypatch):
    """The negative control of the two tests above."""
    monkeypatch.setattr(claiming, "TAKE_TURN", text("SELECT 1"))
    monkeypatch.setattr(claiming, "_lock", lambda _session, requests: requests)
    request = network.request([network.doctor()])
    with Session(engine) as first, Session(engine) as second:
        begun = claim(first, terms, worker="w1", now=now)
        queue = claiming._queue(second, 10)
        first.commit()
        stale = claiming._begin(second, [each.request for each in queue], terms, worker="w2", now=now)
        second.commit()
    assert begun.requests == stale.requests == (request,)


def test_a_request_that_is_being_cancelled_is_not_waited_for(engine, network, claimed):
    doctor = network.doctor()
    cancelled, other = network.request([doctor]), network.request([doctor])
    with engine.begin() as connection:
        connection.execute(text("SELECT FROM booking_request WHERE id = :id FOR UPDATE"), {"id": cancelled})
        assert claimed().requests == (other,)
