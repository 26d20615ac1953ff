"""Openings that are not those that the hours kept come to, or that are about to run out."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from models.hospitals import Hospital
from models.hours import create_hospitals, extend_openings, set_exception
from models.inputs import ExceptionIn, HoursIn
from models.rescheduling.applying import apply_reschedule
from models.schedule import Availability
from models.session import transaction
from models.validation.found import Kind
from planner.problem import HOUR
from tests.workers.conftest import NOW
from tests.workers.validation.clinic_of_lisbon import (
    TOMORROW,
    every_day,
    hospital,
    open_lisbon,
)
from tests.workers.validation.corrupting import corrupt
from tests.workers.validation.validating import Validating, about, subjects
from workers.rescheduling import plan_next_reschedule
from workers.validation.clocks import CLOCKS


@pytest.fixture
def lisbon(chosen) -> UUID:
    return open_lisbon()


@pytest.fixture
def validating(engine, chosen, lisbon) -> Validating:
    return Validating(engine, chosen, NOW, CLOCKS)


def test_they_are_those_that_the_product_wrote(lisbon, validating):
    with transaction() as session:
        create_hospitals(
            session,
            [
                hospital("oslo", "Europe/Oslo", every_day("20:00", "06:00")),
                hospital("perth", "Australia/Perth", every_day("00:00", "24:00")),
            ],
            NOW,
        )
        closed = ExceptionIn(date=date(2030, 3, 1), hours=[HoursIn(opens="22:00", closes="04:00")])
        set_exception(session, lisbon, closed, NOW + 5 * HOUR)
    assert validating.report() == []
    validating.now += timedelta(days=3, hours=7, minutes=13)
    with transaction() as session:
        for id_ in session.scalars(select(Hospital.id)):
            extend_openings(session, id_, validating.now)
    assert validating.report() == []


def test_one_that_is_missing_is_found_and_put_back(lisbon, validating):
    day = datetime(2030, 2, 5, 12, tzinfo=UTC)
    validating.by_hand("DELETE FROM opening WHERE during @> CAST(:day AS timestamptz)", day=day)
    [finding] = validating.report(lisbon)
    assert subjects([finding]) == [("openings_differ", about(Kind.HOSPITAL, lisbon))]
    assert finding.message == (
        "The openings of Lisbon are not those that its hours come to: 1 missing, the first from Tue 5 Feb 2030"
        " 09:00 (Europe/Lisbon)."
    )
    validating.apply(finding)
    assert validating.report() == []


def test_one_that_is_too_many_is_found_and_taken_away(lisbon, validating):
    start, end = datetime(2030, 2, 5, 19, tzinfo=UTC), datetime(2030, 2, 5, 21, tzinfo=UTC)
    validating.by_hand(
        "INSERT INTO opening (hospital_id, during) VALUES (:id, tstzrange(:start, :end))",
        id=lisbon,
        start=start,
        end=end,
    )
    [finding] = validating.report()
    assert finding.facts["surplus"] == [{"start": start.isoformat(), "end": end.isoformat()}]
    validating.apply(finding)
    assert validating.report() == []


def test_hours_edited_by_hand_under_nobody_differ(validating):
    validating.by_hand("UPDATE operating_hours SET hours = '{[540,1080)}' WHERE weekday = 2")
    [finding] = validating.report()
    assert finding.code == "openings_differ"
    assert finding.facts["missing_count"] > 50
    validating.apply(finding)
    assert validating.report() == []


def test_hours_edited_by_hand_under_availabilities_are_changed(lisbon, validating, chosen):
    validating.by_hand("UPDATE operating_hours SET hours = '{[660,1080)}'")
    [finding] = validating.report(lisbon)
    with transaction() as session:
        assert finding.entities[1:] == [
            {"kind": "availability", "id": str(session.scalars(select(Availability.id)).one())}
        ]
    assert subjects([finding]) == [("hours_changed", about(Kind.HOSPITAL, lisbon))]
    assert finding.message == (
        "Lisbon keeps other hours than its openings were projected from, and 1 availability of Dr Sousa would lie"
        " outside them, the first from Tue 8 Jan 2030 09:00 (Europe/Lisbon)."
    )
    job = UUID(validating.apply(finding).made["reschedule"])
    assert plan_next_reschedule(chosen, worker="w", clock=lambda: validating.now)
    with transaction() as session:
        apply_reschedule(session, job, None, validating.now)
    assert not [each for each in validating.report() if each.code == "hours_changed"]


def test_an_opening_missing_under_an_availability_is_put_back(superuser, lisbon, validating):
    corrupt(superuser, "DELETE FROM opening WHERE during @> CAST(:day AS timestamptz)", day=TOMORROW + 10 * HOUR)
    [finding] = validating.report()
    assert subjects([finding]) == [("openings_differ", about(Kind.HOSPITAL, lisbon))]
    validating.apply(finding)
    assert validating.report() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE opening SET during = 'empty' WHERE during @> timestamptz '2030-02-05T12:00Z'",
        "UPDATE opening SET during = '[2030-02-05,infinity)' WHERE during @> timestamptz '2030-02-05T12:00Z'",
        "UPDATE operating_hours SET hours = '{[540,99999)}' WHERE weekday = 2",
        "UPDATE operating_hours SET hours = NULL WHERE weekday = 2",
        "UPDATE operating_hours SET weekday = 9 WHERE weekday = 2",
        "INSERT INTO operating_hours SELECT hospital_id, weekday, '{[600,660)}' FROM operating_hours",
        "INSERT INTO operating_exception SELECT id, 'infinity', '{}' FROM hospital",
    ],
)
def test_what_is_malformed_is_for_others_to_tell(superuser, validating, statement):
    validating.by_hand(
        "ALTER TABLE operating_hours ALTER hours DROP NOT NULL",
        without="opening.opening_no_overlap opening.opening_period_whole operating_hours.operating_hours_key"
        " operating_hours.operating_hours_within_two_days operating_hours.operating_hours_start_on_their_day"
        " operating_hours.operating_hours_weekday_known",
    )
    corrupt(superuser, statement)
    assert validating.report() == []


def test_openings_that_overlap_are_for_others_to_tell(lisbon, superuser, validating):
    validating.by_hand(without="opening.opening_no_overlap")
    start, end = datetime(2030, 2, 5, 16, tzinfo=UTC), datetime(2030, 2, 5, 18, tzinfo=UTC)
    insert = "INSERT INTO opening (hospital_id, during) VALUES (:id, tstzrange(:start, :end))"
    corrupt(superuser, insert, id=lisbon, start=start, end=end)
    assert validating.report() == []


def test_a_week_that_beat_has_missed_is_found_and_made_up_for(lisbon, validating):
    validating.now += timedelta(days=6)
    assert validating.report() == []
    validating.now += timedelta(days=2)
    [finding] = validating.report(lisbon)
    assert subjects([finding]) == [("openings_run_out", about(Kind.HOSPITAL, lisbon))]
    assert finding.message == (
        "The openings of Lisbon end Tue 11 Feb 2031 00:00 (Europe/Lisbon), 391 days ahead; 400 days are set. Beat"
        " projects them every day; see why it does not."
    )
    validating.apply(finding)
    assert validating.report() == []


def test_openings_that_end_before_they_are_said_to_run_out(validating):
    validating.by_hand("DELETE FROM opening WHERE lower(during) > '2030-04-01'")
    [finding] = validating.report()
    assert finding.code == "openings_run_out"
    assert finding.facts["end"].startswith("2030-03-31T16:00")
    validating.apply(finding)
    assert validating.report() == []


@pytest.mark.parametrize("day", ["2030-02-01", "2019-01-01", "infinity", "-infinity", "9000-01-01"])
def test_a_day_written_by_hand_is_found_and_set_right(validating, day):
    validating.by_hand("UPDATE hospital SET projected_until = CAST(:day AS date)", day=day)
    [finding] = validating.report()
    assert finding.code == "openings_run_out"
    validating.apply(finding)
    assert validating.report() == []


def test_an_opening_missing_besides_is_another_finding(validating):
    validating.by_hand(
        "UPDATE hospital SET projected_until = '2030-06-01'",
        "DELETE FROM opening WHERE during @> timestamptz '2030-02-05T12:00Z'",
    )
    assert [each.code for each in validating.report()] == ["openings_differ", "openings_run_out"]
