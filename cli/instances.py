"""Which instance a command means: the one whose data folder is named, DATABASE_URL's, or the one that runs here.

Besides the addresses of the services, which `cli.embedded` keeps, a running instance leaves the address of its API in
its data folder, and the access token of its own terminal.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.embedded.folder import default_data_folder
from cli.embedded.running import find_running
from cli.output import Exit, Stop
from models.settings import SECRETS

CHECKOUT = Path(__file__).resolve().parent.parent
_API_FILE = "api.url"
_TOKEN_FILE = "api.token"  # noqa: S105  # its name


def up_folder() -> Path:
    """Where the data of `slotwise up` lasts, unless told."""
    return default_data_folder(CHECKOUT)


def demo_folder(seed: int) -> Path:
    """Where the data of `slotwise demo` lasts, unless told: apart from everything else, and one per seed."""
    return up_folder() / (f"demo-{seed}" if seed != 1 else "demo")


def running_folder(data: Path | None) -> Path | None:
    """The data folder of the instance that is meant, if it runs: `data`, or the first of the usual ones.

    Raises
    ------
    Stop
        where it belongs to another account.

    """
    usual = [up_folder(), demo_folder(1), *sorted(up_folder().glob("demo-*"))]
    for folder in [data] if data else usual:
        try:
            if find_running(folder):
                return folder
        except PermissionError as error:
            raise Stop(f"The instance on {folder} belongs to another account.", Exit.UNREACHABLE) from error
    return None


def use_database(data: Path | None) -> str:
    """Let this process work with the database that is meant; returns whose it is, for people.

    Raises
    ------
    Stop
        where none is set and none runs.

    """
    if data is None and _is_set("database_url"):
        if not _is_set("redis_url"):
            # The settings want both addresses, and what works with the database alone rings nobody.
            os.environ["REDIS_URL"] = ""
        return "DATABASE_URL"
    folder = running_folder(data)
    running = folder and find_running(folder)
    if not running:
        raise Stop(_nothing_runs(data, "DATABASE_URL"), Exit.UNREACHABLE)
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = running.database_url, running.broker_url
    return f"the instance on {folder}"


def use_owners_database(data: Path | None) -> str:
    """The same as the role that owns the tables: OWNER_DATABASE_URL's, or that of the instance that runs.

    Raises
    ------
    Stop
        where none is set and none runs, or the instance works on a database of another server.

    """
    from models.settings import settings  # noqa: PLC0415  # see cli/main.py

    whose = use_database(data)
    owners = settings().owner_database_url if whose == "DATABASE_URL" else _owners_of(running_folder(data))
    if owners:
        os.environ["DATABASE_URL"] = owners
        settings.cache_clear()
    return whose


def _owners_of(folder: Path | None) -> str:
    from sqlalchemy import make_url  # noqa: PLC0415  # see cli/main.py

    from cli.embedded.account import service_account  # noqa: PLC0415
    from cli.embedded.postgresql import PostgreSQL  # noqa: PLC0415

    running = folder and find_running(folder)
    if not folder or not running or not (folder / "secrets.json").exists():
        raise Stop("The instance's database is its own server's: set DATABASE_URL and OWNER_DATABASE_URL.")
    sockets = Path(str(make_url(running.database_url).query["host"]))
    return PostgreSQL(folder, sockets, service_account()).url


def _is_set(setting: str) -> bool:
    """Whether an operator has chosen a setting, by an environment variable or a file (see `models.settings`)."""
    return bool(os.environ.get(setting.upper())) or (SECRETS / setting).is_file()


def api_address(api: str | None, data: Path | None) -> str:
    """The base address of the API that is meant.

    Raises
    ------
    Stop
        where none is given and no instance runs.

    """
    if api:
        return api.rstrip("/")
    address = known_api_address(data)
    if not address:
        raise Stop(_nothing_runs(data, "--api"), Exit.UNREACHABLE)
    return address


def known_api_address(data: Path | None) -> str | None:
    """The address of the API of the instance that runs; None where none does or it has no API yet."""
    folder = running_folder(data)
    try:
        return (folder / _API_FILE).read_text(encoding="utf-8").strip() if folder else None
    except FileNotFoundError:
        return None


def token_file(folder: Path) -> Path:
    """Where the token of an instance's own terminal is (0600)."""
    return folder / _TOKEN_FILE


def own_token_of(folder: Path) -> str | None:
    """The token of an instance's own terminal; None where there is none yet, or no more."""
    try:
        return token_file(folder).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


@contextmanager
def announced_api(folder: Path, address: str) -> Iterator[None]:
    """Let other commands find the API for as long as the block lasts."""
    file = folder / _API_FILE
    file.write_text(f"{address}\n", encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _nothing_runs(data: Path | None, other: str) -> str:
    where = f"on {data}" if data else "here"
    return f"No instance runs {where}. Start one with `slotwise up`, name its folder with --data, or set {other}."
