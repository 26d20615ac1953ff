"""Databases for tests: clones of a template."""

import threading

import psycopg
import pytest
from sqlalchemy import make_url

from cli.embedded import EmbeddedServices
from cli.embedded.databases import cloned_database, create_database, drop_database
from tests.workers.validation.corrupting import superuser_url


def connect(url: str) -> psycopg.Connection:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


@pytest.fixture
def template(services: EmbeddedServices):
    name = "a_template"
    with connect(create_database(services.database_url, name)) as connection:
        connection.execute("CREATE TABLE colour (name text PRIMARY KEY)")
        connection.execute("INSERT INTO colour VALUES ('red')")
    yield name
    drop_database(services.database_url, name)


def test_a_clone_has_the_rows_of_its_template_and_leaves_it_alone(services, template):
    with cloned_database(services.database_url, template) as url, connect(url) as connection:
        connection.execute("INSERT INTO colour VALUES ('blue')")
        assert connection.execute("SELECT name FROM colour ORDER BY name").fetchall() == [("blue",), ("red",)]
    with cloned_database(services.database_url, template) as url, connect(url) as connection:
        assert connection.execute("SELECT name FROM colour").fetchall() == [("red",)]


def test_a_clone_is_dropped_even_while_somebody_is_connected(services, template):
    with cloned_database(services.database_url, template) as url:
        connection = connect(url)
    with pytest.raises(psycopg.OperationalError, match="terminat"):
        connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(url)


def test_a_database_is_dropped_once_a_superuser_has_left_it(services, template):
    with cloned_database(services.database_url, template) as url:
        superuser = connect(superuser_url(services, url))
        leaving = threading.Timer(0.3, superuser.close)
        leaving.start()
    leaving.join()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(url)


def test_the_users_of_the_database_are_no_superusers(services):
    with connect(services.database_url) as connection:
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)


def test_the_extension_for_temporal_constraints_can_be_created(services, template):
    with cloned_database(services.database_url, template) as url, connect(url) as connection:
        connection.execute("CREATE EXTENSION btree_gist")
        connection.execute("CREATE TABLE stay (room int, during tstzrange, UNIQUE (room, during WITHOUT OVERLAPS))")


def test_the_database_speaks_utc(services):
    with connect(services.database_url) as connection:
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
