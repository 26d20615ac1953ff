"""A database corrupted on purpose: every corruption is found, named right, and nothing else is."""

import pytest
from sqlalchemy import text

from cli.embedded.databases import cloned_database
from models.tables import Base
from tests.workers.validation.corrupting import Corrupting
from tests.workers.validation.corruptions import CORRUPTIONS, hospital
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


@pytest.fixture
def corrupting(superuser) -> Corrupting:
    return Corrupting(superuser)


def told(findings):
    """Code and subject of each finding, and what is said of it."""
    return {subject: finding.message for finding in findings for subject in subjects([finding])}


def test_every_table_has_rows(engine):
    with engine.connect() as connection:
        empty = [name for name in Base.metadata.tables if not connection.scalar(text(f"SELECT count(*) FROM {name}"))]
    assert empty == []


def test_a_network_that_is_at_work_has_no_findings_at_all(validating):
    assert told(validating.report()) == {}


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda each: each.__name__)
def test_a_corruption_is_found_and_named_and_nothing_else_is(corrupting, validating, corruption):
    corruption(corrupting)
    found = validating.report()
    assert told(found).keys() == corrupting.expected, told(found)
    # The reports of its hospitals find the same, and nothing that another hospital's did is gone for them.
    for name in ("lisbon", "kolkata"):
        assert {each.id for each in validating.report(hospital(corrupting, name))} == {each.id for each in found}
