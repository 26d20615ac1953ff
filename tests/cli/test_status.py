"""`slotwise status`: what it says is what is in the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from cli.figures import Waiting, pending_migrations, read_figures
from models.deliveries.listing import Counts

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = create_engine(database_url)
    with Session(engine) as session:
        yield session
    engine.dispose()


def add_request(session: Session, priority: str, status: str, minutes_ago: int, run: str | None = None) -> None:
    decided = status not in {"queued", "planning"}
    session.execute(
        text("""
            INSERT INTO booking_request (patient_id, priority, earliest, latest, status, planning_run_id, created_at,
                                         queued_at, decided_at)
            VALUES ((SELECT id FROM patient LIMIT 1), :priority, :now, :now, :status, CAST(:run AS uuid), :created,
                    :created, :decided)
        """),
        {
            "priority": priority,
            "now": NOW,
            "status": status,
            "run": run,
            "created": NOW - timedelta(minutes=minutes_ago),
            "decided": NOW if decided else None,
        },
    )


def add_run(session: Session, status: str, started: datetime, outcome: str | None = None) -> str:
    finished = None if status == "planning" else started + timedelta(seconds=2.5)
    return session.execute(
        text("""
            INSERT INTO planning_run (status, worker, lease_expires_at, started_at, finished_at, requests, booked,
                                      conflicts, requeued, outcome)
            VALUES (:status, 'w', :started, :started, :finished, 9, 7, 2, 0, CAST(:outcome AS jsonb))
            RETURNING id
        """),
        {"status": status, "started": started, "finished": finished, "outcome": outcome},
    ).scalar_one()


def test_counts_what_waits_by_priority_with_its_age(session: Session) -> None:
    session.execute(text("INSERT INTO patient (external_id, name) VALUES ('P-1', 'Ana')"))
    run = add_run(session, "planning", NOW)
    add_request(session, "urgent", "queued", 3)
    add_request(session, "urgent", "planning", 7, run)
    add_request(session, "routine", "booked", 9)
    figures = read_figures(session, NOW)
    assert figures.waiting == {
        "urgent": Waiting(1, 1, 420.0),
        "soon": Waiting(0, 0, None),
        "routine": Waiting(0, 0, None),
    }
    assert figures.decided == {"booked": 1}


def test_tells_the_last_runs_and_counts_those_that_were_lost_lately(session: Session) -> None:
    add_run(session, "expired", NOW - timedelta(days=2))
    add_run(session, "expired", NOW - timedelta(hours=2))
    add_run(session, "committed", NOW - timedelta(hours=1), '{"status": "optimal"}')
    figures = read_figures(session, NOW)
    assert (figures.expired_runs, figures.failed_runs) == (1, 0)
    newest = figures.runs[0]
    assert (newest.status, newest.plan, newest.requests, newest.seconds) == ("committed", "optimal", 9, 2.5)
    assert [run.status for run in figures.runs] == ["committed", "expired", "expired"]


def test_counts_the_messages_of_each_channel_and_how_long_the_first_has_waited(session: Session) -> None:
    for status, minutes in (("pending", 7), ("pending", 3), ("dead", 90), ("delivered", 9)):
        session.execute(
            text("""
                WITH message AS (INSERT INTO outbox_message (topic, payload) VALUES ('t', '{}') RETURNING id)
                INSERT INTO delivery (message_id, channel, status, last_error, delivered_at, created_at)
                SELECT id, 'email', :status, 'no', :delivered, :created FROM message
            """),
            {
                "status": status,
                "delivered": NOW if status == "delivered" else None,
                "created": NOW - timedelta(minutes=minutes),
            },
        )
    figures = read_figures(session, NOW)
    assert figures.messages == {"webhook": Counts(0, 0, 0, None), "email": Counts(2, 1, 1, 420.0)}


def test_no_migration_is_pending_on_a_migrated_database(session: Session, database_url: str) -> None:
    assert pending_migrations(session, database_url) == 0
    session.execute(text("DELETE FROM alembic_version"))
    assert pending_migrations(session, database_url) > 0


def test_is_told_to_people_and_to_programs(slotwise, database_url: str) -> None:
    env = {"DATABASE_URL": database_url}
    told = slotwise("status", env=env)
    assert (told.code, told.err) == (0, "")
    assert "no migration pending" in told.out
    assert "Validation  nothing was validated as yet" in told.out
    assert "\x1b" not in told.out, "no control codes where it is no terminal"
    report = slotwise("status", "--json", env=env).json
    assert report["figures"]["validated"]["last"] is None
    assert report["figures"]["waiting"]["urgent"] == {"queued": 0, "planning": 0, "oldest": None}
    assert report["figures"]["messages"]["email"] == {"pending": 0, "delivered": 0, "dead": 0, "oldest": None}
    assert report["pending_migrations"] == 0


def test_a_queue_that_does_not_answer_wants_attention(slotwise, database_url: str) -> None:
    done = slotwise("status", "--json", env={"DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1/0"})
    assert done.code == 1
    assert {service["name"]: service["answers"] for service in done.json["services"]} == {
        "queue": False,
        "workers": False,
    }


def test_nothing_that_runs_is_said_with_its_own_exit_code(slotwise, tmp_path) -> None:
    done = slotwise("status", "--data", tmp_path)
    assert done.code == 3
    assert "slotwise up" in done.err
