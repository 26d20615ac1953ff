"""`python -m tests.upgrade OLD NEW`: rehearse the upgrade from one git revision to another, on services of its own.

Both run in the present virtual environment, so it has to have what either needs. NEW `.` is the checkout as it is.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cli.embedded import EmbeddedServices
from cli.embedded.folder import temporary_data_folder
from models.session import make_engine
from tests.upgrade.rehearsal import WHOLE, Rehearsal, Release

say = partial(print, flush=True)

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", help="the git revision to upgrade from")
    parser.add_argument("new", nargs="?", default=".", help="the one to upgrade to; the checkout as it is by default")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="slotwise-upgrade-") as logs,
        checked_out(chosen.old) as old,
        checked_out(chosen.new) as new,
        temporary_data_folder() as folder,
        EmbeddedServices(folder, environ={}, durable=False) as services,
    ):
        owner = {"DATABASE_URL": services.application_url, "OWNER_DATABASE_URL": services.database_url}
        migrate(old, owner)
        engine = make_engine(services.database_url)
        environment = {"DATABASE_URL": services.application_url, "REDIS_URL": services.broker_url}
        rehearsal = Rehearsal(engine, environment, Path(logs), say, WHOLE)
        outcome = rehearsal.play(old, lambda: migrate(new, owner), new)
        engine.dispose()
        heard = outcome.heard
        say(
            f"{len(heard.acknowledged)} requests acknowledged and decided; answers: {dict(heard.statuses)}; "
            f"{heard.unanswered} connections refused or broken off"
        )
        for complaint in outcome.complaints:
            say(complaint)
        say("The upgrade cost nothing." if not outcome.complaints else "The upgrade is not without cost: see above.")
    return 1 if outcome.complaints else 0


def migrate(release: Release, owner: dict[str, str]) -> None:
    """`slotwise migrate` of a release."""
    argv = [sys.executable, "-c", "from cli.main import main; main()", "migrate"]
    environment = os.environ | owner | {"PYTHONPATH": str(release.checkout)}
    subprocess.run(argv, cwd=release.checkout, env=environment, check=True)


@contextmanager
def checked_out(revision: str) -> Iterator[Release]:
    """A revision, in a folder of its own."""
    if revision == ".":
        yield Release(ROOT)
        return
    with tempfile.TemporaryDirectory(prefix="slotwise-release-") as folder:
        archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "--extract", "--directory", folder], input=archive, check=True)
        yield Release(Path(folder))


sys.exit(main())
