"""A restored database, before anybody works with it: nothing that its undone future gave out is given out again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from models import outbox
from models.booking import BookingRequest, PlanningRun, RequestStatus, RunStatus
from models.operations import OutboxMessage
from models.outbox import RESTORED, START, Position
from models.rescheduling.tables import Reschedule
from models.restored import NotThisCluster, resume
from models.snapshot import read_snapshot
from models.validation.tables import ReportStatus, ValidationReport
from tests.workers.test_commit import a_plan
from workers.commit import LeaseLost, commit_plan
from workers.reschedule_claims import JobLost, claim_job, hold_job
from workers.validation.claims import ReportLost, claim_report, hold_report

LEASE = timedelta(seconds=90)


@pytest.fixture
def restored(transact, now):
    """Says that the database was restored to an hour ago."""
    return lambda: transact(resume, now - timedelta(hours=1), now=now)


@pytest.mark.parametrize("was_restored", [True, False], ids=["restored", "control"])
def test_a_plan_from_before_cannot_be_committed(network, claimed, restored, transact, now, was_restored):
    doctor = network.doctor()
    request = network.request([doctor])
    run = claimed()
    snapshot = transact(read_snapshot, run.requests, now=now, reach=timedelta(0))
    if not was_restored:
        assert transact(commit_plan, run, snapshot, a_plan(), now=now).requeued == 1
        return
    assert restored().requests == 1
    with pytest.raises(LeaseLost):
        transact(commit_plan, run, snapshot, a_plan(), now=now)
    row = network.get(BookingRequest, request)
    assert (row.status, row.attempts, row.planning_run_id) == (RequestStatus.QUEUED, 0, None)
    assert network.get(PlanningRun, run.run).status is RunStatus.EXPIRED
    # A worker that claimed in what is undone may hold the next few tokens.
    assert claimed().fencing_token > run.fencing_token + 1_000_000


@pytest.mark.parametrize("was_restored", [True, False], ids=["restored", "control"])
def test_a_reschedule_claimed_in_what_is_undone_is_not_that_workers(network, restored, transact, now, was_restored):
    job = network.away(network.doctor(), 0, 24)
    undone = claim_job
    lost = transact(undone, worker="before", now=now, until=now + LEASE)
    # As it was before that claim, and then claimed by another: the same token, but for the restore.
    transact(_unclaim, Reschedule, job)
    if was_restored:
        assert restored().reschedules == 0
    mine = transact(claim_job, worker="after", now=now, until=now + LEASE)
    if was_restored:
        with pytest.raises(JobLost):
            transact(hold_job, lost, now)
    else:
        assert transact(hold_job, lost, now).worker == "after"
    assert transact(hold_job, mine, now).worker == "after"


@pytest.mark.parametrize("was_restored", [True, False], ids=["restored", "control"])
def test_a_validation_claimed_in_what_is_undone_is_not_that_workers(transact, restored, now, was_restored):
    transact(lambda session: session.add(ValidationReport(policy={})))
    lost = transact(claim_report, worker="before", now=now, until=now + LEASE)
    transact(_unclaim, ValidationReport, lost.report)
    if was_restored:
        restored()
    transact(claim_report, worker="after", now=now, until=now + LEASE)
    if was_restored:
        with pytest.raises(ReportLost):
            transact(hold_report, lost, now)
    else:
        assert transact(hold_report, lost, now).worker == "after"


def _unclaim(session, kind, id_):
    row = session.get(kind, id_)
    row.status, row.fencing_token, row.lease_expires_at = "queued", row.fencing_token - 1, None


def test_jobs_that_workers_had_are_queued_again_with_no_lost_run_on_their_account(network, restored, transact, now):
    job = network.away(network.doctor(), 0, 24)
    transact(lambda session: session.add(ValidationReport(policy={})))
    transact(claim_job, worker="before", now=now, until=now + LEASE)
    transact(claim_report, worker="before", now=now, until=now + LEASE)
    found = restored()
    assert (found.reschedules, found.reports) == (1, 1)
    row, [report] = network.get(Reschedule, job), network.all(ValidationReport)
    assert (row.status, row.attempts, report.status, report.attempts) == ("queued", 0, ReportStatus.QUEUED, 0)


@pytest.mark.parametrize("was_restored", [True, False], ids=["restored", "control"])
def test_a_reader_who_had_read_further_misses_nothing(transact, restored, was_restored):
    transact(outbox.tell, "kept", [{}])
    undone = Position(2**40, 500)  # where its reader was
    if was_restored:
        restored()
    transact(outbox.tell, "new", [{}])

    def read(session, position):
        return [each.topic for each in outbox.read(session, outbox.resumed(session, position), 10)]

    assert transact(read, undone) == ([RESTORED, "new"] if was_restored else [])
    assert transact(read, START) == (["kept", RESTORED, "new"] if was_restored else ["kept", "new"])


def test_a_reader_goes_on_after_what_it_has_read_since(transact, restored):
    restored()
    transact(outbox.tell, "new", [{}])
    newest = transact(outbox.newest)
    assert transact(outbox.resumed, newest) == newest
    transact(outbox.tell, "newer", [{}])
    assert [each.topic for each in transact(outbox.read, newest, 10)] == ["newer"]


def test_a_reader_who_missed_two_restores_hears_of_both(transact, now):
    for hours in (0, 1):
        transact(resume, None, now=now + timedelta(hours=hours))
    told = transact(lambda session: outbox.read(session, outbox.resumed(session, Position(2**40, 500)), 10))
    assert [each.topic for each in told] == [RESTORED, RESTORED]


def test_no_number_is_given_twice_and_all_stay_such_that_json_can_hold_them(transact, restored, now):
    transact(outbox.tell, "before", [{}])
    transact(resume, now, now=datetime(2088, 1, 1, tzinfo=UTC))
    last = transact(lambda session: session.scalar(select(OutboxMessage.id).order_by(OutboxMessage.id.desc())))
    assert 2**52 < last < 2**53
    again = transact(lambda session: session.scalars(text("SELECT min(last_value) FROM pg_sequences")).one())
    assert again >= 2**52
    restored()
    assert transact(outbox.newest).id > last, "a restore with a clock that is behind takes nothing back"


def test_a_database_made_from_a_dump_is_refused(transact, restored):
    transact(outbox.tell, "before", [{}])
    transact(lambda session: session.execute(text("UPDATE outbox_message SET transaction_id = '9999999999'")))
    with pytest.raises(NotThisCluster):
        restored()
