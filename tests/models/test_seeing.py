"""Figures and alarms: what they say is what is in the database, and nothing is said of what is well."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.base import first_id
from models.deliveries.listing import Counts
from models.directory import upsert_patients
from models.hours import create_hospitals
from models.inputs import HospitalIn, PatientIn
from models.seeing.alarms import Alarm, AlarmName, Away, Severity, alarms, lasting
from models.seeing.asking import as_told, compared
from models.seeing.broker import Trouble
from models.seeing.figures import Share, Waiting, read_figures
from models.seeing.lately import MINUTES
from models.settings import settings
from tests.models.network import EVERY_DAY

NOW = datetime.now(UTC)  # ids are of the present, and what is recent is found by them


@pytest.fixture
def quiet(session: Session) -> Session:
    """A hospital and a patient, and nothing to do."""
    create_hospitals(
        session,
        [HospitalIn(external_id="lis", name="Lisbon", timezone="Europe/Lisbon", operating_hours=EVERY_DAY)],
        NOW,
    )
    upsert_patients(session, {"p1": PatientIn(name="Ana")})
    return session


def add_request(session: Session, status: str = "queued", *, minutes_ago: float = 1, **more: Any) -> None:
    """A request that was asked some minutes ago; `decided` minutes ago where it is decided."""
    decided = None if status in {"queued", "planning"} else NOW - timedelta(minutes=more.pop("decided", 0.1))
    asked = NOW - timedelta(minutes=minutes_ago)
    values = {
        "id": first_id(asked).hex[:-8] + f"{session.scalar(text('SELECT count(*) FROM booking_request')):08x}",
        "priority": "routine",
        "run": None,
        "share": None,
        "failure": "because" if status == "failed" else None,
        **more,
    }
    session.execute(
        text("""
            INSERT INTO booking_request (id, patient_id, priority, earliest, latest, status, planning_run_id,
                                         created_at, queued_at, decided_at, share, failure)
            VALUES (CAST(:id AS uuid), (SELECT id FROM patient LIMIT 1), :priority, :asked, :asked, :status,
                    CAST(:run AS uuid), :asked, :asked, :decided,
                    (SELECT id FROM hospital WHERE external_id = :share), :failure)
        """),
        values | {"status": status, "asked": asked, "decided": decided},
    )


def add_run(session: Session, status: str, *, minutes_ago: float, outcome: str | None = None) -> str:
    """A run that began some minutes ago and ended 2.5 seconds later."""
    started = NOW - timedelta(minutes=minutes_ago)
    id_ = first_id(started).hex[:-8] + f"{session.scalar(text('SELECT count(*) FROM planning_run')):08x}"
    return session.execute(
        text("""
            INSERT INTO planning_run (id, status, worker, lease_expires_at, started_at, finished_at, requests, booked,
                                      conflicts, requeued, outcome)
            VALUES (CAST(:id AS uuid), :status, 'w', :started, :started, :finished, 9, 7, 2, 0, CAST(:outcome AS jsonb))
            RETURNING id
        """),
        {
            "id": id_,
            "status": status,
            "started": started,
            "finished": None if status == "planning" else started + timedelta(seconds=2.5),
            "outcome": outcome,
        },
    ).scalar_one()


def add_message(session: Session, status: str, *, minutes_ago: float, start: datetime | None = None) -> None:
    session.execute(
        text("""
            WITH message AS (
                INSERT INTO outbox_message (topic, payload)
                VALUES ('t', jsonb_strip_nulls(jsonb_build_object('start', CAST(:start AS text)))) RETURNING id
            )
            INSERT INTO delivery (message_id, channel, status, last_error, delivered_at, created_at)
            SELECT id, 'email', :status, 'no', :delivered, :created FROM message
        """),
        {
            "status": status,
            "start": start and start.isoformat(),
            "delivered": NOW if status == "delivered" else None,
            "created": NOW - timedelta(minutes=minutes_ago),
        },
    )


def told(session: Session) -> list[AlarmName]:
    return [alarm.name for alarm in found(session)]


def found(session: Session) -> list[Alarm]:
    return alarms(read_figures(session, NOW), settings(), NOW)


# Figures


def test_counts_what_waits_by_priority_and_hospital_with_its_age(quiet):
    run = add_run(quiet, "planning", minutes_ago=1)
    add_request(quiet, priority="urgent", minutes_ago=3, share="lis")
    add_request(quiet, "planning", priority="urgent", minutes_ago=7, run=run)
    add_request(quiet, minutes_ago=2, share="lis")
    add_request(quiet, "booked", minutes_ago=9)
    figures = read_figures(quiet, NOW)
    assert figures.waiting == {
        "urgent": Waiting(1, 1, 420.0),
        "soon": Waiting(0, 0, None),
        "routine": Waiting(1, 0, 120.0),
    }
    assert (figures.undecided, figures.oldest) == (3, 420.0)
    assert figures.shares == (Share("lis", 2, 180.0), Share(None, 1, 420.0))
    assert figures.decided == {"booked": 1}
    quiet.execute(text("UPDATE booking_request SET queued_at = :now"), {"now": NOW - timedelta(minutes=1)})
    assert read_figures(quiet, NOW).oldest == 60.0, "who is queued again has waited since then"


def test_tells_the_last_runs_and_counts_those_that_were_lost_lately(quiet):
    add_run(quiet, "expired", minutes_ago=2 * 24 * 60)
    add_run(quiet, "expired", minutes_ago=120)
    add_run(quiet, "failed", minutes_ago=50)
    add_run(quiet, "committed", minutes_ago=40, outcome='{"status": "optimal"}')
    figures = read_figures(quiet, NOW)
    assert (figures.expired_runs, figures.failed_runs, figures.lost_lately) == (1, 1, 1)
    newest = figures.runs[0]
    assert (newest.status, newest.plan, newest.requests, newest.seconds) == ("committed", "optimal", 9, 2.5)
    assert [run.status for run in figures.runs] == ["committed", "failed", "expired", "expired"]


def test_counts_the_messages_of_each_channel_and_how_long_the_first_has_waited(quiet):
    for status, minutes in (("pending", 7), ("pending", 3), ("dead", 90), ("delivered", 9)):
        add_message(quiet, status, minutes_ago=minutes)
    assert read_figures(quiet, NOW).messages == {"webhook": Counts(0, 0, 0, None), "email": Counts(2, 1, 1, 420.0)}


def test_the_last_hour_is_told_minute_by_minute(quiet):
    run = add_run(quiet, "committed", minutes_ago=31)
    for _ in range(3):
        add_request(quiet, "booked", minutes_ago=40.5, decided=30.5, run=run)
    add_request(quiet, "conflict", minutes_ago=59.5, decided=30.5, run=run)
    add_request(quiet, "cancelled", minutes_ago=20.5, decided=10.5)
    add_request(quiet, minutes_ago=5.5)
    add_request(quiet, minutes_ago=300)
    lately = read_figures(quiet, NOW).lately
    asked, decided, undecided = (dict(enumerate(each)) for each in (lately.asked, lately.decided, lately.undecided))
    assert {MINUTES - 1 - ago: n for ago, n in asked.items() if n} == {59: 1, 40: 3, 20: 1, 5: 1}
    assert {MINUTES - 1 - ago: n for ago, n in decided.items() if n} == {30: 4}
    # At the end of each minute; what has waited for hours was there before the first.
    at = {ago: undecided[MINUTES - 1 - ago] for ago in (59, 41, 40, 31, 30, 20, 10, 5, 0)}
    assert at == {59: 2, 41: 2, 40: 5, 31: 5, 30: 1, 20: 2, 10: 1, 5: 2, 0: 2}
    assert (lately.half, lately.nearly_all) == (600.0, pytest.approx(600 + 1140 * 0.85))
    assert lately.a_second == 0


def test_who_decided_in_the_last_minute_says_how_fast_it_goes(quiet):
    run = add_run(quiet, "committed", minutes_ago=0.5)
    for _ in range(30):
        add_request(quiet, "booked", minutes_ago=2, run=run)
    assert read_figures(quiet, NOW).lately.a_second == 0.5


def test_an_empty_network_has_figures(session):
    figures = read_figures(session, NOW)
    assert (figures.undecided, figures.oldest, figures.hospitals, figures.shares) == (0, None, (), ())
    assert figures.lately.half is None
    assert alarms(figures, settings(), NOW) == []
    assert len(figures.tables) == 5


# Alarms


def test_nothing_is_said_of_what_is_well(quiet):
    run = add_run(quiet, "committed", minutes_ago=1)
    add_request(quiet, minutes_ago=4)
    add_request(quiet, "booked", minutes_ago=4, run=run)
    add_message(quiet, "pending", minutes_ago=10)
    add_message(quiet, "delivered", minutes_ago=100)
    assert told(quiet) == []


def aging(session: Session) -> None:
    add_request(session, minutes_ago=5.1)


def failed(session: Session) -> None:
    add_request(session, "failed", minutes_ago=30, decided=20, run=add_run(session, "expired", minutes_ago=21))


def lost(session: Session) -> None:
    for status in ("expired", "failed", "expired"):
        add_run(session, status, minutes_ago=10)


def dead(session: Session) -> None:
    add_message(session, "dead", minutes_ago=60, start=NOW + timedelta(hours=3))


def late(session: Session) -> None:
    add_message(session, "pending", minutes_ago=16)


def unvalidated(session: Session) -> None:
    session.execute(text("UPDATE hospital SET created_at = :then"), {"then": NOW - timedelta(hours=27)})


def erroneous(session: Session) -> None:
    session.execute(
        text("""
            INSERT INTO finding (key, code, severity, hospitals, entities, message, facts, first_seen_at, last_seen_at)
            VALUES ('k', 'doctor_double_booked', 'error', '{}', '[]', 'm', '{}', now(), now())
        """)
    )


def short(session: Session) -> None:
    days = settings().opening_horizon_days - 2
    session.execute(text("UPDATE hospital SET projected_until = :day"), {"day": NOW.date() + timedelta(days=days)})


def unsealed(session: Session) -> None:
    session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
    session.execute(text("UPDATE audit_entry SET at = :then"), {"then": NOW - timedelta(minutes=6)})


BROKEN: dict[AlarmName, Callable[[Session], None]] = {
    AlarmName.QUEUE_AGING: aging,
    AlarmName.REQUESTS_FAILED: failed,
    AlarmName.RUNS_LOST: lost,
    AlarmName.MESSAGES_DEAD: dead,
    AlarmName.MESSAGES_AGING: late,
    AlarmName.VALIDATION_MISSING: unvalidated,
    AlarmName.VALIDATION_ERRORS: erroneous,
    AlarmName.OPENINGS_SHORT: short,
    AlarmName.AUDIT_UNSEALED: unsealed,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said_and_nothing_else(quiet, name: AlarmName):
    BROKEN[name](quiet)
    [alarm] = found(quiet)
    assert alarm.name is name
    assert alarm.sentence.endswith(".")
    assert alarm.remedy.endswith(".")


def test_a_request_that_became_moot_wants_nobodys_attention(quiet):
    add_request(quiet, "failed", minutes_ago=30, decided=20, run=add_run(quiet, "committed", minutes_ago=20))
    assert found(quiet) == []


def test_a_queue_that_is_nearly_full_is_said(quiet, monkeypatch):
    monkeypatch.setenv("MAX_QUEUED", "10")
    settings.cache_clear()
    for _ in range(9):
        add_request(quiet)
    assert told(quiet) == []
    add_request(quiet)
    [alarm] = found(quiet)
    assert (alarm.name, alarm.severity) == (AlarmName.QUEUE_FULL, Severity.CRITICAL)
    assert "10 requests are undecided; from 10 on" in alarm.sentence


def test_how_old_a_queue_may_get_is_a_setting(quiet, monkeypatch):
    aging(quiet)
    monkeypatch.setenv("QUEUE_AGE_ALARM", "600")
    settings.cache_clear()
    assert told(quiet) == []


@pytest.mark.parametrize(
    "as_it_may_be",
    [
        pytest.param(lambda session: add_request(session, "failed", minutes_ago=90, decided=61), id="failed long ago"),
        pytest.param(lambda session: [add_run(session, "expired", minutes_ago=9) for _ in "ab"], id="two runs lost"),
        pytest.param(
            lambda session: add_message(session, "dead", minutes_ago=60, start=NOW - timedelta(minutes=1)),
            id="a message about an hour that has begun",
        ),
        pytest.param(
            lambda session: (
                erroneous(session),
                session.execute(
                    text("UPDATE finding SET acknowledged_until = :then, acknowledged_because = 'known'"),
                    {"then": NOW + timedelta(days=1)},
                ),
            ),
            id="an error that somebody knows of",
        ),
        pytest.param(
            lambda session: (
                unvalidated(session),
                session.execute(
                    text("""
                        INSERT INTO validation_report (policy, status, started_at, finished_at)
                        VALUES ('{}', 'finished', :then, :then)
                    """),
                    {"then": NOW - timedelta(hours=25)},
                ),
            ),
            id="a night that was validated",
        ),
    ],
)
def test_what_may_be_is_no_alarm(quiet, as_it_may_be):
    as_it_may_be(quiet)
    assert told(quiet) == []


@pytest.mark.parametrize(
    ("away", "name", "words"),
    [
        (Away(database="connection refused"), "DatabaseAway", "does not answer: connection refused."),
        (Away(pending=2), "MigrationsPending", "2 migrations are pending"),
        (Away(broker=False, workers=False), "BrokerAway", "Redis does not answer, so nobody is told to plan"),
        (Away(broker=False, trouble=Trouble.FULL), "BrokerAway", "Redis is full and refuses messages, so nobody"),
        (Away(broker=True, workers=False), "WorkersAway", "No worker answers"),
        (Away(broker=True, workers=True, silent=61), "BeatSilent", "has not rung for 1 min 1 s"),
    ],
)
def test_what_is_away_is_said_once(session, away, name, words):
    [alarm] = alarms(None, settings(), NOW, away)
    assert (alarm.name, alarm.severity) == (name, Severity.CRITICAL)
    assert words in alarm.sentence


def test_what_alarms_compare_with_is_as_a_worker_has_it(session):
    theirs = settings().model_copy(update={"max_queued": 7, "queue_age_alarm": 9.0})
    told = as_told(settings(), [{"old@here": {"version": "0.0.1"}}, {"w@here": {"compared": compared(theirs)}}])
    assert told == theirs
    assert as_told(settings(), [{"old@here": {"version": "0.0.1"}}]) is None


def test_nobody_who_was_not_asked_is_away(session):
    assert alarms(None, settings(), NOW, Away()) == []
    assert alarms(None, settings(), NOW, Away(broker=True, workers=True, silent=59)) == []


def test_what_matters_most_comes_first(quiet):
    lost(quiet)
    erroneous(quiet)
    names = [alarm.name for alarm in alarms(read_figures(quiet, NOW), settings(), NOW, Away(workers=False))]
    assert names == ["WorkersAway", "ValidationErrors", "RunsLost"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12.4, "12 s"), (303, "5 min 3 s"), (7800, "2 h 10 min"), (47 * 3600, "47 h 0 min"), (80 * 3600, "3 days")],
)
def test_how_long_is_told_in_words(seconds, words):
    assert lasting(seconds) == words
