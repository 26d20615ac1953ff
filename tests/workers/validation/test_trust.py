"""A database corrupted on purpose: every corruption is found, named right, and nothing else is."""

import pytest
from sqlalchemy import text

from cli.embedded.databases import cloned_database
from models.tables import Base
from tests.workers.validation.lived_in import now
from tests.workers.validation.validating import Validating, subjects
from workers.validation.steps import STEPS


@pytest.fixture
def database_url(services, lived_in):
    with cloned_database(services.database_url, lived_in) as url:
        yield url


@pytest.fixture
def validating(engine, chosen) -> Validating:
    return Validating(engine, chosen, now(), STEPS)


def test_every_table_has_rows(engine):
    with engine.connect() as connection:
        empty = [name for name in Base.metadata.tables if not connection.scalar(text(f"SELECT count(*) FROM {name}"))]
    assert empty == []


def test_a_network_that_is_at_work_has_no_findings_at_all(validating):
    assert [(each, finding.message) for finding in validating.report() for each in subjects([finding])] == []
