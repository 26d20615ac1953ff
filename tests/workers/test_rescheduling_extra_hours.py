"""Which hours would place those left over: asked, and then tried by adding them."""

import uuid
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.base import period
from models.rescheduling import candidates
from models.rescheduling.tables import Reschedule, RescheduledAppointment
from models.schedule import Availability
from models.settings import settings
from planner.problem import HOUR
from workers import rescheduling
from workers.rescheduling import plan_next_reschedule

POLICY = {"notice_hours": 0}


@pytest.fixture
def plan(chosen, now, network, monkeypatch):
    """Plan a job; what it says of extra hours."""
    monkeypatch.setattr(rescheduling, "ring", lambda _task: None)

    def plan_job(job):
        assert plan_next_reschedule(settings(), worker="w", clock=lambda: now)
        row = network.get(Reschedule, job)
        assert row.status == "proposed"
        return row.extra_hours

    return plan_job


@pytest.fixture
def unplaced(engine):
    def count(job):
        with Session(engine) as session:
            table = RescheduledAppointment
            rows = select(table.appointment_id).where(table.reschedule_id == job, table.to_during.is_(None))
            return set(session.scalars(rows))

    return count


def add(network, extra, count=None):
    """Let doctors see patients in these hours, as staff would; the job holds nothing any more."""
    for each in extra["hours"][:count]:
        start = datetime.fromisoformat(each["start"])
        network._add(
            Availability,
            doctor_id=uuid.UUID(each["doctor"]),
            hospital_id=uuid.UUID(each["hospital"]),
            during=period(start, start + HOUR),
        )
    network.write(text("UPDATE rescheduled_appointment SET held = false"))


@pytest.fixture
def ward(network):
    """A doctor who is there from 9 to 12, in a hospital that is open from 8 to 20, with three patients."""
    doctor, hospital = network.doctor("cardiology"), network.hospital(opens=8, closes=20)
    network.availability(doctor, hospital, 9, 12)
    for hour in (9, 10, 11):
        network.appointment(doctor, hospital, hour)
    return doctor, hospital


def test_where_everybody_is_placed_no_hours_are_missing(network, plan, ward):
    network.availability(*ward, 9, 12, day=1)
    assert plan(network.away(ward[0], 9, 12, policy=POLICY)) is None


def test_the_extra_hours_place_those_left_over_and_any_of_the_first_as_many(network, plan, unplaced, ward):
    job = network.away(ward[0], 9, 12, policy=POLICY)
    extra = plan(job)
    left = unplaced(job)
    assert len(left) == 3
    assert (len(extra["hours"]), extra["placed"], extra["left"], extra["proved"]) == (3, 3, [], True)
    assert {uuid.UUID(each["appointment"]) for each in extra["hours"]} == left
    add(network, extra, 1)
    again = network.away(ward[0], 9, 12, policy=POLICY)
    assert plan(again)["placed"] == 2
    assert len(unplaced(again)) == 2
    network.write(text("DELETE FROM availability WHERE upper(during) - lower(during) = '1 hour'"))
    add(network, extra)
    last = network.away(ward[0], 9, 12, policy=POLICY)
    assert plan(last) is None
    assert unplaced(last) == set()


def test_extra_hours_are_near_the_lost_ones_but_not_lost_themselves(network, plan, ward):
    extra = plan(network.away(ward[0], 9, 12, policy=POLICY))
    starts = sorted(each["start"] for each in extra["hours"])
    assert starts == [network.at(hour).isoformat() for hour in (8, 12, 13)]


def test_of_a_doctor_who_is_away_all_the_time_nothing_is_asked(network, plan, ward):
    extra = plan(network.away(ward[0], 0, 48, policy=POLICY | {"latest": network.at(48)}))
    assert (extra["hours"], extra["placed"], len(extra["left"]), extra["proved"]) == ([], 0, 3, True)


def test_others_of_the_specialty_may_be_asked_where_the_policy_says_so(network, plan, ward):
    other = network.doctor("cardiology")
    network.doctor("cardiology", active=False)
    policy = POLICY | {"same_doctor": False, "latest": network.at(48)}
    extra = plan(network.away(ward[0], 0, 48, policy=policy))
    assert {each["doctor"] for each in extra["hours"]} == {str(other)}
    assert extra["placed"] == 3


def test_nobody_is_asked_while_they_are_elsewhere(network, plan, ward):
    elsewhere = network.hospital(opens=8, closes=20)
    network.availability(ward[0], elsewhere, 12, 20)
    network.availability(ward[0], elsewhere, 8, 20, day=1)
    policy = POLICY | {"latest": network.at(48)}
    extra = plan(network.away(ward[0], 9, 12, hospital=str(ward[1]), policy=policy))
    assert [each["start"] for each in extra["hours"]] == [network.at(8).isoformat()]
    assert len(extra["left"]) == 2


def test_hours_of_a_closed_hospital_are_not_asked_for(network, plan, ward):
    scope = {"hospital": str(ward[1]), "start": network.at(0), "end": network.at(24)}
    policy = POLICY | {"latest": network.at(48)}
    extra = plan(network.reschedule(scope, cause="hospital_closed", policy=policy))
    assert [each["start"] for each in extra["hours"]] == [network.at(8 + i, 1).isoformat() for i in range(3)]


def test_hours_are_whole_hours_by_the_local_clock(network, plan):
    doctor, hospital = network.doctor(), network.hospital("Asia/Kolkata", opens=8, closes=20)
    network.availability(doctor, hospital, 8.5, 9.5)
    network.appointment(doctor, hospital, 8.5)
    extra = plan(network.away(doctor, 8.5, 9.5, policy=POLICY))
    assert [each["start"] for each in extra["hours"]] == [network.at(9.5).isoformat()]


def test_a_patient_who_is_busy_then_is_not_asked(network, plan, ward):
    """An hour when the only one left over is elsewhere helps nobody."""
    patient, other = network.patient(), network.doctor()
    network.availability(other, ward[1], 12, 13)
    network.appointment(other, ward[1], 12, patient=patient)
    doctor = network.doctor()
    network.availability(doctor, ward[1], 11, 12)
    network.appointment(doctor, ward[1], 11, patient=patient)
    policy = POLICY | {"latest": network.at(14)}
    extra = plan(network.away(doctor, 0, 12, policy=policy))
    assert [each["start"] for each in extra["hours"]] == [network.at(13).isoformat()]


def test_where_there_are_too_many_the_likeliest_are_looked_at_and_nothing_is_proved(network, plan, ward, monkeypatch):
    monkeypatch.setattr(candidates, "MOST", 2)
    other = network.doctor("cardiology")
    extra = plan(network.away(ward[0], 9, 12, policy=POLICY | {"same_doctor": False}))
    assert {each["doctor"] for each in extra["hours"]} == {str(ward[0])}
    assert {each["start"] for each in extra["hours"]} == {network.at(hour).isoformat() for hour in (8, 12)}
    assert (extra["placed"], extra["proved"]) == (2, False)
    assert other


def test_where_everybody_is_placed_hours_not_looked_at_could_do_no_better(network, plan, ward, monkeypatch):
    monkeypatch.setattr(candidates, "MOST", 3)
    extra = plan(network.away(ward[0], 9, 12, policy=POLICY))
    assert (extra["placed"], extra["left"], extra["proved"]) == (3, [], True)


def test_one_whose_patient_has_left_needs_no_hour(network, plan):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 10)
    network.appointment(doctor, hospital, 9, patient=network.patient(active=False))
    assert plan(network.away(doctor, 0, 24, policy=POLICY)) is None


def test_nothing_is_asked_before_the_notice_or_after_the_last_hour(network, plan, ward, now):
    policy = {"notice_hours": 6, "latest": network.at(13)}
    extra = plan(network.away(ward[0], 9, 12, policy=policy))
    assert [each["start"] for each in extra["hours"]] == [network.at(12).isoformat()]
    assert now + timedelta(hours=6) == network.at(12)
