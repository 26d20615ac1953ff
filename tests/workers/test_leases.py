"""The requests of lost runs are queued again, until they have been in too many."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.booking import BookingRequest, PlanningRun, RequestStatus, RunStatus
from models.operations import OutboxMessage
from workers.leases import expire_overdue, fail_run, renew


@pytest.fixture
def expire(engine, now):
    def expire_at(at, max_attempts=5):
        with Session(engine) as session, session.begin():
            return expire_overdue(session, now=at, max_attempts=max_attempts)

    return expire_at


def test_a_lease_holds_until_its_end_and_not_longer(network, claimed, expire):
    request = network.request([network.doctor()])
    claim = claimed()
    assert expire(claim.lease_expires_at - timedelta(microseconds=1)) == 0
    assert network.get(BookingRequest, request).status is RequestStatus.PLANNING
    assert expire(claim.lease_expires_at) == 1
    row = network.get(BookingRequest, request)
    assert (row.status, row.planning_run_id, row.attempts) == (RequestStatus.QUEUED, None, 1)
    run = network.get(PlanningRun, claim.run)
    assert (run.status, run.finished_at) == (RunStatus.EXPIRED, claim.lease_expires_at)


def test_an_expired_run_is_not_expired_again(network, claimed, expire):
    request = network.request([network.doctor()])
    claim = claimed()
    assert [expire(claim.lease_expires_at) for _ in range(2)] == [1, 0]
    assert network.get(BookingRequest, request).attempts == 1


def test_a_request_in_too_many_lost_runs_fails_with_the_reason(network, claimed, expire):
    request = network.request([network.doctor()], attempts=2)
    claim = claimed()
    expire(claim.lease_expires_at, max_attempts=3)
    row = network.get(BookingRequest, request)
    assert (row.status, row.attempts, row.decided_at) == (RequestStatus.FAILED, 3, claim.lease_expires_at)
    assert "3 planning runs were lost" in row.failure
    assert [message.payload for message in network.all(OutboxMessage)] == [
        {"booking_request": str(request), "status": "failed"}
    ]


def test_a_cancelled_request_stays_cancelled_when_its_run_is_lost(engine, network, claimed, expire, now):
    request = network.request([network.doctor()])
    claim = claimed()
    with engine.begin() as connection:
        connection.execute(text("UPDATE booking_request SET status = 'cancelled', decided_at = :now"), {"now": now})
    expire(claim.lease_expires_at)
    assert network.get(BookingRequest, request).status is RequestStatus.CANCELLED


def test_a_run_that_is_committing_is_not_expired(engine, network, claimed, expire):
    network.request([network.doctor()])
    claim = claimed()
    with engine.begin() as committing:
        committing.execute(text("SELECT FROM planning_run FOR UPDATE"))
        assert expire(claim.lease_expires_at) == 0
    assert expire(claim.lease_expires_at) == 1


def test_a_failed_run_says_why_and_gives_its_requests_back_once(engine, network, claimed, now):
    request = network.request([network.doctor()])
    claim = claimed()
    with Session(engine) as session, session.begin():
        assert fail_run(session, claim.run, error="ValueError: no", now=now, max_attempts=5)
        assert not fail_run(session, claim.run, error="ValueError: no", now=now, max_attempts=5)
    run = network.get(PlanningRun, claim.run)
    assert (run.status, run.error) == (RunStatus.FAILED, "ValueError: no")
    assert network.get(BookingRequest, request).attempts == 1


def test_a_renewed_lease_holds_until_its_new_end(network, claimed, expire, engine):
    network.request([network.doctor()])
    claim = claimed()
    later = claim.lease_expires_at + timedelta(seconds=30)
    with Session(engine) as session, session.begin():
        assert renew(session, claim.run, claim.fencing_token, until=later)
    assert expire(claim.lease_expires_at) == 0
    assert expire(later) == 1


def test_what_a_run_has_let_go_of_is_not_renewed(network, claimed, expire, engine):
    network.request([network.doctor()])
    claim = claimed()
    expire(claim.lease_expires_at)
    with Session(engine) as session, session.begin():
        assert not renew(session, claim.run, claim.fencing_token, until=claim.lease_expires_at + timedelta(hours=1))
        assert not renew(session, claim.run, claim.fencing_token + 1, until=claim.lease_expires_at)
