"""What is out of reach does not exist for a statement, however it is written."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Select, delete, exists, func, literal, select, true, union_all, update
from sqlalchemy.orm import Session, aliased

import models.tables  # noqa: F401  # all of them
from models.access.acting import EVERYTHING, NOTHING, Reach, acting
from models.access.reach import BOUND, whole
from models.base import Base
from models.hospitals import Hospital
from models.people import User
from models.schedule import Appointment, Availability
from models.session import transaction
from tests.access.network import ALBA, BEIRA, Network

NETWORKS_OWN = {"app_user", "doctor", "doctor_specialty", "patient"}
"""People are the whole network's."""

BY_WAY_OF_OTHERS = {
    "booking_request_doctor",
    "booking_request_hospital",
    "rescheduled_appointment",
    "reschedule_event",
    "sighting",
}
"""Read by the id of something that is in reach."""

NOBODYS = {
    "delivery_cursor",
    "idempotency_key",
    "account",
    "one_time_code",
    "sign_in",
    "sign_in_failure",
    "oidc_identity",
    "oidc_attempt",
    "access_token",
    "access_token_hospital",
    "user_hospital",
    "audit_entry",
    "audit_detail",
    "audit_seal",
    "audit_unsealed",
    "audit_archive",
    "turn",
}
"""Told to nobody but to those whose it is, or on pages of callers who see everything."""


class Places:
    """An appointment at alba and one at beira, of one doctor, and who reaches alba only."""

    def __init__(self, network: Network) -> None:
        self.here = uuid.UUID(network.booked("patient-shared", "doctor-shared", ALBA, "09:00")["id"])
        self.there = uuid.UUID(network.booked("patient-shared", "doctor-shared", BEIRA, "14:00")["id"])
        self.doctor = uuid.UUID(network.id_of("doctor-shared"))
        self.alba = Reach(hospitals=frozenset({uuid.UUID(network.id_of(ALBA))}))

    @property
    def both(self) -> list[uuid.UUID]:
        return [self.here, self.there]


@pytest.fixture
def places(network: Network) -> Places:
    return Places(network)


@pytest.fixture
def at_alba(places: Places) -> Iterator[Session]:
    with acting(None, places.alba), transaction() as session:
        yield session


def _readings(places: Places) -> dict[str, Select[Any]]:  # Any: ids of appointments
    """Ways to ask for the ids of both appointments."""
    other, mine = aliased(Appointment), Appointment.doctor_id == places.doctor
    ids = select(Appointment.id).where(mine)
    beside = select(Appointment.id).where(Appointment.doctor_id == User.id).lateral()
    return {
        "plain": ids,
        "an alias": select(other.id),
        "joined": select(Appointment.id)
        .select_from(Hospital)
        .join(Appointment, Appointment.hospital_id == Hospital.id),
        "an alias joined": select(other.id).select_from(User).join(other, other.doctor_id == User.id),
        "outer joined": select(Appointment.id)
        .select_from(User)
        .outerjoin(Appointment, Appointment.doctor_id == User.id)
        .where(Appointment.id.is_not(None)),
        "an alias outer joined to itself": select(other.id)
        .select_from(Appointment)
        .outerjoin(other, other.doctor_id == Appointment.doctor_id)
        .distinct(),
        "not joined": select(Appointment.id).where(User.id == Appointment.doctor_id),
        "from a subquery": select(ids.subquery().c.id),
        "from a common table": select(ids.cte().c.id),
        "lateral": select(beside.c.id).select_from(User).join(beside, true()),
        "a union": select(union_all(ids, ids).subquery().c.id).distinct(),
        "locked": ids.with_for_update(),
    }


def test_every_way_to_read_finds_what_is_in_reach(places: Places, at_alba: Session) -> None:
    found = {name: at_alba.scalars(asked).all() for name, asked in _readings(places).items()}
    assert found == {key: [places.here] for key in found}
    with whole(at_alba):
        found = {name: sorted(at_alba.scalars(asked)) for name, asked in _readings(places).items()}
    assert found == dict.fromkeys(found, places.both)  # so each of them would find both


def test_nothing_can_be_concluded_of_what_is_out_of_reach(places: Places, at_alba: Session) -> None:
    there = Appointment.id == places.there
    questions: dict[str, Select[Any]] = {
        "in": select(User.id).where(User.id.in_(select(Appointment.doctor_id).where(there))),
        "exists": select(User.id).where(exists().where(Appointment.doctor_id == User.id, there)),
        "of a select": select(User.id).where(select(Appointment.id).where(there).exists()),
        "a constant": select(literal(1)).where(there),
        "counted": select(func.nullif(select(func.count()).select_from(Appointment).where(there).scalar_subquery(), 0)),
        "counted by id": select(func.nullif(select(func.count(Appointment.id)).where(there).scalar_subquery(), 0)),
        "aggregated": select(func.max(func.lower(Appointment.during))).where(there),
    }
    found = {name: [each for each in at_alba.scalars(asked) if each is not None] for name, asked in questions.items()}
    assert found == {key: [] for key in questions}
    with whole(at_alba):
        assert all(at_alba.scalars(asked).first() is not None for asked in questions.values())
    assert at_alba.get(Appointment, places.there) is None


def test_nothing_out_of_reach_is_changed(places: Places, at_alba: Session) -> None:
    raised = update(Appointment).values(version=Appointment.version + 1)
    assert at_alba.scalars(raised.returning(Appointment.id)).all() == [places.here]
    assert not at_alba.scalars(raised.where(Appointment.id == places.there).returning(Appointment.id)).all()
    with whole(at_alba):
        before = at_alba.scalar(select(func.count()).select_from(Availability))
    at_alba.execute(delete(Availability).where(Availability.doctor_id != places.doctor))
    with whole(at_alba):
        assert at_alba.scalar(select(func.count()).select_from(Availability)) == (before or 0) - 1


def test_each_reach_sees_its_own_although_statements_are_compiled_once(places: Places, network: Network) -> None:
    asked = select(Appointment.id).order_by(Appointment.id)
    beira = Reach(hospitals=frozenset({uuid.UUID(network.id_of(BEIRA))}))
    expected: dict[Reach, list[uuid.UUID]] = {
        places.alba: [places.here],
        beira: [places.there],
        EVERYTHING: places.both,
        NOTHING: [],
    }
    for reach, ids in [*expected.items()] * 2:
        with acting(None, reach), transaction() as session:
            assert session.scalars(asked).all() == ids


def test_a_doctor_sees_their_own_schedule(places: Places, network: Network) -> None:
    network.booked("patient-beira", "doctor-alba", ALBA, "09:00")
    hospitals = places.alba.hospitals
    with acting(None, Reach(hospitals=hospitals, doctor=places.doctor)), transaction() as session:
        assert session.scalars(select(Appointment.id)).all() == [places.here]


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_of_every_table_it_is_decided_who_sees_it(table: str) -> None:
    bound = {each.__tablename__ for each in BOUND}
    decided = [bound, NETWORKS_OWN, BY_WAY_OF_OTHERS, NOBODYS]
    assert sum(table in each for each in decided) == 1, f"say in models.access.reach who sees {table}"
