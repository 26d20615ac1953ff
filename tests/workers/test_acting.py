"""Who acts in a worker, as the audit tells of them; and that what is told is sealed."""

import pytest
from sqlalchemy import func, select

from models.access import acting
from models.access.acting import EVERYTHING, ActorKind
from models.audit.tables import AuditEntry, AuditSeal, AuditUnsealed
from models.booking import PlanningRun
from models.session import transaction
from workers import planning, tasks
from workers.acting import process_name


@pytest.fixture(autouse=True)
def nobody():
    with acting.acting(None):
        yield


def test_a_task_acts_as_itself_and_reaches_everything(chosen):
    tasks.seal_audit.apply()
    who = acting.actor()
    assert (who.kind, who.name, acting.reach()) == (ActorKind.WORKER, f"seal_audit at {process_name()}", EVERYTHING)


def test_what_a_run_books_is_told_of_the_worker_with_the_run(network, chosen, monkeypatch):
    monkeypatch.setattr(planning, "ring", lambda: None)
    network.request()
    tasks.plan_queued.apply()
    with transaction() as session:
        run = session.scalars(select(PlanningRun.id)).one()
        told = session.execute(
            select(AuditEntry.actor_kind, AuditEntry.actor_name, AuditEntry.request_id, AuditEntry.before).where(
                AuditEntry.kind == "booking_request", AuditEntry.action == "update"
            )
        ).one()
    assert told[:3] == ("worker", f"plan_queued at {process_name()}", str(run))
    assert told.before["status"] == "queued"  # that it was claimed is nothing that happened to it
    assert acting.actor().request_id is None


def test_everything_is_sealed_however_much_there_is(network, chosen, monkeypatch):
    for _ in range(5):
        network.request()
    monkeypatch.setattr(tasks, "MOST", 2)
    tasks.seal_audit()
    with transaction() as session:
        written = session.scalar(select(func.count()).select_from(AuditEntry))
        assert written >= 10
        assert session.scalar(select(func.count()).select_from(AuditUnsealed)) == 0
        assert session.scalar(select(func.count()).select_from(AuditSeal)) == -(-written // 2)
