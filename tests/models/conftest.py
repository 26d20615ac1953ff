"""A small hospital network in a database of the test's own."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.directory import upsert_patients, upsert_users
from models.hours import create_hospitals
from models.inputs import HospitalIn, PatientIn, UserIn
from models.people import Role
from models.session import make_engine
from models.settings import settings
from tests.models.network import EVERY_DAY, NOW, Network


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[None]:
    """The settings of a process that works on the test's database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://localhost")
    monkeypatch.setenv("OPENING_HORIZON_DAYS", "30")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A transaction that is rolled back at the end."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def network(session: Session) -> Network:
    lisbon, delhi = create_hospitals(
        session,
        [
            HospitalIn(external_id="lis", name="Lisbon", timezone="Europe/Lisbon", operating_hours=EVERY_DAY),
            HospitalIn(external_id="del", name="Delhi", timezone="Asia/Kolkata", operating_hours=EVERY_DAY),
        ],
        NOW,
    )
    doctors = upsert_users(
        session,
        {
            "d1": UserIn(name="Dr One", role=Role.DOCTOR, specialties=["cardiology"]),
            "d2": UserIn(name="Dr Two", role=Role.DOCTOR, specialties=["dermatology"]),
        },
    )
    patients = upsert_patients(session, {"p1": PatientIn(name="Ana"), "p2": PatientIn(name="Rui")})
    return Network(lisbon, delhi, [doctors["d1"], doctors["d2"]], [patients["p1"], patients["p2"]])
