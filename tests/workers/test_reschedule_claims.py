"""One worker at a time has a reschedule, and what it loses another plans."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.rescheduling.jobs import discard_reschedule
from models.rescheduling.tables import Reschedule, RescheduleStatus
from workers.reschedule_claims import JobLost, claim_job, expire_overdue_jobs, hold_job, renew_job

LEASE = timedelta(seconds=30)


@pytest.fixture
def job(network):
    return network.away(network.doctor(), 0, 24)


@pytest.fixture
def claim(transact, now):
    def claim_at(at=now, worker="w"):
        return transact(claim_job, worker=worker, now=at, until=at + LEASE)

    return claim_at


def test_a_job_is_claimed_once(network, claim, job, now):
    claimed = claim()
    assert (claimed.job, claimed.fencing_token) == (job, 1)
    assert claim() is None
    row = network.get(Reschedule, job)
    assert (row.status, row.worker, row.stage, row.lease_expires_at) == ("planning", "w", "reading", now + LEASE)
    assert row.version == 2


def test_two_claims_at_once_take_two_jobs(engine, network, claim, job, transact, now):
    other = network.away(network.doctor(), 0, 24)
    with Session(engine) as session, session.begin():
        first = claim_job(session, worker="v", now=now, until=now + LEASE)
        assert first
        second = claim()
        assert {first.job, second.job} == {job, other}
        assert claim() is None


def test_a_lease_holds_until_its_end_and_not_longer(network, claim, transact, job, now):
    claim()
    assert transact(expire_overdue_jobs, now=now + LEASE - timedelta(microseconds=1), max_attempts=5) == 0
    assert transact(expire_overdue_jobs, now=now + LEASE, max_attempts=5) == 1
    row = network.get(Reschedule, job)
    assert (row.status, row.attempts, row.lease_expires_at, row.stage) == (RescheduleStatus.QUEUED, 1, None, None)
    assert transact(expire_overdue_jobs, now=now + LEASE, max_attempts=5) == 0


def test_a_job_lost_too_often_fails_with_the_reason(network, claim, transact, job, now):
    for turn in range(1, 3):
        claim()
        transact(expire_overdue_jobs, now=now + LEASE, max_attempts=2)
        assert network.get(Reschedule, job).attempts == turn
    row = network.get(Reschedule, job)
    assert row.status is RescheduleStatus.FAILED
    assert "lease ran out" in row.failure


def test_a_renewed_lease_holds_until_its_new_end_and_tells_the_stage(network, claim, transact, job, now):
    claimed = claim()
    later = now + 3 * LEASE
    assert transact(renew_job, claimed, until=later, stage="planning: solve")
    assert network.get(Reschedule, job).stage == "planning: solve"
    assert transact(expire_overdue_jobs, now=now + 2 * LEASE, max_attempts=5) == 0


def test_what_was_lost_is_neither_renewed_nor_committed_even_if_it_is_planned_again(claim, transact, job, now):
    """The fencing token tells the two workers apart."""
    lost = claim()
    transact(expire_overdue_jobs, now=now + LEASE, max_attempts=5)
    again = claim(at=now + LEASE, worker="v")
    assert (again.job, again.fencing_token) == (job, 2)
    assert not transact(renew_job, lost, until=now + 9 * LEASE, stage="late")
    with pytest.raises(JobLost):
        transact(hold_job, lost, now + LEASE)
    assert transact(hold_job, again, now + LEASE).id == job


def test_what_was_discarded_is_neither_renewed_nor_committed(claim, transact, job, now):
    claimed = claim()
    transact(discard_reschedule, job, None, now)
    assert not transact(renew_job, claimed, until=now + LEASE, stage="late")
    with pytest.raises(JobLost, match="discarded"):
        transact(hold_job, claimed, now)


def test_a_lease_that_ran_out_commits_nothing_even_before_anyone_notices(claim, transact, job, now):
    claimed = claim()
    with pytest.raises(JobLost, match="ran out"):
        transact(hold_job, claimed, now + LEASE)


def test_a_proposal_is_not_written_twice(engine, claim, transact, job, now):
    """The answer to the commit was lost, and the worker tries again."""
    claimed = claim()
    with engine.begin() as connection:
        connection.execute(text("UPDATE reschedule SET status = 'proposed', lease_expires_at = NULL"))
    assert transact(hold_job, claimed, now) is None


def test_a_job_that_is_committing_is_not_expired(engine, claim, transact, job, now):
    claim()
    with engine.begin() as committing:
        committing.execute(text("SELECT FROM reschedule FOR UPDATE"))
        assert transact(expire_overdue_jobs, now=now + LEASE, max_attempts=5) == 0
    assert transact(expire_overdue_jobs, now=now + LEASE, max_attempts=5) == 1
