"""Every hospital is validated once a night, by its own clock, whoever looks and how often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from models.hospitals import Hospital
from models.validation import jobs
from models.validation.jobs import queue_nights
from models.validation.tables import Finding, ReportStatus, ValidationReport
from workers import tasks
from workers.validation import run

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def hospital(network):
    """Adds a hospital that has been there for long."""

    def add(timezone):
        id_ = network.hospital(timezone)
        network.write(update(Hospital).where(Hospital.id == id_).values(created_at=LONG_AGO))
        return id_

    return add


@pytest.fixture
def look(engine):
    """Looks which nights have come."""

    def look_at(now, hour=2):
        with Session(engine) as session, session.begin():
            return queue_nights(session, hour, now)

    return look_at


def nights(network):
    return sorted((each.hospital_id, each.night) for each in network.all(ValidationReport))


def test_a_night_comes_by_the_hospitals_own_clock(network, hospital, look):
    lisbon, kathmandu = hospital("Europe/Lisbon"), hospital("Asia/Kathmandu")
    assert look(datetime(2030, 1, 6, 20, 14, tzinfo=UTC)) == 1  # Lisbon's, which nobody has looked for before
    assert look(datetime(2030, 1, 6, 20, 15, tzinfo=UTC)) == 1  # 02:00 in Kathmandu
    assert look(datetime(2030, 1, 7, 1, 59, tzinfo=UTC)) == 0
    assert look(datetime(2030, 1, 7, 2, 0, tzinfo=UTC)) == 1
    days = [(lisbon, 6), (lisbon, 7), (kathmandu, 7)]
    assert nights(network) == sorted((place, date(2030, 1, day)) for place, day in days)


@pytest.mark.parametrize(
    ("timezone", "first"),
    [
        ("Europe/Berlin", date(2030, 3, 30)),
        ("Europe/Berlin", date(2030, 10, 26)),
        ("Australia/Lord_Howe", date(2030, 4, 6)),
    ],
)
def test_a_night_comes_once_where_two_o_clock_is_skipped_or_comes_twice(network, hospital, look, timezone, first):
    hospital(timezone)
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    for minutes in range(0, 3 * 24 * 60, 10):
        look(midnight + timedelta(minutes=minutes))
    seen = [night for _, night in nights(network)]
    assert sorted(set(seen)) == seen
    assert {first, first + timedelta(days=1), first + timedelta(days=2)} <= set(seen)


def test_a_night_that_nobody_saw_come_is_made_up_for_on_its_day(network, hospital, look):
    hospital("UTC")
    assert look(datetime(2030, 1, 7, 23, 59, tzinfo=UTC)) == 1
    assert look(datetime(2030, 1, 10, 12, tzinfo=UTC)) == 1
    assert [night for _, night in nights(network)] == [date(2030, 1, 7), date(2030, 1, 10)]


def test_a_hospital_that_is_new_waits_for_its_first_night(network, look):
    id_ = network.hospital("UTC")
    created = datetime(2030, 1, 7, 12, tzinfo=UTC)
    network.write(update(Hospital).where(Hospital.id == id_).values(created_at=created))
    assert look(created + timedelta(hours=1)) == 0
    assert look(datetime(2030, 1, 8, 2, tzinfo=UTC)) == 1


def test_a_zone_that_nobody_knows_does_not_keep_the_others_from_their_nights(engine, network, hospital, look):
    broken, sound = hospital("UTC"), hospital("UTC")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE hospital DROP CONSTRAINT hospital_timezone_known"))
        connection.execute(text("UPDATE hospital SET timezone = 'Mars/Olympus' WHERE id = :id"), {"id": broken})
    assert look(datetime(2030, 1, 7, 12, tzinfo=UTC)) == 2
    assert {place for place, _ in nights(network)} == {broken, sound}


@pytest.mark.parametrize(
    "broken",
    ["timezone = NULL", "created_at = NULL", "created_at = '-infinity'", "created_at = 'infinity'"],
)
def test_a_row_that_lacks_something_does_not_keep_the_others_from_their_nights(engine, network, hospital, look, broken):
    hurt, sound = hospital("UTC"), hospital("UTC")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE hospital ALTER timezone DROP NOT NULL, ALTER created_at DROP NOT NULL"))
        connection.execute(text("ALTER TABLE hospital DROP CONSTRAINT hospital_timezone_known"))
        connection.execute(text(f"UPDATE hospital SET {broken} WHERE id = :id"), {"id": hurt})
    look(datetime(2030, 1, 7, 12, tzinfo=UTC))
    assert sound in {place for place, _ in nights(network)}


def test_however_many_look_at_once_a_night_is_validated_once(network, hospital, look):
    for _ in range(5):
        hospital("UTC")
    now = datetime(2030, 1, 7, 2, tzinfo=UTC)
    with ThreadPoolExecutor(8) as pool:
        asked = sum(pool.map(lambda _: look(now), range(8)))
    assert asked == 5
    assert len(network.all(ValidationReport)) == 5


def test_the_night_is_the_databases_and_not_the_schedulers(engine, network, hospital, look):
    """The negative control of the test above: what keeps a second one away is a key."""
    hospital("UTC")
    look(datetime(2030, 1, 7, 2, tzinfo=UTC))
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX validation_report_once_a_night"))
        connection.execute(
            text(
                "INSERT INTO validation_report (hospital_id, night, policy) SELECT hospital_id, night, policy"
                " FROM validation_report"
            )
        )
    assert len(network.all(ValidationReport)) == 2


def test_the_sweep_asks_for_the_nights_and_rings_for_them(network, hospital, chosen, monkeypatch):
    rings = []
    monkeypatch.setattr(run, "ring", rings.append)
    now = datetime(2030, 1, 7, 12, tzinfo=UTC)
    monkeypatch.setattr(tasks, "utc_now", lambda: now)
    hospital("UTC")
    tasks.sweep()
    assert rings == ["slotwise.validate"]
    (report,) = network.all(ValidationReport)
    assert (report.night, report.status) == (date(2030, 1, 7), ReportStatus.QUEUED)
    assert report.policy == jobs.POLICY.model_dump(mode="json")


def test_reports_are_forgotten_with_what_only_they_told(network, hospital, engine, chosen, monkeypatch):
    now = datetime(2030, 1, 7, 12, tzinfo=UTC)
    monkeypatch.setattr(tasks, "utc_now", lambda: now)
    old, kept = now - timedelta(days=chosen.reports_kept_days, minutes=1), now - timedelta(days=1)
    with engine.begin() as connection:
        for finished in (old, kept):
            connection.execute(
                text(
                    "WITH report AS (INSERT INTO validation_report (policy, status, finished_at)"
                    " VALUES ('{}', 'finished', :at) RETURNING id),"
                    " gone AS (INSERT INTO finding (key, code, severity, hospitals, entities, message, facts,"
                    " first_seen_at, last_seen_at, gone_at)"
                    " VALUES (:at, 'row_breaks_rule', 'error', '{}', '[]', '', '{}', :at, :at, :at) RETURNING id)"
                    " INSERT INTO sighting SELECT report.id, gone.id, 'gone' FROM report, gone"
                ),
                {"at": finished},
            )
    tasks.forget()
    assert [each.finished_at for each in network.all(ValidationReport)] == [kept]
    assert [each.gone_at for each in network.all(Finding)] == [kept]
