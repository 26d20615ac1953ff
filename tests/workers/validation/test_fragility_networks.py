"""Towns at random: for every day that could be lost the figures are those of a reschedule, and of an independent
program.
"""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.rescheduling.inputs import Policy, RescheduleIn
from models.rescheduling.jobs import create_reschedule
from models.rescheduling.tables import RescheduledAppointment
from models.settings import settings as chosen_settings
from models.validation.jobs import queue_report
from models.validation.tables import Fragility
from tests.workers.least_upheaval import Asked, best
from tests.workers.towns import HOUR, Town, random_reschedule, random_town, write
from workers import rescheduling
from workers.rescheduling import plan_next_reschedule
from workers.validation import run
from workers.validation.fragility import FRAGILITY
from workers.validation.run import validate_next

many = settings(
    max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
seeds = st.integers(0, 2**32)

Lost = tuple[UUID, date, UUID | None]
"""A hospital, one of its days, and a doctor or (None) everybody."""


class Desk:
    """Settles random towns, and asks what losing their days would do."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self.engine, self.now = engine, now

    def settle(self, seed: int) -> Town:
        town = random_town(seed, self.now.replace(hour=0))
        with self.engine.begin() as connection:
            write(connection, town, self.now)
        return town

    def fragility(self, town: Town, policy: Policy) -> dict[Lost, Fragility]:
        """What a validation says, hospital by hospital."""
        found = {}
        for hospital in town.hospitals:
            with Session(self.engine) as session, session.begin():
                report = queue_report(session, hospital, policy, self.now)
            assert validate_next(chosen_settings(), worker="w", clock=lambda: self.now, steps=[FRAGILITY])
            with Session(self.engine) as session:
                for row in session.scalars(select(Fragility).where(Fragility.report_id == report)):
                    found[row.hospital_id, row.date, row.doctor_id] = row
        return found

    def what_if(self, asked: dict) -> tuple[set[UUID], set[UUID]]:
        """Whom a reschedule would displace, and whom of them it could not place."""
        with Session(self.engine) as session, session.begin():
            id_ = create_reschedule(session, RescheduleIn.model_validate(asked | {"what_if": True}), self.now)
        assert plan_next_reschedule(chosen_settings(), worker="w", clock=lambda: self.now)
        with Session(self.engine) as session:
            mine = RescheduledAppointment.reschedule_id == id_
            rows = session.scalars(select(RescheduledAppointment).where(mine)).all()
        return {row.appointment_id for row in rows}, {row.appointment_id for row in rows if row.to_during is None}


@pytest.fixture
def desk(engine, chosen, now, monkeypatch):
    for module in (rescheduling, run):
        monkeypatch.setattr(module, "ring", lambda _task: None)
    return Desk(engine, now)


def losses(town: Town, now: datetime) -> dict[Lost, dict]:
    """The scopes of all days that have anything to lose, restated."""
    found = {}
    for hospital, name in town.hospitals.items():
        zone = ZoneInfo(name)
        today = now.astimezone(zone).date()
        for day in (today + timedelta(days=number) for number in range(14)):
            begin = datetime.combine(day, datetime.min.time(), zone)
            end = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
            there = [
                each
                for each in town.appointments
                if each.hospital == hospital and now <= each.start < end and each.start + HOUR > begin
            ]
            scope = {"start": begin, "end": end}
            if there:
                found[hospital, day, None] = {"cause": "hospital_closed", "scope": scope | {"hospital": str(hospital)}}
            for doctor in {each.doctor for each in there}:
                lost = {"cause": "doctor_unavailable", "scope": scope | {"doctors": [str(doctor)]}}
                found[hospital, day, doctor] = lost
    return found


@many
@given(seeds)
def test_as_many_can_be_placed_again_as_an_independent_program_finds(desk: Desk, seed: int) -> None:
    town = desk.settle(seed)
    policy = random_reschedule(seed, town)["policy"] | {"others_move": False}
    found = desk.fragility(town, Policy.model_validate(policy))
    expected = losses(town, desk.now)
    assert found.keys() == expected.keys()
    for lost, asked in expected.items():
        reckoned = Asked(town, asked | {"policy": policy}, desk.now)
        row = found[lost]
        assert row.appointments == len(reckoned.displaced)
        assert row.replaceable == sum(best(reckoned.choices())[:3])
        assert set(row.stranded) <= {each.id for each in reckoned.displaced}
        assert len(row.stranded) == row.appointments - row.replaceable
        assert row.proved


@many
@given(seeds)
def test_the_figures_are_those_of_a_reschedule(desk: Desk, seed: int) -> None:
    town = desk.settle(seed)
    policy = random_reschedule(seed, town)["policy"] | {"others_move": False, "cancel_unplaced": False}
    found = desk.fragility(town, Policy.model_validate(policy))
    for lost, asked in losses(town, desk.now).items():
        displaced, unplaced = desk.what_if(asked | {"policy": policy})
        row = found[lost]
        assert (row.appointments, len(row.stranded)) == (len(displaced), len(unplaced))
        assert displaced.issuperset(row.stranded)
