"""The schema is brought up to this version by one command, which says what is wrong where it cannot."""

import subprocess
import sys
from pathlib import Path

from cli.embedded.databases import create_database, drop_database
from models.migrate import check

SLOTWISE = str(Path(sys.executable).with_name("slotwise"))


def migrate(database_url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SLOTWISE, "migrate"], env={"DATABASE_URL": database_url}, capture_output=True, text=True, check=False
    )


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
