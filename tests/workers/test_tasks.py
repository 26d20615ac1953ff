"""What the workers do besides planning, and what Celery is told."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from models.booking import BookingRequest, RequestStatus
from models.hospitals import Hospital, Opening, OperatingHours
from workers import app, bell, planning, rescheduling, tasks


@pytest.fixture
def rings(monkeypatch, chosen):
    rings = []
    monkeypatch.setattr(planning, "ring", lambda: rings.append(1))
    return rings


def test_the_sweep_rings_for_what_is_left_queued(network, rings):
    tasks.sweep()
    assert rings == []
    network.request()
    tasks.sweep()
    assert rings == [1]


@pytest.fixture
def job_rings(monkeypatch, chosen):
    rings = []
    monkeypatch.setattr(rescheduling, "ring", rings.append)
    return rings


def test_the_sweep_rings_for_a_reschedule_that_is_left_queued(network, rings, job_rings):
    tasks.sweep()
    assert job_rings == []
    network.away(network.doctor(), 0, 24)
    tasks.sweep()
    assert (rings, job_rings) == ([], [bell.PLAN_RESCHEDULE])


def test_the_one_bell_is_for_reschedules_too(network, rings, job_rings):
    network.away(network.doctor(), 0, 24)
    tasks.plan_queued()
    assert job_rings == [bell.PLAN_RESCHEDULE]


def test_the_sweep_queues_what_lost_runs_held_and_rings_for_it(network, rings, claimed):
    request = network.request()
    claimed(at=datetime.now(UTC) - timedelta(hours=1))
    tasks.sweep()
    assert network.get(BookingRequest, request).status is RequestStatus.QUEUED
    assert rings == [1]


def test_without_the_sweep_what_a_lost_run_held_stays_held(network, rings, claimed, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(tasks, "expire_overdue", lambda *_, **__: 0)
    request = network.request()
    claimed(at=datetime.now(UTC) - timedelta(hours=1))
    tasks.sweep()
    assert network.get(BookingRequest, request).status is RequestStatus.PLANNING
    assert rings == []


def test_openings_are_projected_up_to_the_horizon(engine, network, chosen):
    hospital = network.hospital(days=0, opens=9)
    today = datetime.now(UTC).date()
    with engine.begin() as connection:
        connection.execute(text("UPDATE hospital SET projected_until = :today"), {"today": today})
        hours = [{"hospital_id": hospital, "weekday": day, "hours": "{[540,1020)}"} for day in range(1, 8)]
        connection.execute(
            text("INSERT INTO operating_hours VALUES (:hospital_id, :weekday, CAST(:hours AS int4multirange))"), hours
        )
    assert len(network.all(OperatingHours)) == 7
    tasks.project_openings()
    assert network.get(Hospital, hospital).projected_until == today + timedelta(days=chosen.opening_horizon_days)
    openings = len(network.all(Opening))
    assert openings >= chosen.opening_horizon_days - 1
    tasks.project_openings()
    assert len(network.all(Opening)) == openings


def test_one_hospital_that_cannot_be_projected_does_not_keep_the_others_from_it(network, chosen, monkeypatch):
    hospitals = sorted(network.hospital() for _ in range(3))
    done = []

    def extend(_session, hospital, _now):
        done.append(hospital)
        if hospital == hospitals[0]:
            raise ValueError("no")

    monkeypatch.setattr(tasks, "extend_openings", extend)
    with pytest.raises(ExceptionGroup):
        tasks.project_openings()
    assert done == hospitals


def test_a_bell_that_cannot_be_rung_is_no_failure(chosen, monkeypatch):
    monkeypatch.setitem(app.app.conf, "broker_url", "redis://localhost:1")
    bell.ring()


def test_whatever_is_scheduled_or_rung_is_a_task(chosen):
    app.app.loader.import_default_modules()
    schedule = app.configuration()["beat_schedule"]
    names = {entry["task"] for entry in schedule.values()} | {bell.PLAN_QUEUED, bell.PLAN_RESCHEDULE}
    names |= {*app.AT_START, *app.configuration()["task_annotations"]}
    assert names <= app.app.tasks.keys()
