"""Towns at random: what is proposed keeps every rule and is the least upheaval, as an independent program finds it."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models.rescheduling.applying import apply_reschedule
from models.rescheduling.inputs import RescheduleIn
from models.rescheduling.jobs import create_reschedule
from models.rescheduling.tables import Reschedule, RescheduledAppointment
from models.settings import settings as chosen_settings
from tests.workers.checker import faults
from tests.workers.least_upheaval import Asked, Choice, best
from tests.workers.towns import HOUR, Town, random_reschedule, random_town, write
from workers import rescheduling
from workers.rescheduling import plan_next_reschedule

many = settings(
    max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
seeds = st.integers(0, 2**32)

WRONG = {
    "doctor in two appointments at once",
    "patient in two appointments at once",
    "appointment outside its doctor's availability",
}
"""What must not be in the database. (A reschedule may leave the window that a patient once asked for.)"""


class Desk:
    """Asks for reschedules of random towns and has them planned."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self.engine, self.now = engine, now

    def settle(self, seed: int) -> Town:
        """A town of its own, since nobody else has its doctors' specialties."""
        town = random_town(seed, self.now.replace(hour=0))
        with self.engine.begin() as connection:
            write(connection, town, self.now)
        return town

    def plan(self, asked: dict) -> tuple[Reschedule, list[RescheduledAppointment]]:
        with Session(self.engine) as session, session.begin():
            id_ = create_reschedule(session, RescheduleIn.model_validate(asked), self.now)
        assert plan_next_reschedule(chosen_settings(), worker="w", clock=lambda: self.now)
        with Session(self.engine) as session:
            job = session.get_one(Reschedule, id_)
            assert job.status == "proposed", job.failure
            rows = select(RescheduledAppointment).where(RescheduledAppointment.reschedule_id == id_)
            return job, list(session.scalars(rows))

    def apply(self, job: Reschedule) -> None:
        with Session(self.engine) as session, session.begin():
            apply_reschedule(session, job.id, None, self.now)


@pytest.fixture
def desk(engine, chosen, now, monkeypatch):
    monkeypatch.setattr(rescheduling, "ring", lambda _task: None)
    return Desk(engine, now)


def taken(asked: Asked, rows: list[RescheduledAppointment]) -> list[Choice]:
    """The choices that a proposal makes; every one has to be among those that there are."""
    there = {(each.who.id, each.doctor, each.hospital, each.start): each for each in asked.choices()}
    return [
        there[row.appointment_id, row.to_doctor_id, row.to_hospital_id, row.to_during.lower]
        for row in rows
        if row.to_during
    ]


def total(choices: list[Choice]) -> tuple[int, ...]:
    return tuple(sum(each.goals[goal] for each in choices) for goal in range(5))


@many
@given(seeds)
def test_a_proposal_is_the_least_upheaval_and_applies(desk: Desk, seed: int) -> None:
    town = desk.settle(seed)
    sent = random_reschedule(seed, town)
    asked = Asked(town, sent, desk.now)
    job, rows = desk.plan(sent)
    assert {row.appointment_id for row in rows if row.displaced} == {each.id for each in asked.displaced}
    assert job.plan["status"] == "optimal"
    made = taken(asked, rows)
    needed = [need for each in made for need in each.needs()]
    assert len(needed) == len(set(needed)), "nobody is in two places"
    assert total(made) == best(asked.choices())
    assert all(row.conflict["message"] for row in rows if row.to_during is None)
    desk.apply(job)
    assert faults(desk.engine).isdisjoint(WRONG)


@many
@given(seeds)
def test_who_stays_keeps_an_hour_and_the_rest_applies(desk: Desk, seed: int) -> None:
    town = desk.settle(seed)
    sent = random_reschedule(seed, town)
    sent["policy"] |= {"cancel_unplaced": False, "others_move": True}
    asked = Asked(town, sent, desk.now)
    job, rows = desk.plan(sent)
    made = taken(asked, rows)
    needed = [need for each in made for need in each.needs()]
    staying = {row.appointment_id for row in rows if row.to_during is None}
    needed += [
        (each.patient, each.start + timedelta(minutes=15 * i))
        for each in town.appointments
        if each.id in staying
        for i in range(4)
    ]
    assert len(needed) == len(set(needed)), "no patient is in two places"
    desk.apply(job)
    assert faults(desk.engine).isdisjoint(WRONG)


@many
@given(seeds)
def test_the_extra_hours_place_what_they_promise(desk: Desk, seed: int) -> None:
    town = desk.settle(seed)
    sent = random_reschedule(seed, town) | {"what_if": True}
    job, rows = desk.plan(sent)
    unplaced = {str(row.appointment_id) for row in rows if row.to_during is None}
    extra = job.extra_hours
    if extra is None:
        assert unplaced == set()
        return
    assert extra["proved"]
    assert len(extra["left"]) + extra["placed"] == len(unplaced)
    assert unplaced >= {*extra["left"], *(each["appointment"] for each in extra["hours"])}
    add = text(
        "INSERT INTO availability (doctor_id, hospital_id, during) VALUES (:doctor, :hospital, tstzrange(:a, :b))"
    )
    for count, each in enumerate(extra["hours"], 1):
        start = datetime.fromisoformat(each["start"])
        where = {"doctor": each["doctor"], "hospital": each["hospital"], "a": start, "b": start + HOUR}
        with desk.engine.begin() as connection:
            connection.execute(add, where)
        town.availabilities.append((each["doctor"], each["hospital"], start, start + HOUR))
        _, again = desk.plan(sent)
        if len(extra["hours"]) == extra["placed"]:
            assert sum(row.to_during is None for row in again) == len(unplaced) - count
    _, again = desk.plan(sent)
    assert sum(row.to_during is None for row in again) == len(unplaced) - extra["placed"]
