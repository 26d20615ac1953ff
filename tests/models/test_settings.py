"""Settings that would lose work are refused at the start."""

import pytest
from pydantic import ValidationError

from models.settings import Settings


def chosen(**values) -> Settings:
    return Settings(database_url="postgresql+psycopg://", redis_url="redis://localhost", **values)


def test_the_defaults_make_sense():
    assert chosen().lease >= 2 * chosen().plan_time_limit


def test_a_lease_that_planning_outlasts_is_refused():
    with pytest.raises(ValidationError, match=r"lease \(30 s\) has to be at least twice plan_time_limit \(20 s\)"):
        chosen(lease=30, plan_time_limit=20)


@pytest.mark.parametrize("url", ["", "sqlite://", "mysql://host/db", "postgresql+psycopg2://host/db", "nonsense"])
def test_only_postgresql_will_do(url):
    with pytest.raises(ValidationError, match=r"written like postgresql\+psycopg://user:password@host/database"):
        Settings(database_url=url, redis_url="redis://localhost")


def test_every_fault_of_the_environment_is_named_at_once(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("MAX_ATTEMPTS", "0")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert {fault["loc"][0] for fault in refused.value.errors()} == {"database_url", "redis_url", "max_attempts"}
