"""The sample in a database: loaded once, continued when its weeks have begun, and never among somebody's own data."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session

from cli.output import Stop
from cli.sample.dates import next_monday
from cli.sample.loading import ensure_sample
from models.files.kinds import Kind
from models.requests import create_batch
from models.schedule import Appointment, Availability
from models.settings import settings

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def session(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "")
    settings.cache_clear()  # it may hold what another test set
    engine = create_engine(database_url)
    with Session(engine) as session:
        yield session
    engine.dispose()
    settings.cache_clear()


def test_is_loaded_once_under_every_rule(session: Session) -> None:
    first = ensure_sample(session, 1, NOW)
    session.commit()  # deferred rules are judged here
    assert first.calendar.monday == date(2026, 11, 30)
    assert first.rows[Kind.APPOINTMENTS] == len(first.calendar.appointments)
    again = ensure_sample(session, 1, NOW + timedelta(days=2))
    assert again.rows == {}
    assert again.calendar == first.calendar
    assert session.scalar(select(func.count()).select_from(Appointment)) == len(first.calendar.appointments)


def test_goes_on_after_two_rounds_of_requests(session: Session) -> None:
    first = ensure_sample(session, 1, NOW)
    create_batch(session, 500, first.label)
    second = ensure_sample(session, 1, NOW)
    assert (first.round, second.round, second.rows) == (1, 2, {})
    create_batch(session, 500, second.label)
    third = ensure_sample(session, 1, NOW)
    assert third.calendar.monday == first.calendar.monday + timedelta(weeks=3)
    assert third.round == 1


def test_goes_on_after_its_weeks_once_they_have_begun(session: Session) -> None:
    first = ensure_sample(session, 1, NOW)
    later = ensure_sample(session, 1, NOW + timedelta(days=8))
    session.commit()
    assert later.calendar.monday == first.calendar.monday + timedelta(weeks=3)
    assert Kind.HOSPITALS not in later.rows
    months_later = ensure_sample(session, 1, NOW + timedelta(days=200))
    session.commit()
    assert months_later.calendar.monday == next_monday(NOW + timedelta(days=200))
    calendars = (first.calendar, later.calendar, months_later.calendar)
    expected = sum(len(calendar.availabilities) for calendar in calendars)
    assert session.scalar(select(func.count()).select_from(Availability)) == expected


def test_keeps_out_of_other_networks_and_of_other_seeds(session: Session) -> None:
    with session.begin_nested() as savepoint:
        session.execute(
            text("INSERT INTO hospital (name, timezone, projected_until) VALUES ('Ours', 'Europe/Lisbon', now())")
        )
        with pytest.raises(Stop, match="a database of its own"):
            ensure_sample(session, 1, NOW)
        savepoint.rollback()
    ensure_sample(session, 1, NOW)
    with pytest.raises(Stop, match="more than the sample of seed 2"):
        ensure_sample(session, 2, NOW)


@pytest.mark.parametrize("day", range(22, 30))
def test_the_next_monday_is_ahead_in_every_time_zone(day: int) -> None:
    now = datetime(2026, 11, day, 23, 59, tzinfo=UTC)
    monday = next_monday(now)
    assert monday.isoweekday() == 1
    begins_first = datetime.combine(monday, datetime.min.time(), UTC) - timedelta(hours=14)
    assert timedelta(0) < begins_first - now < timedelta(days=9)
