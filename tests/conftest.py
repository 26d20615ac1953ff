"""Real services for the tests: one PostgreSQL and one Valkey per test process, a fresh database per test.

The services are the embedded ones whatever the environment says: tests create and drop databases, and that is nothing
to do on a server that somebody relies on.
"""

from collections.abc import Iterator

import pytest
import redis
from hypothesis import settings
from sqlalchemy import make_url

from cli.embedded import EmbeddedServices
from cli.embedded.databases import create_database
from cli.embedded.folder import temporary_data_folder

pytest_plugins = ["tests.serving"]

# The same inputs every time: what passes for one developer passes for the next. `make explore` draws new ones.
settings.load_profile("ci")


@pytest.fixture(scope="session")
def services() -> Iterator[EmbeddedServices]:
    """PostgreSQL and Valkey in a temporary folder."""
    with temporary_data_folder() as folder, EmbeddedServices(folder, environ={}, durable=False) as services:
        yield services


@pytest.fixture(scope="session")
def database_template(services: EmbeddedServices) -> str:
    """The name of an empty database with the newest schema."""
    from models.migrate import upgrade  # noqa: PLC0415  # tests without a database load no models

    name = "slotwise_template"
    upgrade(create_database(services.database_url, name))
    return name


def as_application(services: EmbeddedServices, database_url: str) -> str:
    """The address of a database for the role that owns nothing: what the product is run with."""
    name = make_url(database_url).database
    return make_url(services.application_url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def redis_url(services: EmbeddedServices) -> str:
    """The address of an empty Valkey, as redis-py spells it."""
    with redis.Redis.from_url(services.redis_url) as client:
        client.flushall()
    return services.redis_url


@pytest.fixture
def broker_url(services: EmbeddedServices, redis_url: str) -> str:
    """The address of the same empty Valkey, as Celery (and so the setting REDIS_URL) spells it."""
    return services.broker_url


@pytest.fixture
def service_environment(services: EmbeddedServices, database_url: str, broker_url: str) -> dict[str, str]:
    """What processes that use the test's database and queue find in their environment."""
    return {"DATABASE_URL": as_application(services, database_url), "REDIS_URL": broker_url}
