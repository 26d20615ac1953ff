"""A receiver that was away has thousands of messages to hear: that many wait makes no claim slower."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.deliveries.tables import Channel
from models.deliveries.working import Claimed, claim, mark_failed
from models.session import engine
from tests.deliveries.clinic import now

LEASE = dt.timedelta(seconds=60)
FEW = 20
"""Rows that a claim may read, of however many: some more than once."""

WAITING = text("""
    WITH message AS (
        INSERT INTO outbox_message (topic, payload)
        SELECT 'appointment.moved', '{}' FROM generate_series(1, :number) RETURNING id
    ), numbered AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM message)
    INSERT INTO delivery (message_id, channel, appointment_id, status, delivered_at, next_attempt_at)
    SELECT id, 'webhook', CASE WHEN :of_each > 0 THEN
            ('00000000-0000-0000-0000-' || lpad((place / greatest(:of_each, 1))::text, 12, '0'))::uuid END,
        CAST(:status AS text), CASE WHEN CAST(:status AS text) = 'delivered' THEN now() END, now()
    FROM numbered
""").bindparams(status="pending")
"""So many messages, `of_each` of each appointment; 0: of none."""

ROWS_READ = text("""
    SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'delivery'
""")


@pytest.fixture
def session(clinic) -> Iterator[Session]:
    """One transaction: what it writes, PostgreSQL does not count until it is told to."""
    with Session(engine()) as session:
        yield session


def rows_read(session: Session, does: Callable[[], object]) -> int:
    before = session.scalar(ROWS_READ)
    does()
    return session.scalar(ROWS_READ) - before


def claimed(session: Session, at: dt.datetime | None = None) -> Claimed | None:
    return claim(session, Channel.WEBHOOK, now=at or now(), lease=LEASE)


def nothing_pending(session: Session) -> None:
    """Many are delivered, and PostgreSQL knows that."""
    session.execute(WAITING, {"number": 3000, "of_each": 1, "status": "delivered"})
    session.execute(text("ANALYZE delivery"))


@pytest.mark.parametrize(
    ("counted", "of_each"),
    [("never", 3), ("just now", 3), ("while nothing was pending", 3), ("while nothing was pending", 0)],
)
def test_a_claim_reads_a_few_rows_whatever_postgresql_believes_of_how_many_wait(session, counted, of_each):
    if counted == "while nothing was pending":
        nothing_pending(session)
    session.execute(WAITING, {"number": 3000, "of_each": of_each})
    if counted == "just now":
        session.execute(text("ANALYZE delivery"))
    for _ in range(3):
        assert rows_read(session, lambda: claimed(session)) < FEW


def test_what_waits_for_an_earlier_one_is_not_looked_at_until_that_is_due(session):
    nothing_pending(session)
    session.execute(WAITING, {"number": 4 * FEW, "of_each": 4})
    again_at = now() + LEASE
    first = []
    while head := claimed(session):
        first.append(head.message)
        assert mark_failed(session, head, "It answered 401.", again_at=again_at)
    assert len(first) == FEW
    assert rows_read(session, lambda: claimed(session)) < FEW
    assert claimed(session, again_at).message == first[0], "and then the earlier one comes first"
