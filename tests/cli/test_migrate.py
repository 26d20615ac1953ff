"""The schema is brought up to this version by one command, which says what is wrong where it cannot."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from cli.embedded.databases import create_database, drop_database
from cli.embedded.folder import temporary_data_folder
from models.access.admitting import admit
from models.access.privileges import APPLICATION
from models.migrate import check
from models.session import make_engine

SLOTWISE = str(Path(sys.executable).with_name("slotwise"))


def migrate(database_url: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"DATABASE_URL": database_url, **more}
    return subprocess.run([SLOTWISE, "migrate"], env=environment, capture_output=True, text=True, check=False)


def test_an_empty_database_gets_the_schema_and_keeps_it(services):
    url = create_database(services.database_url, "empty")
    try:
        for _ in range(2):
            done = migrate(url)
            assert (done.returncode, done.stdout) == (0, "")
            assert "The schema is that of this version." in done.stderr
        check(url)
    finally:
        drop_database(services.database_url, "empty")


def test_a_database_that_does_not_answer_is_told(tmp_path):
    done = migrate(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")
    assert done.returncode == 3
    assert "could not be migrated" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_that_is_none_is_told_with_the_remedy():
    done = migrate("sqlite://")
    assert done.returncode == 2
    assert "DATABASE_URL: Value error, has to be written like postgresql+psycopg://" in done.stderr


def superuser(services) -> URL:
    password = json.loads((services.folder / "secrets.json").read_text())["postgres"]
    return make_url(services.database_url).set(username="postgres", password=password)


@pytest.fixture
def address(services) -> Iterator[str]:
    """Of a database with nothing in it; the application's role has its own password again in the end."""
    name = "to_migrate"
    yield create_database(services.database_url, name)
    drop_database(services.database_url, name)
    admit(superuser(services).render_as_string(hide_password=False), services.application_url)


def as_role(address: str, role: str, password: str) -> str:
    return make_url(address).set(username=role, password=password).render_as_string(hide_password=False)


def test_the_applications_role_is_let_in_with_its_password_and_owns_nothing(services, address):
    owner = superuser(services).set(database="to_migrate").render_as_string(hide_password=False)
    theirs = as_role(address, APPLICATION, "a new password: 100%")
    done = migrate(theirs, OWNER_DATABASE_URL=owner)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    engine = make_engine(theirs)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM hospital")) == 0
        with pytest.raises(ProgrammingError, match="must be owner"):
            connection.execute(text("ALTER TABLE hospital DROP CONSTRAINT hospital_timezone_known"))
    engine.dispose()
    log = (services.log_folder / "postgresql.log").read_text()
    assert "a new password" not in log


def test_a_role_that_is_let_in_already_keeps_its_password(services, address):
    theirs = make_url(services.application_url).set(database="to_migrate").render_as_string(hide_password=False)
    done = migrate(theirs, OWNER_DATABASE_URL=address)
    assert done.returncode == 0, "the owner could not have changed it"


def test_an_owner_who_may_not_let_it_in_is_told_who_can(address):
    done = migrate(as_role(address, APPLICATION, "wrong"), OWNER_DATABASE_URL=address)
    assert done.returncode == 1
    assert "slotwise_app cannot sign in" in done.stderr
    assert "As a superuser" in done.stderr
    assert "wrong" not in done.stderr


@pytest.fixture
def owner(services, address) -> Iterator[str]:
    """The address of the same database for a role that owns it and may make no roles."""
    engine = create_engine(superuser(services).set(database="to_migrate"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE ROLE plain_owner LOGIN PASSWORD 'plain'"))
        connection.execute(text("ALTER DATABASE to_migrate OWNER TO plain_owner"))
    yield as_role(address, "plain_owner", "plain")
    with engine.connect() as connection:
        connection.execute(text("ALTER DATABASE to_migrate OWNER TO slotwise"))
        connection.execute(text("DROP OWNED BY plain_owner"))
        connection.execute(text("DROP ROLE plain_owner"))
    engine.dispose()


def test_an_owner_who_may_make_no_roles_migrates_where_the_applications_role_is_made_already(services, owner):
    theirs = make_url(services.application_url).set(database="to_migrate").render_as_string(hide_password=False)
    done = migrate(theirs, OWNER_DATABASE_URL=owner)
    assert (done.returncode, done.stderr) == (0, "The schema is that of this version.\n")


def test_up_with_a_database_of_ones_own_lets_the_applications_role_in_and_hands_the_owners_address_to_nobody(
    services, address, broker_url
):
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": as_role(address, APPLICATION, "another new password"),
        "OWNER_DATABASE_URL": superuser(services).set(database="to_migrate").render_as_string(hide_password=False),
        "REDIS_URL": broker_url,
    }
    with temporary_data_folder() as folder:
        argv = [SLOTWISE, "up", "--json", "--data", str(folder), "--workers", "1"]
        with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as up:
            told = up.stdout.readline()
            environments = [each.environ() for each in psutil.Process(up.pid).children(recursive=True)]
            up.terminate()
            _, errors = up.communicate(timeout=60)
    assert (up.returncode, told) == (0, "{\n"), errors
    assert {each.get("DATABASE_URL") for each in environments} == {environment["DATABASE_URL"]}
    assert not any("OWNER_DATABASE_URL" in each for each in environments)


def test_who_may_not_migrate_is_told_what_they_lack(services, address):
    theirs = make_url(services.application_url).set(database="to_migrate").render_as_string(hide_password=False)
    done = migrate(theirs)
    assert done.returncode == 1
    assert "The role that migrates may not do it: permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def test_who_works_as_the_owner_is_told_what_that_means(address):
    assert "OWNER_DATABASE_URL" in migrate(address).stderr
