"""A network that has been at work, to be corrupted; made once for all tests of a process."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from cli.embedded.databases import create_database
from models.session import engine as process_engine
from models.settings import settings
from tests.workers.validation.corrupting import superuser_engine
from tests.workers.validation.lived_in import live


@pytest.fixture(scope="session")
def lived_in(services, database_template) -> str:
    """The name of a database of a network that has been at work."""
    name = "slotwise_lived_in"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", create_database(services.database_url, name, database_template))
        environment.setenv("REDIS_URL", "redis://localhost:1")
        settings.cache_clear()
        process_engine.cache_clear()
        live(settings())
        process_engine().dispose()
        process_engine.cache_clear()
        settings.cache_clear()
    return name


@pytest.fixture
def superuser(services, database_url) -> Iterator[Engine]:
    """Connections of somebody who may do anything to the test's database."""
    with superuser_engine(services, database_url) as engine:
        yield engine
