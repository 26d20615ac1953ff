"""`slotwise doctor`: every check of a deployment, a line each, and what to do where one is not well."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ApiOption, DataOption, JsonOption, examples
from cli.output import Stop, answers, print_json, table
from models.wording import counted

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cli.doctor.checked import Checked
    from models.settings import Settings

EXAMPLES = examples("""
    slotwise doctor                    the instance that runs here
    slotwise doctor --data /srv/slotwise
    docker compose run --rm worker slotwise doctor --api http://api:8000
    slotwise doctor --json | jq '.checks[] | select(.state == "fail")'

    A check is ok, warn (it may go wrong), fail (it is wrong) or unknown
    (nobody can tell from here); all but ok say what to do. It changes nothing
    that lasts, and takes a few seconds.

    Exit code 0: nothing fails; 1: something does; 3: nothing runs here, and
    DATABASE_URL is not set.
    """)

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red", "unknown": "dim"}


def doctor(
    data: DataOption = None,
    api: ApiOption = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--tls-certificate", metavar="FILE", exists=True, dir_okay=False, help="A certificate to look at: PEM."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a deployment, and say what to do where it is not well."""
    from cli.doctor.checked import State  # noqa: PLC0415  # see cli/main.py
    from cli.instances import known_api_address, running_folder, use_database  # noqa: PLC0415

    whose = use_database(data)
    folder = None if whose == "DATABASE_URL" else running_folder(data)
    api = api or (known_api_address(data) if folder else None)
    found: list[Checked] = []
    for checked in _all(folder, api, certificate):
        found.append(checked)
        if not as_json:
            _tell(checked)
    count: dict[str, int] = {state: sum(1 for each in found if each.state is state) for state in State}
    if as_json:
        print_json({"of": whose, **count, "checks": [asdict(each) for each in found]})
    if failed := count[State.FAIL]:
        raise Stop(f"{counted(failed, 'check')} of {len(found)} failed, {count[State.WARN]} warn: see above.")
    if not as_json:
        answers().print(f"\nNothing fails; {counted(count[State.WARN], 'warning')}.")


def _tell(checked: "Checked") -> None:
    from rich.markup import escape  # noqa: PLC0415  # see cli/main.py

    rows = table("", "", "")
    rows.show_header = False
    rows.columns[0].width, rows.columns[1].width = 7, 18
    remedy = f"\n[dim]{escape(checked.remedy)}[/]" if checked.remedy else ""
    rows.add_row(f"[{_STYLES[checked.state]}]{checked.state}[/]", checked.name, escape(checked.says) + remedy)
    answers().print(rows)


def _all(folder: Path | None, api: str | None, certificate: Path | None) -> "Iterator[Checked]":
    from pydantic import ValidationError  # noqa: PLC0415  # see cli/main.py

    from cli.doctor import here, web  # noqa: PLC0415
    from cli.instances import CHECKOUT  # noqa: PLC0415
    from models.settings import Settings, settings  # noqa: PLC0415

    now = datetime.now(UTC)
    chosen: Settings | ValidationError
    try:
        chosen = settings()
    except ValidationError as error:
        chosen = error
    yield here.check_python()
    yield here.check_packages(CHECKOUT / "requirements.lock")
    yield from here.check_settings(chosen)
    yield from _of_files(folder)
    if isinstance(chosen, Settings):
        yield from _of_services(chosen, folder, now)
    yield from web.check_api(api, now)
    if certificate:
        yield web.check_certificate(certificate, certificate, now)


def _of_files(folder: Path | None) -> "Iterator[Checked]":
    """What lies in an instance's folder; None: it is no instance of `slotwise up`."""
    from cli.doctor import here  # noqa: PLC0415  # see cli/main.py
    from models.settings import SECRETS  # noqa: PLC0415

    if folder:
        names = ("secrets.json", "running.json", "api.token")
        yield here.check_secrets([folder / name for name in names], readable=False)
        yield here.check_room(folder)
    else:
        found = sorted(SECRETS.iterdir()) if SECRETS.is_dir() else []
        yield here.check_secrets(found, readable=True)


def _of_services(chosen: "Settings", folder: Path | None, now: datetime) -> "Iterator[Checked]":
    from cli.doctor import queue, workers  # noqa: PLC0415  # see cli/main.py
    from cli.doctor.checked import State, unknown  # noqa: PLC0415
    from models.migrate import newest  # noqa: PLC0415

    yield from _of_database(chosen, folder, now)
    if not chosen.redis_url:
        yield unknown("Redis", "REDIS_URL is not set here", "Set it as for the workers to have them looked at, too.")
        return
    about = list(queue.check_redis(chosen.redis_url))
    yield from about
    if about[0].state is State.FAIL:
        yield unknown("workers", "they are asked by Redis", "Mend Redis, then look again.")
        return
    found = workers.ask_workers()
    yield from workers.check_workers(found, newest(), tells=bool(chosen.webhook_url or chosen.smtp_url))
    yield workers.check_beat(found, chosen.sweep_every)


def _of_database(chosen: "Settings", folder: Path | None, now: datetime) -> "Iterator[Checked]":
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415  # see cli/main.py

    from cli.doctor import archive, database, zones  # noqa: PLC0415
    from cli.doctor.checked import fail, ok  # noqa: PLC0415
    from models.migrate import find_schema  # noqa: PLC0415
    from models.session import make_engine  # noqa: PLC0415

    engine = make_engine(chosen.database_url, pool_size=1, application="slotwise doctor")
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield ok("database", "answers")
            schema = find_schema(connection)
            yield database.check_schema(schema)
            for check in (*database.CHECKS, archive.check_archive):
                yield from _looked_at(check, connection)
            if schema.will_do:
                yield zones.check_zones(connection, now)
            if not folder:
                yield database.check_size(connection)
        yield from _of_owner(chosen)
    except OperationalError as error:
        remedy = "Start PostgreSQL, or mend DATABASE_URL or the way to it."
        yield fail("database", " ".join(str(error.orig).split()), remedy)
    finally:
        engine.dispose()


def _looked_at(
    check: "Callable[[Connection], Checked | Iterator[Checked]]", connection: "Connection"
) -> "list[Checked]":
    from sqlalchemy.exc import ProgrammingError  # noqa: PLC0415  # see cli/main.py

    from cli.doctor.checked import Checked, unknown  # noqa: PLC0415

    try:
        found = check(connection)
        return [found] if isinstance(found, Checked) else list(found)
    except ProgrammingError as error:
        reason = str(error.orig).partition("\n")[0]
        return [unknown(check.__name__.removeprefix("check_"), reason, "Look at it as a superuser.")]


def _of_owner(chosen: "Settings") -> "Iterator[Checked]":
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415  # see cli/main.py

    from cli.doctor.checked import fail  # noqa: PLC0415
    from cli.doctor.database import check_owner  # noqa: PLC0415
    from models.session import make_engine  # noqa: PLC0415

    if not chosen.owner_database_url:
        return
    engine = make_engine(chosen.owner_database_url, pool_size=1, application="slotwise doctor")
    try:
        with engine.connect() as connection:
            yield check_owner(connection)
    except OperationalError as error:
        yield fail("owner", " ".join(str(error.orig).split()), "Mend OWNER_DATABASE_URL: nobody can migrate.")
    finally:
        engine.dispose()
